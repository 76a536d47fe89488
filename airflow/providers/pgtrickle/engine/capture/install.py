"""Setting capture up, widening it, making it whole again, and taking it away.

All of it happens under SHARE ROW EXCLUSIVE locks on the source and its descendants, held until the caller's
transaction ends: no transaction that writes to them is then in progress, so every change is made either
wholly before or wholly after, and a snapshot taken later tells the two apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from airflow.providers.pgtrickle.engine.capture.facts import CaptureState, read_states, store_facts
from airflow.providers.pgtrickle.engine.capture.source import (
    CapturedColumn,
    Member,
    captured_columns,
    require_capturable,
    trigger_name,
)
from airflow.providers.pgtrickle.engine.db import Hole, Session, compose, load, verbatim
from airflow.providers.pgtrickle.engine.errors import RefreshFailed
from airflow.providers.pgtrickle.engine.names import CHANGES_SCHEMA, QualifiedName, buffer_name
from airflow.providers.pgtrickle.engine.settings import Settings

#: A column that refuses NULL cannot be added to a buffer that has rows already.
_REFUSES_NULL = ("23502", "23514")


def ensure_capture(
    session: Session, source_oid: int, attnums: Iterable[int], *, settings: Settings | None = None
) -> bool:
    """Have these columns of a source captured from now on; whether anything had to be done.

    Needs a READ COMMITTED transaction of the caller's, which keeps the locks until it ends, so keep it short.
    Columns captured already stay so. Capture that has a gap is made whole, under a new epoch: every stream
    table on the source then differs from its fingerprint. Raises UnsupportedQuery when the source cannot be
    captured, RefreshFailed (transient) when a lock is not granted within ``settings.lock_timeout``: try the
    whole transaction again, for instance by ``db.retrying``.
    """
    settings = settings or Settings()
    wanted = set(attnums)
    require_capturable(session, source_oid)
    if _serves(read_states(session, [source_oid]).get(source_oid), wanted):
        return False
    with _lock_timeout(session, settings.lock_timeout):
        members = _lock_family(session, source_oid)
        state = read_states(session, [source_oid]).get(source_oid)
        if _serves(state, wanted):
            return False
        _establish(session, source_oid, members, state, wanted)
    return True


def release_capture(session: Session, source_oid: int, *, settings: Settings | None = None) -> bool:
    """Stop capturing a source that no stream table reads any more; whether it was stopped.

    Needs a READ COMMITTED transaction of the caller's. Raises RefreshFailed (transient) when a lock is not
    granted.
    """
    if session.value(load(__package__, "has_consumers"), (source_oid,)):
        return False
    names = _Names(source_oid)
    with _lock_timeout(session, (settings or Settings()).lock_timeout):
        session.execute(
            compose(
                load(__package__, "drop_capture"),
                capture=names.capture,
                capture_descendant=names.capture_descendant,
                capture_row=names.capture_row,
                captured=names.captured,
                buffer=names.buffer,
            )
        )
    return session.execute(load(__package__, "delete_capture"), {"source": source_oid}) > 0


class _Names:
    """The names of all that belongs to the capture of one source."""

    def __init__(self, source_oid: int) -> None:
        self.buffer = buffer_name(source_oid)
        self.captured = QualifiedName(CHANGES_SCHEMA, f"captured_{source_oid}")
        self.capture = QualifiedName(CHANGES_SCHEMA, f"capture_{source_oid}")
        self.capture_descendant = QualifiedName(CHANGES_SCHEMA, f"capture_descendant_{source_oid}")
        self.capture_row = QualifiedName(CHANGES_SCHEMA, f"capture_row_{source_oid}")

    @property
    def trigger_functions(self) -> list[str]:
        return [self.capture.name, self.capture_descendant.name, self.capture_row.name]


def _serves(state: CaptureState | None, wanted: set[int]) -> bool:
    return state is not None and state.problem is None and wanted <= state.attnums


def _establish(
    session: Session, source_oid: int, members: list[Member], state: CaptureState | None, wanted: set[int]
) -> None:
    names = _Names(source_oid)
    # A captured column that is gone was dropped by CASCADE, with all that read it.
    kept = _present(session, source_oid, state.attnums) if state else set()
    attnums = sorted(kept | wanted)
    columns = captured_columns(session, source_oid, attnums)
    was_whole = state is not None and state.problem is None
    emptied = _widen_buffer(session, names.buffer, columns)
    _create_functions(session, source_oid, _source(members, source_oid), columns)
    if not was_whole:
        _place_triggers(session, source_oid, members)
        session.execute(load(__package__, "delete_gaps"), {"source": source_oid})
    epoch = 1 if state is None else state.epoch + (not was_whole or emptied)
    store_facts(session, source_oid, attnums, epoch)


def _present(session: Session, source_oid: int, attnums: Iterable[int]) -> set[int]:
    rows = session.rows(load(__package__, "columns"), {"source": source_oid, "attnums": sorted(attnums)})
    return {row[0] for row in rows}


def _source(members: list[Member], source_oid: int) -> Member:
    return next(member for member in members if member.oid == source_oid)


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


def _widen_buffer(session: Session, buffer: QualifiedName, columns: list[CapturedColumn]) -> bool:
    """Give the buffer a column for each of these; whether its rows had to be given up for that."""
    present = {row[0] for row in session.rows(load(__package__, "buffer_columns"), (str(buffer),))}
    if not present:
        session.execute(compose(load(__package__, "create_buffer"), buffer=buffer))
    emptied = False
    for column in columns:
        if column.buffer_name in present:
            continue
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
            emptied = True
    return emptied


def _create_functions(
    session: Session, source_oid: int, source: Member, columns: list[CapturedColumn]
) -> None:
    names = _Names(source_oid)
    weight = compose("{name} pg_catalog.int4", name="weight")
    inputs = sorted({name for column in columns for name in column.generated_from})
    if inputs:
        fields = [compose("($1).{name} AS {name}", name=name) for name in inputs]
        generated_from = compose(" FROM (SELECT {fields}) AS stored", fields=fields)
    else:
        generated_from = compose("")
    session.execute(
        compose(
            load(__package__, "create_functions"),
            source=source_oid,
            source_type=source.name,
            buffer=names.buffer,
            captured=names.captured,
            capture=names.capture,
            capture_descendant=names.capture_descendant,
            capture_row=names.capture_row,
            columns=["weight", *(column.buffer_name for column in columns)],
            result=[
                weight,
                *(compose("{name} {type}", name=column.buffer_name, type=column.type) for column in columns),
            ],
            expressions=[compose("$2"), *(_expression(column) for column in columns)],
            generated_from=generated_from,
        )
    )


def _expression(column: CapturedColumn) -> Hole:
    if column.expression is None:
        return compose("($1).{name}", name=column.name)
    return compose("({expression})", expression=verbatim(column.expression))


def _place_triggers(session: Session, source_oid: int, members: list[Member]) -> None:
    """Put this source's triggers where they belong, all enabled, and nowhere else."""
    names = _Names(source_oid)
    subscribed = read_states(session, [source_oid])[source_oid].live_facts["subscribed"]
    belongs = {member.oid for member in members}
    for relid, schema, relation, trigger in session.rows(
        load(__package__, "triggers"), {"functions": names.trigger_functions}
    ):
        is_row = trigger == trigger_name(source_oid, "row")
        if relid not in belongs or (is_row and not subscribed):
            session.execute(
                compose(
                    load(__package__, "drop_trigger"),
                    trigger=trigger,
                    relation=QualifiedName(schema, relation),
                )
            )
    for member in members:
        holes: dict[str, Hole] = {
            "relation": member.name,
            "insert_trigger": trigger_name(source_oid, "insert"),
            "update_trigger": trigger_name(source_oid, "update"),
            "delete_trigger": trigger_name(source_oid, "delete"),
            "truncate_trigger": trigger_name(source_oid, "truncate"),
        }
        function = names.capture if member.oid == source_oid else names.capture_descendant
        session.execute(compose(load(__package__, "create_triggers"), function=function, **holes))
        if not subscribed:
            session.execute(compose(load(__package__, "enable_always"), **holes))
        elif member.has_rows:
            session.execute(
                compose(
                    load(__package__, "create_row_trigger"),
                    relation=member.name,
                    row_trigger=trigger_name(source_oid, "row"),
                    function=names.capture_row,
                )
            )
