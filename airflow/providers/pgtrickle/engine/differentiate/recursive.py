"""Recursive queries.

    R = S + T(R)          S the start, T the step, which is linear in R; for UNION read ∪ for +

The change of T's other inputs splits the step into C, what stays, M, what goes, and P, what comes
(``recursive_step``); ΔS = Sᴾ − Sᴹ likewise. Then, for UNION ALL, where rows count by their derivations,

    D = (Sᴹ + M(R⁻)) + C(D)              the derivations that are gone
    I = (Sᴾ + P(R⁻) − P(D)) + T(I)       those that are new
    ΔR = I − D

With Rᶜ = R⁻ − D, which satisfies Rᶜ = Sᶜ + C(Rᶜ): subtracting that from R⁻ = S⁻ + C(R⁻) + M(R⁻) gives the
first line, subtracting it from R = S + C(R) + P(R) gives R − Rᶜ = Sᴾ + P(Rᶜ) + T(R − Rᶜ), the second. No term
is negative, so nothing has to cancel on the way: the two recursions end when the query ended before and ends
now.

For UNION a row is there or not, and a row that lost one derivation may have another: delete and rederive
(Gupta, Mumick & Subrahmanian, SIGMOD 1993).

    D = (Sᴹ ∪ M(R⁻)) ∪ C(D)                                      all that rests on something gone
    K = R⁻ ∖ D                                                   what is left
    N = ((D ∩ (S ∪ T(K))) ∪ Sᴾ ∪ P(K)) ∪ T(N)  ∖ K               what comes back, and what comes
    ΔR = N − D

Both read the stored R⁻: at the keys that the changed inputs join, and row by row; the other inputs at the
joined keys. They cost as many derivations as go and come. Where T is not linear in R, the recursion (not the
whole query) is evaluated and compared with what is stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from airflow.providers.pgtrickle.engine.analysis.recursion import can_change, obstacle
from airflow.providers.pgtrickle.engine.differentiate.calculus import Calculus
from airflow.providers.pgtrickle.engine.differentiate.recursive_step import Input, StepChange, row_match
from airflow.providers.pgtrickle.engine.ops import expressions as ex
from airflow.providers.pgtrickle.engine.ops.naming import BIGINT
from airflow.providers.pgtrickle.engine.ops.nodes import (
    Consolidate,
    Empty,
    ExposeWeight,
    Negate,
    Op,
    Plain,
    Project,
    Recursive,
    Scan,
    SelfReference,
    SemiJoin,
    union_all,
    walk,
)


@dataclass(frozen=True, slots=True)
class Stored:
    """The rows of a recursion as they are stored: ``scan`` has its columns in order, then their hash."""

    scan: Scan

    def rows(self, columns: Sequence[str]) -> Op:
        """The stored rows under these names."""
        return _renamed(self.scan, self.scan.columns[:-1], columns)

    @property
    def by_hash(self) -> str:
        """The column of ``hashed_rows`` that has the hash."""
        return self.scan.columns[-1]

    def hashed_rows(self, columns: Sequence[str]) -> Op:
        """The stored rows under these names, and their hash."""
        return _renamed(self.scan, self.scan.columns, (*columns, self.by_hash))

    def after(self, change: Op, columns: tuple[str, ...], delta: Calculus) -> Op:
        """The rows after a change: those that it does not touch, and what it makes of the others."""
        if isinstance(change, Empty):
            return self.rows(columns)
        passed = tuple((name, ex.column(name)) for name in columns)
        touched = Project(ExposeWeight(change, delta.names.fresh("weight", BIGINT)), passed)
        rows = self.hashed_rows(columns)
        other, same = row_match(columns, touched, delta, own_hash=self.by_hash)
        few = delta.restrict.to_rows_of(rows, other, [(self.by_hash, other.columns[-1])])
        untouched = Project(SemiJoin(rows, other, same, anti=True), passed)
        before = Project(SemiJoin(few, other, same), passed)
        return union_all((untouched, Plain(union_all((before, change), columns))), columns)


def delta_recursive(op: Recursive, stored: Stored, delta: Calculus) -> Op:
    """The rows that come and go; ``stored`` are those of the frontier before."""
    if not can_change(op, delta.changed):
        return Empty(op.columns)
    if obstacle(op) is not None:
        evaluated = delta.evaluated(op)
        return Consolidate(union_all((evaluated, Negate(stored.rows(op.columns))), op.columns))
    law = _Union(op, delta, stored) if op.distinct else _UnionAll(op, delta, stored)
    return law.change()


class _Law:
    def __init__(self, op: Recursive, delta: Calculus, stored: Stored) -> None:
        self.op = op
        self.delta = delta
        self.stored = stored
        self.step = StepChange(op, delta)
        self.start = Input(op.start, delta)
        self.own = next(
            node.columns
            for node in walk(op.step)
            if isinstance(node, SelfReference) and node.label == op.label
        )

    def fixpoint(self, seeds: Op, step: Op, reference: SelfReference) -> Op:
        """The recursion; the arms have the query's columns, and so has the result."""
        columns = self.op.columns
        return Recursive(reference.label, seeds, step, columns, (columns, columns), self.op.distinct)

    def reference(self) -> SelfReference:
        label = self.delta.names.fresh("recursive")
        return SelfReference(label, self.own, weighted=not self.op.distinct, few=True)

    def from_start(self, part: Op) -> Op:
        return _renamed(part, self.op.mappings[0], self.op.columns)

    def from_step(self, part: Op) -> Op:
        return part if isinstance(part, Empty) else _renamed(part, self.op.mappings[1], self.op.columns)

    def seeds(self, *, gone: bool, rows: Op) -> Op:
        """Sᴹ + M(rows), or Sᴾ + P(rows)."""
        parts: list[Op] = []
        if self.start.changed:
            parts.append(self.from_start(self.start.gone if gone else self.start.came))
        parts.append(self.from_step(self.step.gone(rows) if gone else self.step.came(rows)))
        return union_all(tuple(parts), self.op.columns)


