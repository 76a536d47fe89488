"""Window functions.

    Δω(A) = ω(A | K) − ω(A⁻ | K)          K = the partition keys of ΔA

A row's value depends on the rows of its partition alone, so the partitions that the change touches (for a row
that moved, the old and the new one) are computed before and after it. Without PARTITION BY that is the whole
input.
"""

from __future__ import annotations

from dataclasses import replace

from airflow.providers.pgtrickle.engine.differentiate.calculus import Calculus
from airflow.providers.pgtrickle.engine.ops.nodes import Empty, Negate, Op, Plain, Window, union_all


def delta_window(op: Window, delta: Calculus, change: Op | None = None) -> Op:
    """The touched partitions after the change, less the same partitions before it.

    ``change`` as in ``delta_aggregate``, of partitions.
    """
    change = delta.settled(op.input) if change is None else change
    if isinstance(change, Empty):
        return Empty(op.columns)
    touched = delta.state(op.input)
    if op.keys:
        keys, pairs = delta.restrict.keys_of(change, op.keys)
        touched = delta.restrict.restrict(touched, keys, pairs)
    before = Plain(union_all((touched, Negate(change)), op.input.columns))
    return union_all((replace(op, input=touched), Negate(replace(op, input=before))), op.columns)
