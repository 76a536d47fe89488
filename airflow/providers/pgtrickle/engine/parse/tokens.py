"""Tokens as sqlglot's parser wants them, cut by PostgreSQL's own rules."""

from __future__ import annotations

from sqlglot.tokenizer_core import Token, TokenType

from airflow.providers.pgtrickle.engine.parse.keywords import RESERVED, VALUE_FUNCTIONS
from airflow.providers.pgtrickle.engine.parse.lexer import Kind, Lexeme

_WORDS = {
    "and": TokenType.AND,
    "any": TokenType.ANY,
    "array": TokenType.ARRAY,
    "all": TokenType.ALL,
    "as": TokenType.ALIAS,
    "asc": TokenType.ASC,
    "between": TokenType.BETWEEN,
    "case": TokenType.CASE,
    "collate": TokenType.COLLATE,
    "cross": TokenType.CROSS,
    "cube": TokenType.CUBE,
    "desc": TokenType.DESC,
    "distinct": TokenType.DISTINCT,
    "else": TokenType.ELSE,
    "end": TokenType.END,
    "except": TokenType.EXCEPT,
    "exists": TokenType.EXISTS,
    "false": TokenType.FALSE,
    "fetch": TokenType.FETCH,
    "filter": TokenType.FILTER,
    "first": TokenType.FIRST,
    "for": TokenType.FOR,
    "from": TokenType.FROM,
    "full": TokenType.FULL,
    "having": TokenType.HAVING,
    "in": TokenType.IN,
    "inner": TokenType.INNER,
    "intersect": TokenType.INTERSECT,
    "into": TokenType.INTO,
    "is": TokenType.IS,
    "join": TokenType.JOIN,
    "lateral": TokenType.LATERAL,
    "left": TokenType.LEFT,
    "limit": TokenType.LIMIT,
    "natural": TokenType.NATURAL,
    "next": TokenType.NEXT,
    "not": TokenType.NOT,
    "null": TokenType.NULL,
    "offset": TokenType.OFFSET,
    "on": TokenType.ON,
    "only": TokenType.ONLY,
    "or": TokenType.OR,
    "ordinality": TokenType.ORDINALITY,
    "outer": TokenType.OUTER,
    "over": TokenType.OVER,
    "range": TokenType.RANGE,
    "recursive": TokenType.RECURSIVE,
    "right": TokenType.RIGHT,
    "rollup": TokenType.ROLLUP,
    "row": TokenType.ROW,
    "rows": TokenType.ROWS,
    "select": TokenType.SELECT,
    "some": TokenType.SOME,
    "table": TokenType.TABLE,
    "tablesample": TokenType.TABLE_SAMPLE,
    "then": TokenType.THEN,
    "true": TokenType.TRUE,
    "union": TokenType.UNION,
    "unique": TokenType.UNIQUE,
    "using": TokenType.USING,
    "values": TokenType.VALUES,
    "when": TokenType.WHEN,
    "where": TokenType.WHERE,
    "window": TokenType.WINDOW,
    "with": TokenType.WITH,
}
_PAIRS = {
    ("group", "by"): TokenType.GROUP_BY,
    ("order", "by"): TokenType.ORDER_BY,
    ("partition", "by"): TokenType.PARTITION_BY,
    ("grouping", "sets"): TokenType.GROUPING_SETS,
}
_MARKS = {
    "(": TokenType.L_PAREN,
    ")": TokenType.R_PAREN,
    "[": TokenType.L_BRACKET,
    "]": TokenType.R_BRACKET,
    ",": TokenType.COMMA,
    ".": TokenType.DOT,
    ";": TokenType.SEMICOLON,
    ":": TokenType.COLON,
    "::": TokenType.DCOLON,
    ":=": TokenType.COLON_EQ,
    "=>": TokenType.FARROW,
    "*": TokenType.STAR,
}
_KINDS = {
    Kind.QUOTED: TokenType.IDENTIFIER,
    Kind.STRING: TokenType.STRING,
    Kind.BITS: TokenType.BIT_STRING,
    Kind.NUMBER: TokenType.NUMBER,
    Kind.PARAMETER: TokenType.PARAMETER,
    Kind.OPERATOR: TokenType.OPERATOR,
    Kind.MARK: TokenType.UNKNOWN,
}
#: A reserved word without a token type of its own; no parser rule takes it for a name.
_RESERVED_WORD = TokenType.UNKNOWN

_NAME_LIKE = VALUE_FUNCTIONS | {"cast"}


def parser_tokens(lexemes: list[Lexeme]) -> list[Token]:
    """The tokens for sqlglot's parser; two-word keywords are joined, as its own tokenizer does."""
    tokens: list[Token] = []
    index, count = 0, len(lexemes)
    while index < count:
        kind, word, start, end = lexemes[index]
        index += 1
        if kind is Kind.WORD:
            following = lexemes[index] if index < count else None
            pair = (
                _PAIRS.get((word, following.text))
                if following is not None and following.kind is Kind.WORD
                else None
            )
            if pair is not None and following is not None:
                index += 1
                end = following.end
                word = f"{word} {following.text}"
                token_type = pair
            else:
                token_type = _WORDS.get(word) or (
                    _RESERVED_WORD if word in RESERVED and word not in _NAME_LIKE else TokenType.VAR
                )
        elif kind is Kind.MARK or kind is Kind.OPERATOR:
            token_type = _MARKS.get(word, _KINDS[kind])
        else:
            token_type = _KINDS[kind]
        tokens.append(Token(token_type, word, 1, start + 1, start, end - 1))
    return tokens
