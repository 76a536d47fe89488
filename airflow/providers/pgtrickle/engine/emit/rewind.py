"""A source's rows at an earlier frontier, as text that can stand in the place of the source."""

from __future__ import annotations

from collections.abc import Collection

from airflow.providers.pgtrickle.engine.analysis.nullability import NotNull
from airflow.providers.pgtrickle.engine.differentiate.scan import state_scan
from airflow.providers.pgtrickle.engine.emit.relations import Emitter
from airflow.providers.pgtrickle.engine.frontier import Snapshot
from airflow.providers.pgtrickle.engine.names import quote_identifier
from airflow.providers.pgtrickle.engine.ops.naming import Names
from airflow.providers.pgtrickle.engine.ops.nodes import Scan, Source, SourceColumn
from airflow.providers.pgtrickle.engine.schema import Relation


def rows_at(relation: Relation, captured: Collection[int], at: Snapshot, now: Snapshot) -> str:
    """A SELECT of the relation's columns as they were at the snapshot ``at``, read in the snapshot ``now``.

    Columns whose changes are not captured (``captured`` holds attribute numbers) are NULL.
    """
    names = Names()
    fields = tuple(
        SourceColumn(names.fresh(column.name, column.type), column.name, column.number)
        for column in relation.columns
        if column.number in captured
    )
    scan = Scan(Source(relation.oid, relation.name), fields)
    state = state_scan(scan, {relation.oid})
    bounds = {f"hi:{relation.oid}": str(at), f"now:{relation.oid}": str(now)}
    emitter = Emitter(names.types, NotNull(()), state, literals=bounds)
    supplied = {item.number: f"r.{quote_identifier(item.output)}" for item in fields}
    targets = ", ".join(
        f"{supplied.get(column.number, f'NULL::{column.type.name}')} AS {quote_identifier(column.name)}"
        for column in relation.columns
    )
    # Behind a fence: a condition of the query's may fail for a row that was not there yet.
    return f"SELECT {targets} FROM ({emitter.select(state)}) AS r OFFSET 0"
