"""The part of a delta statement that brings an arrangement to its new state."""

from __future__ import annotations

from collections.abc import Mapping

from airflow.providers.pgtrickle.engine.differentiate.arrangements import Arrangement
from airflow.providers.pgtrickle.engine.emit.apply import StorageColumn, unkeyed_parts
from airflow.providers.pgtrickle.engine.emit.relations import Emitter
from airflow.providers.pgtrickle.engine.names import QualifiedName
from airflow.providers.pgtrickle.engine.ops.nodes import Op
from airflow.providers.pgtrickle.engine.schema import ColumnType


def arrangement_columns(
    arrangement: Arrangement, types: Mapping[str, ColumnType]
) -> tuple[StorageColumn, ...]:
    """The columns of its table, all of which its hash covers."""
    return tuple(StorageColumn(physical, column, types[column]) for column, physical in arrangement.columns)


def maintain_arrangement(
    emitter: Emitter, change: Op, arrangement: Arrangement, storage: QualifiedName
) -> None:
    """Add the writes to the emitter's statement. ``change`` is consolidated."""
    columns = arrangement_columns(arrangement, emitter.types)
    parts = unkeyed_parts(emitter, change, arrangement.table(storage), columns, f"a{arrangement.number}_")
    for name, text in parts.written:
        emitter.bind(name, text)
    emitter.missing.append(parts.missing)
