"""What a stream table would cost to fill, and what there is to lose of one; nothing is changed by asking."""

from __future__ import annotations

from dataclasses import dataclass

from airflow.providers.pgtrickle.engine.catalog import StreamTable
from airflow.providers.pgtrickle.engine.db import Session, compose, load
from airflow.providers.pgtrickle.engine.definitions import Definition
from airflow.providers.pgtrickle.engine.names import QualifiedName
from airflow.providers.pgtrickle.engine.stream_tables.create import checked_mode, effective_mode
from airflow.providers.pgtrickle.engine.stream_tables.trial import tried


@dataclass(frozen=True, slots=True)
class Estimate:
    """A query before it is a stream table.

    ``refresh_mode`` is the effective one, ``reason`` why it is not DIFFERENTIAL. ``rows`` and ``cost`` (in
    the units of PostgreSQL's planner) are what the planner expects of the whole query.
    """

    refresh_mode: str
    reason: str | None
    rows: int
    cost: float


@dataclass(frozen=True, slots=True)
class StoredSize:
    """What a stream table stores: rows as far as statistics tell (None: not known), bytes with indexes."""

    rows: int | None
    bytes: int


def estimate_query(session: Session, name: QualifiedName, query: str, refresh_mode: str) -> Estimate:
    """What creating the stream table would find out. Raises InvalidQuery, UnsupportedQuery, InvalidOption."""
    mode = checked_mode(refresh_mode)

    def look(definition: Definition, view: QualifiedName) -> Estimate:
        effective, reason = effective_mode(definition, mode, name)
        (found,) = session.value(compose(load(__package__, "estimate_rows"), view=view))
        return Estimate(effective, reason, found["Plan"]["Plan Rows"], found["Plan"]["Total Cost"])

    return tried(session, query, look)


def stored_size(session: Session, table: StreamTable) -> StoredSize:
    """What a stream table stores."""
    row = session.row(load(__package__, "stored_size"), (table.storage_oid,))
    rows, size = (-1, 0) if row is None else row
    return StoredSize(None if rows < 0 else rows, size)
