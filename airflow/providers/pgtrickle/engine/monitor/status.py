"""How each stream table stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from airflow.providers.pgtrickle.engine import catalog
from airflow.providers.pgtrickle.engine.capture import pending
from airflow.providers.pgtrickle.engine.db import Session, load
from airflow.providers.pgtrickle.engine.frontier import Snapshot

#: Counting pending changes stops here.
PENDING_LIMIT = 100_000


@dataclass(frozen=True, slots=True)
class StatusRow:
    """A stream table's state. ``staleness`` is the age of what it shows.

    ``pending_changes`` counts up to 100,000.
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
        now = Snapshot.parse(session.value("SELECT pg_catalog.pg_current_snapshot()::pg_catalog.text"))
        tables = {table.id: table for table in catalog.all_stream_tables(session)}
        counted = {table.id: _pending(session, table, now) for table in tables.values()}
        rows = session.rows(load(__package__, "status"))
    return [
        StatusRow(*(tables[row[0]].name.display, *row[3:10], counted[row[0]], *row[10:]))
        for row in rows
        if row[0] in tables
    ]


def _pending(session: Session, table: catalog.StreamTable, now: Snapshot) -> int | None:
    if table.frontier is None:
        return None
    intervals = {}
    for item in catalog.dependencies(session, table.id):
        reached = table.frontier.snapshot
        if item.upstream_id is not None:
            reached = table.frontier.versions.get(item.upstream_id, Snapshot.through(0))
        intervals[item.source_oid] = (reached, now)
    return sum(pending(session, intervals, limit=PENDING_LIMIT).values())
