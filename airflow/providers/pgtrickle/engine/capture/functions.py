"""The functions that capture's triggers call, bound to a source's columns."""

from __future__ import annotations

from collections.abc import Sequence

from airflow.providers.pgtrickle.engine.capture.names import CaptureNames
from airflow.providers.pgtrickle.engine.capture.source import CapturedColumn, Member
from airflow.providers.pgtrickle.engine.db import Hole, Session, compose, load, verbatim


def create_functions(session: Session, source: Member, columns: Sequence[CapturedColumn]) -> None:
    """Create a source's capture functions, or put them in the place of those there are.

    Only while nothing can write to the source: a statement that is running keeps what it has begun with.
    """
    names = CaptureNames(source.oid)
    inputs = sorted({name for column in columns for name in column.generated_from})
    fields = [compose("(source_row).{name} AS {name}", name=name) for name in inputs]
    session.execute(
        compose(
            load(__package__, "create_functions"),
            source=source.oid,
            source_type=source.name,
            buffer=names.buffer,
            captured=names.captured,
            capture=names.capture,
            capture_descendant=names.capture_descendant,
            capture_row=names.capture_row,
            columns=["weight", *(column.buffer_name for column in columns)],
            result=[
                compose("{name} pg_catalog.int4", name="weight"),
                *(compose("{name} {type}", name=column.buffer_name, type=column.type) for column in columns),
            ],
            expressions=[compose("row_weight"), *(_expression(column) for column in columns)],
            stored=compose(" FROM (SELECT {fields}) AS stored", fields=fields) if fields else compose(""),
        )
    )
    if source.is_partitioned:
        session.execute(
            compose(
                load(__package__, "create_merge_functions"),
                source=source.oid,
                watch_merge=names.watch_merge,
                note_move=names.note_move,
            )
        )


def _expression(column: CapturedColumn) -> Hole:
    if column.expression is None:
        return compose("(source_row).{name}", name=column.name)
    return compose("({expression})", expression=verbatim(column.expression))
