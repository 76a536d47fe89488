"""Group by, and DISTINCT, inside a query (the one at its top is maintained by ``grouped_storage``).

    Δγ(A) = γ(A | K) − γ(A⁻ | K)          K = the group keys of ΔA

Only groups with a changed row can change. Where every aggregate is invertible (analysis.states), one pass
over A | K and ΔA computes both sides, each row counting with its weight after and with its weight before the
change; otherwise A⁻ | K = A | K − ΔA is put together and grouped. Reads the input at the touched keys.
"""

from __future__ import annotations

from airflow.providers.pgtrickle.engine.analysis.states import GroupStates, group_states
from airflow.providers.pgtrickle.engine.differentiate.calculus import Calculus
from airflow.providers.pgtrickle.engine.ops import expressions as ex
from airflow.providers.pgtrickle.engine.ops.naming import BIGINT
from airflow.providers.pgtrickle.engine.ops.nodes import (
    Aggregate,
    AggregateCall,
    Empty,
    ExposeWeight,
    Filter,
    Negate,
    Op,
    Plain,
    Project,
    UnionAll,
    union_all,
)


def delta_aggregate(op: Aggregate, delta: Calculus, change: Op | None = None) -> Op:
    """The touched groups after the change, less the same groups before it.

    ``change`` is the part of the input's settled delta that counts, all by default; it has to hold all
    changes of a group, or none.
    """
    change = delta.settled(op.input) if change is None else change
    if isinstance(change, Empty):
        return Empty(op.columns)
    touched = touched_rows(op, delta, change)
    states = group_states(op, delta.names)
    if states.additive:
        return _both_sides(op, states, touched, change, delta)
    before = Plain(union_all((touched, Negate(change)), op.input.columns))
    after = Aggregate(touched, op.keys, op.calls, op.scalar)
    return union_all((after, Negate(Aggregate(before, op.keys, op.calls, op.scalar))), op.columns)


def touched_rows(op: Aggregate, delta: Calculus, change: Op) -> Op:
    """The input's present rows in the groups that ``change`` has rows of."""
    state = delta.state(op.input)
    if op.scalar:
        return state
    keys, pairs = delta.restrict.keys_of(change, op.keys)
    return delta.restrict.restrict(state, keys, pairs)


def _both_sides(op: Aggregate, states: GroupStates, touched: Op, change: Op, delta: Calculus) -> Op:
    names = delta.names
    after, before = names.fresh("after", BIGINT), names.fresh("before", BIGINT)
    weight = names.fresh("weight", BIGINT)
    columns = op.input.columns
    passed = tuple((name, ex.column(name)) for name in columns)
    one, zero = ex.integer(1), ex.integer(0)
    less = ex.multiply(ex.integer(-1), ex.column(weight))
    rows = UnionAll(
        (
            Project(touched, (*passed, (after, one), (before, one))),
            Project(ExposeWeight(change, weight), (*passed, (after, zero), (before, less))),
        ),
        (*columns, after, before),
        ((*columns, after, before),) * 2,
    )
    old = {state.name: names.fresh(state.name, state.type) for state in states.states}
    calls = [AggregateCall(state.name, state.over_weights(after)) for state in states.states]
    calls += [AggregateCall(old[state.name], state.over_weights(before)) for state in states.states]
    grouped = Aggregate(rows, op.keys, tuple(calls), op.scalar)
    renamed = {name: ex.column(other) for name, other in old.items()}
    sides: list[Op] = []
    for mapping in ({}, renamed):
        count = ex.substitute(ex.column(states.count), mapping)
        present: Op = grouped if op.scalar else Filter(grouped, ex.compare(count, ">", zero))
        outputs = [(name, ex.column(name)) for name in op.keys]
        outputs += [(name, ex.substitute(value, mapping)) for name, value in states.values.items()]
        sides.append(Project(present, tuple(outputs)))
    return union_all((sides[0], Negate(sides[1])), op.columns)
