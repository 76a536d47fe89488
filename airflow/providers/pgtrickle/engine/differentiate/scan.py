"""Scan.

    ΔA = the buffered changes of A in (lo, hi]
    A at the frontier = present rows − buffered changes after hi

The second reads the buffer only when something was committed between the run's frontier and this refresh.
"""

from __future__ import annotations

from collections.abc import Collection

from airflow.providers.pgtrickle.engine.ops.nodes import Changes, Empty, Negate, Op, Plain, Scan, union_all


def delta_scan(op: Scan, changed: Collection[int]) -> Op:
    """The buffered changes of the source."""
    return Changes(op.source, op.fields) if op.source.oid in changed else Empty(op.columns)


def state_scan(op: Scan, late: Collection[int]) -> Op:
    """The source's rows at the frontier."""
    if op.source.oid not in late:
        return op
    return Plain(union_all((op, Negate(Changes(op.source, op.fields, "late"))), op.columns))
