"""Setting capture up, widening it, making it whole again, and taking it away.

All of it happens under SHARE ROW EXCLUSIVE locks on the source and its descendants, held until the caller's
transaction ends: no transaction that writes to them is then in progress, so every change is made either
wholly before or wholly after, and a snapshot taken later tells the two apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from airflow.providers.pgtrickle.engine.capture.buffer_table import widen_buffer
from airflow.providers.pgtrickle.engine.capture.facts import CaptureState, read_states, store_facts
from airflow.providers.pgtrickle.engine.capture.functions import create_functions
from airflow.providers.pgtrickle.engine.capture.names import CaptureNames
from airflow.providers.pgtrickle.engine.capture.partitions import only_new_partitions
from airflow.providers.pgtrickle.engine.capture.source import (
    Member,
    captured_columns,
    has_other_parents,
    is_subscribed,
    present_columns,
    require_capturable,
)
from airflow.providers.pgtrickle.engine.capture.triggers import place_triggers
from airflow.providers.pgtrickle.engine.db import Session, compose, load
from airflow.providers.pgtrickle.engine.settings import Settings


def ensure_capture(
    session: Session, source_oid: int, attnums: Iterable[int], *, settings: Settings | None = None
) -> bool:
    """Have these columns of a source captured from now on; whether anything had to be done.

    Needs a READ COMMITTED transaction of the caller's, which keeps the locks until it ends, so keep it short.
    Columns captured already stay so. Capture that has a gap is made whole, under a new epoch: every stream
    table on the source then differs from its fingerprint. Partitions that are new and empty are no gap.
    Raises UnsupportedQuery when the source cannot be captured, RefreshFailed (transient) when a lock is not
    granted within ``settings.lock_timeout``: try the whole transaction again, for instance by
    ``db.retrying``.
    """
    settings = settings or Settings()
    wanted = set(attnums)
    require_capturable(session, source_oid)
    if _serves(read_states(session, [source_oid])[source_oid], wanted):
        return False
    with _lock_timeout(session, settings.lock_timeout):
        members = _lock_family(session, source_oid)
        state = read_states(session, [source_oid])[source_oid]
        if _serves(state, wanted):
            return False
        _establish(session, source_oid, members, state, wanted)
    return True


def detach_capture(session: Session, source_oid: int) -> None:
    """Let go of a source's columns, so that they can be dropped or given another type.

    Needs an ACCESS EXCLUSIVE lock on the source, held until ``ensure_capture`` in the same transaction makes
    capture whole again. That begins a new epoch: every stream table on the source is reinitialised.
    """
    names = CaptureNames(source_oid)
    session.execute(compose(load(__package__, "drop_buffer"), captured=names.captured, buffer=names.buffer))


def release_capture(session: Session, source_oid: int, *, settings: Settings | None = None) -> bool:
    """Stop capturing a source that no stream table reads any more; whether it was stopped.

    Needs a READ COMMITTED transaction of the caller's. Raises RefreshFailed (transient) when a lock is not
    granted.
    """
    if session.value(load(__package__, "has_consumers"), (source_oid,)):
        return False
    names = CaptureNames(source_oid)
    with _lock_timeout(session, (settings or Settings()).lock_timeout):
        for function in names.trigger_functions:
            session.execute(compose(load(__package__, "drop_trigger_function"), function=function))
        session.execute(
            compose(load(__package__, "drop_buffer"), captured=names.captured, buffer=names.buffer)
        )
    return session.execute(load(__package__, "delete_capture"), {"source": source_oid}) > 0


def _serves(state: CaptureState, wanted: set[int]) -> bool:
    return state.problem is None and wanted <= state.attnums


def _establish(
    session: Session, source_oid: int, members: list[Member], state: CaptureState, wanted: set[int]
) -> None:
    source = next(member for member in members if member.oid == source_oid)
    by_row = has_other_parents(session, source_oid)
    # A captured column that is gone was dropped by CASCADE, with all that read it.
    attnums = sorted(wanted | present_columns(session, source_oid, state.attnums))
    columns = captured_columns(session, source, attnums, by_row=by_row)
    whole = state.problem is None or only_new_partitions(session, source_oid, state)
    emptied = widen_buffer(session, CaptureNames(source_oid).buffer, columns)
    create_functions(session, source, columns)
    if state.problem is not None:
        subscribed = is_subscribed(session, source_oid)
        place_triggers(session, source_oid, members, by_row=by_row, subscribed=subscribed)
        session.execute(load(__package__, "delete_gaps"), {"source": source_oid})
    # The first epoch is 1: nothing was captured in epoch 0.
    epoch, reason = state.epoch, state.reason
    if not whole:
        epoch, reason = epoch + 1, state.problem if epoch else None
    elif emptied:
        epoch, reason = (
            epoch + 1,
            f"The change buffer of {source.name.display} had to be emptied for a column.",
        )
    if state.problem is not None and any(member.persistence == "u" for member in members):
        session.execute(load(__package__, "put_survivor"), {"source": source_oid})
    store_facts(session, source_oid, attnums, epoch, reason)


@contextmanager
def _lock_timeout(session: Session, seconds: float) -> Iterator[None]:
    before = session.value("SELECT pg_catalog.current_setting('lock_timeout')")
    session.set_local("lock_timeout", f"{max(1, round(seconds * 1000))}ms")
    yield
    # Not needed after an error: that ends the transaction, and the setting with it.
    session.set_local("lock_timeout", before)


def _lock_family(session: Session, source_oid: int) -> list[Member]:
    """Lock a source and its descendants, by oid so that two sessions do not wait for each other."""
    locked: list[Member] = []
    while True:
        # Read again once all are locked: until then any of them could be renamed, or another one attached.
        members = require_capturable(session, source_oid)
        missing = [member for member in members if member not in locked]
        if not missing:
            return members
        for member in missing:
            session.execute(compose(load(__package__, "lock_relation"), relation=member.name))
        locked += missing
