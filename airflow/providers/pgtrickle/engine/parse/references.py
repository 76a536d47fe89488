"""Which relations a query reads, told from its text alone: no database, no syntax tree.

What PostgreSQL would resolve with its catalog is decided by form: a name in a FROM list is a relation unless
an enclosing WITH defines it or an argument list follows it.
"""

from __future__ import annotations

from typing import NamedTuple

from airflow.providers.pgtrickle.engine.names import QualifiedName, quote_identifier
from airflow.providers.pgtrickle.engine.parse.keywords import RESERVED, VALUE_FUNCTIONS
from airflow.providers.pgtrickle.engine.parse.lexer import Kind, Lexeme, invalid
from airflow.providers.pgtrickle.engine.parse.statement import query_lexemes

_SET_OPERATIONS = frozenset(("union", "intersect", "except"))
_AFTER_FROM = frozenset(
    ("where", "group", "having", "window", "order", "limit", "offset", "fetch", "for", "into", "returning")
)
_BEFORE_TABLE_COMMAND = _SET_OPERATIONS | {"all", "distinct", "("}
_BEFORE_ITEM = frozenset(("lateral", "only"))
_FUNCTION_WORDS = VALUE_FUNCTIONS | {"cast"}
_QUERY_STARTS = frozenset(("select", "values", "table", "with"))
_MAX_PARTS = 3


def table_references(text: str, default_schema: str = "public") -> frozenset[QualifiedName]:
    """The relations in the FROM lists of a query as a user types it, subqueries and CTEs included.

    Names are folded as PostgreSQL folds them; an unqualified one counts as of ``default_schema``. Functions
    and names of common table expressions are left out. Raises InvalidQuery, with line and column, for what is
    not one query; a query that passes may still be rejected by PostgreSQL.
    """
    return frozenset(
        QualifiedName(default_schema if item.schema is None else item.schema, item.name)
        for item in table_items(text, query_lexemes(text))
    )


def relation_names(text: str) -> list[str]:
    """The relations of a query as SQL writes them, unqualified ones unqualified; raises as above."""
    return [
        quote_identifier(item.name) if item.schema is None else str(QualifiedName(item.schema, item.name))
        for item in table_items(text, query_lexemes(text))
    ]


class TableItem(NamedTuple):
    """A relation named in a FROM list; its tokens are those from ``place`` to before ``after``."""

    schema: str | None
    name: str
    place: int
    after: int


def table_items(text: str, lexemes: list[Lexeme]) -> list[TableItem]:
    """Every occurrence of a relation in the FROM lists of a query, in the order of the text."""
    walk = _Walk(text, lexemes)
    walk.group(0, frozenset(), in_from=False)
    return walk.found


class _Clause:
    """Where in a query the walk is, for one pair of parentheses."""

    __slots__ = ("due", "listing", "selecting")

    def __init__(self, *, listing: bool) -> None:
        self.selecting = False
        #: inside a FROM list
        self.listing = listing
        #: the next token begins a FROM item
        self.due = listing

    def keyword(self, word: str, previous: str) -> bool:
        """Take notice of a word that is no name; False when it cannot stand where a FROM item is due."""
        if word == "select":
            self.selecting, self.listing, self.due = True, False, False
        elif word in _SET_OPERATIONS:
            self.selecting = self.listing = self.due = False
        elif self.due and word in _FUNCTION_WORDS:
            self.due = False
        elif self.due:
            return word in _BEFORE_ITEM
        elif word == "from":
            self.listing = self.due = self.selecting
        elif word == "table":
            self.due = previous in _BEFORE_TABLE_COMMAND
        elif word == "join":
            self.due = self.listing
        elif word in _AFTER_FROM:
            self.listing = False
        return True


