"""One stream table in full: what its own page shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from airflow.providers.pgtrickle.engine import catalog
from airflow.providers.pgtrickle.engine.capture import read_states
from airflow.providers.pgtrickle.engine.catalog import HistoryRow, StreamTable
from airflow.providers.pgtrickle.engine.db import Session, load
from airflow.providers.pgtrickle.engine.monitor.overview import (
    Overview,
    SourceOverview,
    TableOverview,
    overview,
)
from airflow.providers.pgtrickle.engine.monitor.remedies import remedy
from airflow.providers.pgtrickle.engine.names import storage_name


@dataclass(frozen=True, slots=True)
class ColumnDetail:
    """A column of the relation that users read."""

    name: str
    type: str
    not_null: bool


@dataclass(frozen=True, slots=True)
class IndexDetail:
    """An index on storage; ``scans`` since the server's statistics began."""

    name: str
    definition: str
    bytes: int
    scans: int


@dataclass(frozen=True, slots=True)
class StorageDetail:
    """The table under the view: sizes in bytes, tuples as the server's statistics have them.

    ``kind``: ``grouped`` (a row of state for each group), ``keyed`` (the rows, by a key) or ``unkeyed`` (the
    rows, by their hash). ``columns`` pairs physical names with types, ``key`` are those that find a row.
    """

    name: str
    kind: str
    key: tuple[str, ...]
    columns: tuple[tuple[str, str], ...]
    indexes: tuple[IndexDetail, ...]
    table_bytes: int
    index_bytes: int
    toast_bytes: int
    live_tuples: int
    dead_tuples: int
    last_vacuum: datetime | None
    last_analyze: datetime | None


@dataclass(frozen=True, slots=True)
class SourceDetail:
    """One source of a stream table.

    ``upstream`` tells that it is a stream table itself. ``pending_changes`` are those this stream table has
    yet to consume. ``columns`` are those it reads.
    """

    name: str
    kind: str
    upstream: bool
    capture: str
    problem: str | None
    pending_changes: int | None
    rows: int
    bytes: int
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Remedy:
    """A failure of the recent past and what to do about it."""

    at: datetime | None
    message: str
    sqlstate: str | None
    remedy: str


@dataclass(frozen=True, slots=True)
class TableDetail:
    """Everything the database knows about one stream table, but for what compiling its query would tell."""

    summary: TableOverview
    query: str
    search_path: str
    session_settings: dict[str, str]
    created_at: datetime
    updated_at: datetime
    generation: int
    frontier: str | None
    columns: tuple[ColumnDetail, ...]
    storage: StorageDetail | None
    sources: tuple[SourceDetail, ...]
    readers: tuple[str, ...]
    errors: tuple[Remedy, ...]
    history: tuple[HistoryRow, ...]


def detail(session: Session, table: StreamTable, *, limit: int = 120) -> TableDetail:
    """One stream table with its ``limit`` latest refreshes."""
    everything = overview(session)
    name = table.name.display
    summary = next(each for each in everything.stream_tables if each.name == name)
    with session.transaction("repeatable read"):
        history = tuple(catalog.history(session, table.id, limit=limit))
        relation = {"relation": table.view_oid}
        columns = tuple(ColumnDetail(*row) for row in session.rows(load(__package__, "columns"), relation))
        storage = _storage(session, table)
        sources = _sources(session, table, everything)
    return TableDetail(
        summary,
        table.query,
        table.search_path,
        dict(table.session_settings),
        table.created_at,
        table.updated_at,
        table.generation,
        None if table.frontier is None else str(table.frontier.snapshot),
        columns,
        storage,
        sources,
        tuple(edge.reader for edge in everything.edges if edge.source == name),
        _errors(summary, history),
        history,
    )


def _storage(session: Session, table: StreamTable) -> StorageDetail | None:
    row = session.row(load(__package__, "detail"), {"storage": table.storage_oid})
    if row is None:
        return None
    layout: dict[str, Any] = table.layout or {}
    indexes = session.rows(load(__package__, "indexes"), {"relation": table.storage_oid})
    return StorageDetail(
        storage_name(table.id, table.generation).display,
        layout.get("kind", "unkeyed"),
        tuple(layout.get("key", ())),
        tuple((name, kind) for name, kind in layout.get("columns", ())),
        tuple(IndexDetail(*index) for index in indexes),
        *row,
    )


def _sources(session: Session, table: StreamTable, everything: Overview) -> tuple[SourceDetail, ...]:
    relations = {source.oid: source for source in everything.sources}
    tables = {each.name: each for each in everything.stream_tables}
    titles = {each.id: each.name.display for each in catalog.all_stream_tables(session)}
    read: dict[int, list[str]] = dict(
        session.rows(load(__package__, "captured_columns"), {"pgt_id": table.id})
    )
    dependencies = catalog.dependencies(session, table.id)
    pending = everything.pending.get(table.id, {})
    states = read_states(session, [item.source_oid for item in dependencies])
    found = []
    for item in dependencies:
        upstream = None if item.upstream_id is None else titles.get(item.upstream_id)
        known: SourceOverview | TableOverview | None = (
            relations.get(item.source_oid) if upstream is None else tables.get(upstream)
        )
        found.append(
            SourceDetail(
                upstream or (known.name if known else item.source_name),
                item.source_kind,
                upstream is not None,
                "trigger" if item.source_oid in states and states[item.source_oid].epoch else "none",
                states[item.source_oid].problem if item.source_oid in states else None,
                pending.get(item.source_oid),
                known.rows if known else 0,
                known.bytes if known else 0,
                tuple(read.get(item.source_oid, ())) if upstream is None else (),
            )
        )
    return tuple(sorted(found, key=lambda source: source.name))


def _errors(summary: TableOverview, history: tuple[HistoryRow, ...]) -> tuple[Remedy, ...]:
    """The failures among these refreshes, newest first, each message once."""
    found: dict[str, Remedy] = {}
    for row in history:
        if row.status == "FAILED" and row.error_message is not None:
            found.setdefault(
                row.error_message,
                Remedy(row.started_at, row.error_message, row.sqlstate, remedy(row.sqlstate)),
            )
    if summary.last_error is not None and summary.last_error not in found:
        found = {summary.last_error: Remedy(None, summary.last_error, None, remedy(None)), **found}
    return tuple(found.values())
