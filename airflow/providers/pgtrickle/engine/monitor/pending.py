"""How many captured changes each stream table has yet to consume."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from airflow.providers.pgtrickle.engine.capture import pending_between
from airflow.providers.pgtrickle.engine.catalog import Dependency, StreamTable
from airflow.providers.pgtrickle.engine.db import Session, load
from airflow.providers.pgtrickle.engine.frontier import Snapshot

#: For each stream table that is filled, by id: the changes of each of its sources, by oid.
Pending = Mapping[int, Mapping[int, int]]


def current_snapshot(session: Session) -> Snapshot:
    """What the running transaction sees."""
    return Snapshot.parse(session.value("SELECT pg_catalog.pg_current_snapshot()::pg_catalog.text"))


def pending_changes(
    session: Session,
    tables: Iterable[StreamTable],
    dependencies: Iterable[Dependency],
    now: Snapshot,
    *,
    limit: int,
) -> Pending:
    """The changes between each stream table's frontier and ``now``, each count up to ``limit``.

    One statement. Stream tables that were refreshed in one run share a frontier, and what lies beyond it is
    counted once for all of them. A source whose buffer is gone is left out: its capture is broken, and says
    so.
    """
    frontiers = {table.id: table.frontier for table in tables}
    wanted: dict[tuple[int, int], tuple[int, Snapshot]] = {}
    buffers: dict[int, bool] = dict(session.rows(load(__package__, "buffered")))
    for item in dependencies:
        frontier = frontiers.get(item.stream_table_id)
        if frontier is None or item.source_oid not in buffers:
            continue
        reached = frontier.snapshot
        if item.upstream_id is not None:
            reached = frontier.versions.get(item.upstream_id, Snapshot.through(0))
        wanted[item.stream_table_id, item.source_oid] = (item.source_oid, reached)
    asked = {question for question in wanted.values() if buffers[question[0]]}
    counted = pending_between(session, asked, now, limit=limit)
    found: dict[int, dict[int, int]] = {
        table_id: {} for table_id, frontier in frontiers.items() if frontier is not None
    }
    for (table_id, source), question in wanted.items():
        found[table_id][source] = counted.get(question, 0)
    return found
