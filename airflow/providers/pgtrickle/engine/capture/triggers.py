"""Which triggers capture a source, and on which relations.

A statement fires the statement triggers of the relation that it names, for the rows of all its descendants:
so these triggers stand on the source and on each descendant, and no row is captured twice. Three cases need
more:

- A relation of the source's that is also part of another one (a partition captured for its own sake, a child
  of two parents) changes by statements that name that one. Row triggers take the statement triggers' place.
- The apply worker of a subscription fires row triggers only. They stand beside the statement triggers, and
  fire in replica mode alone.
- A MERGE that moves rows between partitions can hide them from statement triggers: it is noted as a gap.
"""

from __future__ import annotations

from collections.abc import Iterable

from airflow.providers.pgtrickle.engine.capture.names import CaptureNames, Trigger
from airflow.providers.pgtrickle.engine.capture.source import Member
from airflow.providers.pgtrickle.engine.db import Hole, Session, compose, load
from airflow.providers.pgtrickle.engine.names import QualifiedName

STATEMENT: tuple[Trigger, ...] = ("insert", "update", "delete")
MERGE: tuple[Trigger, ...] = ("before", "after")
MOVE: tuple[Trigger, ...] = ("leave", "arrive")


def place_triggers(
    session: Session, source_oid: int, members: Iterable[Member], *, by_row: bool, subscribed: bool
) -> None:
    """Put a source's triggers where they belong, enabled as they must be, and take them away elsewhere.

    ``by_row``: statements that name none of the members reach their rows; ``subscribed``: an apply worker
    writes to them.
    """
    names = CaptureNames(source_oid)
    wanted = {member: _kinds(member, source_oid, by_row=by_row, subscribed=subscribed) for member in members}
    _drop_others(session, names, {member.oid: kinds for member, kinds in wanted.items()})
    for member, kinds in wanted.items():
        _create(session, names, member, kinds, is_source=member.oid == source_oid, subscribed=subscribed)


def _kinds(member: Member, source_oid: int, *, by_row: bool, subscribed: bool) -> set[Trigger]:
    kinds: set[Trigger] = {"truncate"}
    if not by_row:
        kinds.update(STATEMENT)
        if member.is_partitioned:
            kinds.update(MERGE)
        if member.is_partitioned and member.oid == source_oid:
            kinds.update(MOVE)
    if member.has_rows and (by_row or subscribed):
        kinds.add("row")
    return kinds


def _drop_others(session: Session, names: CaptureNames, wanted: dict[int, set[Trigger]]) -> None:
    functions = [function.name for function in names.trigger_functions]
    for relid, schema, relation, trigger in session.rows(
        load(__package__, "triggers"), {"functions": functions}
    ):
        if trigger not in {names.trigger(kind) for kind in wanted.get(relid, ())}:
            relation_name = QualifiedName(schema, relation)
            session.execute(
                compose(load(__package__, "drop_trigger"), trigger=trigger, relation=relation_name)
            )


def _create(
    session: Session,
    names: CaptureNames,
    member: Member,
    kinds: set[Trigger],
    *,
    is_source: bool,
    subscribed: bool,
) -> None:
    def run(statement: str, function: QualifiedName) -> None:
        session.execute(compose(load(__package__, statement), function=function, **holes))

    holes: dict[str, Hole] = {
        "relation": member.name,
        "source": names.source_oid,
        **{f"{kind}_trigger": names.trigger(kind) for kind in kinds},
    }
    capture = names.capture if is_source else names.capture_descendant
    run("create_truncate_trigger", capture)
    if "insert" in kinds:
        run("create_statement_triggers", capture)
        if not subscribed:
            run("enable_always", capture)
    if "row" in kinds:
        run("create_row_trigger", names.capture_row)
        run("enable_row_replica" if "insert" in kinds else "enable_row_always", names.capture_row)
    if "before" in kinds:
        run("create_merge_triggers", names.watch_merge)
    if "leave" in kinds:
        run("create_move_triggers", names.note_move)
