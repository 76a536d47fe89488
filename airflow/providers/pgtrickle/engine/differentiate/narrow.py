"""Deltas of grouped inputs of a join, for the groups alone that the join can use.

    Δγ_K(A) ⋈_{K = K'} B  =  Δγ_K(A ⋉_{K = K'} (B ∪ B⁻)) ⋈_{K = K'} B        the same for windows by partition

A group reaches the result only through rows of B, as they are or as they were, that have its key; so groups
with other keys need not be computed, though their rows changed (a semi-join reduction: Bernstein & Chiu,
JACM 1981, here of the touched keys). Reads B once for each changed row: worth it where B is filtered, and an
index finds its rows.
"""

from __future__ import annotations

from airflow.providers.pgtrickle.engine.differentiate.aggregate import delta_aggregate
from airflow.providers.pgtrickle.engine.differentiate.calculus import Calculus
from airflow.providers.pgtrickle.engine.differentiate.window import delta_window
from airflow.providers.pgtrickle.engine.ops import expressions as ex
from airflow.providers.pgtrickle.engine.ops.naming import BIGINT
from airflow.providers.pgtrickle.engine.ops.nodes import (
    Aggregate,
    Consolidate,
    Empty,
    ExposeWeight,
    Filter,
    Join,
    Op,
    Project,
    SemiJoin,
    UnionAll,
    Window,
    walk,
)
from airflow.providers.pgtrickle.engine.rewrite.rebuild import with_inputs

Pairs = list[tuple[str, str]]


def narrowed_delta(op: Join, position: int, delta: Calculus) -> Op:
    """The settled delta of one input of a join, for the groups that the other inputs ask for."""
    side = op.inputs[position]
    path: list[Filter | Project] = []
    grouped = side
    while isinstance(grouped, (Filter, Project)):
        path.append(grouped)
        grouped = grouped.input
    if not isinstance(grouped, (Aggregate, Window)) or not grouped.keys or delta.is_stored(grouped):
        return delta.settled(side)
    change = delta.settled(grouped.input)
    if isinstance(change, Empty):
        return delta.settled(side)
    narrowed: Op = change
    for other in op.inputs:
        pairs = [
            (key, theirs)
            for mine, theirs in _equated(op, side, other)
            if (key := _origin(path, mine)) in grouped.keys
        ]
        if other is not side and pairs and _is_selective(other) and delta.restrict.drivable(other):
            narrowed = _asked_for(narrowed, other, pairs, delta)
    if narrowed is change:
        return delta.settled(side)
    if isinstance(grouped, Aggregate):
        result = delta_aggregate(grouped, delta, narrowed)
    else:
        result = delta_window(grouped, delta, narrowed)
    for node in reversed(path):
        result = with_inputs(node, [result])
    return Consolidate(result)


def _equated(op: Join, side: Op, other: Op) -> Pairs:
    return [
        (mine, theirs)
        for pair in map(ex.equated_columns, op.predicates)
        if pair is not None
        for mine, theirs in (pair, pair[::-1])
        if mine in side.columns and theirs in other.columns
    ]


def _origin(path: list[Filter | Project], column: str) -> str | None:
    """The column under the path that a column above it is."""
    found: str | None = column
    for node in path:
        if isinstance(node, Project):
            found = ex.column_of(dict(node.outputs)[found]) if found is not None else None
    return found


def _is_selective(op: Op) -> bool:
    return any(isinstance(node, (Filter, SemiJoin)) for node in walk(op))


def _asked_for(change: Op, other: Op, pairs: Pairs, delta: Calculus) -> Op:
    """The changed rows whose key the other input has, or had."""
    names = delta.names
    renamed = {theirs: names.like(theirs) for _, theirs in pairs}
    columns = tuple(renamed.values())
    outputs = tuple((new, ex.column(old)) for old, new in renamed.items())
    parts: list[Op] = [Project(delta.state(other), outputs)]
    settled = delta.settled(other)
    if not isinstance(settled, Empty):
        parts.append(Project(ExposeWeight(settled, names.fresh("weight", BIGINT)), outputs))
    asked = parts[0] if len(parts) == 1 else UnionAll(tuple(parts), columns, (columns,) * len(parts))
    return SemiJoin(
        change, asked, tuple(ex.equals(ex.column(key), ex.column(renamed[theirs])) for key, theirs in pairs)
    )
