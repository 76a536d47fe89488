"""What capture must know of a source, and which relations it cannot follow."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

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
    def has_rows(self) -> bool:
        """Whether rows are stored in it, rather than in its partitions."""
        return self.kind == "r"


@dataclass(frozen=True, slots=True)
class CapturedColumn:
    """A column of a source as its buffer has it; ``generated_from`` only for virtual generated columns."""

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


def captured_columns(session: Session, source_oid: int, attnums: Iterable[int]) -> list[CapturedColumn]:
    """These columns of a source, by number; UnsupportedQuery when one is dropped, or a system column."""
    wanted = sorted(set(attnums))
    rows = session.rows(load(__package__, "columns"), {"source": source_oid, "attnums": wanted})
    missing = set(wanted) - {row[0] for row in rows if row[0] > 0}
    if missing:
        raise UnsupportedQuery(
            f"Column {min(missing)} of relation {source_oid} is dropped, or is a system column.",
            hint="A stream table follows ordinary columns only.",
        )
    types = session.describe_types((row[2], row[3]) for row in rows)
    return [
        CapturedColumn(
            attnum,
            name,
            types[type_oid, typmod],
            None if collation is None else QualifiedName(collation_schema, collation),
            expression,
            tuple(generated_from or ()),
        )
        for attnum, name, type_oid, typmod, collation_schema, collation, expression, generated_from in rows
    ]


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
    if member.persistence != "p":
        kind = "temporary" if member.persistence == "t" else "unlogged: a crash empties it unseen"
        return f"is {kind}, so its changes cannot be captured"
    if not member.is_owner:
        return "belongs to another role: only its owner, or a member of the owner's role, can set up capture"
    return None


Trigger = Literal["insert", "update", "delete", "truncate", "row"]


def trigger_name(source_oid: int, event: Trigger) -> str:
    """The name of the trigger that captures an event for this source."""
    return f"pgtrickle_{source_oid}_{event}"
