"""PostgreSQL's expression grammar over sqlglot's query grammar.

sqlglot reads many dialects and turns what it knows into its own vocabulary: functions change their names and
defaults, operators their precedence, array indexes their base. Here an expression stays what PostgreSQL
printed: precedence is that of the manual (section 4.1.6), every function is called by its name, types are
kept as text. Queries, joins, windows and set operations are sqlglot's.

Function calls are exp.Anonymous (exp.Dot(schema, exp.Anonymous) when qualified), except COUNT, SUM, AVG, MIN,
MAX, COALESCE, GREATEST, LEAST, NULLIF and EXISTS, which have nodes of their own.
"""

from __future__ import annotations

from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.tokenizer_core import TokenType

from airflow.providers.pgtrickle.engine.parse import nodes
from airflow.providers.pgtrickle.engine.parse.calls import CallGrammar
from airflow.providers.pgtrickle.engine.parse.grammar import QUERY_START, Expr
from airflow.providers.pgtrickle.engine.parse.keywords import VALUE_FUNCTIONS

_AFTER_QUERY = frozenset(
    (
        TokenType.UNION,
        TokenType.INTERSECT,
        TokenType.EXCEPT,
        TokenType.ORDER_BY,
        TokenType.LIMIT,
        TokenType.OFFSET,
        TokenType.FETCH,
    )
)


