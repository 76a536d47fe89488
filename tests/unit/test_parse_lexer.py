"""PostgreSQL's scanner rules."""

from __future__ import annotations

import re

import pytest

from airflow.providers.pgtrickle.engine.errors import InvalidQuery
from airflow.providers.pgtrickle.engine.parse.lexer import Kind, scan


def tokens(text: str) -> list[tuple[str, str]]:
    return [(lexeme.kind.name.lower(), lexeme.text) for lexeme in scan(text)]


@pytest.mark.parametrize(
    ("text", "operators"),
    [
        ("a+-b", ["+", "-"]),
        ("a@-b", ["@-"]),
        ("a*-b", ["*", "-"]),
        ("a>=-1", [">=", "-"]),
        ("a<>b!=c", ["<>", "!="]),
        ("a->>'x'", ["->>"]),
        ("a<->b -|- c", ["<->", "-|-"]),
        ("a|/b ||/ c", ["|/", "||/"]),
        ("a<#>b", ["<#>"]),
        ("a+/* c */-b", ["+", "-"]),
        ("a+--c\n-b", ["+", "-"]),
        ("x=>1", ["=>"]),
        ("a!~~*b", ["!~~*"]),
    ],
)
def test_operators_are_cut_by_longest_match(text: str, operators: list[str]) -> None:
    assert [lexeme.text for lexeme in scan(text) if lexeme.kind is Kind.OPERATOR] == operators


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("'it''s'", "it's"),
        (r"'back\slash'", "back\\slash"),
        (r"E'a\tb\n\\\'\x41\101'", "a\tb\n\\'AA"),
        (r"E'\u00e4\U0001F600'", "ä😀"),
        (r"E'\ud83d\ude00'", "😀"),
        (r"E'\xc3\xa4'", "ä"),
        ("E'it''s'", "it's"),
        ("'one'\n  'two'", "onetwo"),
        ("'one' -- why\n 'two'", "onetwo"),
        ("$$a 'b' $x$ c$$", "a 'b' $x$ c"),
        ("$tag$a $$ b$tag$", "a $$ b"),
        (r"U&'d\0061t\+000061'", "data"),
        ("U&'d!0061ta' UESCAPE '!'", "data"),
        ("N'x'", "x"),
        ("''", ""),
    ],
)
def test_strings_are_what_they_denote(text: str, value: str) -> None:
    assert tokens(text) == [("string", value)]


def test_two_strings_on_one_line_stay_two() -> None:
    assert tokens("'a' 'b'") == [("string", "a"), ("string", "b")]


def test_names_fold_as_postgresql_folds_them() -> None:
    assert tokens('ABC ÄÖ "Äö""x" a$1 _x') == [
        ("word", "abc"),
        ("word", "ÄÖ"),
        ("quoted", 'Äö"x'),
        ("word", "a$1"),
        ("word", "_x"),
    ]


def test_numbers() -> None:
    assert [text for _, text in tokens("1 1.5 .5 1. 1e10 1.5E-3 0x1F 0o17 0b101 1_000 $1")] == [
        "1", "1.5", ".5", "1.", "1e10", "1.5E-3", "0x1F", "0o17", "0b101", "1_000", "$1",
    ]  # fmt: skip


def test_bit_strings_stay_as_written() -> None:
    assert tokens("b'101' X'1f'") == [("bits", "b'101'"), ("bits", "X'1f'")]


def test_comments_nest_and_vanish() -> None:
    assert tokens("a /* b /* c */ d */ e -- f\n g") == [("word", "a"), ("word", "e"), ("word", "g")]


def test_places_are_those_of_the_text() -> None:
    text = "SELECT  'ä' AS \"b\" -- c\n, $x$d$x$"
    assert [text[start:end] for _, _, start, end in scan(text)] == [
        "SELECT", "'ä'", "AS", '"b"', ",", "$x$d$x$",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "position", "problem"),
    [
        ("a 'b", 3, "unterminated quoted string"),
        ('a "b', 3, "unterminated or empty quoted identifier"),
        ("a\n/* b /* c */", 3, "unterminated /* comment"),
        ("a $x$ b", 3, "unterminated dollar-quoted string"),
        ("a \\ b", 3, "syntax error"),
    ],
)
def test_what_the_scanner_rejects_has_a_place(text: str, position: int, problem: str) -> None:
    with pytest.raises(InvalidQuery, match=re.escape(problem)) as caught:
        scan(text)
    assert caught.value.position == position
