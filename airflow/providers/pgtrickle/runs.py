"""The run that a refresh belongs to, as tasks hand it on to each other."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo

from airflow.providers.pgtrickle.engine.names import parse_name
from airflow.providers.pgtrickle.factory.schedules import Schedule, due


@dataclass(frozen=True, slots=True)
class RunAsked:
    """A run frontier as text, or None for the present, and the stream tables that the run concerns.

    ``due`` is None when it concerns all.
    """

    frontier: str | None
    due: frozenset[str] | None = None

    @classmethod
    def read(cls, run: str | Mapping[str, object] | None) -> RunAsked:
        """What ``str()`` wrote; native rendering of templates makes a mapping of it."""
        text = json.dumps(run) if isinstance(run, Mapping) else run
        if not text:
            return cls(None)
        try:
            names = json.loads(text).get("due")
        except (ValueError, AttributeError):
            names = None  # the engine says what is wrong with it
        return cls(text, None if names is None else frozenset(names))

    def concerns(self, stream_table: str) -> bool:
        """Whether the run refreshes this stream table."""
        return self.due is None or parse_name(stream_table).display in self.due

    def __str__(self) -> str:
        if self.due is None:
            return self.frontier or ""
        return json.dumps({**json.loads(self.frontier or "{}"), "due": sorted(self.due)})


@dataclass(frozen=True, slots=True)
class DueTables:
    """The stream tables that a run refreshes, decided when it begins: see ``factory.schedules``."""

    schedules: Mapping[str, Schedule]
    upstream: Mapping[str, tuple[str, ...]]
    zone: tzinfo = field(default=UTC)

    def __call__(self, shown: Mapping[str, datetime | None], now: datetime) -> frozenset[str]:
        """Those that are due, from the data timestamps that there are."""
        return due(self.schedules, self.upstream, shown, now, self.zone)
