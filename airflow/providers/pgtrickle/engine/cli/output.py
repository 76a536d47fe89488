"""What the command line says: tables, JSON, errors, exit codes."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any, Self

from rich.console import Console
from rich.table import Table
from rich.text import Text

from airflow.providers.pgtrickle.engine.errors import InputError, PgTrickleError, StateError
from airflow.providers.pgtrickle.engine.plain import plain

#: What ``explain`` can show, in the order in which one becomes the other.
STAGES = ("ops", "rewritten", "delta", "sql", "stages")

#: Columns wider than any terminal: a table that is piped must not lose what does not fit on a screen.
_UNLIMITED = 4000


class Exit(IntEnum):
    """The exit codes, each with its ``meaning``."""

    meaning: str

    def __new__(cls, value: int, meaning: str) -> Self:
        """A number that knows what it says."""
        member = int.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member

    OK = 0, "done; where something was judged, all is well"
    NO = 1, "the answer is no: not exact, or staler than allowed"
    USAGE = 2, "the command, a name, an option or a query is wrong; nothing was changed"
    STATE = 3, "not possible in this state: absent, taken, suspended, not installed"
    TRANSIENT = 4, "may succeed when tried again: no connection, a lock, a deadlock, a time-out"
    FAILED = 5, "PostgreSQL stopped it, and will again; nothing was changed"
    INTERRUPTED = 130, "interrupted"


def exit_code(error: PgTrickleError) -> Exit:
    """The exit code for an error."""
    if isinstance(error, InputError):
        return Exit.USAGE
    if isinstance(error, StateError):
        return Exit.STATE
    return Exit.TRANSIENT if error.transient else Exit.FAILED


class Output:
    """Standard output and standard error, for people or for programs."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self._console = _console(sys.stdout)
        self._errors = _console(sys.stderr)

    def done(self, text: str, **facts: Any) -> None:
        """Say that something was done; ``facts`` say the same to programs."""
        if self.as_json:
            self._json(facts)
        else:
            self._console.print(Text(text))

    def table(self, rows: Sequence[Mapping[str, Any]], columns: Iterable[str], *, empty: str) -> None:
        """Print rows under these columns; to programs, the rows whole."""
        if self.as_json:
            self._json(rows)
        elif not rows:
            self._console.print(Text(empty))
        else:
            table = Table(box=None, pad_edge=False, header_style="bold")
            for column in columns:
                table.add_column(column.replace("_", " "), overflow="fold")
                if all(_is_number(row[column]) for row in rows):
                    table.columns[-1].justify = "right"
            for row in rows:
                table.add_row(*(Text(readable(row[column])) for column in columns))
            self._console.print(table)

    def sections(self, texts: Mapping[str, str], **facts: Any) -> None:
        """Print texts under their titles, a single one alone; to programs, an object with the facts."""
        if self.as_json:
            self._json({**facts, **texts})
            return
        for title, text in texts.items():
            if len(texts) > 1:
                self._console.print(Text(f"-- {title}", style="bold"))
            self._console.print(Text(text.rstrip()), soft_wrap=True)
            if len(texts) > 1:
                self._console.print()

    def note(self, text: str) -> None:
        """Say something on standard error, to people only."""
        if not self.as_json:
            self._errors.print(Text(text), soft_wrap=True)

    def error(self, error: PgTrickleError) -> None:
        """Say what went wrong, why, and what to do."""
        if self.as_json:
            facts = {
                "code": error.code,
                "kind": type(error).__name__,
                **vars(error),
                "transient": error.transient,
            }
            sys.stderr.write(json.dumps({"error": plain(facts)}, ensure_ascii=False) + "\n")
            return
        self._errors.print(Text.assemble((error.code, "bold red"), " ", error.message), soft_wrap=True)
        excerpt = getattr(error, "excerpt", None)
        if excerpt:
            self._errors.print(Text(excerpt), soft_wrap=True)
        if error.hint:
            self._errors.print(Text.assemble(("Hint: ", "bold"), error.hint), soft_wrap=True)

    def _json(self, value: Any) -> None:
        sys.stdout.write(json.dumps(plain(value), ensure_ascii=False) + "\n")


def readable(value: Any) -> str:
    """A value as a table shows it."""
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:,.1f}"
        case int():
            return f"{value:,}"
        case datetime():
            return value.isoformat(sep=" ", timespec="seconds")
        case timedelta():
            return duration(value)
    return str(plain(value))


def duration(value: timedelta) -> str:
    """A duration in its two largest units: ``1d 4h``, ``12m 3s``, ``0.4s``."""
    seconds = value.total_seconds()
    if seconds < 60:
        return f"{seconds:.1f}s"
    parts: list[str] = []
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)):
        count, seconds = divmod(seconds, size)
        if count or parts:
            parts.append(f"{count:.0f}{unit}")
    return " ".join(parts[:2])


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _console(stream: Any) -> Console:
    return Console(file=stream, width=None if stream.isatty() else _UNLIMITED, highlight=False, markup=False)
