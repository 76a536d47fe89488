"""What a refresh decides on, read in its one snapshot: the catalog's entry, and what the query rests on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from airflow.providers.pgtrickle.engine.catalog import StreamTable
from airflow.providers.pgtrickle.engine.db import Session, load
from airflow.providers.pgtrickle.engine.definitions import Definition
from airflow.providers.pgtrickle.engine.frontier import Frontier, Snapshot
from airflow.providers.pgtrickle.engine.refresh.interruptions import DefinitionMoved
from airflow.providers.pgtrickle.engine.refresh.values import RunFrontier

#: Tells the present, as a time with a time zone.
Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Moment:
    """What the refresh's snapshot shows.

    ``clock`` is the present; ``last``, the time up to which the stream table was maintained before.
    """

    now: Snapshot
    clock: datetime
    generation: int
    status: str
    current: Frontier | None
    last: datetime | None
    recorded: Mapping[str, Any]
    versions: Mapping[int, int]
    meaning: tuple[str | None, str | None]
    names: str | None

    def reached(self, run: RunFrontier | None) -> datetime:
        """The time of the frontier that a refresh goes to; it never goes back."""
        time = self.clock if run is None else run.opened_at.astimezone(UTC)
        return time if self.last is None else max(time, self.last)


def read_moment(session: Session, table: StreamTable, definition: Definition, clock: Clock | None) -> Moment:
    """What the current snapshot shows of a stream table; ``clock`` tells the present in the server's place.

    Raises DefinitionMoved when the stream table is gone.
    """
    row = session.row(
        load(__package__, "facts"),
        {
            "pgt_id": table.id,
            "upstream": list(definition.upstream),
            "views": list(definition.views),
            "functions": list(definition.functions),
            "sources": list(definition.sources),
        },
    )
    if row is None:
        raise DefinitionMoved
    now, server_clock, generation, status, frontier, versions, last, recorded, upstream, *meaning, names = row
    current = None
    last = None if last is None else last.astimezone(UTC)
    if frontier is not None:
        parsed = {int(key): Snapshot.parse(value) for key, value in versions.items()}
        current = Frontier(Snapshot.parse(frontier), parsed, last)
    views, functions = meaning
    return Moment(
        Snapshot.parse(now),
        # In UTC: Python compares times of one zone by the clock on the wall, which can go back.
        (server_clock if clock is None else clock()).astimezone(UTC),
        generation,
        status,
        current,
        last,
        recorded or {},
        {int(key): int(value) for key, value in (upstream or {}).items()},
        (views, functions),
        names,
    )
