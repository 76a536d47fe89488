"""Asking change buffers what they hold, and taking out what nobody needs any more."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
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
    sources = sorted(intervals)
    counts = _count(session, [(source, *intervals[source]) for source in sources], limit)
    return dict(zip(sources, counts, strict=True))


def pending_between(
    session: Session, lows: Collection[tuple[int, Snapshot]], high: Snapshot, *, limit: int = COUNT_LIMIT
) -> dict[tuple[int, Snapshot], int]:
    """For each (source, low) the number of its changes in (low, high], counted up to ``limit``.

    One statement, also where one source is asked about from several snapshots on.
    """
    questions = list(lows)
    counts = _count(session, [(source, low, high) for source, low in questions], limit)
    return dict(zip(questions, counts, strict=True))


def _count(session: Session, questions: Sequence[tuple[int, Snapshot, Snapshot]], limit: int) -> list[int]:
    """For each (source, low, high) the number of changes in (low, high]."""
    if not questions:
        return []
    branches = []
    parameters: list[Any] = []
    for position, (source, low, high) in enumerate(questions):
        branches.append(compose(load(__package__, "pending"), buffer=buffer_name(source)))
        parameters += [position, str(low), str(high), str(low), limit]
    counts: dict[int, int] = dict(session.rows(union_all(branches), parameters))
    return [counts[position] for position in range(len(questions))]


def prune_buffers(session: Session, source_oid: int, below_xid: int, *, batch: int = 10_000) -> int:
    """Delete a source's changes of transactions below ``below_xid``; their number.

    Outside of any transaction, so that each batch of at most ``batch`` rows is a short one of its own. Rows
    that another session is pruning at the same time are left to it.
    """
    statement = compose(load(__package__, "prune"), buffer=buffer_name(source_oid))
    total = 0
    while True:
        # A plan made when the buffer was small would compare each row of a large one with the whole batch.
        deleted = session.execute(statement, (str(below_xid), batch), prepare=False)
        total += deleted
        if deleted < batch:
            return total
