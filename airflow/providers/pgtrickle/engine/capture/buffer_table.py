"""The change buffer's own table: created with its source's capture, widened with it."""

from __future__ import annotations

from collections.abc import Sequence

from airflow.providers.pgtrickle.engine.capture.source import CapturedColumn
from airflow.providers.pgtrickle.engine.db import Hole, Session, compose, load
from airflow.providers.pgtrickle.engine.errors import RefreshFailed
from airflow.providers.pgtrickle.engine.names import QualifiedName

#: not_null_violation, check_violation: a domain that refuses NULL, in a buffer that has rows already.
_REFUSES_NULL = ("23502", "23514")


def widen_buffer(session: Session, buffer: QualifiedName, columns: Sequence[CapturedColumn]) -> bool:
    """Have a buffer with a column for each of these; whether its rows had to be given up for that."""
    present = {row[0] for row in session.rows(load(__package__, "buffer_columns"), (str(buffer),))}
    if not present:
        session.execute(compose(load(__package__, "create_buffer"), buffer=buffer))
    emptied = False
    for column in columns:
        if column.buffer_name not in present:
            emptied |= _add(session, buffer, column)
    return emptied


def _add(session: Session, buffer: QualifiedName, column: CapturedColumn) -> bool:
    holes: dict[str, Hole] = {"buffer": buffer, "column": column.buffer_name, "type": column.type}
    if column.collation is None:
        statement = compose(load(__package__, "add_column"), **holes)
    else:
        statement = compose(load(__package__, "add_collated_column"), collation=column.collation, **holes)
    try:
        with session.savepoint():
            session.execute(statement)
    except RefreshFailed as failure:
        if failure.sqlstate not in _REFUSES_NULL:
            raise
        session.execute(compose(load(__package__, "empty_buffer"), buffer=buffer))
        session.execute(statement)
        return True
    return False
