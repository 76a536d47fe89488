"""Asking change buffers what they hold, and taking out what nobody needs any more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow.providers.pgtrickle.engine.db import Session, compose, load, union_all
from airflow.providers.pgtrickle.engine.frontier import Snapshot
from airflow.providers.pgtrickle.engine.names import buffer_name

#: Counting stops here unless told otherwise: a few hundred thousand changes tell as much as millions do.
COUNT_LIMIT = 1_000_000


def pending(
    session: Session, intervals: Mapping[int, tuple[Snapshot, Snapshot]], *, limit: int = COUNT_LIMIT
) -> dict[int, int]:
    """The number of changes of each source in its interval (lo, hi], counted up to ``limit``; one statement.

    With ``limit=1`` it tells only whether there are any, at the cost of an index probe each.
    """
    if not intervals:
        return {}
    branches = []
    parameters: list[Any] = []
    for source, (low, high) in sorted(intervals.items()):
        branches.append(compose(load(__package__, "pending"), buffer=buffer_name(source)))
        parameters += [source, str(low), str(high), str(low), limit]
    return dict(session.rows(union_all(branches), parameters))


def prune_buffers(session: Session, source_oid: int, below_xid: int, *, batch: int = 10_000) -> int:
    """Delete a source's changes of transactions below ``below_xid``; their number.

    Outside of any transaction, so that each batch of at most ``batch`` rows is a short one of its own. Rows
    that another session is pruning at the same time are left to it.
    """
    statement = compose(load(__package__, "prune"), buffer=buffer_name(source_oid))
    total = 0
    while True:
        deleted = session.execute(statement, (str(below_xid), batch))
        total += deleted
        if deleted < batch:
            return total
