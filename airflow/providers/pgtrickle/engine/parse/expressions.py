"""Operators by PostgreSQL's precedence (manual, section 4.1.6), by precedence climbing."""

# ruff: noqa: ARG002 - the signatures are sqlglot's
from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.tokenizer_core import TokenType

from airflow.providers.pgtrickle.engine.parse import nodes
from airflow.providers.pgtrickle.engine.parse.grammar import QUANTIFIERS, QUERY_START, Expr, Grammar
from airflow.providers.pgtrickle.engine.parse.keywords import words


class Level(IntEnum):
    """How tightly an operator binds, loosest first."""

    OR = 1
    AND = 2
    NOT = 3
    IS = 4
    COMPARISON = 5
    RANGE = 6
    """BETWEEN, IN, LIKE, ILIKE, SIMILAR TO, OVERLAPS"""
    OTHER = 7
    """every operator without a level of its own"""
    SUM = 8
    PRODUCT = 9
    POWER = 10
    ZONE = 11
    COLLATE = 12
    UNARY = 13


_SYMBOLS: dict[str, tuple[Level, type[exp.Expr]]] = {
    "=": (Level.COMPARISON, exp.EQ),
    "<>": (Level.COMPARISON, exp.NEQ),
    "!=": (Level.COMPARISON, exp.NEQ),
    "<": (Level.COMPARISON, exp.LT),
    "<=": (Level.COMPARISON, exp.LTE),
    ">": (Level.COMPARISON, exp.GT),
    ">=": (Level.COMPARISON, exp.GTE),
    "+": (Level.SUM, exp.Add),
    "-": (Level.SUM, exp.Sub),
    "*": (Level.PRODUCT, exp.Mul),
    "/": (Level.PRODUCT, exp.Div),
    "%": (Level.PRODUCT, exp.Mod),
    "^": (Level.POWER, exp.Pow),
}
_IS_WORDS = words("""
    unknown document normalized nfc nfd nfkc nfkd json value object array scalar with without unique keys
    """)


