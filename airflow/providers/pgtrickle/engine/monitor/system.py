"""The installation as a whole: server, change buffers, runs, slots, and what there is to say about them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from airflow.providers.pgtrickle.engine import catalog
from airflow.providers.pgtrickle.engine.catalog import Dependency, StreamTable
from airflow.providers.pgtrickle.engine.db import Session, load
from airflow.providers.pgtrickle.engine.frontier import Snapshot
from airflow.providers.pgtrickle.engine.monitor.overview import Overview, overview

#: Runs that are listed.
RUNS = 25


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """The server.

    ``oldest_transaction`` is the age of the longest one in this database, ``oldest_prepared`` that of a
    prepared one; both keep buffers and dead rows from being removed.
    """

    version: str
    database_bytes: int
    max_connections: int
    connections: int
    oldest_transaction: timedelta | None
    oldest_prepared: timedelta | None
    history_rows: int
    started_at: datetime


@dataclass(frozen=True, slots=True)
class Buffer:
    """The change buffer of one source; rows are an estimate.

    ``held_by`` is the stream table whose frontier is the oldest: what it has not consumed cannot be pruned.
    """

    source: str
    upstream: bool
    rows: int
    bytes: int
    readers: int
    pending_changes: int
    held_by: str | None
    problem: str | None


@dataclass(frozen=True, slots=True)
class Slot:
    """A replication slot on this database; ``retained_bytes`` of log wait for it."""

    name: str
    plugin: str | None
    active: bool
    retained_bytes: int | None


@dataclass(frozen=True, slots=True)
class RunSummary:
    """One run of refreshes to one frontier, and what they did; ``busy_ms`` is the sum of their durations."""

    run_id: str
    opened_at: datetime
    members: int
    completed: int
    failed: int
    rows_changed: int
    busy_ms: float
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class SystemFacts:
    """What the system page shows, and its checks are made from."""

    overview: Overview
    server: ServerFacts
    buffers: tuple[Buffer, ...]
    slots: tuple[Slot, ...]
    runs: tuple[RunSummary, ...]


def system(session: Session) -> SystemFacts:
    """Read the installation's state."""
    everything = overview(session)
    with session.transaction("repeatable read"):
        server = ServerFacts(*session.rows(load(__package__, "system"))[0])
        slots = tuple(Slot(*row) for row in session.rows(load(__package__, "slots")))
        runs = tuple(RunSummary(*row) for row in session.rows(load(__package__, "runs"), {"limit": RUNS}))
        tables = catalog.all_stream_tables(session)
        dependencies = catalog.dependencies(session)
        rows = session.rows(load(__package__, "sources"))
    held = _held_by(tables, dependencies)
    titles = {table.id: table.name.display for table in tables}
    upstream = {item.source_oid: titles.get(item.upstream_id) for item in dependencies if item.upstream_id}
    known = {source.oid: source for source in everything.sources}
    waiting = {
        oid: max((counts.get(oid, 0) for counts in everything.pending.values()), default=0)
        for oid in (row[0] for row in rows)
    }
    buffers = tuple(
        Buffer(
            upstream.get(row[0]) or (known[row[0]].name if row[0] in known else row[2]),
            row[0] in upstream,
            row[10],
            row[11],
            row[7],
            waiting[row[0]],
            held.get(row[0]),
            known[row[0]].problem if row[0] in known else None,
        )
        for row in rows
        if row[9]
    )
    return SystemFacts(
        everything, server, tuple(sorted(buffers, key=lambda each: (-each.bytes, each.source))), slots, runs
    )


def _held_by(tables: Iterable[StreamTable], dependencies: Iterable[Dependency]) -> dict[int, str]:
    """For each source the stream table that has consumed the least of it."""
    by_id = {table.id: table for table in tables}
    lowest: dict[int, tuple[int, str]] = {}
    for item in dependencies:
        table = by_id.get(item.stream_table_id)
        if table is None:
            continue
        if table.frontier is None:
            reached = 0
        elif item.upstream_id is None:
            reached = table.frontier.snapshot.xmin
        else:
            reached = table.frontier.versions.get(item.upstream_id, Snapshot.through(0)).xmin
        candidate = (reached, table.name.display)
        lowest[item.source_oid] = min(lowest.get(item.source_oid, candidate), candidate)
    return {source: name for source, (_, name) in lowest.items()}
