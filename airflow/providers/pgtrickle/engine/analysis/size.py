"""Which relations are small: of the size of the change, not of what is stored."""

from __future__ import annotations

from airflow.providers.pgtrickle.engine.ops.nodes import (
    Aggregate,
    Changes,
    Constant,
    Empty,
    Filter,
    Join,
    KeyJoin,
    Op,
    OuterJoin,
    Query,
    Recursive,
    Scan,
    SelfReference,
    SemiJoin,
    walk,
)


def small_nodes(*roots: Op) -> frozenset[int]:
    """The ids of the nodes whose size follows the change.

    A join is small when one side is (fan-out aside); an outer join when the side that it keeps is; an
    aggregate without keys always, for it is one row, whatever it takes to compute; a recursion when its
    start is; everything else when all inputs are.
    """
    small: set[int] = set()
    for node in walk(*roots):
        if _is_small(node, small):
            small.add(id(node))
    return frozenset(small)


class Sizes:
    """``small_nodes`` asked node by node of trees that grow."""

    def __init__(self) -> None:
        self._small: set[int] = set()
        self._known: dict[int, Op] = {}

    def is_small(self, op: Op) -> bool:
        """Whether the node's size follows the change."""
        if id(op) not in self._known:
            for child in op.inputs:
                self.is_small(child)
            if _is_small(op, self._small):
                self._small.add(id(op))
            self._known[id(op)] = op
        return id(op) in self._small


def _is_small(node: Op, small: set[int]) -> bool:
    match node:
        case Changes() | Constant() | Empty() | SelfReference():
            return True
        case Recursive():
            # It is of the size of what it starts from, fan-out aside; so is what an iteration adds.
            return id(node.start) in small
        case Scan() | Query():
            return False
        case Join():
            return any(id(side) in small for side in node.inputs) or not node.inputs
        case KeyJoin():
            return True
        case Filter() if node.few:
            return True
        case SemiJoin():
            return id(node.left) in small
        case OuterJoin():
            return id(node.left) in small and (not node.full or id(node.right) in small)
        case Aggregate() if node.scalar:
            return True
        case _:
            return all(id(child) in small for child in node.inputs)
