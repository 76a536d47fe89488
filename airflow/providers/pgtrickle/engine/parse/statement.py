"""What a text shows without being understood: whether it is one query, where it parts from another."""

from __future__ import annotations

from airflow.providers.pgtrickle.engine.errors import InvalidQuery
from airflow.providers.pgtrickle.engine.parse.lexer import Kind, Lexeme, invalid, scan

_QUERY_WORDS = frozenset(("select", "values", "table", "with"))
_CONTEXT = 6


def single_query(text: str) -> str:
    """The text of the one query in ``text``, without trailing semicolons and comments; a prefix of ``text``.

    Raises InvalidQuery when the text is empty, holds several statements, or does not begin like a query.
    """
    return text[: query_lexemes(text)[-1].end]


def query_lexemes(text: str) -> list[Lexeme]:
    """The tokens of the one query in ``text``; raises as ``single_query`` does."""
    lexemes = scan(text)
    while lexemes and _is_mark(lexemes[-1], ";"):
        lexemes.pop()
    if not lexemes:
        raise InvalidQuery("The query is empty.", hint="Write a SELECT.", position=1, sqlstate="42601")
    for kind, word, _, end in lexemes:
        if word == ";" and kind is Kind.MARK:
            raise invalid(text, end, "a second statement follows the query")
    first = next((lexeme for lexeme in lexemes if not _is_mark(lexeme, "(")), lexemes[0])
    if first.kind is not Kind.WORD or first.text not in _QUERY_WORDS:
        raise invalid(text, first.start, "a query begins with SELECT, WITH, VALUES or TABLE; syntax error")
    if [lexeme.text for lexeme in lexemes[-2:] if lexeme.kind is Kind.WORD] == ["check", "option"]:
        # CREATE VIEW has such a clause of its own; a query has not.
        raise invalid(text, lexemes[-2].start, "syntax error at or near 'check'")
    return lexemes


def first_difference(expected: str, actual: str) -> str | None:
    """Where two canonical texts differ in more than white space, in words; None when they do not."""
    if expected == actual:
        return None
    left, right = scan(expected), scan(actual)
    for index in range(max(len(left), len(right))):
        one = left[index] if index < len(left) else None
        other = right[index] if index < len(right) else None
        if one is None or other is None or (one.kind, one.text) != (other.kind, other.text):
            return f"{_excerpt(expected, left, index)!r} became {_excerpt(actual, right, index)!r}"
    return None


def _excerpt(text: str, lexemes: list[Lexeme], index: int) -> str:
    around = lexemes[max(0, index - _CONTEXT) : index + _CONTEXT]
    return " ".join(text[around[0].start : around[-1].end].split()) if around else ""


def _is_mark(lexeme: Lexeme, text: str) -> bool:
    return lexeme.kind is Kind.MARK and lexeme.text == text
