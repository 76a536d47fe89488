"""Reading and writing stream tables and what they depend on."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from airflow.providers.pgtrickle.engine.catalog.values import (
    Dependency,
    EffectiveMode,
    RefreshMode,
    StreamTable,
)
from airflow.providers.pgtrickle.engine.db import Session, load
from airflow.providers.pgtrickle.engine.errors import StreamTableExists, StreamTableNotFound
from airflow.providers.pgtrickle.engine.frontier import Frontier, Snapshot
from airflow.providers.pgtrickle.engine.names import QualifiedName

#: Fields of StreamTable that ``update`` takes as they are; ``name`` and ``frontier`` are taken apart.
_PLAIN_FIELDS = frozenset(field.name for field in fields(StreamTable)) - {
    "id",
    "name",
    "frontier",
    "created_at",
    "updated_at",
}


def get(session: Session, name: QualifiedName, *, for_update: bool = False) -> StreamTable:
    """The stream table of this name; StreamTableNotFound when there is none.

    ``for_update`` locks its row until the end of the transaction, so that no two refreshes of it interleave.
    """
    key = {"schema": name.schema, "name": name.name}
    if for_update:
        session.rows(load(__package__, "lock_stream_table"), key)
    found = _select(session, ids=None, **key)
    if not found:
        raise StreamTableNotFound(
            f"There is no stream table {name.display}.",
            hint="stream_tables() lists those that exist.",
            subject=name.display,
        )
    return found[0]


def find(session: Session, name: QualifiedName) -> StreamTable | None:
    """The stream table of this name, or None."""
    return next(iter(_select(session, ids=None, schema=name.schema, name=name.name)), None)


def by_id(session: Session, stream_table_id: int) -> StreamTable:
    """The stream table of this id; StreamTableNotFound when there is none."""
    found = _select(session, ids=[stream_table_id], schema=None, name=None)
    if not found:
        raise StreamTableNotFound(f"There is no stream table with id {stream_table_id}.")
    return found[0]


def all_stream_tables(session: Session) -> list[StreamTable]:
    """All stream tables, in the order in which they were created."""
    return _select(session, ids=None, schema=None, name=None)


def insert(
    session: Session,
    *,
    name: QualifiedName,
    query: str,
    search_path: str,
    schedule: str | None,
    refresh_mode: RefreshMode,
    effective_mode: EffectiveMode,
    reason: str | None = None,
    **others: Any,
) -> StreamTable:
    """Register a stream table; StreamTableExists when the name is taken. ``others`` as in ``update``."""
    stream_table_id = session.value(
        load(__package__, "insert_stream_table"),
        {
            "schema": name.schema,
            "name": name.name,
            "query": query,
            "search_path": search_path,
            "schedule": schedule,
            "refresh_mode": refresh_mode,
            "effective_mode": effective_mode,
            "reason": reason,
        },
    )
    if stream_table_id is None:
        raise StreamTableExists(
            f"There is a stream table {name.display} already.",
            hint="Drop it first, or alter it.",
            subject=name.display,
        )
    if others:
        update(session, stream_table_id, **others)
    return by_id(session, stream_table_id)


def update(session: Session, stream_table_id: int, **changes: Any) -> None:
    """Change the given fields of StreamTable; TypeError for one that cannot be changed.

    Raises StreamTableNotFound when there is no stream table of this id.
    """
    arguments = {"pgt_id": stream_table_id, "patch": patch(changes)}
    if not session.execute(load(__package__, "update_stream_table"), arguments):
        raise StreamTableNotFound(f"There is no stream table with id {stream_table_id}.")


def patch(changes: Mapping[str, Any]) -> str:
    """Changed fields of StreamTable as the JSON that statements of the catalog take; raises as ``update``."""
    columns: dict[str, Any] = {}
    for name, value in changes.items():
        match name, value:
            case "name", QualifiedName(schema, relation):
                columns |= {"pgt_schema": schema, "pgt_name": relation}
            case "frontier", Frontier(snapshot, versions, time):
                columns |= {
                    "frontier": str(snapshot),
                    "versions": {str(k): str(v) for k, v in versions.items()},
                }
                if time is not None:
                    columns["data_timestamp"] = time
            case "frontier", None:
                columns |= {"frontier": None, "versions": {}}
            case _ if name in _PLAIN_FIELDS:
                columns[name] = value
            case _:
                raise TypeError(f"A stream table's {name} cannot be changed to {value!r}")
    return json.dumps(columns, default=_json_default)


def delete(session: Session, stream_table_id: int) -> None:
    """Forget a stream table with its dependencies, history and versions."""
    session.execute(load(__package__, "delete_stream_table"), (stream_table_id,))


def dependencies(session: Session, stream_table_id: int | None = None) -> list[Dependency]:
    """What one stream table reads, or all of them."""
    return _dependencies(session.rows(load(__package__, "dependencies"), {"pgt_id": stream_table_id}))


def consumers(session: Session, source_oid: int) -> list[Dependency]:
    """What each of the stream tables that read a source reads of it."""
    return _dependencies(session.rows(load(__package__, "consumers"), (source_oid,)))


def set_dependencies(session: Session, stream_table_id: int, sources: Iterable[Dependency]) -> None:
    """Put these sources in the place of those that a stream table had; needs a transaction around it."""
    session.execute(load(__package__, "delete_dependencies"), (stream_table_id,))
    for source in sources:
        session.execute(
            load(__package__, "insert_dependency"),
            (
                stream_table_id,
                source.source_oid,
                source.source_name,
                source.source_kind,
                source.upstream_id,
                list(source.columns),
            ),
        )


def downstream(session: Session, stream_table_id: int, *, transitive: bool = False) -> list[int]:
    """Ids of the stream tables that read this one: directly, or all it reaches, each after what it reads."""
    rows = session.rows(
        load(__package__, "downstream"), {"pgt_id": stream_table_id, "transitive": transitive}
    )
    return [row[0] for row in rows]


def _select(
    session: Session, *, ids: list[int] | None, schema: str | None, name: str | None
) -> list[StreamTable]:
    rows = session.rows(load(__package__, "stream_tables"), {"ids": ids, "schema": schema, "name": name})
    return [_stream_table(row) for row in rows]


def _stream_table(row: tuple[Any, ...]) -> StreamTable:
    stream_table_id, schema, name, *plain = row
    frontier = _frontier(*plain[11:14])
    values = (stream_table_id, QualifiedName(schema, name), *plain[:11], frontier, *plain[13:])
    return StreamTable(*values)


def _frontier(snapshot: str | None, versions: Mapping[str, str], time: datetime | None) -> Frontier | None:
    if snapshot is None:
        return None
    return Frontier(
        Snapshot.parse(snapshot), {int(key): Snapshot.parse(value) for key, value in versions.items()}, time
    )


def _dependencies(rows: Iterable[tuple[Any, ...]]) -> list[Dependency]:
    return [
        Dependency(reader, oid, name, kind, upstream, tuple(columns))
        for reader, oid, name, kind, upstream, columns in rows
    ]


def _json_default(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{value!r} does not go into the catalog")
