"""Operators by PostgreSQL's precedence (manual, section 4.1.6), loosest first."""

# ruff: noqa: ARG002 - the signatures are sqlglot's
from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlglot import exp
from sqlglot.tokenizer_core import TokenType

from airflow.providers.pgtrickle.engine.parse import nodes
from airflow.providers.pgtrickle.engine.parse.grammar import QUANTIFIERS, QUERY_START, Expr, Grammar
from airflow.providers.pgtrickle.engine.parse.keywords import words

_ARITHMETIC: tuple[dict[str, type[exp.Expr]], ...] = (
    {"+": exp.Add, "-": exp.Sub},
    {"*": exp.Mul, "/": exp.Div, "%": exp.Mod},
    {"^": exp.Pow},
)
_COMPARISONS: dict[str, type[exp.Expr]] = {
    "=": exp.EQ,
    "<>": exp.NEQ,
    "!=": exp.NEQ,
    "<": exp.LT,
    "<=": exp.LTE,
    ">": exp.GT,
    ">=": exp.GTE,
}
_OWN_LEVEL = {*_COMPARISONS, *(text for level in _ARITHMETIC for text in level)}
_IS_WORDS = words("""
    unknown document normalized nfc nfd nfkc nfkd json value object array scalar with without unique keys
    """)