class _UnionAll(_Law):
    def change(self) -> Op:
        columns = self.op.columns
        before = self.stored.rows(self.own)
        reference = self.reference()
        gone = _consolidated(self.seeds(gone=True, rows=before))
        went = self.fixpoint(gone, self.from_step(self.step.common(reference)), reference)
        again = self.from_step(self.step.came(_renamed(went, columns, self.own)))
        coming = [self.seeds(gone=False, rows=before)]
        if not isinstance(again, Empty):
            coming.append(Negate(again))
        reference = self.reference()
        new = _consolidated(union_all(tuple(coming), columns))
        came = self.fixpoint(new, self.from_step(self.step.present(reference)), reference)
        return union_all((came, Negate(went)), columns)


class _Union(_Law):
    def change(self) -> Op:
        columns = self.op.columns
        reference = self.reference()
        gone = self._rows(self.seeds(gone=True, rows=self.stored.rows(self.own)))
        went = self.fixpoint(gone, self.from_step(self.step.common(reference)), reference)
        other, same = row_match(
            self.own, _renamed(went, columns, self.own), self.delta, own_hash=self.stored.by_hash
        )
        kept = SemiJoin(self.stored.hashed_rows(self.own), other, same, anti=True)
        back = [self.from_start(self.start.state), self.from_step(self.step.present(kept))]
        new = self._rows(self.seeds(gone=False, rows=kept))
        start = union_all((*(self._among(rows, went) for rows in back), self._cut(new, went)), columns)
        reference = self.reference()
        step = self._cut(self.from_step(self.step.present(reference)), went)
        return union_all((self.fixpoint(start, step, reference), Negate(went)), columns)

    def _among(self, rows: Op, went: Op) -> Op:
        """Those rows that are among the ones that went."""
        fresh = {name: self.delta.names.like(name) for name in self.op.columns}
        return self.delta.restrict.restrict(
            rows, _renamed(went, tuple(fresh), tuple(fresh.values())), tuple(fresh.items())
        )

    def _rows(self, some: Op) -> Op:
        """The rows of a relation in which no weight is negative on the whole, once or more."""
        if some.weighted:
            some = ExposeWeight(_consolidated(some), self.delta.names.fresh("weight", BIGINT))
        return Project(some, tuple((name, ex.column(name)) for name in self.op.columns))

    def _cut(self, rows: Op, went: Op) -> Op:
        """The rows that are not among those that are left: not stored, or gone."""
        columns = self.op.columns
        rows_before, by_hash = self.stored.hashed_rows(columns), self.stored.by_hash
        stored, same = row_match(columns, rows_before, self.delta, by_hash=by_hash)
        gone, alike = row_match(columns, went, self.delta)
        return union_all((SemiJoin(rows, stored, same, anti=True), SemiJoin(rows, gone, alike)), columns)


def _consolidated(op: Op) -> Op:
    """The rows with what cancels taken out; a plain relation has nothing of the kind."""
    return Consolidate(op) if op.weighted else op


def _renamed(op: Op, before: Sequence[str], after: Sequence[str]) -> Op:
    return Project(op, tuple((new, ex.column(old)) for old, new in zip(before, after, strict=True)))
