"""Altering a stream table."""

from __future__ import annotations

from typing import Any

from airflow.providers.pgtrickle.engine import catalog
from airflow.providers.pgtrickle.engine.catalog import StreamTable
from airflow.providers.pgtrickle.engine.db import Session
from airflow.providers.pgtrickle.engine.refresh.execute import Refresher
from airflow.providers.pgtrickle.engine.settings import Settings
from airflow.providers.pgtrickle.engine.stream_tables.create import checked_mode, effective_mode


def alter_stream_table(
    session: Session,
    refresher: Refresher,
    settings: Settings,
    table: StreamTable,
    *,
    query: str | None,
    schedule: str | None,
    refresh_mode: str | None,
) -> StreamTable:
    """Change what is given; raises as creation does, and then nothing is changed."""
    changes: dict[str, Any] = {}
    if schedule is not None:
        changes["schedule"] = schedule
    if refresh_mode is not None:
        mode = checked_mode(refresh_mode)
        definition = refresher.cache.get(table).definition
        effective, reason = effective_mode(definition, mode, table.name)
        changes |= {"refresh_mode": mode, "effective_mode": effective, "reason": reason}
    if changes:
        catalog.update(session, table.id, **changes)
    if query is not None:
        raise NotImplementedError
    return catalog.by_id(session, table.id)
