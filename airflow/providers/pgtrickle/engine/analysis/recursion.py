"""What the step of a recursion does with the rows of the previous iteration."""

from __future__ import annotations

from collections.abc import Collection

from airflow.providers.pgtrickle.engine.ops.clock import reads_clock
from airflow.providers.pgtrickle.engine.ops.nodes import (
    Aggregate,
    Apply,
    Filter,
    Join,
    Op,
    OuterJoin,
    Project,
    Recursive,
    Repeat,
    Scan,
    SelfReference,
    SemiJoin,
    UnionAll,
    Window,
    expressions_of,
    walk,
)


def dependent_nodes(root: Op, label: str) -> frozenset[int]:
    """The ids of the nodes that read the rows of the previous iteration of the recursion ``label``."""
    found: set[int] = set()
    for node in walk(root):
        if (isinstance(node, SelfReference) and node.label == label) or any(
            id(child) in found for child in node.inputs
        ):
            found.add(id(node))
    return frozenset(found)


def recursions(root: Op) -> tuple[Recursive, ...]:
    """The recursions of a tree, each after those that it reads."""
    return tuple(node for node in walk(root) if isinstance(node, Recursive))


def can_change(op: Recursive, changed: Collection[int]) -> bool:
    """Whether a change of these sources, or the time alone, can change a recursion."""
    return any(
        (isinstance(node, Scan) and node.source.oid in changed) or reads_clock(*expressions_of(node))
        for node in walk(op)
    )


def obstacle(op: Recursive) -> str | None:
    """Why the delta laws of recursion do not hold for it; None when they do.

    They ask for a step that is linear in the previous iteration, f(A + B) = f(A) + f(B): what comes of a row
    comes of that row alone.
    """
    dependent = dependent_nodes(op.step, op.label)
    for node in walk(op.step):
        if id(node) in dependent:
            reason = _not_linear(node, dependent, op)
            if reason is not None:
                return reason
    return None


def _not_linear(node: Op, dependent: frozenset[int], op: Recursive) -> str | None:
    if reads_clock(*expressions_of(node)):
        return "a condition on the current time over the recursive query in its recursive arm"
    sides = [id(child) in dependent for child in node.inputs]
    match node:
        case SelfReference() | Filter() | Project() | Apply() | Repeat():
            return None
        case Join():
            return "the recursive arm joins the recursive query with itself" if sum(sides) > 1 else None
        case SemiJoin() | OuterJoin():
            if sides[1] or (isinstance(node, OuterJoin) and node.full):
                return "the recursive query stands on the inner side of a join that keeps unmatched rows"
            return None
        case UnionAll():
            return None if all(sides) else "a part of the recursive arm does not read the recursive query"
        case Aggregate() if not node.calls:
            return None if op.distinct else "DISTINCT in the recursive arm of a UNION ALL"
        case Aggregate():
            return "an aggregate over the recursive query in its recursive arm"
        case Window():
            return "a window function over the recursive query in its recursive arm"
        case Recursive():
            return "a recursive query within the recursive arm of another that it reads"
        case _:
            return f"{type(node).__name__} over the recursive query in its recursive arm"
