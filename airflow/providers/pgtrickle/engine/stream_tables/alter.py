"""Altering a stream table."""

from __future__ import annotations

from typing import Any

from airflow.providers.pgtrickle.engine import catalog
from airflow.providers.pgtrickle.engine.catalog import StreamTable
from airflow.providers.pgtrickle.engine.refresh.execute import Refresher
from airflow.providers.pgtrickle.engine.stream_tables.create import checked_mode, effective_mode
from airflow.providers.pgtrickle.engine.stream_tables.rebuild import Change, rebuild


def alter_stream_table(
    refresher: Refresher,
    table: StreamTable,
    *,
    query: str | None,
    schedule: str | None,
    refresh_mode: str | None,
) -> StreamTable:
    """Change what is given; an empty ``schedule`` takes it away.

    Raises as creation does, and DependentObjects, and then nothing is changed.
    """
    session = refresher.session
    changes: dict[str, Any] = {}
    if schedule is not None:
        changes["schedule"] = schedule or None
    if refresh_mode is not None:
        changes["refresh_mode"] = checked_mode(refresh_mode)
    if query is not None:
        rebuild(refresher, table, "The defining query was altered.", Change(query, changes))
    elif changes:
        if refresh_mode is not None:
            with session.transaction():
                definition = refresher.cache.compile(table).definition
            effective, reason = effective_mode(definition, changes["refresh_mode"], table.name)
            changes |= {"effective_mode": effective, "reason": reason}
        catalog.update(session, table.id, **changes)
    return catalog.by_id(session, table.id)
