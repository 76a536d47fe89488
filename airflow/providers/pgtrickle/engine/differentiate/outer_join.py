"""Left and full outer join.

    A ⟕ B = A ⋈ B  +  (A ▷ B) × NULL          Δ(A ⟕ B) = Δ(A ⋈ B) + Δ(A ▷ B) × NULL
    A ⟗ B = A ⟕ B  +  NULL × (B ▷ A)

Padding with NULL is linear, so the delta is the sum of the deltas of the inner and the anti joins.
"""

from __future__ import annotations

from airflow.providers.pgtrickle.engine.differentiate.calculus import Calculus
from airflow.providers.pgtrickle.engine.differentiate.join import delta_join
from airflow.providers.pgtrickle.engine.differentiate.semi_join import delta_semi_join
from airflow.providers.pgtrickle.engine.ops import expressions as ex
from airflow.providers.pgtrickle.engine.ops.nodes import (
    Empty,
    Join,
    Op,
    OuterJoin,
    Project,
    SemiJoin,
    union_all,
)


def delta_outer_join(op: OuterJoin, delta: Calculus) -> Op:
    """The inner part, and the unmatched rows of each side that is kept."""
    parts = [delta_join(Join((op.left, op.right), op.predicates), delta)]
    unmatched = delta_semi_join(SemiJoin(op.left, op.right, op.predicates, anti=True), delta)
    parts.append(_padded(unmatched, op, delta))
    if op.full:
        unmatched = delta_semi_join(SemiJoin(op.right, op.left, op.predicates, anti=True), delta)
        parts.append(_padded(unmatched, op, delta))
    return union_all(tuple(parts), op.columns)


def _padded(unmatched: Op, op: OuterJoin, delta: Calculus) -> Op:
    if isinstance(unmatched, Empty):
        return Empty(op.columns)
    present = frozenset(unmatched.columns)
    # A domain that refuses NULL has no NULL of its own, yet an outer join pads its column with one.
    types = delta.names.types
    return Project(
        unmatched,
        tuple(
            (name, ex.column(name) if name in present else ex.cast(ex.null(), types[name].base))
            for name in op.columns
        ),
    )
