"""What the parts of the parser share: tokens looked at by their text, and names of types."""

# ruff: noqa: ARG002 - the signatures are sqlglot's
from __future__ import annotations

from sqlglot import exp
from sqlglot.parsers.postgres import PostgresParser
from sqlglot.tokenizer_core import TokenType

from airflow.providers.pgtrickle.engine.parse.keywords import words

Expr = exp.Expr

QUERY_START = frozenset((TokenType.SELECT, TokenType.WITH, TokenType.VALUES))
QUANTIFIERS = {TokenType.ANY: exp.Any, TokenType.SOME: exp.Any, TokenType.ALL: exp.All}

_TYPE_TAILS = {
    "double": (("precision",),),
    "character": (("varying",),),
    "national": (("character", "varying"), ("character",)),
    "bit": (("varying",),),
    "time": (("with", "time", "zone"), ("without", "time", "zone")),
    "timestamp": (("with", "time", "zone"), ("without", "time", "zone")),
}
_INTERVAL_FIELDS = words("year month day hour minute second")


class Grammar(PostgresParser):
    """Looking ahead by words, and PostgreSQL's type names."""

    def _word(self, *texts: str) -> bool:
        """Whether the next tokens are these words, unquoted."""
        for ahead, text in enumerate(texts):
            index = self._index + ahead
            if index >= len(self._tokens):
                return False
            token = self._tokens[index]
            if token.text != text or token.token_type in (TokenType.IDENTIFIER, TokenType.STRING):
                return False
        return True

    def _match_word(self, *texts: str) -> bool:
        if not self._word(*texts):
            return False
        self._advance(len(texts))
        return True

    def _expect(self, token_type: TokenType, text: str) -> None:
        if not self._match(token_type):
            self.raise_error(f"Expected {text}")

    def _require(self, node: Expr | None) -> Expr:
        if node is None:
            self.raise_error("Expected an expression")
        return node  # type: ignore[return-value]

    def _parse_types(
        self,
        check_func: bool = False,
        schema: bool = False,
        allow_identifiers: bool = True,
        with_collation: bool = False,
    ) -> Expr | None:
        """A type as text: format_type() knows names that no list of ours would."""
        start = self._curr
        if start.token_type is not TokenType.IDENTIFIER and start.token_type not in self.ID_VAR_TOKENS:
            return None
        word = start.text if start.token_type is not TokenType.IDENTIFIER else ""
        self._advance()
        while self._match(TokenType.DOT):
            self._advance()
        if word in ("double", "character", "national", "bit"):
            any(self._match_word(*tail) for tail in _TYPE_TAILS[word])
        if word == "interval":
            self._skip_interval_fields()
        if self._match(TokenType.L_PAREN):
            while self._curr and not self._match(TokenType.R_PAREN):
                self._advance()
        if word in ("time", "timestamp"):
            any(self._match_word(*tail) for tail in _TYPE_TAILS[word])
        while self._curr.token_type is TokenType.L_BRACKET and (
            self._next.token_type is TokenType.R_BRACKET
            or (self._next.token_type is TokenType.NUMBER and self._peek(2) is TokenType.R_BRACKET)
        ):
            self._advance(2)
            self._match(TokenType.R_BRACKET)
        text = self.sql[start.start : self._prev.end + 1]
        return exp.DataType(this=exp.DType.USERDEFINED, kind=text)

    def _peek(self, ahead: int) -> TokenType | None:
        index = self._index + ahead
        return self._tokens[index].token_type if index < len(self._tokens) else None

    def _skip_interval_fields(self) -> None:
        while self._curr.text in _INTERVAL_FIELDS or self._word("to"):
            self._advance()
