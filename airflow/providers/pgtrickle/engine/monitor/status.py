"""How each stream table stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from airflow.providers.pgtrickle.engine import catalog
from airflow.providers.pgtrickle.engine.db import Session, load
from airflow.providers.pgtrickle.engine.monitor.pending import current_snapshot, pending_changes

#: Counting pending changes stops here.
PENDING_LIMIT = 100_000


@dataclass(frozen=True, slots=True)
class StatusRow:
    """A stream table's state. ``staleness`` is the age of what it shows.

    ``pending_changes`` counts up to 100,000 for each source.
    """

    name: str
    status: str
    refresh_mode: str
    effective_mode: str
    is_populated: bool
    schedule: str | None
    data_timestamp: datetime | None
    staleness: timedelta | None
    pending_changes: int | None
    last_action: str | None
    last_reason: str | None
    consecutive_errors: int
    last_error: str | None


def status(session: Session) -> list[StatusRow]:
    """The state of all stream tables, by name; read in one snapshot."""
    with session.transaction("repeatable read"):
        now = current_snapshot(session)
        tables = {table.id: table for table in catalog.all_stream_tables(session)}
        counted = pending_changes(
            session, tables.values(), catalog.dependencies(session), now, limit=PENDING_LIMIT
        )
        rows = session.rows(load(__package__, "status"))
    return [
        StatusRow(*(tables[row[0]].name.display, *row[3:10], _total(counted.get(row[0])), *row[10:]))
        for row in rows
        if row[0] in tables
    ]


def _total(counts: Mapping[int, int] | None) -> int | None:
    return None if counts is None else sum(counts.values())
