"""Move predicates to where their columns come from, and melt nested inner joins into one n-ary join.

    σ(A ⋈ B) = σ(A) ⋈ B        when the predicate reads A alone
    σ(A ⟕ B) = σ(A) ⟕ B        when the predicate reads A alone
    A ⟕(p ∧ q) B = A ⟕(p) σ(q)(B)   when q reads B alone
    σ(A ⟕ B) = σ(A ⋈ B)        when the predicate cannot be true of a row that is padded with NULL
    σ(γ(A)) = γ(σ(A))          when the predicate reads group keys alone, and there is at least one

Small deltas start from filtered inputs, and the join order is the planner's. Must not fire on a subtree with
several readers (it would be computed once for each), nor through a scalar aggregate, which has its one row
whatever its input.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from airflow.providers.pgtrickle.engine.ops import expressions as ex
from airflow.providers.pgtrickle.engine.ops.expressions import Expr
from airflow.providers.pgtrickle.engine.ops.nodes import (
    Aggregate,
    Apply,
    Filter,
    Join,
    Op,
    OuterJoin,
    Project,
    SemiJoin,
    UnionAll,
    Window,
    walk,
)
from airflow.providers.pgtrickle.engine.rewrite.rebuild import with_inputs

Predicates = tuple[Expr, ...]


def push_predicates(op: Op) -> Op:
    """The tree with every predicate as deep as it may go."""
    readers = Counter(id(child) for node in walk(op) for child in node.inputs)
    shared = {identity for identity, count in readers.items() if count > 1}
    return _Pusher(shared).push(op, ())


class _Pusher:
    def __init__(self, shared: set[int]) -> None:
        self.shared = shared
        self._built: dict[int, Op] = {}

    def push(self, op: Op, predicates: Predicates) -> Op:
        if id(op) in self.shared:
            if id(op) not in self._built:
                self._built[id(op)] = self._descend(op, ())
            return _filtered(self._built[id(op)], predicates)
        return self._descend(op, predicates)

    def _descend(self, op: Op, predicates: Predicates) -> Op:
        match op:
            case Filter():
                return self.push(op.input, ex.conjuncts(op.predicate) + predicates)
            case Project():
                outputs = dict(op.outputs)
                lowered = tuple(ex.substitute(predicate, outputs) for predicate in predicates)
                return replace(op, input=self.push(op.input, lowered))
            case Join():
                return self._join(op, predicates)
            case OuterJoin():
                return self._outer_join(op, predicates)
            case SemiJoin():
                return replace(op, left=self.push(op.left, predicates), right=self.push(op.right, ()))
            case Aggregate():
                below, above = _split(predicates, () if op.scalar else op.keys)
                return _filtered(replace(op, input=self.push(op.input, below)), above)
            case Apply():
                below, above = _split(predicates, op.input.columns)
                return _filtered(replace(op, input=self.push(op.input, below)), above)
            case Window():
                below, above = _split(predicates, op.keys)
                return _filtered(replace(op, input=self.push(op.input, below)), above)
            case UnionAll():
                sides = []
                for side, mapping in zip(op.inputs, op.mappings, strict=True):
                    renamed = {
                        name: ex.column(source) for name, source in zip(op.columns, mapping, strict=True)
                    }
                    sides.append(self.push(side, tuple(ex.substitute(p, renamed) for p in predicates)))
                return replace(op, inputs=tuple(sides))
            case _:
                return _filtered(with_inputs(op, [self.push(child, ()) for child in op.inputs]), predicates)

    def _join(self, op: Join, predicates: Predicates) -> Op:
        inputs: list[Op] = []
        pending = [*op.predicates, *predicates]
        stack = list(reversed(op.inputs))
        while stack:
            side = stack.pop()
            if id(side) not in self.shared and isinstance(side, Join):
                pending.extend(side.predicates)
                stack.extend(reversed(side.inputs))
            elif id(side) not in self.shared and isinstance(side, Filter) and _is_free(side.predicate):
                pending.extend(ex.conjuncts(side.predicate))
                stack.append(side.input)
            else:
                inputs.append(side)
        conditions = [part for predicate in pending for part in ex.conjuncts(predicate)]
        pushed: list[Op] = []
        for side in inputs:
            own, conditions = _take(conditions, side.columns)
            pushed.append(self.push(side, own))
        return Join(tuple(pushed), tuple(conditions))

    def _outer_join(self, op: OuterJoin, predicates: Predicates) -> Op:
        on = [part for predicate in op.predicates for part in ex.conjuncts(predicate)]
        if op.full:
            joined = replace(
                op, left=self.push(op.left, ()), right=self.push(op.right, ()), predicates=tuple(on)
            )
            return _filtered(joined, predicates)
        if any(not ex.rejected_null(predicate).isdisjoint(op.right.columns) for predicate in predicates):
            return self._join(Join((op.left, op.right), tuple(on)), predicates)
        own, on = _take(on, op.right.columns)
        below, above = _split(predicates, op.left.columns)
        joined = replace(
            op, left=self.push(op.left, below), right=self.push(op.right, own), predicates=tuple(on)
        )
        return _filtered(joined, above)


def _take(conditions: list[Expr], columns: Iterable[str]) -> tuple[Predicates, list[Expr]]:
    own, rest = _split(tuple(conditions), columns)
    return own, list(rest)


def _split(predicates: Predicates, columns: Iterable[str]) -> tuple[Predicates, Predicates]:
    """Those that read these columns alone (and at least one), and the rest."""
    available = frozenset(columns)
    inside = tuple(
        p for p in predicates if (names := ex.column_names(p)) and names <= available and _is_free(p)
    )
    chosen = {id(predicate) for predicate in inside}
    return inside, tuple(predicate for predicate in predicates if id(predicate) not in chosen)


def _is_free(predicate: Expr) -> bool:
    """Whether the predicate may be moved: what can raise an error is for the rows of its own place."""
    return not ex.can_raise(predicate)


def _filtered(op: Op, predicates: Predicates) -> Op:
    return Filter(op, ex.and_(predicates)) if predicates else op
