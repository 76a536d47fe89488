"""Function calls, those with words between their arguments included."""

# ruff: noqa: ARG002 - the signatures are sqlglot's
from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlglot import exp
from sqlglot.tokenizer_core import TokenType

from airflow.providers.pgtrickle.engine.parse import nodes
from airflow.providers.pgtrickle.engine.parse.expressions import ExpressionGrammar
from airflow.providers.pgtrickle.engine.parse.grammar import QUANTIFIERS, Expr
from airflow.providers.pgtrickle.engine.parse.keywords import VALUE_FUNCTIONS, words

_TYPED_FUNCTIONS: dict[str, Callable[[list[Expr]], Expr]] = {
    "count": lambda args: exp.Count(this=args[0], big_int=True),
    "sum": lambda args: exp.Sum(this=args[0]),
    "avg": lambda args: exp.Avg(this=args[0]),
    "min": lambda args: exp.Min(this=args[0]),
    "max": lambda args: exp.Max(this=args[0]),
}
_CONDITIONAL: dict[str, Callable[[list[Expr]], Expr]] = {
    "coalesce": lambda args: exp.Coalesce(this=args[0], expressions=args[1:]),
    "greatest": lambda args: exp.Greatest(this=args[0], expressions=args[1:], ignore_nulls=True),
    "least": lambda args: exp.Least(this=args[0], expressions=args[1:], ignore_nulls=True),
    "nullif": lambda args: exp.Nullif(this=args[0], expression=args[1]),
}
#: Functions whose arguments are set apart by words instead of commas alone.
_SYNTAX_FUNCTIONS = words("""
    extract overlay position substring trim normalize treat xmlconcat xmlelement xmlexists xmlforest xmlparse
    xmlpi xmlroot xmlserialize xmltable json json_array json_arrayagg json_exists json_object json_objectagg
    json_query json_scalar json_serialize json_table json_value
    """)
#: Reserved words that set arguments apart wherever they stand.
_SEPARATORS = words("as both default for from in leading not on placing returning trailing using with order")
#: Words that are separators only where no operand is due: any column may have such a name.
_SOFT_SEPARATORS = words("""
    absent at by columns conditional content document empty encoding error escape format indent json keep key
    keys no null object omit passing path preserve quotes ref scalar similar standalone strip unconditional
    unique unknown utf8 value version whitespace without wrapper wellformed yes true false array
    """)
#: Words that stand first, or after a comma, in a call of this function.
_LEADING_WORDS: dict[str, frozenset[str]] = {
    "normalize": words("nfc nfd nfkc nfkd"),
    "xmlelement": words("name xmlattributes"),
    "xmlpi": words("name"),
    "xmlparse": words("document content"),
    "xmlroot": words("version standalone"),
    "xmlserialize": words("document content"),
    "xmltable": words("xmlnamespaces"),
}
#: Words after which an operand follows.
_INTRODUCERS = words(
    "default escape for from in on passing placing similar using value version document content"
)


