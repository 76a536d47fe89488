"""Differentiation of a tree: which law serves which operator, and the states that laws ask for."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType

from airflow.providers.pgtrickle.engine.analysis.keys import UniqueKeys
from airflow.providers.pgtrickle.engine.analysis.nullability import NotNull
from airflow.providers.pgtrickle.engine.differentiate.aggregate import delta_aggregate
from airflow.providers.pgtrickle.engine.differentiate.join import delta_join
from airflow.providers.pgtrickle.engine.differentiate.kept import StoredGroups
from airflow.providers.pgtrickle.engine.differentiate.linear import delta_linear
from airflow.providers.pgtrickle.engine.differentiate.outer_join import delta_outer_join
from airflow.providers.pgtrickle.engine.differentiate.recursive import Stored, delta_recursive
from airflow.providers.pgtrickle.engine.differentiate.scan import delta_scan, state_scan
from airflow.providers.pgtrickle.engine.differentiate.semi_join import delta_semi_join
from airflow.providers.pgtrickle.engine.differentiate.temporal import delta_temporal
from airflow.providers.pgtrickle.engine.differentiate.window import delta_window
from airflow.providers.pgtrickle.engine.ops.clock import reads_clock
from airflow.providers.pgtrickle.engine.ops.naming import Names
from airflow.providers.pgtrickle.engine.ops.nodes import (
    Aggregate,
    Apply,
    Consolidate,
    Constant,
    Empty,
    Filter,
    Join,
    Op,
    OuterJoin,
    Project,
    Query,
    Recursive,
    Repeat,
    Scan,
    SemiJoin,
    UnionAll,
    Window,
    expressions_of,
    label_of,
)
from airflow.providers.pgtrickle.engine.rewrite.rebuild import with_inputs
from airflow.providers.pgtrickle.engine.rewrite.restrict import Restrict


class Differentiate:
    """``delta(op)``: the change of a tree between the two frontiers of a refresh, as weighted rows.

    ``changed`` are the oids of the sources with changes in the interval, ``late`` those with changes after
    it: their state at the frontier is their present rows less the late changes. The clock of a tree is that
    of the frontier that the refresh goes to. ``stored`` has, by label, the rows of the recursions as they
    were at the frontier that it comes from.
    """

    def __init__(
        self,
        names: Names,
        not_null: NotNull,
        unique: UniqueKeys,
        changed: Collection[int],
        late: Collection[int] = (),
        stored: Mapping[str, Stored] = MappingProxyType({}),
    ) -> None:
        self.names = names
        self.not_null = not_null
        self.changed = frozenset(changed)
        self.late = frozenset(late)
        self.stored = stored
        self.restrict = Restrict(names, not_null, unique)
        self._deltas: dict[int, Op] = {}
        self._settled: dict[int, Op] = {}
        self._states: dict[int, Op] = {}
        self._held: list[Op] = []

    def __call__(self, op: Op) -> Op:
        """The delta of a relation of the defining query; Empty when nothing below it changed."""
        if id(op) not in self._deltas:
            self._held.append(op)
            self._deltas[id(op)] = self._law(op)
        return self._deltas[id(op)]

    def settled(self, op: Op) -> Op:
        """The delta, consolidated: what operators that are not linear, and joins, start from."""
        if id(op) not in self._settled:
            delta = self(op)
            self._settled[id(op)] = delta if isinstance(delta, (Empty, Consolidate)) else Consolidate(delta)
        return self._settled[id(op)]

    def state(self, op: Op) -> Op:
        """The relation at the frontier that the refresh goes to."""
        if not self.late and not self.stored:
            return op
        if id(op) not in self._states:
            self._held.append(op)
            self._states[id(op)] = self._state(op)
        return self._states[id(op)]

    def evaluated(self, op: Op) -> Op:
        """A stored relation at the frontier that the refresh goes to, computed from its inputs."""
        return with_inputs(op, [self.state(child) for child in op.inputs])

    def is_stored(self, op: Op) -> bool:
        """Whether the rows of a recursion, or of groups, are stored in a table of their own."""
        return label_of(op) in self.stored

    def _state(self, op: Op) -> Op:
        """Bottom up; a recursion is what is stored and its change, which only its inputs are asked for."""
        if isinstance(op, Scan):
            return state_scan(op, self.late)
        stored = self.stored.get(label_of(op) or "")
        if isinstance(op, Aggregate) and isinstance(stored, StoredGroups):
            return stored.state(op, self)
        if stored is not None:
            return stored.after(self.settled(op), op.columns, self)
        return with_inputs(op, [self.state(child) for child in op.inputs])

    def _law(self, op: Op) -> Op:
        match op:
            case Scan():
                return delta_scan(op, self.changed)
            case Constant() | Query():
                return Empty(op.columns)
            case Filter() | Project() if reads_clock(*expressions_of(op)):
                return delta_temporal(op, self)
            case Filter() | Project() | UnionAll() | Repeat() | Apply():
                return delta_linear(op, self)
            case Join():
                return delta_join(op, self)
            case SemiJoin():
                return delta_semi_join(op, self)
            case OuterJoin():
                return delta_outer_join(op, self)
            case Aggregate():
                stored = self.stored.get(op.kept or "")
                if isinstance(stored, StoredGroups):
                    return stored.delta(op, self)
                return delta_aggregate(op, self)
            case Window():
                return delta_window(op, self)
            case Recursive():
                return delta_recursive(op, self.stored[op.label], self)
            case _:
                raise TypeError(f"{type(op).__name__} is not an operator of a defining query")
