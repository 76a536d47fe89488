"""PostgreSQL's lexical rules: text to tokens, with the place of each.

Follows src/backend/parser/scan.l with standard_conforming_strings on: operators are cut by longest match with
the rule on a trailing ``+`` or ``-``, unquoted identifiers fold to lower case (ASCII letters only), comments
nest, string literals continue over a line break.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import IntEnum
from typing import NamedTuple

from airflow.providers.pgtrickle.engine.errors import InvalidQuery

_SPACE = " \t\r\n\f\v"
_WORD = r"[A-Za-z_\u0080-\U0010ffff][A-Za-z0-9_$\u0080-\U0010ffff]*"
_QUOTED = r"'(?:[^']|'')*'"
_SCANNER = re.compile(
    rf"""
      (?P<remark>--[^\r\n]*)
    | (?P<comment>/\*)
    | (?P<estring>[eE]'(?:[^'\\]|''|\\.)*')
    | (?P<bits>[bBxX]{_QUOTED})
    | (?P<ustring>[uU]&{_QUOTED})
    | (?P<uident>[uU]&"(?:[^"]|"")+")
    | (?P<string>[nN]?{_QUOTED})
    | (?P<word>{_WORD})
    | (?P<quoted>"(?:[^"\0]|"")+")
    | (?P<number>0[xX](?:_?[0-9A-Fa-f])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+
        |(?:\d(?:_?\d)*(?:\.(?!\.)(?:\d(?:_?\d)*)?)?|\.\d(?:_?\d)*)(?:[eE][+-]?\d(?:_?\d)*)?)
    | (?P<parameter>\$\d+)
    | (?P<dollar>\$(?:[A-Za-z_\u0080-\U0010ffff][A-Za-z0-9_\u0080-\U0010ffff]*)?\$)
    | (?P<mark>::|:=|\.\.|[,()\[\].;:])
    | (?P<operator>[-+*/<>=~!@\#%^&|`?]+)
    """,
    re.VERBOSE | re.DOTALL,
)
_COMMENT_EDGE = re.compile(r"/\*|\*/")
_STRING_CONTINUATION = re.compile(
    rf"(?:[ \t\f\v]|--[^\r\n]*)*[\r\n](?:[ \t\r\n\f\v]|--[^\r\n]*(?=[\r\n]))*({_QUOTED})"
)
_ESCAPE = re.compile(
    r"\\(?:([0-7]{1,3})|x([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))|''", re.DOTALL
)
_UESCAPE = re.compile(r"\s*uescape\s*'([^'])'", re.IGNORECASE)
_SIMPLE_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_FREE_OPERATOR = re.compile(r"[~!@#%^&|`?]")
_ASCII_FOLD = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


class Kind(IntEnum):
    """The kind of a token."""

    WORD = 0
    """an unquoted identifier or keyword; the text is folded"""
    QUOTED = 1
    """a quoted identifier; the text is what it denotes"""
    STRING = 2
    """a string literal; the text is what it denotes"""
    BITS = 3
    """a bit string literal; the text is as written, such as ``B'101'``"""
    NUMBER = 4
    PARAMETER = 5
    OPERATOR = 6
    MARK = 7
    """one of ``( ) [ ] , . ; : :: := ..``"""


class Lexeme(NamedTuple):
    """A token: its kind, what it denotes, and the half-open range of characters it was read from."""

    kind: Kind
    text: str
    start: int
    end: int


def scan(text: str) -> list[Lexeme]:
    """Cut a statement into tokens, without white space and comments.

    Raises InvalidQuery, with the position, for what PostgreSQL's scanner rejects.
    """
    found: list[Lexeme] = []
    append = found.append
    position, length = 0, len(text)
    match = _SCANNER.match
    while position < length:
        if text[position] in _SPACE:
            position += 1
            continue
        token = match(text, position)
        if token is None:
            raise _invalid(text, position)
        group = token.lastgroup or ""
        end = token.end()
        if group == "word":
            append(Lexeme(Kind.WORD, fold(token.group()), position, end))
        elif group == "mark":
            append(Lexeme(Kind.MARK, token.group(), position, end))
        else:
            end = _READERS[group](text, token, append)
        position = end
    return found


def fold(word: str) -> str:
    """The name that an unquoted identifier denotes (multi-byte encodings: only ASCII letters fold)."""
    return word.lower() if word.isascii() else word.translate(_ASCII_FOLD)


def line_and_column(text: str, offset: int) -> tuple[int, int]:
    """The 1-based line and column of a 0-based offset."""
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


_Append = Callable[[Lexeme], None]


def _read_remark(_text: str, token: re.Match[str], _append: _Append) -> int:
    return token.end()


def _read_comment(text: str, token: re.Match[str], _append: _Append) -> int:
    depth, position = 1, token.end()
    while depth:
        edge = _COMMENT_EDGE.search(text, position)
        if edge is None:
            raise invalid(text, token.start(), "unterminated /* comment")
        depth += 1 if edge.group() == "/*" else -1
        position = edge.end()
    return position


def _continued(text: str, end: int) -> tuple[str, int]:
    """The further parts of a string literal that goes on after a line break, still escaped."""
    more = ""
    while part := _STRING_CONTINUATION.match(text, end):
        more += part.group(1)[1:-1]
        end = part.end()
    return more, end


def _read_string(text: str, token: re.Match[str], append: _Append) -> int:
    raw = token.group()
    more, end = _continued(text, token.end())
    body = raw[raw.index("'") + 1 : -1] + more
    append(Lexeme(Kind.STRING, body.replace("''", "'"), token.start(), end))
    return end


def _read_escape_string(text: str, token: re.Match[str], append: _Append) -> int:
    more, end = _continued(text, token.end())
    append(Lexeme(Kind.STRING, _unescape(token.group()[2:-1] + more), token.start(), end))
    return end


def _unescape(body: str) -> str:
    """Resolve the escapes of an E'' literal; consecutive octal or hexadecimal bytes are UTF-8."""
    parts: list[str] = []
    pending = bytearray()
    position = 0

    def flush() -> None:
        parts.append(pending.decode("utf-8", "surrogateescape"))
        pending.clear()

    for match in _ESCAPE.finditer(body):
        if match.start() > position:
            flush()
            parts.append(body[position : match.start()])
        position = match.end()
        octal, hexadecimal, short, wide, plain = match.groups()
        if octal or hexadecimal:
            pending.append(int(octal, 8) & 0xFF if octal else int(hexadecimal, 16))
            continue
        flush()
        if short or wide:
            parts.append(chr(int(short or wide, 16)))
        elif plain:
            parts.append(_SIMPLE_ESCAPES.get(plain, plain))
        else:
            parts.append("'")
    flush()
    parts.append(body[position:])
    joined = "".join(parts)
    return joined.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if "\\u" in body else joined


def _read_unicode(text: str, token: re.Match[str], append: _Append) -> int:
    raw, end = token.group(), token.end()
    quote = raw[2]
    body = raw[3:-1]
    if quote == "'":
        more, end = _continued(text, end)
        body += more
    escape = "\\"
    if declared := _UESCAPE.match(text, end):
        escape, end = declared.group(1), declared.end()
    mark = re.escape(escape)
    body = re.sub(
        rf"{mark}(?:([0-9A-Fa-f]{{4}})|\+([0-9A-Fa-f]{{6}})|({mark}))",
        lambda part: part.group(3) or chr(int(part.group(1) or part.group(2), 16)),
        body.replace(quote * 2, quote),
    )
    kind = Kind.STRING if quote == "'" else Kind.QUOTED
    append(Lexeme(kind, body, token.start(), end))
    return end


def _read_dollar(text: str, token: re.Match[str], append: _Append) -> int:
    tag = token.group()
    close = text.find(tag, token.end())
    if close < 0:
        raise invalid(text, token.start(), "unterminated dollar-quoted string")
    append(Lexeme(Kind.STRING, text[token.end() : close], token.start(), close + len(tag)))
    return close + len(tag)


def _read_quoted(_text: str, token: re.Match[str], append: _Append) -> int:
    append(Lexeme(Kind.QUOTED, token.group()[1:-1].replace('""', '"'), token.start(), token.end()))
    return token.end()


def _read_operator(_text: str, token: re.Match[str], append: _Append) -> int:
    operator = token.group()
    for comment in ("--", "/*"):
        cut = operator.find(comment, 1)
        if cut > 0:
            operator = operator[:cut]
    # A multi-character operator may end in + or - only when it holds a character no SQL operator has.
    while len(operator) > 1 and operator[-1] in "+-" and not _FREE_OPERATOR.search(operator[:-1]):
        operator = operator[:-1]
    end = token.start() + len(operator)
    append(Lexeme(Kind.OPERATOR, operator, token.start(), end))
    return end


def _read_as(kind: Kind) -> Callable[[str, re.Match[str], _Append], int]:
    def read(_text: str, token: re.Match[str], append: _Append) -> int:
        append(Lexeme(kind, token.group(), token.start(), token.end()))
        return token.end()

    return read


_READERS: dict[str, Callable[[str, re.Match[str], _Append], int]] = {
    "remark": _read_remark,
    "comment": _read_comment,
    "estring": _read_escape_string,
    "bits": _read_as(Kind.BITS),
    "ustring": _read_unicode,
    "uident": _read_unicode,
    "string": _read_string,
    "quoted": _read_quoted,
    "number": _read_as(Kind.NUMBER),
    "parameter": _read_as(Kind.PARAMETER),
    "dollar": _read_dollar,
    "operator": _read_operator,
}


def invalid(text: str, offset: int, problem: str) -> InvalidQuery:
    """An InvalidQuery that says where: ``problem`` at line and column, position 1-based."""
    line, column = line_and_column(text, offset)
    return InvalidQuery(f"{problem} at line {line}, column {column}", position=offset + 1, sqlstate="42601")


def _invalid(text: str, offset: int) -> InvalidQuery:
    opener = text[offset]
    if opener == "'" or text[offset : offset + 2].lower() in ("e'", "b'", "x'", "n'"):
        return invalid(text, offset, "unterminated quoted string")
    if opener == '"':
        return invalid(text, offset, "unterminated or empty quoted identifier")
    return invalid(text, offset, f"syntax error at or near {opener!r}")
