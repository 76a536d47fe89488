"""What a change of its other inputs makes of the step of a recursion, for a given previous iteration.

The step T is linear in the previous iteration X (analysis.recursion). With T⁻ the step before the change, it
is split into what stays, what goes and what comes, each of which only ever adds rows:

    T⁻(X) = C(X) + M(X)          T(X) = C(X) + P(X)

A relation E that does not read X is split by the signs of its settled change: E⁻ = Eᶜ + Eᴹ, E = Eᶜ + Eᴾ. Then

    f(A):   C = f(Aᶜ)            M = f(Aᴹ)                               filter, project, function, union all
    A ⋈ E:  C = Aᶜ ⋈ Eᶜ          M = Aᴹ ⋈ E⁻ + Aᶜ ⋈ Eᴹ                   P = Aᴾ ⋈ E + Aᶜ ⋈ Eᴾ
    A ⋉ E:  C = Aᶜ ⋉ Eᶜ          M = Aᴹ ⋉ E⁻ + (Aᶜ ⋉ Eᴹ) ▷ Eᶜ            P = Aᴾ ⋉ E + (Aᶜ ⋉ Eᴾ) ▷ Eᶜ
    A ▷ E:  C = Aᶜ ▷ E ▷ Eᴹ      M = Aᴹ ▷ E⁻ + (Aᶜ ⋉ Eᴾ) ▷ E⁻            P = Aᴾ ▷ E + (Aᶜ ⋉ Eᴹ) ▷ E

and a left join is its inner and its anti part. M and P start from the small changes and look X and E up by
the joined keys; C is evaluated by PostgreSQL at each iteration. There Eᶜ is taken apart into the rows of E
that are unlike every row of Eᴾ, which an index on E still serves, and the few copies left of the others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product

from airflow.providers.pgtrickle.engine.analysis.recursion import dependent_nodes
from airflow.providers.pgtrickle.engine.differentiate.calculus import Calculus
from airflow.providers.pgtrickle.engine.ops import expressions as ex
from airflow.providers.pgtrickle.engine.ops.naming import BIGINT
from airflow.providers.pgtrickle.engine.ops.nodes import (
    Aggregate,
    AsWeight,
    Consolidate,
    Empty,
    ExposeWeight,
    Filter,
    Join,
    Negate,
    Op,
    OuterJoin,
    Project,
    Recursive,
    SelfReference,
    SemiJoin,
    UnionAll,
    union_all,
)
from airflow.providers.pgtrickle.engine.rewrite.rebuild import transform, with_inputs

#: Changed inputs of a join over whose parts it is written out.
_MOST_SPLIT = 2


class StepChange:
    """The parts of a step as functions of the relation that stands for the previous iteration."""

    def __init__(self, op: Recursive, delta: Calculus) -> None:
        self.op = op
        self.delta = delta
        self.step = transform(op.step, self._split_outer_join)
        self._dependent = dependent_nodes(op.step, op.label) | dependent_nodes(self.step, op.label)
        self._inputs: dict[int, Input] = {}

    def present(self, rows: Op) -> Op:
        """T(rows)."""
        # No outer join of weighted rows: there its parts do.
        return self._present(self.op.step if self.op.distinct else self.step, rows)

    def common(self, rows: Op) -> Op:
        """C(rows), for a SelfReference: to be evaluated at each iteration."""
        return self._common(self.step, rows)

    def gone(self, rows: Op) -> Op:
        """M(rows), weighted."""
        return self._change(self.step, rows, gone=True)

    def came(self, rows: Op) -> Op:
        """P(rows), weighted."""
        return self._change(self.step, rows, gone=False)

    # -- parts --------------------------------------------------------------------------------------------

    def _split_outer_join(self, node: Op) -> Op:
        if not isinstance(node, OuterJoin):
            return node
        types = self.delta.names.types
        kept = frozenset(node.left.columns)
        unmatched = Project(
            SemiJoin(node.left, node.right, node.predicates, anti=True),
            tuple(
                (name, ex.column(name) if name in kept else ex.cast(ex.null(), types[name].base))
                for name in node.columns
            ),
        )
        return union_all((Join((node.left, node.right), node.predicates), unmatched), node.columns)

    def _input(self, op: Op) -> Input:
        if id(op) not in self._inputs:
            self._inputs[id(op)] = Input(op, self.delta)
        return self._inputs[id(op)]

    def _present(self, node: Op, rows: Op) -> Op:
        if id(node) not in self._dependent:
            return self.delta.state(node)
        if isinstance(node, SelfReference):
            return rows
        return with_inputs(node, [self._present(child, rows) for child in node.inputs])

    def _common(self, node: Op, rows: Op) -> Op:
        match node:
            case SelfReference():
                return rows
            case Join():
                return self._common_join(node, rows)
            case SemiJoin():
                left, right = self._common(node.left, rows), self._input(node.right)
                if not right.changed:
                    return SemiJoin(left, right.state, node.predicates, node.anti)
                if node.anti:
                    still = SemiJoin(left, right.state, node.predicates, anti=True)
                    return SemiJoin(still, right.gone_rows, node.predicates, anti=True)
                unlike = SemiJoin(left, right.unlike, node.predicates)
                rest = SemiJoin(left, right.unlike, node.predicates, anti=True)
                return union_all((unlike, SemiJoin(rest, right.copies_rows, node.predicates)), node.columns)
            case _:
                return with_inputs(node, [self._common(child, rows) for child in node.inputs])

    def _common_join(self, node: Join, rows: Op) -> Op:
        """A join distributes over what an input is made of, so that each part is looked up by an index.

        Of many changed inputs only the first do: the terms double with each.
        """
        alternatives: list[Sequence[Op]] = []
        split = 0
        for side in node.inputs:
            if id(side) in self._dependent:
                alternatives.append([self._common(side, rows)])
                continue
            other = self._input(side)
            if not other.changed:
                alternatives.append([other.state])
                continue
            parts = (other.unlike, other.copies_rows if self.op.distinct else other.copies)
            alternatives.append(parts if split < _MOST_SPLIT else [union_all(parts, side.columns)])
            split += 1
        terms = [Join(tuple(sides), node.predicates) for sides in product(*alternatives)]
        return union_all(tuple(terms), node.columns)

    def _change(self, node: Op, rows: Op, *, gone: bool) -> Op:
        match node:
            case SelfReference():
                return Empty(node.columns)
            case Join():
                return self._join_change(node, rows, gone=gone)
            case SemiJoin():
                return self._semi_join_change(node, rows, gone=gone)
            case UnionAll():
                changed = [
                    (part, mapping)
                    for side, mapping in zip(node.inputs, node.mappings, strict=True)
                    if not isinstance(part := self._change(side, rows, gone=gone), Empty)
                ]
                if not changed:
                    return Empty(node.columns)
                parts, mappings = zip(*changed, strict=True)
                return UnionAll(parts, node.columns, mappings)
            case Aggregate():
                # DISTINCT under a recursion by UNION, which removes duplicates itself.
                below = self._change(node.input, rows, gone=gone)
                passed = tuple((name, ex.column(name)) for name in node.columns)
                return below if isinstance(below, Empty) else Project(below, passed)
            case _:
                below = self._change(node.inputs[0], rows, gone=gone)
                return Empty(node.columns) if isinstance(below, Empty) else with_inputs(node, [below])

    def _join_change(self, node: Join, rows: Op, *, gone: bool) -> Op:
        """One term for each input that changed.

        Those before it as they stayed, those after it as they are on the side of the change asked for.
        """
        dependent = next(side for side in node.inputs if id(side) in self._dependent)
        stayed = self._common(dependent, rows)
        others = [self._input(side) for side in node.inputs if side is not dependent]
        terms: list[Op] = []
        own = self._change(dependent, rows, gone=gone)
        if not isinstance(own, Empty):
            minus = {id(item.state): item.change for item in others if gone and item.changed}
            terms.append(self._driven(own, [item.state for item in others], node, minus))
        for position, driver in enumerate(others):
            if not driver.changed:
                continue
            rest = [item for item in others if item is not driver]
            minus = {
                id(item.state): item.came if before else item.change
                for item in rest
                if item.changed and ((before := item in others[:position]) or gone)
            }
            start = driver.gone if gone else driver.came
            terms.append(self._driven(start, [stayed, *(item.state for item in rest)], node, minus))
        return union_all(tuple(terms), node.columns)

    def _driven(self, driver: Op, others: list[Op], node: Join, minus: dict[int, Op]) -> Op:
        joined = self.delta.restrict.drive(driver, others, node.predicates, minus)
        return Project(joined, tuple((name, ex.column(name)) for name in node.columns))

    def _semi_join_change(self, node: SemiJoin, rows: Op, *, gone: bool) -> Op:
        right = self._input(node.right)
        before = self._matching(right.before if gone and right.changed else right.state)
        terms: list[Op] = []
        own = self._change(node.left, rows, gone=gone)
        if not isinstance(own, Empty):
            terms.append(before(own, node, anti=node.anti))
        if right.changed:
            flipped = right.gone_rows if gone != node.anti else right.came_rows
            touched = self._touched(self._common(node.left, rows), flipped, node)
            against = before if node.anti else self._matching(right.common)
            terms.append(against(touched, node, anti=True))
        return union_all(tuple(terms), node.columns)

    def _matching(self, right: Op) -> Callable[..., Op]:
        def matched(left: Op, node: SemiJoin, *, anti: bool) -> Op:
            beside = self.delta.restrict.beside(left, right, node.predicates)
            return SemiJoin(left, beside, node.predicates, anti)

        return matched

    def _touched(self, left: Op, small: Op, node: SemiJoin) -> Op:
        """The rows of ``left`` that match a row of a small relation."""
        pairs = [
            (mine, theirs)
            for pair in map(ex.equated_columns, node.predicates)
            if pair is not None
            for mine, theirs in (pair, pair[::-1])
            if mine in left.columns and theirs in small.columns
        ]
        return SemiJoin(self.delta.restrict.to_rows_of(left, small, pairs), small, node.predicates)


class Input:
    """A relation that the step reads beside the previous iteration, and the parts of its change."""

    def __init__(self, op: Op, delta: Calculus) -> None:
        self.state = delta.state(op)
        self.change = delta.settled(op)
        self.changed = not isinstance(self.change, Empty)
        if not self.changed:
            return
        names, columns = delta.names, op.columns
        weight, lost = names.fresh("weight", BIGINT), names.fresh("weight", BIGINT)
        passed = tuple((name, ex.column(name)) for name in columns)
        signed = ExposeWeight(self.change, weight)
        positive = Filter(signed, ex.compare(ex.column(weight), ">", ex.integer(0)))
        negative = Filter(signed, ex.compare(ex.column(weight), "<", ex.integer(0)))
        turned = ex.multiply(ex.integer(-1), ex.column(weight))
        self.came: Op = AsWeight(positive, weight)
        self.gone: Op = AsWeight(Project(negative, (*passed, (lost, turned))), lost)
        self.came_rows: Op = Project(positive, passed)
        self.gone_rows: Op = Project(negative, passed)
        keyed, same = row_match(columns, self.came_rows, delta)
        #: The rows of E that are unlike every row that came, and the copies that were there of the others.
        self.unlike: Op = SemiJoin(self.state, keyed, same, anti=True)
        comparable = [name for name in columns if names.types[name].has_equality]
        few = delta.restrict.to_rows_of(self.state, self.came_rows, [(name, name) for name in comparable])
        self.copies: Op = Consolidate(union_all((SemiJoin(few, keyed, same), Negate(self.came)), columns))
        exposed = ExposeWeight(self.copies, names.fresh("weight", BIGINT))
        self.copies_rows: Op = Project(exposed, passed)
        self.common: Op = union_all((self.unlike, self.copies_rows), columns)
        self.before: Op = union_all((self.common, self.gone_rows), columns)


def row_match(
    columns: Sequence[str],
    other: Op,
    delta: Calculus,
    *,
    by_hash: str | None = None,
    own_hash: str | None = None,
) -> tuple[Op, tuple[ex.Expr, ...]]:
    """Another relation under fresh names, and the predicates by which one of its rows is a given row.

    ``other`` has the given row's ``columns``, and maybe the hash of them as its column ``by_hash``;
    ``own_hash`` is the given row's where that is stored. NULL is the same as NULL. The last column of the
    relation is the hash.
    """
    names = delta.names
    fresh = {name: names.like(name) for name in columns}
    hashed = ex.row_hash(ex.column(name) for name in columns if names.types[name].has_hash)
    found = names.fresh("row_hash", BIGINT)
    outputs = [(new, ex.column(old)) for old, new in fresh.items()]
    outputs.append((found, ex.column(by_hash) if by_hash else hashed))
    alike = [
        ex.same(ex.column(name), ex.column(new), as_text=not names.types[name].has_equality)
        for name, new in fresh.items()
    ]
    given = ex.column(own_hash) if own_hash else hashed
    return Project(other, tuple(outputs)), (ex.equals(ex.column(found), given), *alike)
