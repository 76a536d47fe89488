"""Restrict first: ask a subtree for the rows of a few keys only.

    A | K  =  the rows of A whose columns equal a row of K (NULL equal to NULL)

    σ(A) | K     = σ(A | K)                   γ_g(A) | K  = γ_g(A | K)       K on group keys
    π(A) | K     = π(A | K)                   (A + B) | K = A | K + B | K
    (A ⋈ B) | K  = (A | K) ⋈ B  K on A        (A ⟕ B) | K = (A | K) ⟕ B      K on A

This is the magic-set rewrite (Bancilhon et al., PODS 1986; Mumick & Pirahesh, SIGMOD 1994). Where only some
key columns can be pushed, the part that can is pushed (a superset of the rows), and the exact restriction
stays above.

A join whose one side has become small hands the restriction on: ``drive`` orders the other sides so that
those that the planner cannot drive by itself (a grouped subquery, say) are restricted to the joined keys.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from airflow.providers.pgtrickle.engine.analysis.keys import Key, UniqueKeys, candidate_keys
from airflow.providers.pgtrickle.engine.analysis.nullability import NotNull
from airflow.providers.pgtrickle.engine.analysis.size import Sizes
from airflow.providers.pgtrickle.engine.ops import expressions as ex
from airflow.providers.pgtrickle.engine.ops.expressions import Expr
from airflow.providers.pgtrickle.engine.ops.memo import Memo
from airflow.providers.pgtrickle.engine.ops.naming import BIGINT, Names
from airflow.providers.pgtrickle.engine.ops.nodes import (
    Aggregate,
    Apply,
    AsWeight,
    Consolidate,
    Constant,
    Empty,
    ExposeWeight,
    Filter,
    Join,
    KeyJoin,
    Negate,
    Op,
    OuterJoin,
    Plain,
    Project,
    Repeat,
    Scan,
    SemiJoin,
    UnionAll,
    Window,
    union_all,
)
from airflow.providers.pgtrickle.engine.rewrite.rebuild import exactly, with_inputs

Pairs = tuple[tuple[str, str], ...]


class Restrict:
    """Restriction over trees that share one set of names."""

    def __init__(self, names: Names, not_null: NotNull, unique: UniqueKeys) -> None:
        self.names = names
        self.not_null = not_null
        self.unique = unique
        self.sizes = Sizes()
        self._keys: Memo[Op, tuple[Key, ...]] = Memo(lambda op: candidate_keys(op, unique))

    def keys_of(self, op: Op, columns: Sequence[str]) -> tuple[Op, Pairs]:
        """The distinct values of some columns of a small relation, as keys; and the pairs (column, key)."""
        renamed = {column: self.names.like(column) for column in columns}
        plain = ExposeWeight(op, self.names.fresh("weight", BIGINT)) if op.weighted else op
        values = Project(plain, tuple((renamed[column], ex.column(column)) for column in columns))
        return Aggregate(values, tuple(renamed.values())), tuple(renamed.items())

    def to_rows_of(self, op: Op, small: Op, columns: Sequence[tuple[str, str]]) -> Op:
        """``op`` restricted to the keys of a small relation; ``columns`` pairs (op's, small's)."""
        if not columns:
            return op
        keys, pairs = self.keys_of(small, tuple(dict.fromkeys(column for _, column in columns)))
        key_names = dict(pairs)
        return self.restrict(op, keys, tuple((mine, key_names[theirs]) for mine, theirs in columns))

    def restrict(self, op: Op, keys: Op, pairs: Pairs) -> Op:
        """The rows of ``op`` that match ``keys`` on all pairs (op column, key column)."""
        if not pairs:
            return op
        if self.sizes.is_small(op):
            return op if isinstance(op, Empty) else KeyJoin(op, keys, pairs)
        match op:
            case Filter() | Consolidate() | Plain() | Negate():
                return replace(op, input=self.restrict(op.input, keys, pairs))
            case KeyJoin():
                return replace(op, input=self.restrict(op.input, keys, pairs))
            case Project():
                passed = {name: source for name, value in op.outputs if (source := ex.column_of(value))}
                return self._partly(op, keys, pairs, passed)
            case Apply():
                return self._partly(op, keys, pairs, {name: name for name in op.input.columns})
            case Window():
                return self._partly(op, keys, pairs, {name: name for name in op.keys})
            case ExposeWeight() | AsWeight() | Repeat():
                passed = {name: name for name in op.input.columns if name != op.name}
                return self._partly(op, keys, pairs, passed)
            case Aggregate():
                return self._partly(op, keys, pairs, {name: name for name in op.keys})
            case UnionAll():
                return replace(op, inputs=tuple(self._branches(op, keys, pairs)))
            case SemiJoin():
                left = self.restrict(op.left, keys, pairs)
                return replace(op, left=left, right=self.beside(left, op.right, op.predicates))
            case OuterJoin() if not op.full:
                return self._outer_join(op, keys, pairs)
            case Join():
                return self._join(op, keys, pairs)
            case _:
                return KeyJoin(op, keys, pairs)

    def beside(self, driver: Op, op: Op, predicates: Iterable[Expr]) -> Op:
        """``op`` as the other side of a join with a small driver: restricted unless the planner drives it."""
        if self.drivable(op):
            return op
        return self.to_rows_of(op, driver, _equated(op, driver, predicates))

    def drivable(self, op: Op) -> bool:
        """Whether the planner can look up rows of ``op`` for each row of a small relation beside it."""
        match op:
            case Scan() | Constant():
                return True
            case Filter() | Project() | Apply():
                return self.drivable(op.input)
            case Join():
                return all(self.drivable(side) for side in op.inputs)
            case SemiJoin() | OuterJoin():
                full = isinstance(op, OuterJoin) and op.full
                return not full and self.drivable(op.left) and self.drivable(op.right)
            case _:
                return self.sizes.is_small(op)

    def drive(
        self,
        driver: Op,
        others: Sequence[Op],
        predicates: Sequence[Expr],
        minus: Mapping[int, Op] = MappingProxyType({}),
    ) -> Op:
        """The inner join of a small driver with other inputs, each of which is looked up by joined keys.

        Inputs that the planner can drive by itself are joined together, so that it finds their order; the
        rest follow one by one as soon as an equality connects them. ``minus`` maps the id of an input to a
        small relation that is to be subtracted from it: A ⋈ (B − C) is taken as A ⋈ B − A ⋈ C.
        """
        joined, rest, open_predicates = driver, list(others), list(predicates)
        while rest:
            chosen = self._chosen(joined, rest, open_predicates, minus)
            rest = [side for side in rest if not any(side is other for other in chosen)]
            less = minus.get(id(chosen[0])) if len(chosen) == 1 else None
            sides = [self.beside(joined, side, open_predicates) for side in chosen]
            columns = frozenset(joined.columns).union(*(side.columns for side in sides))
            now = tuple(p for p in open_predicates if ex.column_names(p) <= columns)
            taken = {id(p) for p in now}
            open_predicates = [p for p in open_predicates if id(p) not in taken]
            product: Op = Join((joined, *sides), now)
            if less is not None:
                product = union_all((product, Negate(Join((joined, less), now))), product.columns)
            joined = product
        return Filter(joined, ex.and_(open_predicates)) if open_predicates else joined

    # -- cases --------------------------------------------------------------------------------------------

    def _partly(self, op: Op, keys: Op, pairs: Pairs, passed: dict[str, str]) -> Op:
        """Push the pairs whose column the input supplies; keep the exact restriction above if some remain."""
        below = tuple((passed[column], key) for column, key in pairs if column in passed)
        if not below:
            return KeyJoin(op, keys, pairs)
        if len(below) == len(pairs):
            return with_inputs(op, [self.restrict(op.inputs[0], keys, below)])
        fewer, renamed = self.keys_of(keys, tuple(dict.fromkeys(key for _, key in below)))
        names = dict(renamed)
        inner = self.restrict(op.inputs[0], fewer, tuple((column, names[key]) for column, key in below))
        return KeyJoin(with_inputs(op, [inner]), keys, pairs)

    def _branches(self, op: UnionAll, keys: Op, pairs: Pairs) -> Iterable[Op]:
        for side, mapping in zip(op.inputs, op.mappings, strict=True):
            position = dict(zip(op.columns, mapping, strict=True))
            yield self.restrict(side, keys, tuple((position[column], key) for column, key in pairs))

    def _outer_join(self, op: OuterJoin, keys: Op, pairs: Pairs) -> Op:
        below = tuple(pair for pair in pairs if pair[0] in op.left.columns)
        if not below:
            return KeyJoin(op, keys, pairs)
        if len(below) < len(pairs):
            fewer, renamed = self.keys_of(keys, tuple(dict.fromkeys(key for _, key in below)))
            names = dict(renamed)
            left = self.restrict(op.left, fewer, tuple((column, names[key]) for column, key in below))
        else:
            left = self.restrict(op.left, keys, below)
        joined = replace(op, left=left, right=self.beside(left, op.right, op.predicates))
        return joined if len(below) == len(pairs) else KeyJoin(joined, keys, pairs)

    def _join(self, op: Join, keys: Op, pairs: Pairs) -> Op:
        """Restrict the side that has most of the key's columns, and drive the others from it."""
        by_side = [tuple(pair for pair in pairs if pair[0] in side.columns) for side in op.inputs]
        position = max(range(len(by_side)), key=lambda index: len(by_side[index]))
        chosen, below = op.inputs[position], by_side[position]
        if len(below) < len(pairs):
            if self._null_free(op, keys, pairs):
                names = {key: self.names.like(key) for _, key in pairs}
                renamed = Project(keys, tuple((new, ex.column(old)) for old, new in names.items()))
                matches = [ex.equals(ex.column(column), ex.column(names[key])) for column, key in pairs]
                driven = self.drive(renamed, op.inputs, [*matches, *op.predicates])
                return exactly(driven, op.columns)
            fewer, renamed_pairs = self.keys_of(keys, tuple(dict.fromkeys(key for _, key in below)))
            key_names = dict(renamed_pairs)
            driver = self.restrict(chosen, fewer, tuple((column, key_names[key]) for column, key in below))
        else:
            driver = self.restrict(chosen, keys, below)
        others = [side for index, side in enumerate(op.inputs) if index != position]
        joined = exactly(self.drive(driver, others, op.predicates), op.columns)
        return joined if len(below) == len(pairs) else KeyJoin(joined, keys, pairs)

    def _null_free(self, op: Op, keys: Op, pairs: Pairs) -> bool:
        mine, theirs = self.not_null.of(op), self.not_null.of(keys)
        return all(column in mine or key in theirs for column, key in pairs)

    # -- join order ---------------------------------------------------------------------------------------

    def _chosen(
        self, joined: Op, rest: list[Op], predicates: Sequence[Expr], minus: Mapping[int, Op]
    ) -> list[Op]:
        """Which inputs to join next: several at once when the planner may order them, else one.

        What is subtracted from has to be joined alone, and fixes what was joined before it. Then inputs that
        add at most one row to each come first, and next the one after which most others do.
        """
        known = set(joined.columns)
        easy = [side for side in rest if id(side) not in minus and self.drivable(side)]
        if len(easy) == len(rest) or not any(id(side) in minus for side in rest):
            found = self._reachable(known, easy, predicates, by_key=False)
        else:
            found = self._reachable(known, easy, predicates, by_key=True)
        if found:
            return found
        connected = [side for side in rest if _equated_with(side, known, predicates)] or rest

        def rank(side: Op) -> tuple[bool, int]:
            others = [other for other in rest if other is not side]
            after = self._reachable(known | set(side.columns), others, predicates, by_key=True)
            return not self._by_key(side, known, predicates), -len(after)

        return [min(connected, key=rank)]

    def _reachable(
        self, known: set[str], sides: list[Op], predicates: Sequence[Expr], *, by_key: bool
    ) -> list[Op]:
        """The sides that equalities connect with the known columns, directly or through one another."""
        known, found = set(known), list[Op]()
        columns = {id(side): frozenset(side.columns) for side in sides}
        progress = True
        while progress:
            progress = False
            for side in sides:
                if any(side is chosen for chosen in found):
                    continue
                if by_key:
                    connected = self._by_key(side, known, predicates)
                else:
                    connected = any(
                        _connects(predicate, known, columns[id(side)]) for predicate in predicates
                    )
                if connected:
                    found.append(side)
                    known.update(side.columns)
                    progress = True
        return found

    def _by_key(self, side: Op, known: set[str], predicates: Sequence[Expr]) -> bool:
        """Whether equalities bind a whole key of the side, so that each row meets at most one of its rows."""
        bound = _equated_with(side, known, predicates)
        return any(key <= bound for key in self._keys(side))


def _equated_with(side: Op, known: set[str], predicates: Sequence[Expr]) -> frozenset[str]:
    """The side's columns that equalities bind to known ones."""
    own = set(side.columns)
    found: set[str] = set()
    for predicate in predicates:
        pair = ex.matched_columns(predicate)
        if pair is not None:
            found.update(mine for mine, theirs in (pair, pair[::-1]) if mine in own and theirs in known)
    return frozenset(found)


def _connects(predicate: Expr, known: set[str], columns: frozenset[str]) -> bool:
    sides = ex.equated_sides(predicate)
    if sides is None:
        return False
    one, other = ex.column_names(sides[0]), ex.column_names(sides[1])
    return bool(one and other) and (
        (one <= known and other <= columns) or (other <= known and one <= columns)
    )


def _equated(op: Op, driver: Op, predicates: Iterable[Expr]) -> list[tuple[str, str]]:
    """Pairs (op's column, driver's column) that the predicates equate."""
    pairs: list[tuple[str, str]] = []
    for predicate in predicates:
        pair = ex.matched_columns(predicate)
        if pair is None:
            continue
        for mine, theirs in (pair, pair[::-1]):
            if mine in op.columns and theirs in driver.columns:
                pairs.append((mine, theirs))
    return pairs
