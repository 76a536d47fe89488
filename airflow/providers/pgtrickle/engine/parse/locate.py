"""Where in a query, as a user typed it, a construct stands; and how to show the place."""

from __future__ import annotations

import re
from collections.abc import Sequence

from airflow.providers.pgtrickle.engine.errors import InvalidName, InvalidQuery
from airflow.providers.pgtrickle.engine.names import parse_name
from airflow.providers.pgtrickle.engine.parse.lexer import Kind, Lexeme, line_and_column, scan
from airflow.providers.pgtrickle.engine.parse.references import table_items

_WORDS = re.compile(r"[A-Z_ |]+")

#: Columns of the query's line that are shown around the place.
_BEFORE, _AFTER = 60, 40


def locate(text: str, construct: str) -> tuple[int, int] | None:
    """Where a construct first stands in a query, as a range of characters; None when it is not found.

    ``construct`` is ``name()`` for a call, ``schema.name`` for a relation, and else the words as which it is
    written, alternatives separated by ``|``: ``FOR UPDATE|FOR SHARE``.
    """
    try:
        lexemes = scan(text)
        if construct.endswith("()"):
            return _call(lexemes, construct.removesuffix("()").rpartition(".")[2])
        if _WORDS.fullmatch(construct):
            found = [place for words in construct.split("|") if (place := _words(lexemes, words)) is not None]
            return min(found, default=None)
        return _relation(text, lexemes, construct)
    except (InvalidQuery, InvalidName):
        return None


def excerpt(text: str, offset: int) -> str:
    """The line of an offset with a caret below it, as psql shows it."""
    number, column = line_and_column(text, offset)
    line = text.split("\n")[number - 1].replace("\t", " ").rstrip("\r")
    start = max(0, column - 1 - _BEFORE)
    shown = line[start : column + _AFTER]
    head = f"LINE {number}: " + ("..." if start else "")
    tail = "..." if column + _AFTER < len(line) else ""
    return f"{head}{shown}{tail}\n{' ' * (len(head) + column - 1 - start)}^"


def _call(lexemes: Sequence[Lexeme], name: str) -> tuple[int, int] | None:
    for index, (kind, word, start, end) in enumerate(lexemes[:-1]):
        following = lexemes[index + 1]
        called = following.kind is Kind.MARK and following.text == "("
        if called and kind in (Kind.WORD, Kind.QUOTED) and word == name:
            return start, end
    return None


def _words(lexemes: Sequence[Lexeme], words: str) -> tuple[int, int] | None:
    wanted = words.lower().split()
    for index in range(len(lexemes) - len(wanted) + 1):
        found = lexemes[index : index + len(wanted)]
        if all(
            item.kind is Kind.WORD and item.text == word for item, word in zip(found, wanted, strict=True)
        ):
            return found[0].start, found[-1].end
    return None


def _relation(text: str, lexemes: list[Lexeme], name: str) -> tuple[int, int] | None:
    wanted = parse_name(name, "")
    named = [item for item in table_items(text, lexemes) if item.name == wanted.name]
    exact = [item for item in named if item.schema in (None, wanted.schema)]
    return (lexemes[exact[0].place].start, lexemes[exact[0].after - 1].end) if exact else None