class CallGrammar(ExpressionGrammar):
    """``name(…)`` in all its forms, and the values written without parentheses."""

    def _parse_function(
        self,
        functions: Any = None,
        anonymous: bool = False,
        optional_parens: bool = True,
        any_token: bool = False,
    ) -> Expr | None:
        start = self._index
        token = self._curr
        if token.token_type is TokenType.VAR and token.text in VALUE_FUNCTIONS:
            return self._parse_value_function()
        if self._match_word("collation", "for", "("):
            operand = self._require(self._parse_disjunction())
            self._expect(TokenType.R_PAREN, ")")
            return nodes.SyntaxCall(this="collation for", expressions=[operand])
        path: list[Expr] = []
        while self._curr.token_type in (TokenType.IDENTIFIER, *self.FUNC_TOKENS) or (
            self._curr.token_type in self.ID_VAR_TOKENS or path
        ):
            if not path and self._curr.token_type in QUANTIFIERS:
                break
            if not self._curr or self._curr.token_type in self.RESERVED_TOKENS:
                break
            path.append(self._require(self._parse_id_var(any_token=True)))
            if self._match(TokenType.L_PAREN):
                return self._parse_window(self._parse_call(path))
            if not self._match(TokenType.DOT) or self._curr.token_type is TokenType.STAR:
                break
        self._retreat(start)
        return None

    def _parse_value_function(self) -> Expr:
        """CURRENT_DATE and its kin, with a precision if there is one."""
        name = self._curr.text.upper()
        self._advance()
        words: list[Expr] = []
        if self._curr.token_type is TokenType.L_PAREN and self._next.token_type is TokenType.NUMBER:
            self._advance()
            words = [exp.Literal.number(self._curr.text)]
            self._advance()
            self._expect(TokenType.R_PAREN, ")")
        call = exp.Anonymous(this=name.lower(), expressions=words)
        return call if words else exp.Var(this=name)

    def _parse_call(self, path: list[Expr]) -> Expr:
        name = path[-1]
        bare = name.name if len(path) == 1 and not name.args.get("quoted") else ""
        if bare == "cast":
            operand = self._require(self._parse_disjunction())
            self._expect(TokenType.ALIAS, "AS")
            node: Expr = exp.Cast(this=operand, to=self._require(self._parse_types()))
            self._expect(TokenType.R_PAREN, ")")
            return node
        if bare in _SYNTAX_FUNCTIONS:
            return self._parse_syntax_call(bare)
        arguments = [] if self._curr.token_type is TokenType.R_PAREN else self._parse_arguments()
        self._expect(TokenType.R_PAREN, ")")
        builder = _CONDITIONAL.get(bare)
        if builder is None and len(arguments) == 1:
            builder = _TYPED_FUNCTIONS.get(bare)
        if builder is not None and arguments:
            return builder(arguments)
        call: Expr = exp.Anonymous(this=name if name.args.get("quoted") else name.name, expressions=arguments)
        if len(path) == 1:
            return call
        qualifier = path[0]
        for part in path[1:-1]:
            qualifier = exp.Dot(this=qualifier, expression=part)
        return exp.Dot(this=qualifier, expression=call)

    def _parse_arguments(self) -> list[Expr]:
        """Arguments of a call; a trailing ORDER BY stays on the last one, as sqlglot has it."""
        if self._match(TokenType.DISTINCT):
            distinct = exp.Distinct(expressions=self._parse_csv(self._parse_argument))
            return [self._require(self._parse_order(distinct))]
        self._match(TokenType.ALL)
        arguments: list[Expr] = self._parse_csv(self._parse_argument)
        if self._curr.token_type is TokenType.ORDER_BY and arguments:
            arguments[-1] = self._require(self._parse_order(arguments[-1]))
        return arguments

    def _parse_argument(self) -> Expr | None:
        if self._match_word("variadic"):
            return exp.Variadic(this=self._require(self._parse_disjunction()))
        if self._next.token_type in (TokenType.FARROW, TokenType.COLON_EQ):
            name = self._require(self._parse_id_var(any_token=True))
            self._advance()
            return exp.Kwarg(this=name, expression=self._require(self._parse_disjunction()))
        return self._parse_disjunction()

    def _parse_syntax_call(self, name: str) -> Expr:
        """Operands and words up to the closing parenthesis, in order."""
        parts: list[Expr] = []
        due = True
        if name == "extract":
            parts.append(self._parse_word_as_written())
            due = False
        while not self._match(TokenType.R_PAREN):
            token = self._curr
            if not token:
                self.raise_error("Expected )")
            if token.token_type in (TokenType.COMMA, TokenType.COLON):
                self._advance()
                parts.append(exp.Var(this=token.text))
                due = True
            elif token.token_type is TokenType.ORDER_BY and parts:
                parts[-1] = self._require(self._parse_order(parts[-1]))
            elif self._is_separator(name, due):
                parts.append(self._parse_word_as_written())
                parts.extend(self._parse_after_word(token.text))
                due = token.text in _INTRODUCERS
            else:
                parts.append(self._require(self._parse_bitwise()))
                due = False
        return nodes.SyntaxCall(this=name, expressions=parts)

    def _parse_word_as_written(self) -> Expr:
        token = self._curr
        self._advance()
        if token.token_type is TokenType.STRING:
            return exp.Literal.string(token.text)
        return exp.Var(this=token.text.upper())

    def _is_separator(self, function: str, due: bool) -> bool:
        token = self._curr
        if token.token_type in (TokenType.IDENTIFIER, TokenType.STRING):
            return False
        word = token.text
        if word in _SEPARATORS:
            return True
        if due:
            # NULL ON NULL, EMPTY ARRAY ON ERROR follow an empty argument list or RETURNING's type.
            return word in _LEADING_WORDS.get(function, ()) or (
                word in ("null", "absent") and self._next.text == "on"
            )
        return word in _SOFT_SEPARATORS

    def _parse_after_word(self, word: str) -> list[Expr]:
        """What a word brings with it besides operands."""
        if word in ("as", "returning"):
            return [self._require(self._parse_types())]
        if word == "name":
            return [self._require(self._parse_id_var(any_token=True))]
        if word in ("xmlattributes", "xmlnamespaces"):
            self._expect(TokenType.L_PAREN, "(")
            return [
                exp.Paren(this=nodes.SyntaxCall(this="", expressions=self._parse_syntax_call("").expressions))
            ]
        if word == "columns" and self._curr.token_type is TokenType.L_PAREN:
            return [exp.Var(this=self._raw_parenthesised())]
        if word == "columns":
            return self._parse_xml_columns()
        return []

    def _parse_xml_columns(self) -> list[Expr]:
        """``name type [PATH x] [DEFAULT x] [NOT NULL], name FOR ORDINALITY, …``."""
        parts: list[Expr] = []
        while True:
            parts.append(self._require(self._parse_id_var(any_token=True)))
            if self._match_word("for", "ordinality"):
                parts.append(exp.Var(this="FOR ORDINALITY"))
            else:
                parts.append(self._require(self._parse_types()))
            while self._word("path") or self._word("default") or self._word("not", "null"):
                parts.append(self._parse_word_as_written())
                parts.append(self._require(self._parse_bitwise()))
            if not self._match(TokenType.COMMA):
                return parts
            parts.append(exp.Var(this=","))

    def _raw_parenthesised(self) -> str:
        """The text of a parenthesised clause that holds no reference to a column, as written."""
        start = self._curr.start
        depth = 0
        while self._curr:
            if self._curr.token_type is TokenType.L_PAREN:
                depth += 1
            elif self._curr.token_type is TokenType.R_PAREN:
                depth -= 1
            self._advance()
            if depth == 0:
                return self.sql[start : self._prev.end + 1]
        self.raise_error("Expected )")
        return ""
