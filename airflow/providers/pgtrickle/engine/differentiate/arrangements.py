"""Arrangements: internal tables that keep rows of a relation inside a query.

The laws of recursion start from the fixpoint before the change, those of kept groups from their states. Where
that is not what the stream table stores anyway, it is kept beside it, maintained by the same statement.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from airflow.providers.pgtrickle.engine.analysis.recursion import dependent_nodes, recursions
from airflow.providers.pgtrickle.engine.analysis.states import GroupStates
from airflow.providers.pgtrickle.engine.differentiate.kept import StoredGroups
from airflow.providers.pgtrickle.engine.differentiate.recursive import Stored
from airflow.providers.pgtrickle.engine.names import QualifiedName
from airflow.providers.pgtrickle.engine.ops import expressions as ex
from airflow.providers.pgtrickle.engine.ops.naming import BIGINT, Names
from airflow.providers.pgtrickle.engine.ops.nodes import (
    Aggregate,
    Join,
    Op,
    Project,
    Recursive,
    Scan,
    SelfReference,
    Source,
    SourceColumn,
    label_of,
    walk,
)


@dataclass(frozen=True, slots=True)
class Arrangement:
    """The stored rows of a recursion, or of groups with their ``states``.

    ``columns`` pairs each column of ``op`` with its physical name; the hash of the row stands beside them.
    ``number`` counts the arrangements of a stream table from 1; 0 is its storage itself.
    """

    op: Recursive | Aggregate
    number: int
    columns: tuple[tuple[str, str], ...]
    states: GroupStates | None = None

    @property
    def label(self) -> str:
        """The label that the tree has for it."""
        return label_of(self.op) or ""

    def table(self, storage: QualifiedName) -> QualifiedName:
        """The table, beside ``storage``."""
        return QualifiedName(storage.schema, f"{storage.name}_a{self.number}") if self.number else storage

    def stored(self, names: Names, storage: QualifiedName, row_hash: str) -> Stored:
        """Its rows, under fresh names."""
        fields = [
            SourceColumn(names.like(column), physical, position)
            for position, (column, physical) in enumerate(self.columns, 1)
        ]
        fields.append(SourceColumn(names.fresh("row_hash", BIGINT), row_hash, len(fields) + 1))
        scan = Scan(Source(0, self.table(storage)), tuple(fields))
        if self.states is None or not isinstance(self.op, Aggregate):
            return Stored(scan)
        return StoredGroups(scan, self.states, self.op.scalar)

    def lookups(self, names: Names) -> tuple[tuple[str, ...], ...]:
        """The indexes that it needs, as physical names."""
        physical = dict(self.columns)
        if isinstance(self.op, Aggregate):
            return (tuple(physical[key] for key in self.op.keys),) if self.op.keys else ()
        found = [tuple(physical[column] for column in columns) for columns in _looked_up(self.op)]
        short = {physical for column, physical in self.columns if names.types[column].is_short}
        usable = [tuple(name for name in columns if name in short) for columns in found]
        return tuple(dict.fromkeys(columns for columns in usable if columns))


def _looked_up(op: Recursive) -> list[tuple[str, ...]]:
    """For each join of the step the columns that it looks the previous iteration up by.

    After them stand those that the step passes on as they are: rows that come back are looked for by both.
    """
    dependent = dependent_nodes(op.step, op.label)
    origin: dict[str, str] = {}
    found: list[tuple[str, ...]] = []
    for node in walk(op.step):
        if id(node) not in dependent:
            continue
        if isinstance(node, SelfReference):
            origin.update(zip(node.columns, op.columns, strict=True))
        elif isinstance(node, Project):
            for name, value in node.outputs:
                source = origin.get(ex.column_of(value) or "")
                if source is not None:
                    origin[name] = source
        elif isinstance(node, Join):
            pairs = [pair for pair in map(ex.equated_columns, node.predicates) if pair is not None]
            columns = [
                origin[mine]
                for pair in pairs
                for mine, theirs in (pair, pair[::-1])
                if mine in origin and theirs not in origin
            ]
            if columns:
                found.append(tuple(dict.fromkeys(columns)))
    passed = [
        name for name, source in zip(op.columns, op.mappings[1], strict=True) if origin.get(source) == name
    ]
    return [tuple(dict.fromkeys((*columns, *passed))) for columns in found]


def arrange(
    root: Op, storage: Sequence[tuple[str, str]] | None, kept: Mapping[str, GroupStates]
) -> tuple[Arrangement, ...]:
    """The recursions and groups of a query that have to be stored, each after those that it reads.

    ``kept`` has the states of the groups by their label. ``storage`` pairs the columns of the query's root
    with those of its storage where that has all of the root's rows and finds them by the hash of all columns;
    it then serves a recursion at the root.
    """
    found: list[Arrangement] = []
    for op in walk(root):
        if isinstance(op, Aggregate) and op.kept is not None:
            columns = tuple((column, f"c{position}") for position, column in enumerate(op.columns, 1))
            found.append(Arrangement(op, len(found) + 1, columns, kept[op.kept]))
        if not isinstance(op, Recursive) or not _stands_alone(op):
            continue
        own = _at_root(root, op) if storage is not None else None
        if own is not None and storage is not None and own == tuple(column for column, _ in storage):
            physical = tuple(name for _, name in storage)
            found.append(Arrangement(op, 0, tuple(zip(op.columns, physical, strict=True))))
            continue
        columns = tuple((column, f"c{position}") for position, column in enumerate(op.columns, 1))
        found.append(Arrangement(op, len(found) + 1, columns))
    return tuple(found)


def _stands_alone(op: Recursive) -> bool:
    """Whether the recursion reads no previous iteration but its own."""
    labels = {node.label for node in recursions(op)}
    return all(node.label in labels for node in walk(op) if isinstance(node, SelfReference))


def _at_root(root: Op, op: Recursive) -> tuple[str, ...] | None:
    """The root's columns, in the order of the recursion's, when the root does nothing but rename it."""
    names = {name: name for name in root.columns}
    node = root
    while isinstance(node, Project):
        outputs = {name: ex.column_of(value) for name, value in node.outputs}
        below = {name: outputs.get(source) for name, source in names.items()}
        if any(source is None for source in below.values()):
            return None
        names = {name: source for name, source in below.items() if source is not None}
        node = node.input
    if node is not op or len(set(names.values())) != len(names):
        return None
    back = {source: name for name, source in names.items()}
    return tuple(back[column] for column in op.columns) if set(back) == set(op.columns) else None