class ExpressionGrammar(Grammar):
    """Everything with an operator, down to casts, subscripts and field selections."""

    def _parse_disjunction(self) -> Expr | None:
        left = self._parse_conjunction()
        while left is not None and self._match(TokenType.OR):
            left = exp.Or(this=left, expression=self._require(self._parse_conjunction()))
        return left

    def _parse_conjunction(self) -> Expr | None:
        left = self._parse_negation()
        while left is not None and self._match(TokenType.AND):
            left = exp.And(this=left, expression=self._require(self._parse_negation()))
        return left

    def _parse_negation(self) -> Expr | None:
        if self._match(TokenType.NOT):
            return exp.Not(this=self._require(self._parse_negation()))
        return self._parse_test()

    def _parse_test(self) -> Expr | None:
        """``x IS …``, looser than comparisons."""
        left = self._parse_comparison()
        while left is not None:
            if self._match(TokenType.IS):
                left = self._parse_is(left)
            elif self._match_word("isnull"):
                left = exp.Is(this=left, expression=exp.Null())
            elif self._match_word("notnull"):
                left = exp.Is(this=left, expression=exp.Null(), negate=True)
            else:
                break
        return left

    def _parse_is(self, this: Expr | None) -> Expr:
        negated = self._match(TokenType.NOT)
        if self._match(TokenType.DISTINCT):
            self._expect(TokenType.FROM, "FROM")
            kind = exp.NullSafeEQ if negated else exp.NullSafeNEQ
            return kind(this=this, expression=self._require(self._parse_comparison()))
        if self._match(TokenType.NULL):
            return exp.Is(this=this, expression=exp.Null(), negate=negated or None)
        if self._match_set((TokenType.TRUE, TokenType.FALSE)):
            truth = exp.Boolean(this=self._prev.token_type is TokenType.TRUE)
            return exp.Is(this=this, expression=truth, negate=negated or None)
        words = ["not"] if negated else []
        while self._curr.text in _IS_WORDS and self._curr.token_type is not TokenType.IDENTIFIER:
            words.append(self._curr.text)
            self._advance()
        if len(words) == negated:
            self.raise_error("Expected a test after IS")
        return nodes.RowPredicate(this=this, words=" ".join(words).upper())

    def _parse_comparison(self, this: Expr | None = None) -> Expr | None:
        left = this or self._parse_range()
        while left is not None and (operator := self._operator()) in _COMPARISONS:
            self._advance()
            left = _COMPARISONS[operator or ""](this=left, expression=self._parse_operand(self._parse_range))
        return left

    def _parse_operand(self, parse: Callable[[], Expr | None]) -> Expr:
        """The right side of an operator: an operand, or ANY/ALL of a query or an array."""
        quantifier = QUANTIFIERS.get(self._curr.token_type)
        if quantifier is not None and self._next.token_type is TokenType.L_PAREN:
            self._advance(2)
            inside = self._parse_select() if self._curr.token_type in QUERY_START else None
            node: Expr = (
                inside if inside is not None else exp.Paren(this=self._require(self._parse_disjunction()))
            )
            self._expect(TokenType.R_PAREN, ")")
            return quantifier(this=node)
        return self._require(parse())

    def _parse_range(self, this: Expr | None = None, parse_is: bool = False) -> Expr | None:
        """BETWEEN, IN, LIKE, ILIKE, SIMILAR TO, OVERLAPS."""
        left = this or self._parse_bitwise()
        while left is not None:
            negated = self._curr.token_type is TokenType.NOT
            if negated:
                self._advance()
            node = self._parse_range_tail(left)
            if node is None:
                if negated:
                    self._retreat(self._index - 1)
                break
            left = exp.Not(this=node) if negated else node
        return left

    def _parse_range_tail(self, left: Expr) -> Expr | None:
        if self._match(TokenType.BETWEEN):
            symmetric = True if self._match_word("symmetric") else None
            self._match_word("asymmetric")
            low = self._require(self._parse_bitwise())
            self._expect(TokenType.AND, "AND")
            high = self._require(self._parse_bitwise())
            return exp.Between(this=left, low=low, high=high, symmetric=symmetric)
        if self._match(TokenType.IN):
            self._expect(TokenType.L_PAREN, "(")
            if self._curr.token_type in QUERY_START:
                query = self._parse_select()
                self._expect(TokenType.R_PAREN, ")")
                return exp.In(this=left, query=exp.Subquery(this=query))
            values = self._parse_csv(self._parse_disjunction)
            self._expect(TokenType.R_PAREN, ")")
            return exp.In(this=left, expressions=values)
        for phrase, kind in (
            (("like",), exp.Like),
            (("ilike",), exp.ILike),
            (("similar", "to"), exp.SimilarTo),
        ):
            if self._match_word(*phrase):
                node: Expr = kind(this=left, expression=self._parse_operand(self._parse_bitwise))
                if self._match_word("escape"):
                    node = exp.Escape(this=node, expression=self._require(self._parse_bitwise()))
                return node
        if self._match_word("overlaps"):
            return exp.Overlaps(this=left, expression=self._require(self._parse_bitwise()))
        return None

    def _parse_bitwise(self) -> Expr | None:
        """All operators that are neither comparisons nor arithmetic; PostgreSQL gives them one precedence."""
        left: Expr | None
        if operator := self._match_other_operator():
            left = nodes.PrefixOperator(this=self._require(self._parse_term()), operator=operator)
        else:
            left = self._parse_term()
        while left is not None and (operator := self._match_other_operator()):
            right = self._parse_operand(self._parse_other_operand)
            if operator == "||":
                left = exp.DPipe(this=left, expression=right, safe=True)
            else:
                left = nodes.InfixOperator(this=left, expression=right, operator=operator)
        return left

    def _parse_other_operand(self) -> Expr | None:
        if operator := self._match_other_operator():
            return nodes.PrefixOperator(this=self._require(self._parse_other_operand()), operator=operator)
        return self._parse_term()

    def _match_other_operator(self) -> str | None:
        token = self._curr
        if token.token_type is TokenType.OPERATOR:
            if token.text in _OWN_LEVEL:
                return None
            self._advance()
            return token.text
        if self._word("operator", "("):
            self._advance(2)
            parts: list[str] = []
            while not self._match(TokenType.R_PAREN):
                part = self._curr
                quoted = part.token_type is TokenType.IDENTIFIER
                parts.append(
                    exp.Identifier(this=part.text, quoted=quoted).sql("postgres") if quoted else part.text
                )
                self._advance()
                if not self._curr:
                    self.raise_error("Expected )")
            return f"OPERATOR({''.join(parts)})"
        return None

    def _parse_term(self, parse_mod: bool = True) -> Expr | None:
        return self._parse_arithmetic(0)

    def _parse_arithmetic(self, level: int) -> Expr | None:
        if level == len(_ARITHMETIC):
            return self._parse_zone()
        left = self._parse_arithmetic(level + 1)
        operators = _ARITHMETIC[level]
        while left is not None and (operator := self._operator()) in operators:
            if self._next.token_type in (TokenType.COMMA, TokenType.R_PAREN) and operator == "*":
                break
            self._advance()
            right = self._parse_operand(lambda: self._parse_arithmetic(level + 1))
            left = operators[operator or ""](this=left, expression=right)
        return left

    def _parse_zone(self) -> Expr | None:
        left = self._parse_collation()
        while left is not None:
            if self._match_word("at", "time", "zone"):
                left = exp.AtTimeZone(this=left, zone=self._require(self._parse_collation()))
            elif self._match_word("at", "local"):
                left = nodes.AtLocal(this=left)
            else:
                break
        return left

    def _parse_collation(self) -> Expr | None:
        left = self._parse_unary()
        while left is not None and self._match(TokenType.COLLATE):
            left = exp.Collate(this=left, expression=self._parse_qualified_identifier())
        return left

    def _parse_qualified_identifier(self) -> Expr:
        name: Expr = self._require(self._parse_id_var(any_token=True))
        while self._match(TokenType.DOT):
            name = exp.Dot(this=name, expression=self._require(self._parse_id_var(any_token=True)))
        return name

    def _parse_unary(self) -> Expr | None:
        operator = self._operator()
        if operator == "-":
            self._advance()
            return exp.Neg(this=self._require(self._parse_unary()))
        if operator == "+":
            self._advance()
            return nodes.PrefixOperator(this=self._require(self._parse_unary()), operator="+")
        this = self._parse_primary()
        return self._parse_column_ops(this) if this is not None else None

    def _parse_type(self, parse_interval: bool = True, fallback_to_identifier: bool = False) -> Expr | None:
        return self._parse_unary()

    def _parse_column(self) -> Expr | None:
        return self._parse_unary()

    def _parse_field(
        self, any_token: bool = False, tokens: Any = None, anonymous_func: bool = False
    ) -> Expr | None:
        return self._parse_primary()

    def _parse_column_ops(self, this: Expr | None) -> Expr | None:
        """Casts, subscripts and field selections."""
        while this is not None:
            if self._match(TokenType.DCOLON):
                this = exp.Cast(this=this, to=self._require(self._parse_types()))
            elif self._match(TokenType.L_BRACKET):
                this = self._parse_subscript(this)
            elif self._curr.token_type is TokenType.DOT:
                self._advance()
                if self._match(TokenType.STAR):
                    this = exp.Dot(this=this, expression=exp.Star())
                else:
                    this = exp.Dot(this=this, expression=self._require(self._parse_id_var(any_token=True)))
            else:
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