class CanonicalParser(CallGrammar):
    """sqlglot's PostgreSQL parser with the expression grammar replaced."""

    # Only what is met in a query; anything else must not be taken for a statement.
    STATEMENT_PARSERS: ClassVar[dict[TokenType, Any]] = {}
    FUNCTIONS: ClassVar[dict[str, Any]] = {}
    FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {}
    NO_PAREN_FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {}
    NO_PAREN_FUNCTIONS: ClassVar[dict[TokenType, Any]] = {}

    def _parse_primary(self) -> Expr | None:
        token = self._curr
        kind = token.token_type
        match kind:
            case TokenType.STRING:
                self._advance()
                return exp.Literal.string(token.text)
            case TokenType.NUMBER:
                self._advance()
                return exp.Literal.number(token.text)
            case TokenType.BIT_STRING:
                self._advance()
                return nodes.BitString(this=token.text)
            case TokenType.NULL:
                self._advance()
                return exp.Null()
            case TokenType.TRUE | TokenType.FALSE:
                self._advance()
                return exp.Boolean(this=kind is TokenType.TRUE)
            case TokenType.STAR:
                self._advance()
                return exp.Star()
            case TokenType.PARAMETER:
                self._advance()
                return exp.Parameter(this=exp.Literal.number(token.text[1:]))
            case TokenType.L_PAREN:
                return self._parse_paren()
            case TokenType.CASE:
                self._advance()
                return self._parse_case()
            case TokenType.ARRAY:
                return self._parse_array()
            case TokenType.EXISTS if self._next.token_type is TokenType.L_PAREN:
                self._advance(2)
                query = self._parse_select()
                self._expect(TokenType.R_PAREN, ")")
                return exp.Exists(this=query)
            case TokenType.ROW if self._next.token_type is TokenType.L_PAREN:
                self._advance(2)
                fields = (
                    []
                    if self._curr.token_type is TokenType.R_PAREN
                    else self._parse_csv(self._parse_disjunction)
                )
                self._expect(TokenType.R_PAREN, ")")
                return exp.Anonymous(this="ROW", expressions=fields)
        return self._parse_function() or self._parse_name()

    def _parse_paren(self) -> Expr | None:
        self._expect(TokenType.L_PAREN, "(")
        if self._curr.token_type in QUERY_START:
            query = self._parse_select()
            self._expect(TokenType.R_PAREN, ")")
            return exp.Subquery(this=query)
        if self._match(TokenType.R_PAREN):
            return exp.Tuple()
        first = self._require(self._parse_disjunction())
        if isinstance(first, exp.Subquery) and self._curr.token_type in _AFTER_QUERY:
            # ((SELECT …) UNION (SELECT …)) against ((SELECT …) + 1): only now it shows which one it is.
            combined = self._parse_query_modifiers(self._parse_set_operations(first))
            self._expect(TokenType.R_PAREN, ")")
            return exp.Subquery(this=combined)
        items = [first]
        while self._match(TokenType.COMMA):
            items.append(self._require(self._parse_disjunction()))
        self._expect(TokenType.R_PAREN, ")")
        return exp.Paren(this=first) if len(items) == 1 else exp.Tuple(expressions=items)

    def _parse_case(self) -> Expr:
        operand = None if self._curr.token_type is TokenType.WHEN else self._parse_disjunction()
        branches = []
        while self._match(TokenType.WHEN):
            condition = self._require(self._parse_disjunction())
            self._expect(TokenType.THEN, "THEN")
            branches.append(exp.If(this=condition, true=self._require(self._parse_disjunction())))
        default = self._parse_disjunction() if self._match(TokenType.ELSE) else None
        self._expect(TokenType.END, "END")
        return exp.Case(this=operand, ifs=branches, default=default)

    def _parse_array(self) -> Expr:
        self._advance()
        if self._match(TokenType.L_PAREN):
            query = self._parse_select()
            self._expect(TokenType.R_PAREN, ")")
            return exp.Array(expressions=[query])
        return self._parse_array_items()

    def _parse_array_items(self) -> Expr:
        self._expect(TokenType.L_BRACKET, "[")
        items: list[Expr] = []
        if self._curr.token_type is not TokenType.R_BRACKET:
            nested = lambda: (  # noqa: E731
                self._parse_array_items()
                if self._curr.token_type is TokenType.L_BRACKET
                else self._parse_disjunction()
            )
            items = self._parse_csv(nested)
        self._expect(TokenType.R_BRACKET, "]")
        return exp.Array(expressions=items)

    def _parse_name(self) -> Expr | None:
        """A column, or ``relation.*``."""
        token = self._curr
        if token.token_type is TokenType.IDENTIFIER or token.token_type in self.ID_VAR_TOKENS:
            pass
        else:
            return None
        if token.token_type is TokenType.VAR and token.text in VALUE_FUNCTIONS:
            return None
        parts: list[Expr] = []
        while True:
            parts.append(self._require(self._parse_id_var(any_token=True)))
            if self._curr.token_type is not TokenType.DOT or len(parts) == 4:
                break
            self._advance()
            if self._match(TokenType.STAR):
                parts.append(exp.Star())
                break
        names = ("this", "table", "db", "catalog")
        return exp.Column(**dict(zip(names, reversed(parts), strict=False)))

    # -- query parts that sqlglot has no place for

    def _values_to_select(self, values: exp.Values) -> Any:
        # A bare row list stays one; sqlglot would wrap it in SELECT * FROM (VALUES …) AS _values.
        return values

    def _parse_cte(self) -> Any:
        cte = super()._parse_cte()
        search = self._parse_search() if self._match_word("search") else None
        cycle = self._parse_cycle() if self._match_word("cycle") else None
        if cte is None or (search is None and cycle is None):
            return cte
        return nodes.SearchedCTE(**cte.args, search=search, cycle=cycle)

    def _parse_search(self) -> Expr:
        breadth = self._word("breadth")
        self._advance()
        self._match_word("first", "by")
        columns = self._parse_csv(self._parse_column_name)
        self._match_word("set")
        return nodes.SearchClause(this=self._parse_column_name(), expressions=columns, breadth=breadth)

    def _parse_cycle(self) -> Expr:
        columns = self._parse_csv(self._parse_column_name)
        self._match_word("set")
        mark = self._parse_column_name()
        value: Expr = exp.true()
        default: Expr = exp.false()
        if self._match_word("to"):
            value = self._require(self._parse_disjunction())
            self._match_word("default")
            default = self._require(self._parse_disjunction())
        self._match_word("using")
        path = self._parse_column_name()
        return nodes.CycleClause(this=mark, expressions=columns, value=value, default=default, path=path)

    def _parse_column_name(self) -> Expr:
        return self._require(self._parse_id_var(any_token=True))

    def _parse_join(self, *args: Any, **kwargs: Any) -> exp.Join | None:
        join = super()._parse_join(*args, **kwargs)
        if join is not None and join.args.get("using") and self._match(TokenType.ALIAS):
            return nodes.AliasedJoin(**join.args, using_alias=self._require(self._parse_id_var()))
        return join

    def _parse_lateral(self) -> Any:
        # A function is lateral without the word, and sqlglot does not expect this one behind it.
        if self._word("lateral", "rows", "from"):
            self._advance()
            return self._parse_table()
        return super()._parse_lateral()

    def _parse_recursive_with_search(self) -> None:
        return None
