"""All stream tables and their sources at a glance: what the page's graph and table show."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from airflow.providers.pgtrickle.engine import catalog
from airflow.providers.pgtrickle.engine.capture import read_states
from airflow.providers.pgtrickle.engine.catalog import Dependency, StreamTable
from airflow.providers.pgtrickle.engine.db import Session, load
from airflow.providers.pgtrickle.engine.monitor.health import (
    Health,
    Standing,
    freshness_limit,
    judge,
    settled,
)
from airflow.providers.pgtrickle.engine.monitor.pending import (
    Pending,
    current_snapshot,
    pending_changes,
)
from airflow.providers.pgtrickle.engine.names import QualifiedName

#: Counting pending changes stops here: beyond it only "many" matters to a reader.
PENDING_LIMIT = 10_000
#: Refreshes of each stream table that make up its trend.
TREND = 24


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """One finished refresh, for a small chart."""

    started_at: datetime
    status: str
    action: str | None
    duration_ms: float | None
    rows: int


@dataclass(frozen=True, slots=True)
class TableOverview:
    """One stream table at a glance.

    ``freshness_limit`` is what its schedule allows, None where it has none or is refreshed by others.
    ``pending_changes`` counts up to 10,000 for each source. ``rows`` is the planner's estimate, ``bytes``
    the size of storage with its indexes. ``trend`` has the latest refreshes, the newest last.
    """

    name: str
    health: Health
    status: str
    is_refreshing: bool
    refresh_mode: str
    effective_mode: str
    mode_reason: str | None
    schedule: str | None
    freshness_limit: timedelta | None
    data_timestamp: datetime | None
    staleness: timedelta | None
    pending_changes: int | None
    rows: int
    bytes: int
    last_refresh_at: datetime | None
    last_action: str | None
    last_reason: str | None
    last_duration_ms: float | None
    last_rows_inserted: int | None
    last_rows_deleted: int | None
    last_run_id: str | None
    consecutive_errors: int
    last_error: str | None
    trend: tuple[TrendPoint, ...]


@dataclass(frozen=True, slots=True)
class SourceOverview:
    """One relation of the user's that stream tables read, and the buffer of its changes.

    ``capture`` is how its changes are captured: ``trigger``, or ``none``. ``problem`` says what has passed
    capture by, None while it is whole. Numbers of rows are estimates of PostgreSQL's.
    """

    oid: int
    name: str
    kind: str
    exists: bool
    rows: int
    bytes: int
    readers: int
    capture: str
    captured_columns: int
    problem: str | None
    pending_changes: int
    buffer_rows: int
    buffer_bytes: int


@dataclass(frozen=True, slots=True)
class Edge:
    """``reader``, a stream table, reads ``source``: a stream table or another relation."""

    source: str
    reader: str


@dataclass(frozen=True, slots=True)
class Overview:
    """The state of a database's stream tables at one moment.

    ``pending`` has, by stream table id and source oid, the changes that make up ``pending_changes``.
    """

    taken_at: datetime
    database: str
    stream_tables: tuple[TableOverview, ...]
    sources: tuple[SourceOverview, ...]
    edges: tuple[Edge, ...]
    pending: Pending


def overview(session: Session) -> Overview:
    """Everything at a glance, read in one snapshot by a fixed number of statements."""
    with session.transaction("repeatable read"):
        now = current_snapshot(session)
        taken_at, database = session.rows(
            "SELECT pg_catalog.clock_timestamp(), pg_catalog.current_database()::pg_catalog.text"
        )[0]
        tables = catalog.all_stream_tables(session)
        dependencies = catalog.dependencies(session)
        pending = pending_changes(session, tables, dependencies, now, limit=PENDING_LIMIT)
        facts = {row[0]: row[1:] for row in session.rows(load(__package__, "overview"), {"trend": TREND})}
        sources = source_overviews(session, dependencies, pending)
    done = _settled(tables, dependencies, pending)
    return Overview(
        taken_at,
        database,
        tuple(
            sorted(
                (
                    _table(table, facts[table.id], pending.get(table.id), settled=table.id in done)
                    for table in tables
                    if table.id in facts
                ),
                key=lambda table: table.name,
            )
        ),
        sources,
        _edges(tables, dependencies, sources),
        pending,
    )


def source_overviews(
    session: Session, dependencies: Iterable[Dependency], pending: Pending
) -> tuple[SourceOverview, ...]:
    """The sources that are no stream tables, by name; in a transaction of the caller's."""
    own = {item.source_oid for item in dependencies if item.upstream_id is not None}
    rows = [row for row in session.rows(load(__package__, "sources")) if row[0] not in own]
    problems = {
        source: state.problem for source, state in read_states(session, [row[0] for row in rows]).items()
    }
    waiting: dict[int, int] = defaultdict(int)
    for counts in pending.values():
        for source, count in counts.items():
            waiting[source] = max(waiting[source], count)
    return tuple(_source(row, problems.get(row[0]), waiting[row[0]]) for row in rows)


