"""The registry of SQL constructs: what becomes of each in a query, why, and an example that proves it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal, get_args

Outcome = Literal["deltas", "touched keys", "recompute", "refused"]

_DIRECTIVE = re.compile(r"^-- (section|construct): (.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Construct:
    """One construct: ``example`` is a defining query over the relations of ``constructs_schema.sql``."""

    section: str
    title: str
    outcome: Outcome
    why: str
    example: str


def read_constructs() -> Iterator[Construct]:
    """The rows of ``constructs.sql``, in order; ValueError says what is wrong with one."""
    text = _text("constructs.sql")
    marks = list(_DIRECTIVE.finditer(text))
    section = ""
    for mark, following in zip(marks, [*(m.start() for m in marks[1:]), len(text)], strict=True):
        if mark[1] == "section":
            section = mark[2].strip()
            continue
        title, outcome, why = (part.strip() for part in mark[2].split(" | "))
        if outcome not in get_args(Outcome):
            raise ValueError(f"{title}: {outcome!r} is no outcome")
        yield Construct(section, title, outcome, why, text[mark.end() : following].strip())  # type: ignore[arg-type]


def schema_of_examples() -> str:
    """The statements that create what the examples read."""
    return _text("constructs_schema.sql")


def _text(name: str) -> str:
    return files("airflow.providers.pgtrickle.engine.testing").joinpath(name).read_text(encoding="utf-8")
