"""The time in a canonical text, written out: the query as it was at one moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from airflow.providers.pgtrickle.engine.parse.lexer import Kind, Lexeme, scan

#: Functions of pg_catalog that give the time of the transaction or the statement. A refresh is one of each.
CLOCK_FUNCTIONS = frozenset(("now", "transaction_timestamp", "statement_timestamp"))

#: SQL's value functions of the time, and the types, also functions of pg_catalog, that a timestamptz becomes.
CLOCK_VALUES: Mapping[str, str] = {
    "current_timestamp": "timestamptz",
    "current_date": "date",
    "current_time": "timetz",
    "localtimestamp": "timestamp",
    "localtime": "time",
}


def pin_clock(text: str, moment: str, age_from: str | None = None) -> str:
    """The text with every call that reads the clock replaced by what it gives at ``moment``.

    ``moment`` is a timestamp with a time zone; the session's TimeZone counts for what is local. Calls become
    calls, so that they may stand in FROM. ``age_from``, the type of the argument of age(x), counted from
    today, makes such calls explicit; where both of its types occur they cannot be told apart, and stay.
    """
    lexemes = scan(text)
    now = "pg_catalog.timestamptz('" + moment.replace("'", "''") + "'::pg_catalog.timestamptz, 6)"
    parts: list[str] = []
    position = 0
    for index, (kind, word, start, end) in enumerate(lexemes):
        if kind is not Kind.WORD or (index and _is_mark(lexemes, index - 1, ".")):
            continue
        if (
            word in CLOCK_FUNCTIONS
            and _is_mark(lexemes, index + 1, "(")
            and _is_mark(lexemes, index + 2, ")")
        ):
            parts += [text[position:start], now]
            position = lexemes[index + 2].end
        elif word in CLOCK_VALUES:
            parts += [text[position:start], f"pg_catalog.{CLOCK_VALUES[word]}({now})"]
            position = end
            if _is_mark(lexemes, index + 1, "("):
                # CURRENT_TIMESTAMP(3): a conversion to the same type rounds.
                parts[-1] = f"pg_catalog.{CLOCK_VALUES[word]}({parts[-1]}, {lexemes[index + 2].text})"
                position = lexemes[index + 3].end
        elif word == "age" and age_from is not None and _has_one_argument(lexemes, index + 1):
            today = f"pg_catalog.date({now})::{age_from}"
            parts += [text[position : lexemes[index + 1].end], f"{today}, "]
            position = lexemes[index + 1].end
    parts.append(text[position:])
    return "".join(parts)


def _is_mark(lexemes: Sequence[Lexeme], index: int, mark: str) -> bool:
    return index < len(lexemes) and lexemes[index].kind is Kind.MARK and lexemes[index].text == mark


def _has_one_argument(lexemes: Sequence[Lexeme], index: int) -> bool:
    if not _is_mark(lexemes, index, "("):
        return False
    depth = 0
    for place in range(index, len(lexemes)):
        if _is_mark(lexemes, place, "(") or _is_mark(lexemes, place, "["):
            depth += 1
        elif _is_mark(lexemes, place, ")") or _is_mark(lexemes, place, "]"):
            depth -= 1
            if depth == 0:
                return place > index + 1
        elif depth == 1 and _is_mark(lexemes, place, ","):
            return False
    return False
