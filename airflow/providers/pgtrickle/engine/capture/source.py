"""What capture must know of a source, and which relations it cannot follow."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from airflow.providers.pgtrickle.engine.db import Session, load
from airflow.providers.pgtrickle.engine.errors import UnsupportedQuery
from airflow.providers.pgtrickle.engine.names import QualifiedName
from airflow.providers.pgtrickle.engine.schema import ColumnType

_KINDS = {
    "v": "a view",
    "m": "a materialized view",
    "f": "a foreign table",
    "S": "a sequence",
    "t": "a TOAST table",
    "i": "an index",
    "I": "an index",
    "c": "a composite type",
}


@dataclass(frozen=True, slots=True)
class Member:
    """A source itself, or one of its partitions or inheritance children."""

    oid: int
    name: QualifiedName
    kind: str
    persistence: str
    is_system: bool
    is_owner: bool

    @property
    def is_partitioned(self) -> bool:
        """Whether its rows are stored in its partitions."""
        return self.kind == "p"

    @property
    def has_rows(self) -> bool:
        """Whether rows are stored in it itself."""
        return self.kind == "r"


@dataclass(frozen=True, slots=True)
class CapturedColumn:
    """A column of a source as its buffer has it.

    ``expression`` is there when the rows that triggers are given do not hold its value reliably: the value
    must then be computed, from the columns ``generated_from``.
    """

    attnum: int
    name: str
    type: ColumnType
    collation: QualifiedName | None
    expression: str | None
    generated_from: tuple[str, ...]

    @property
    def buffer_name(self) -> str:
        """Its name in the change buffer, which no renaming of the source's column concerns."""
        return f"c_{self.attnum}"


def family(session: Session, source_oid: int) -> list[Member]:
    """The source, its partitions and inheritance children, by oid; empty when there is no such relation."""
    rows = session.rows(load(__package__, "family"), {"source": source_oid})
    return [
        Member(oid, QualifiedName(schema, name), kind, persistence, is_system, is_owner)
        for oid, schema, name, kind, persistence, is_system, is_owner in rows
    ]


def present_columns(session: Session, source_oid: int, attnums: Iterable[int]) -> set[int]:
    """Those of these columns that a source still has."""
    rows = session.rows(
        load(__package__, "present_columns"), {"source": source_oid, "attnums": sorted(attnums)}
    )
    return {row[0] for row in rows}


def captured_columns(
    session: Session, source: Member, attnums: Iterable[int], *, by_row: bool
) -> list[CapturedColumn]:
    """These columns of a source, by number; ``by_row`` tells how their changes are captured.

    Raises UnsupportedQuery when one is dropped or a system column, or its values do not reach the triggers.
    """
    wanted = sorted(set(attnums))
    rows = session.rows(load(__package__, "columns"), {"source": source.oid, "attnums": wanted})
    missing = set(wanted) - {row[0] for row in rows if row[0] > 0}
    if missing:
        raise UnsupportedQuery(
            f"Column {min(missing)} of {source.name.display} is dropped, or is a system column.",
            hint="A stream table follows ordinary columns only.",
            subject=source.name.display,
        )
    # A row on its way to a partition of another layout reaches statement triggers without what is generated.
    computed = {"v", "s"} if source.is_partitioned and not by_row else {"v"}
    reason = generation_obstacle(session, source, wanted)
    if reason is not None:
        raise UnsupportedQuery(
            reason,
            hint="Give all partitions the same expression, or read the partitions instead.",
            subject=source.name.display,
        )
    types = session.describe_types((row[2], row[3]) for row in rows)
    return [
        CapturedColumn(
            attnum,
            name,
            types[type_oid, typmod],
            None if collation is None else QualifiedName(collation_schema, collation),
            expression if generated in computed else None,
            tuple(generated_from) if generated in computed else (),
        )
        for (
            attnum,
            name,
            type_oid,
            typmod,
            collation_schema,
            collation,
            generated,
            expression,
            generated_from,
        ) in rows
    ]


def generation_obstacle(session: Session, source: Member, attnums: Iterable[int]) -> str | None:
    """Why a generated column among these cannot be captured, as a sentence; None when all can."""
    if not source.is_partitioned or has_other_parents(session, source.oid):
        return None
    row = session.row(
        load(__package__, "generated_differently"), {"source": source.oid, "attnums": sorted(attnums)}
    )
    if row is None:
        return None
    partition, column = row
    return (
        f"Column {column} of {source.name.display} is generated by another expression in its partition"
        f" {partition}, which triggers on the whole table cannot see."
    )


def has_other_parents(session: Session, source_oid: int) -> bool:
    """Whether a relation of the source's is also part of one that is not: statements may name that one."""
    return bool(session.value(load(__package__, "has_other_parents"), {"source": source_oid}))


def is_subscribed(session: Session, source_oid: int) -> bool:
    """Whether a subscription writes to the source, directly or through a table that it is a part of."""
    return bool(session.value(load(__package__, "is_subscribed"), {"source": source_oid}))


def obstacle(members: Iterable[Member], source_oid: int) -> str | None:
    """Why the changes of this source cannot be captured, as a sentence; None when they can."""
    by_oid = {member.oid: member for member in members}
    source = by_oid.get(source_oid)
    if source is None:
        return f"There is no relation with oid {source_oid}."
    for member in (source, *(m for m in by_oid.values() if m is not source)):
        what = _unfollowable(member)
        if what is not None:
            role = "" if member is source else f", a part of {source.name.display},"
            return f"{member.name.display}{role} {what}."
    return None


def require_capturable(session: Session, source_oid: int) -> list[Member]:
    """The source's family; UnsupportedQuery with the reason when its changes cannot be captured."""
    members = family(session, source_oid)
    reason = obstacle(members, source_oid)
    if reason is not None:
        raise UnsupportedQuery(
            reason,
            hint='Use refresh_mode "FULL", which recomputes, or read ordinary tables of your own.',
            subject=next((m.name.display for m in members if m.oid == source_oid), None),
        )
    return members


def _unfollowable(member: Member) -> str | None:
    if member.is_system:
        return "is a system catalog or a temporary table, whose changes cannot be captured"
    if member.kind not in ("r", "p"):
        return f"is {_KINDS.get(member.kind, 'no table')}, whose changes cannot be captured"
    if member.persistence == "t":
        return "is temporary, so its changes cannot be captured"
    if not member.is_owner:
        return "belongs to another role: only its owner, or a member of the owner's role, can set up capture"
    return None
