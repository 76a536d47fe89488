"""Which columns can be NULL."""

from __future__ import annotations

from collections.abc import Collection

from airflow.providers.pgtrickle.engine.ops import expressions as ex
from airflow.providers.pgtrickle.engine.ops.nodes import (
    Aggregate,
    AsWeight,
    Changes,
    Constant,
    ExposeWeight,
    Filter,
    Join,
    Number,
    Op,
    OuterJoin,
    Project,
    Recursive,
    Scan,
    UnionAll,
)


class NotNull:
    """Answers for every node of a tree which of its columns are never NULL.

    ``declared`` are the scan columns that the schema declares NOT NULL.
    """

    def __init__(self, declared: Collection[str]) -> None:
        self.declared = frozenset(declared)
        self._known: dict[int, frozenset[str]] = {}
        self._held: list[Op] = []

    def of(self, op: Op) -> frozenset[str]:
        """The columns of ``op`` that are never NULL."""
        if id(op) not in self._known:
            for child in op.inputs:
                self.of(child)
            self._known[id(op)] = self._derive(op)
            self._held.append(op)
        return self._known[id(op)]

    def _derive(self, node: Op) -> frozenset[str]:
        below = [self._known[id(child)] for child in node.inputs]
        match node:
            case Scan() | Changes():
                return frozenset(node.columns) & self.declared
            case Constant():
                return frozenset()
            case Filter():
                return below[0] | _rejected((node.predicate,))
            case Project():
                return frozenset(
                    name
                    for name, value in node.outputs
                    if ex.column_of(value) in below[0] or ex.is_row_hash(value)
                )
            case Join():
                return frozenset[str]().union(*below) | _rejected(node.predicates)
            case OuterJoin():
                return frozenset() if node.full else below[0]
            case Aggregate():
                counts = frozenset(item.name for item in node.calls if item.function == "count")
                return (below[0] & frozenset(node.keys)) | counts
            case UnionAll() | Recursive():
                return frozenset(
                    name
                    for position, name in enumerate(node.columns)
                    if all(
                        mapping[position] in known
                        for mapping, known in zip(node.mappings, below, strict=True)
                    )
                )
            case ExposeWeight() | AsWeight():
                return (below[0] | frozenset((node.name,))) & frozenset(node.columns)
            case Number():
                return below[0] | frozenset((node.name, node.weight))
            case _:
                return below[0] & frozenset(node.columns) if below else frozenset()


def _rejected(predicates: Collection[ex.Expr]) -> frozenset[str]:
    """Columns that an equality between columns keeps from being NULL."""
    return frozenset(
        name
        for predicate in predicates
        for conjunct in ex.conjuncts(predicate)
        for name in (ex.equated_columns(conjunct) or ())
    )