class ExpressionGrammar(Grammar):
    """Everything with an operator, down to casts, subscripts and field selections."""

    def _parse_operators(self, floor: Level) -> Expr | None:
        """An expression of operators that bind at least as tightly as ``floor``."""
        left = self._parse_prefixed()
        while left is not None:
            longer = self._parse_operator_after(left, floor)
            if longer is None:
                break
            left = longer
        return left

    def _parse_prefixed(self) -> Expr | None:
        token = self._curr
        if token.token_type is TokenType.NOT:
            self._advance()
            return exp.Not(this=self._operand(Level.NOT))
        if token.token_type is TokenType.OPERATOR:
            self._advance()
            match token.text:
                case "-":
                    return exp.Neg(this=self._operand(Level.UNARY))
                case "+":
                    return nodes.PrefixOperator(this=self._operand(Level.UNARY), operator="+")
            return nodes.PrefixOperator(this=self._operand(Level.SUM), operator=token.text)
        if self._word("operator", "("):
            return nodes.PrefixOperator(
                operator=self._parse_qualified_operator(), this=self._operand(Level.SUM)
            )
        this = self._parse_primary()
        return self._parse_column_ops(this) if this is not None else None

    def _parse_operator_after(self, left: Expr, floor: Level) -> Expr | None:
        """``left`` under the operator ahead; None when there is none that binds tightly enough."""
        token = self._curr
        kind = token.token_type
        if kind is TokenType.OPERATOR or kind is TokenType.STAR:
            level, node = _SYMBOLS.get(token.text, (Level.OTHER, None))
            if level < floor or (kind is TokenType.STAR and self._is_end(self._next)):
                return None
            self._advance()
            right = self._parse_right(Level(level + 1))
            if node is not None:
                return node(this=left, expression=right)
            if token.text == "||":
                return exp.DPipe(this=left, expression=right, safe=True)
            return nodes.InfixOperator(this=left, expression=right, operator=token.text)
        operator = self.WORD_OPERATORS.get(token.text) if kind is not TokenType.IDENTIFIER else None
        if operator is None or operator[0] < floor or kind is TokenType.STRING:
            return None
        return operator[1](self, left)

    @staticmethod
    def _is_end(token: Any) -> bool:
        return token.token_type in (TokenType.COMMA, TokenType.R_PAREN)

    def _operand(self, level: Level) -> Expr:
        return self._require(self._parse_operators(level))

    def _parse_right(self, level: Level) -> Expr:
        """The right side of an operator: an operand, or ANY/ALL of a query or an array."""
        quantifier = QUANTIFIERS.get(self._curr.token_type)
        if quantifier is not None and self._next.token_type is TokenType.L_PAREN:
            self._advance(2)
            inside = self._parse_select() if self._curr.token_type in QUERY_START else None
            node = inside if inside is not None else exp.Paren(this=self._operand(Level.OR))
            self._expect(TokenType.R_PAREN, ")")
            return quantifier(this=node)
        return self._operand(level)

    # -- operators that are words: each reads from the word on, or gives None when it is something else

    def _parse_or(self, left: Expr) -> Expr:
        self._advance()
        return exp.Or(this=left, expression=self._operand(Level.AND))

    def _parse_and(self, left: Expr) -> Expr:
        self._advance()
        return exp.And(this=left, expression=self._operand(Level.NOT))

    def _parse_test(self, left: Expr) -> Expr | None:
        """``x IS …``."""
        self._advance()
        negated = self._match(TokenType.NOT)
        if self._match(TokenType.DISTINCT):
            self._expect(TokenType.FROM, "FROM")
            kind = exp.NullSafeEQ if negated else exp.NullSafeNEQ
            return kind(this=left, expression=self._operand(Level.COMPARISON))
        if self._match(TokenType.NULL):
            return exp.Is(this=left, expression=exp.Null(), negate=negated or None)
        if self._match_set((TokenType.TRUE, TokenType.FALSE)):
            truth = exp.Boolean(this=self._prev.token_type is TokenType.TRUE)
            return exp.Is(this=left, expression=truth, negate=negated or None)
        test = ["not"] if negated else []
        while self._curr.text in _IS_WORDS and self._curr.token_type is not TokenType.IDENTIFIER:
            test.append(self._curr.text)
            self._advance()
        if len(test) == negated:
            self.raise_error("Expected a test after IS")
        return nodes.RowPredicate(this=left, words=" ".join(test).upper())

    def _parse_null_test(self, left: Expr) -> Expr:
        """``x ISNULL``, ``x NOTNULL``."""
        negated = self._curr.text == "notnull"
        self._advance()
        return exp.Is(this=left, expression=exp.Null(), negate=negated or None)

    def _parse_negated(self, left: Expr) -> Expr | None:
        """``x NOT BETWEEN …`` and its like."""
        following = self.WORD_OPERATORS.get(self._next.text)
        if following is None or following[0] is not Level.RANGE or self._next.token_type is TokenType.NOT:
            return None
        self._advance()
        node = following[1](self, left)
        return None if node is None else exp.Not(this=node)

    def _parse_between_tail(self, left: Expr) -> Expr:
        self._advance()
        symmetric = True if self._match_word("symmetric") else None
        self._match_word("asymmetric")
        low = self._operand(Level.OTHER)
        self._expect(TokenType.AND, "AND")
        return exp.Between(this=left, low=low, high=self._operand(Level.OTHER), symmetric=symmetric)

    def _parse_in_tail(self, left: Expr) -> Expr:
        self._advance()
        self._expect(TokenType.L_PAREN, "(")
        if self._curr.token_type in QUERY_START:
            node = exp.In(this=left, query=exp.Subquery(this=self._parse_select()))
        else:
            node = exp.In(this=left, expressions=self._parse_csv(self._parse_disjunction))
        self._expect(TokenType.R_PAREN, ")")
        return node

    def _parse_like(self, left: Expr) -> Expr | None:
        word = self._curr.text
        self._advance(2 if word == "similar" else 1)
        kind = {"like": exp.Like, "ilike": exp.ILike, "similar": exp.SimilarTo}[word]
        node: Expr = kind(this=left, expression=self._parse_right(Level.OTHER))
        if self._match_word("escape"):
            node = exp.Escape(this=node, expression=self._operand(Level.OTHER))
        return node

    def _parse_overlaps(self, left: Expr) -> Expr:
        self._advance()
        return exp.Overlaps(this=left, expression=self._operand(Level.OTHER))

    def _parse_named_operator(self, left: Expr) -> Expr | None:
        """``x OPERATOR(schema.+) y``."""
        if self._next.token_type is not TokenType.L_PAREN:
            return None
        operator = self._parse_qualified_operator()
        return nodes.InfixOperator(this=left, operator=operator, expression=self._parse_right(Level.SUM))

    def _parse_qualified_operator(self) -> str:
        start = self._curr.start
        while not self._match(TokenType.R_PAREN):
            if not self._curr:
                self.raise_error("Expected )")
            self._advance()
        return "OPERATOR" + self.sql[start + len("operator") : self._prev.end + 1]

    def _parse_zone(self, left: Expr) -> Expr | None:
        if self._match_word("at", "time", "zone"):
            return exp.AtTimeZone(this=left, zone=self._operand(Level.COLLATE))
        return nodes.AtLocal(this=left) if self._match_word("at", "local") else None

    def _parse_collation(self, left: Expr) -> Expr:
        self._advance()
        name: Expr = self._require(self._parse_id_var(any_token=True))
        while self._match(TokenType.DOT):
            name = exp.Dot(this=name, expression=self._require(self._parse_id_var(any_token=True)))
        return exp.Collate(this=left, expression=name)

    # -- the entries that sqlglot's query grammar calls

    def _parse_disjunction(self) -> Expr | None:
        return self._parse_operators(Level.OR)

    def _parse_bitwise(self) -> Expr | None:
        return self._parse_operators(Level.OTHER)

    def _parse_term(self, parse_mod: bool = True) -> Expr | None:
        return self._parse_operators(Level.SUM)

    def _parse_unary(self) -> Expr | None:
        return self._parse_operators(Level.UNARY)

    def _parse_type(self, parse_interval: bool = True, fallback_to_identifier: bool = False) -> Expr | None:
        return self._parse_operators(Level.UNARY)

    def _parse_column(self) -> Expr | None:
        return self._parse_operators(Level.UNARY)

    def _parse_field(
        self, any_token: bool = False, tokens: Any = None, anonymous_func: bool = False
    ) -> Expr | None:
        return self._parse_primary()

    # -- what binds tighter than any operator

    def _parse_column_ops(self, this: Expr | None) -> Expr | None:
        """Casts, subscripts and field selections."""
        while this is not None:
            match self._curr.token_type:
                case TokenType.DCOLON:
                    self._advance()
                    this = exp.Cast(this=this, to=self._require(self._parse_types()))
                case TokenType.L_BRACKET:
                    self._advance()
                    this = self._parse_subscript(this)
                case TokenType.DOT:
                    self._advance()
                    field = exp.Star() if self._match(TokenType.STAR) else self._parse_id_var(any_token=True)
                    this = exp.Dot(this=this, expression=self._require(field))
                case _:
                    break
        return this

    def _parse_subscript(self, this: Expr) -> Expr:
        lower = None if self._curr.token_type is TokenType.COLON else self._parse_disjunction()
        index: Expr | None = lower
        if self._match(TokenType.COLON):
            upper = None if self._curr.token_type is TokenType.R_BRACKET else self._parse_disjunction()
            index = exp.Slice(this=lower, expression=upper)
        self._expect(TokenType.R_BRACKET, "]")
        return exp.Bracket(this=this, expressions=[index])

    #: Operators that are words: how tightly they bind, and who reads on.
    WORD_OPERATORS: ClassVar[dict[str, tuple[Level, Callable[[ExpressionGrammar, Expr], Expr | None]]]] = {
        "or": (Level.OR, _parse_or),
        "and": (Level.AND, _parse_and),
        "is": (Level.IS, _parse_test),
        "isnull": (Level.IS, _parse_null_test),
        "notnull": (Level.IS, _parse_null_test),
        "not": (Level.RANGE, _parse_negated),
        "between": (Level.RANGE, _parse_between_tail),
        "in": (Level.RANGE, _parse_in_tail),
        "like": (Level.RANGE, _parse_like),
        "ilike": (Level.RANGE, _parse_like),
        "similar": (Level.RANGE, _parse_like),
        "overlaps": (Level.RANGE, _parse_overlaps),
        "operator": (Level.OTHER, _parse_named_operator),
        "at": (Level.ZONE, _parse_zone),
        "collate": (Level.COLLATE, _parse_collation),
    }