def _source(row: tuple[Any, ...], problem: str | None, waiting: int) -> SourceOverview:
    oid, schema, name, kind, exists, rows, size, readers, columns, buffered, buffer_rows, buffer_bytes = row
    return SourceOverview(
        oid,
        QualifiedName(schema, name).display if exists else name,
        kind,
        exists,
        rows,
        size,
        readers,
        "trigger" if buffered else "none",
        columns,
        problem,
        waiting,
        buffer_rows,
        buffer_bytes,
    )


def _table(
    table: StreamTable, facts: tuple[Any, ...], pending: Mapping[int, int] | None, *, settled: bool
) -> TableOverview:
    staleness, rows, size, refreshing, refreshes = facts
    finished = refreshes or []
    last = next((each for each in finished if each[1] == "COMPLETED"), [None] * 8)
    limit = freshness_limit(table.schedule)
    standing = Standing(table.status, table.is_populated, table.consecutive_errors, staleness, limit, settled)
    return TableOverview(
        table.name.display,
        judge(standing),
        table.status,
        refreshing,
        table.refresh_mode,
        table.effective_mode,
        table.reason,
        table.schedule,
        limit,
        table.data_timestamp,
        staleness,
        None if pending is None else sum(pending.values()),
        rows,
        size or 0,
        datetime.fromisoformat(finished[0][0]) if finished else None,
        last[2],
        last[3],
        last[4],
        last[5],
        last[6],
        finished[0][7] if finished else None,
        table.consecutive_errors,
        table.last_error,
        tuple(
            TrendPoint(
                datetime.fromisoformat(at), outcome, action, duration, (inserted or 0) + (deleted or 0)
            )
            for at, outcome, action, _, duration, inserted, deleted, _ in reversed(finished)
        ),
    )


def _settled(
    tables: Iterable[StreamTable], dependencies: Iterable[Dependency], pending: Pending
) -> frozenset[int]:
    upstream: dict[int, list[int]] = defaultdict(list)
    for item in dependencies:
        if item.upstream_id is not None:
            upstream[item.stream_table_id].append(item.upstream_id)
    counts = {table.id: sum(pending[table.id].values()) if table.id in pending else None for table in tables}
    return settled(counts, upstream)


def _edges(
    tables: Iterable[StreamTable], dependencies: Iterable[Dependency], sources: Iterable[SourceOverview]
) -> tuple[Edge, ...]:
    titles = {table.id: table.name.display for table in tables}
    relations = {source.oid: source.name for source in sources}
    edges = set()
    for item in dependencies:
        if item.upstream_id is None:
            source = relations.get(item.source_oid)
        else:
            source = titles.get(item.upstream_id)
        if source is not None and item.stream_table_id in titles:
            edges.add((source, titles[item.stream_table_id]))
    return tuple(Edge(source, reader) for source, reader in sorted(edges))
