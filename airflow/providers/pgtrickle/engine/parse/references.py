"""Which relations a query reads, told from its text alone: no database, no syntax tree.

What PostgreSQL would resolve with its catalog is decided by form: a name in a FROM list is a relation unless an
enclosing WITH defines it or an argument list follows it.
"""

from __future__ import annotations

from airflow.providers.pgtrickle.engine.names import QualifiedName
from airflow.providers.pgtrickle.engine.parse.keywords import RESERVED
from airflow.providers.pgtrickle.engine.parse.lexer import Kind, Lexeme, invalid
from airflow.providers.pgtrickle.engine.parse.statement import query_lexemes

_SET_OPERATIONS = frozenset(("union", "intersect", "except"))
_AFTER_FROM = frozenset(
    ("where", "group", "having", "window", "order", "limit", "offset", "fetch", "for", "into", "returning")
)
_QUERY_STARTS = frozenset(("select", "values", "table", "with"))
_MAX_PARTS = 3


def table_references(text: str, default_schema: str = "public") -> frozenset[QualifiedName]:
    """The relations in the FROM lists of a query as a user types it, subqueries and CTEs included.

    Names are folded as PostgreSQL folds them; an unqualified one counts as of ``default_schema``. Functions and
    names of common table expressions are left out. Raises InvalidQuery, with line and column, for what is not one
    query; a query that passes may still be rejected by PostgreSQL.
    """
    walk = _Walk(text, query_lexemes(text), default_schema)
    walk.group(0, frozenset(), in_from=False)
    return frozenset(walk.found)


class _Walk:
    """A pass over the tokens, one call of ``group`` for each pair of parentheses."""

    def __init__(self, text: str, lexemes: list[Lexeme], default_schema: str) -> None:
        self.text = text
        self.lexemes = [*lexemes, Lexeme(Kind.MARK, "", len(text), len(text))]
        self.default_schema = default_schema
        self.found: set[QualifiedName] = set()

    def group(self, index: int, tables: frozenset[str], *, in_from: bool) -> int:
        """Walk to the end of a parenthesised group, or of the text; the index after it.

        ``tables`` names the common table expressions in sight; ``in_from`` says that the group stands where a
        FROM item is due, so that it holds a query or a join.
        """
        lexemes, start = self.lexemes, index
        kind, word, _, _ = lexemes[index]
        if kind is Kind.WORD and word == "with":
            index, tables = self.common_tables(index + 1, tables)
        listing = in_from and not (kind is Kind.WORD and word in _QUERY_STARTS)
        due, selecting = listing, False
        previous = ""
        while True:
            kind, word, _, _ = lexemes[index]
            if kind is Kind.WORD and previous not in (".", "as"):
                if due and word not in RESERVED:
                    index, due = self.item(index, tables), False
                    previous = ""
                    continue
                if word == "select":
                    selecting, listing, due = True, False, False
                elif word == "from":
                    if selecting and not self.is_comparison(index):
                        listing = due = True
                elif word in _SET_OPERATIONS:
                    selecting = listing = due = False
                elif word == "table" and (index == start or previous in _SET_OPERATIONS | {"all", "distinct", "("}):
                    due = True
                elif listing and word == "join":
                    due = True
                elif due and word not in ("lateral", "only"):
                    raise self.unexpected(index)
                elif listing and word in _AFTER_FROM:
                    listing = False
            elif kind is Kind.MARK:
                if word == "(":
                    index = self.group(index + 1, tables, in_from=due)
                    due, previous = False, ")"
                    continue
                if word in (")", ""):
                    return self.close(index, start)
                if word == "," and listing:
                    due = True
            elif due and kind is Kind.QUOTED:
                index, due = self.item(index, tables), False
                previous = ""
                continue
            previous = word if kind in (Kind.WORD, Kind.MARK) else ""
            index += 1

    def close(self, index: int, start: int) -> int:
        """Check that the end met is the end due: a parenthesis for a group, the end for the text."""
        at_end = self.lexemes[index].text == ""
        if at_end != (start == 0):
            raise self.unexpected(index)
        return index + 1

    def item(self, index: int, tables: frozenset[str]) -> int:
        """Read one name of a FROM list; the index after it."""
        lexemes = self.lexemes
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
        if len(parts) > 1:
            self.found.add(QualifiedName(parts[-2], parts[-1]))
        elif parts[0] not in tables:
            self.found.add(QualifiedName(self.default_schema, parts[0]))
        return index

    def common_tables(self, index: int, tables: frozenset[str]) -> tuple[int, frozenset[str]]:
        """Walk a WITH list; the index after it, and the names in sight from there on."""
        lexemes = self.lexemes
        recursive = lexemes[index][:2] == (Kind.WORD, "recursive") and lexemes[index + 1].kind is not Kind.MARK
        if recursive:
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
        """Whether the FROM at ``index`` belongs to ``IS [NOT] DISTINCT FROM``."""
        if index < 2 or self.lexemes[index - 1][:2] != (Kind.WORD, "distinct"):
            return False
        return self.lexemes[index - 2][:2] in ((Kind.WORD, "is"), (Kind.WORD, "not"))

    def unexpected(self, index: int) -> Exception:
        """The error for a token that cannot stand where it does."""
        lexeme = self.lexemes[index]
        if lexeme.text == "" and lexeme.kind is Kind.MARK:
            return invalid(self.text, len(self.text), "syntax error at end of input")
        return invalid(self.text, lexeme.start, f"syntax error at or near {self.text[lexeme.start:lexeme.end]!r}")
