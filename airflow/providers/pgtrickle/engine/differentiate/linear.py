"""Filter, project, union all, repeat, set-returning functions: linear operators.

    Δ f(A) = f(ΔA)        Δ(A + B) = ΔA + ΔB

Each row's contribution depends on that row alone, so the operator is applied to the change as it is. Reads
nothing else.
"""

from __future__ import annotations

from dataclasses import replace

from airflow.providers.pgtrickle.engine.differentiate.calculus import Calculus
from airflow.providers.pgtrickle.engine.ops import expressions as ex
from airflow.providers.pgtrickle.engine.ops.nodes import (
    Apply,
    Empty,
    Filter,
    Op,
    Project,
    Repeat,
    UnionAll,
)


def delta_linear(op: Filter | Project | UnionAll | Repeat | Apply, delta: Calculus) -> Op:
    """The operator over the deltas of its inputs."""
    if isinstance(op, UnionAll):
        changed = [
            (side, mapping)
            for part, mapping in zip(op.inputs, op.mappings, strict=True)
            if not isinstance(side := delta(part), Empty)
        ]
        if not changed:
            return Empty(op.columns)
        return UnionAll(
            tuple(side for side, _ in changed), op.columns, tuple(mapping for _, mapping in changed)
        )
    below = delta.settled(op.input) if _can_raise(op) else delta(op.input)
    return Empty(op.columns) if isinstance(below, Empty) else replace(op, input=below)


def _can_raise(op: Op) -> bool:
    """Whether the operator raises an error for some rows.

    A delta that is not consolidated has rows besides that are in no state, and cancel out.
    """
    match op:
        case Filter():
            return ex.can_raise(op.predicate)
        case Project():
            return any(ex.can_raise(value) for _, value in op.outputs)
        case Apply():
            return ex.can_raise(op.call)
        case _:
            return False
