"""Cases: schema, data, stream tables and rounds of changes, as one SQL script to read and to paste.

The script is plain SQL; lines that begin with a directive cut it into its parts.

    -- case: a group disappears with its last row
    -- mode: DIFFERENTIAL
    CREATE TABLE t (g int, v int);
    INSERT INTO t VALUES (1, 10), (2, 20);
    -- stream table: s
    SELECT g, sum(v) FROM t GROUP BY g;
    -- round: delete the last row of group 1
    DELETE FROM t WHERE g = 1;

    -- at: 2026-03-29 02:30 Europe/Berlin
    DELETE FROM t WHERE g = 2;

``at`` is what the clock says from there on: while the stream tables are filled when it stands before the
first of them, else at the end of the round in which it stands. A case without it goes by the server's clock.
``mode`` is the effective refresh mode that every stream table of the case must have: DIFFERENTIAL (the
default), FULL, ANY, or REFUSED for queries that must not become stream tables at all. ``answer`` after a
stream table is a query with the one answer that the oracle expects, for a query that has several. A round
without BEGIN is one transaction. Several cases may follow each other in one file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal, get_args

CaseMode = Literal["DIFFERENTIAL", "FULL", "ANY", "REFUSED"]

_DIRECTIVE = re.compile(r"^-- (case|mode|requires|stream table|answer|round|at)\b:?[ \t]*(.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class StreamTableDefinition:
    """A stream table that a case creates: its name as typed, and its defining query."""

    name: str
    query: str
    answer: str | None = None

    @property
    def expected(self) -> str:
        """The query that the oracle evaluates."""
        return self.query if self.answer is None else self.answer


@dataclass(frozen=True, slots=True)
class Round:
    """Changes between two refreshes: SQL text of one or more transactions, and what it is about.

    ``at``: what the clock says at its end, as text of a timestamptz; empty when it has not moved.
    """

    sql: str
    title: str = ""
    at: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """One self-contained test case. ``requires`` is the lowest PostgreSQL major version, 0 for any.

    ``at``: what the clock says when the stream tables are filled, empty for the server's clock.
    """

    title: str
    setup: str
    stream_tables: tuple[StreamTableDefinition, ...]
    rounds: tuple[Round, ...]
    mode: CaseMode = "DIFFERENTIAL"
    requires: int = 0
    at: str = ""

    def script(self) -> str:
        """The case as text that ``parse_cases`` reads back to an equal value."""
        parts = [f"-- case: {self.title}"]
        if self.mode != "DIFFERENTIAL":
            parts.append(f"-- mode: {self.mode}")
        if self.requires:
            parts.append(f"-- requires: {self.requires}")
        if self.at:
            parts.append(f"-- at: {self.at}")
        parts.append(self.setup)
        for definition in self.stream_tables:
            parts += [f"-- stream table: {definition.name}", definition.query + ";"]
            parts += ["-- answer", definition.answer + ";"] if definition.answer is not None else []
        for step in self.rounds:
            parts += [f"-- round: {step.title}".rstrip(" :"), step.sql]
            if step.at:
                parts.append(f"-- at: {step.at}")
        return "\n".join(parts) + "\n"


def parse_cases(text: str) -> Iterator[Case]:
    """Read the cases of a script; ValueError says what is wrong with it."""
    marks = list(_DIRECTIVE.finditer(text))
    if not marks or marks[0][1] != "case":
        raise ValueError("a script of cases begins with '-- case: <title>'")
    sections = [
        (mark[1], mark[2].strip(), text[mark.end() : following].strip())
        for mark, following in zip(marks, [*(m.start() for m in marks[1:]), len(text)], strict=True)
    ]
    start = 0
    for index in range(1, len(sections) + 1):
        if index == len(sections) or sections[index][0] == "case":
            yield _case(sections[start:index])
            start = index


def _case(sections: list[tuple[str, str, str]]) -> Case:
    title = sections[0][1]
    mode, requires, at = "DIFFERENTIAL", 0, ""
    setup: list[str] = []
    stream_tables: list[StreamTableDefinition] = []
    rounds: list[Round] = []
    for kind, value, body in sections:
        match kind:
            case "stream table":
                stream_tables.append(StreamTableDefinition(value, body.rstrip().removesuffix(";").rstrip()))
            case "answer":
                last = stream_tables.pop()
                answer = body.rstrip().removesuffix(";").rstrip()
                stream_tables.append(StreamTableDefinition(last.name, last.query, answer))
            case "round":
                rounds.append(Round(body, value))
            case "at" if rounds:
                sql = "\n".join(part for part in (rounds[-1].sql, body) if part)
                rounds[-1] = replace(rounds[-1], sql=sql, at=value)
            case _:
                if kind == "mode":
                    mode = value
                if kind == "requires":
                    requires = int(value)
                if kind == "at":
                    at = value
                if body:
                    setup.append(body)
    if mode not in get_args(CaseMode):
        raise ValueError(f"case {title!r}: {mode!r} is not a mode")
    if not stream_tables:
        raise ValueError(f"case {title!r} has no stream table")
    return Case(title, "\n".join(setup), tuple(stream_tables), tuple(rounds), mode, requires, at)  # type: ignore[arg-type]
