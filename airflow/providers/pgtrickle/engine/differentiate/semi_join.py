"""Semi join and anti join, for any predicate θ.

    Δ(A ⋉ B) = ΔA ⋉ B  +  Σ over the rows a of A⁻ :  a · ([a has a match in B] − [a has a match in B⁻])
    Δ(A ▷ B) = ΔA ▷ B  −  the same sum

Existence changes only for rows that match a row of ΔB, so the sum runs over those. The matches after the
change are counted in B, the matches before it are those less the weights of the matching rows of ΔB: B⁻ is
never built. A row of A⁻ = A − ΔA carries its weight, so duplicates and rows that came or went in the same
interval need no special case. Reads A at the keys of ΔB, and B at the keys of what was found; without an
equality in θ, A and B as a whole.
"""

from __future__ import annotations

from dataclasses import replace

from airflow.providers.pgtrickle.engine.differentiate.calculus import Calculus
from airflow.providers.pgtrickle.engine.ops import expressions as ex
from airflow.providers.pgtrickle.engine.ops.naming import BIGINT
from airflow.providers.pgtrickle.engine.ops.nodes import (
    Aggregate,
    AggregateCall,
    AsWeight,
    Empty,
    ExposeWeight,
    Filter,
    Join,
    Negate,
    Number,
    Op,
    Project,
    SemiJoin,
    UnionAll,
    union_all,
)


def delta_semi_join(op: SemiJoin, delta: Calculus) -> Op:
    """New and gone left rows against the present right side, and the old ones whose existence flipped."""
    parts: list[Op] = []
    left = delta.settled(op.left)
    if not isinstance(left, Empty):
        right = delta.restrict.beside(left, delta.state(op.right), op.predicates)
        parts.append(replace(op, left=left, right=right))
    if not isinstance(delta.settled(op.right), Empty):
        parts.append(_flips(op, delta))
    return union_all(tuple(parts), op.columns)


def _flips(op: SemiJoin, delta: Calculus) -> Op:
    names = delta.names
    change = delta.settled(op.right)
    touched = Number(_touched(op, delta), names.fresh("row", BIGINT), names.fresh("weight", BIGINT))
    after, before = names.fresh("after", BIGINT), names.fresh("before", BIGINT)
    one, row = ex.integer(1), ex.column(touched.name)
    present = delta.restrict.drive(touched, [delta.state(op.right)], op.predicates)
    weight = names.fresh("weight", BIGINT)
    gone = Join((touched, ExposeWeight(change, weight)), op.predicates)
    matches = UnionAll(
        (
            Project(present, ((touched.name, row), (after, one), (before, one))),
            Project(
                gone,
                (
                    (touched.name, row),
                    (after, ex.integer(0)),
                    (before, ex.multiply(ex.integer(-1), ex.column(weight))),
                ),
            ),
        ),
        (touched.name, after, before),
        ((touched.name, after, before),) * 2,
    )
    counted_after, counted_before = names.fresh("after", BIGINT), names.fresh("before", BIGINT)
    counted = Aggregate(
        matches,
        (touched.name,),
        (
            AggregateCall(counted_after, ex.aggregate_call("sum", ex.column(after))),
            AggregateCall(counted_before, ex.aggregate_call("sum", ex.column(before))),
        ),
    )
    match_row = names.fresh("row", BIGINT)
    renamed = Project(
        counted,
        (
            (match_row, row),
            (counted_after, ex.column(counted_after)),
            (counted_before, ex.column(counted_before)),
        ),
    )
    is_after = ex.compare(ex.column(counted_after), ">", ex.integer(0))
    is_before = ex.compare(ex.column(counted_before), ">", ex.integer(0))
    joined = Join((touched, renamed), (ex.equals(row, ex.column(match_row)),))
    flipped = Filter(joined, ex.compare(is_after, "<>", is_before))
    appears = ex.negate(is_after) if op.anti else is_after
    sign = ex.case([(appears, one)], ex.integer(-1))
    flip = names.fresh("flip", BIGINT)
    outputs = tuple((name, ex.column(name)) for name in op.columns)
    weighted = Project(flipped, (*outputs, (flip, ex.multiply(ex.column(touched.weight), sign))))
    return AsWeight(weighted, flip)


def _touched(op: SemiJoin, delta: Calculus) -> Op:
    """The rows of A⁻ that can match a row of ΔB: those at its keys.

    A superset is harmless, it does not flip.
    """
    change, restrict = delta.settled(op.right), delta.restrict
    pairs = [
        (mine, theirs)
        for pair in map(ex.matched_columns, op.predicates)
        if pair is not None
        for mine, theirs in (pair, pair[::-1])
        if mine in op.left.columns and theirs in op.right.columns
    ]
    state, gone = delta.state(op.left), delta.settled(op.left)
    if pairs:
        keys, renamed = restrict.keys_of(change, tuple(dict.fromkeys(theirs for _, theirs in pairs)))
        key_of = dict(renamed)
        key_pairs = tuple((mine, key_of[theirs]) for mine, theirs in pairs)
        return union_all(
            (
                restrict.restrict(state, keys, key_pairs),
                Negate(restrict.restrict(gone, keys, key_pairs)) if not isinstance(gone, Empty) else gone,
            ),
            op.columns,
        )
    exposed = ExposeWeight(change, delta.names.fresh("weight", BIGINT))
    parts: list[Op] = [SemiJoin(state, exposed, op.predicates)]
    if not isinstance(gone, Empty):
        parts.append(Negate(SemiJoin(gone, exposed, op.predicates)))
    return union_all(tuple(parts), op.columns)