class _Walk:
    """A pass over the tokens, one call of ``group`` for each pair of parentheses."""

    def __init__(self, text: str, lexemes: list[Lexeme]) -> None:
        self.text = text
        self.lexemes = [*lexemes, Lexeme(Kind.MARK, "", len(text), len(text))]
        self.found: list[TableItem] = []

    def group(self, index: int, tables: frozenset[str], *, in_from: bool) -> int:
        """Walk to the end of a parenthesised group, or of the text; the index after it.

        ``tables`` names the common table expressions in sight; ``in_from`` says that the group stands where a
        FROM item is due, so that it holds a query or a join.
        """
        lexemes, start = self.lexemes, index
        kind, word, _, _ = lexemes[index]
        is_word = kind is Kind.WORD
        clause = _Clause(listing=in_from and not (is_word and word in _QUERY_STARTS))
        if is_word and word == "with":
            index, tables = self.common_tables(index + 1, tables)
        previous = "("
        while True:
            kind, word, _, _ = lexemes[index]
            if kind is Kind.MARK:
                if word == "(":
                    index = self.group(index + 1, tables, in_from=clause.due)
                    clause.due, previous = False, ")"
                    continue
                if word in (")", ""):
                    if clause.due or (word == "") != (start == 0):
                        raise self.unexpected(index)
                    return index + 1
                if word == "," and clause.listing:
                    clause.due = True
            elif clause.due and (kind is Kind.QUOTED or (kind is Kind.WORD and word not in RESERVED)):
                index, clause.due, previous = self.item(index, tables), False, ""
                continue
            elif kind is not Kind.WORD:
                word = ""
            elif previous in (".", "as") or self.is_comparison(index):
                pass  # a label, or an operator
            elif not clause.keyword(word, previous):
                raise self.unexpected(index)
            previous = word
            index += 1

    def item(self, index: int, tables: frozenset[str]) -> int:
        """Read one name of a FROM list; the index after it."""
        lexemes, place = self.lexemes, index
        parts = [lexemes[index].text]
        quoted = lexemes[index].kind is Kind.QUOTED
        index += 1
        while lexemes[index].text == "." and lexemes[index].kind is Kind.MARK:
            if lexemes[index + 1].kind not in (Kind.WORD, Kind.QUOTED):
                raise self.unexpected(index + 1)
            parts.append(lexemes[index + 1].text)
            index += 2
        following = lexemes[index]
        if following.kind is Kind.MARK and following.text == "(":
            return index
        if parts == ["rows"] and not quoted and following.kind is Kind.WORD and following.text == "from":
            return index + 1
        if len(parts) > _MAX_PARTS:
            raise self.unexpected(index)
        if len(parts) > 1 or parts[0] not in tables:
            schema = parts[-2] if len(parts) > 1 else None
            self.found.append(TableItem(schema, parts[-1], place, index))
        return index

    def common_tables(self, index: int, tables: frozenset[str]) -> tuple[int, frozenset[str]]:
        """Walk a WITH list; the index after it, and the names in sight from there on."""
        lexemes = self.lexemes
        if lexemes[index][:2] == (Kind.WORD, "recursive") and lexemes[index + 1].kind is not Kind.MARK:
            index += 1
            tables |= self.names_ahead(index)
        while True:
            if lexemes[index].kind not in (Kind.WORD, Kind.QUOTED):
                raise self.unexpected(index)
            name = lexemes[index].text
            index = self.body(index + 1)
            index = self.group(index + 1, tables, in_from=False)
            tables |= {name}
            index = self.skip_search_and_cycle(index)
            if lexemes[index][:2] != (Kind.MARK, ","):
                return index, tables
            index += 1

    def body(self, index: int) -> int:
        """From behind a common table expression's name to the parenthesis that opens its query."""
        lexemes = self.lexemes
        if lexemes[index][:2] == (Kind.MARK, "("):
            index = self.matching(index) + 1
        if lexemes[index][:2] != (Kind.WORD, "as"):
            raise self.unexpected(index)
        index += 1
        while lexemes[index][:2] in ((Kind.WORD, "not"), (Kind.WORD, "materialized")):
            index += 1
        if lexemes[index][:2] != (Kind.MARK, "("):
            raise self.unexpected(index)
        return index

    def names_ahead(self, index: int) -> frozenset[str]:
        """The names of a WITH RECURSIVE list: each of its queries may use them all."""
        names = set()
        while True:
            names.add(self.lexemes[index].text)
            index = self.skip_search_and_cycle(self.matching(self.body(index + 1)) + 1)
            if self.lexemes[index][:2] != (Kind.MARK, ","):
                return frozenset(names)
            index += 1

    def skip_search_and_cycle(self, index: int) -> int:
        lexemes = self.lexemes
        while lexemes[index][:2] in ((Kind.WORD, "search"), (Kind.WORD, "cycle")):
            last = "set" if lexemes[index].text == "search" else "using"
            while lexemes[index][:2] != (Kind.WORD, last):
                if lexemes[index].text == "" and lexemes[index].kind is Kind.MARK:
                    raise self.unexpected(index)
                index += 1
            index += 2
        return index

    def matching(self, index: int) -> int:
        """The index of the parenthesis that closes the one at ``index``."""
        depth = 0
        for place in range(index, len(self.lexemes) - 1):
            kind, text, _, _ = self.lexemes[place]
            if kind is Kind.MARK and text in "()":
                depth += 1 if text == "(" else -1
                if depth == 0:
                    return place
        raise self.unexpected(len(self.lexemes) - 1)

    def is_comparison(self, index: int) -> bool:
        """Whether the word at ``index`` is the FROM of ``IS [NOT] DISTINCT FROM``."""
        if self.lexemes[index].text != "from" or self.lexemes[index - 1][:2] != (Kind.WORD, "distinct"):
            return False
        return self.lexemes[index - 2][:2] in ((Kind.WORD, "is"), (Kind.WORD, "not"))

    def unexpected(self, index: int) -> Exception:
        """The error for a token that cannot stand where it does."""
        kind, word, start, end = self.lexemes[index]
        if kind is Kind.MARK and word == "":
            return invalid(self.text, len(self.text), "syntax error at end of input")
        return invalid(self.text, start, f"syntax error at or near {self.text[start:end]!r}")
