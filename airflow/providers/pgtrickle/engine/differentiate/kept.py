"""Group by whose groups are kept in a table of their own (see rewrite.keep_aggregates).

    Δγ(A) = γ'(g) − γ(g)   over the groups g of ΔA: the new states from the stored ones, less the stored ones

The new states follow from the stored ones and the change as those of a stream table's storage do
(``grouped_storage``). Reads the stored rows of the touched groups; of the input only groups that lost an
extremum.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from airflow.providers.pgtrickle.engine.analysis.states import GroupStates
from airflow.providers.pgtrickle.engine.differentiate.calculus import Calculus
from airflow.providers.pgtrickle.engine.differentiate.grouped_storage import merged_groups
from airflow.providers.pgtrickle.engine.differentiate.recursive import Stored
from airflow.providers.pgtrickle.engine.ops import expressions as ex
from airflow.providers.pgtrickle.engine.ops.naming import INTEGER
from airflow.providers.pgtrickle.engine.ops.nodes import (
    Aggregate,
    Empty,
    Filter,
    Negate,
    Op,
    Plain,
    Project,
    Scan,
    SemiJoin,
    union_all,
)


@dataclass(frozen=True, slots=True)
class _Touched:
    """The groups that a change touches: as they are after it, and their keys."""

    op: Aggregate
    after: Op
    keys: Op
    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class StoredGroups(Stored):
    """Kept groups as they are stored: the keys and the states in order, then the row's hash."""

    states: GroupStates
    scalar: bool
    _touched: dict[int, _Touched] = field(default_factory=dict, compare=False)

    def rows(self, columns: Sequence[str]) -> Op:
        """The stored rows under these names; few when they are one."""
        rows = Stored.rows(self, columns)
        return Filter(rows, ex.TRUE, few=True) if self.scalar else rows

    def delta(self, op: Aggregate, delta: Calculus) -> Op:
        """The touched groups after the change, less the same groups before it."""
        touched = self._find(op, delta)
        if touched is None:
            return Empty(op.columns)
        before = self.rows(op.columns)
        if not op.scalar:
            before = delta.restrict.restrict(before, touched.keys, touched.pairs)
        return union_all((touched.after, Negate(before)), op.columns)

    def state(self, op: Aggregate, delta: Calculus) -> Op:
        """All groups after the change: as they are stored where it does not touch them."""
        touched, before = self._find(op, delta), self.rows(op.columns)
        if touched is None:
            return before
        if op.scalar:
            return Filter(touched.after, ex.TRUE, few=True)
        if not delta.not_null.of(op) >= frozenset(op.keys):
            return Plain(union_all((before, delta.settled(op)), op.columns))
        same = tuple(ex.equals(ex.column(mine), ex.column(key)) for mine, key in touched.pairs)
        untouched = SemiJoin(before, touched.keys, same, anti=True)
        return union_all((untouched, touched.after), op.columns)

    def _find(self, op: Aggregate, delta: Calculus) -> _Touched | None:
        """The touched groups, None when there are none; the same nodes whenever they are asked for."""
        if id(op) not in self._touched:
            change = delta.settled(op.input)
            if isinstance(change, Empty):
                return None
            sign = delta.names.fresh("sign", INTEGER)
            contents = Scan(self.scan.source, self.scan.fields[:-1])
            merged = merged_groups(op, self.states, contents, change, sign, delta)
            present = Filter(merged, ex.compare(ex.column(sign), ">", ex.integer(0)))
            after = Project(present, tuple((name, ex.column(name)) for name in op.columns))
            keys, pairs = delta.restrict.keys_of(change, op.keys)
            self._touched[id(op)] = _Touched(op, after, keys, pairs)
        return self._touched[id(op)]
