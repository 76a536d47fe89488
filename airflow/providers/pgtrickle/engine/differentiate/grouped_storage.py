"""Group by at the top of a defining query: the new states of the touched groups, from the stored ones.

    state'(g) = state(g) + Σ over the rows of ΔA in g :  weight · contribution        additive states
    min'(g)   = least(min(g), inserted)      unless the stored minimum left and nothing as small came

The group's rows are read again only where an extremum was deleted, or where a state is neither additive nor
an extremum. Reads the stored rows of the touched groups. A group whose row count becomes 0 has the sign −1:
it goes.
"""

from __future__ import annotations

from collections.abc import Mapping

from airflow.providers.pgtrickle.engine.analysis.states import GroupStates, State
from airflow.providers.pgtrickle.engine.differentiate.aggregate import touched_rows
from airflow.providers.pgtrickle.engine.differentiate.calculus import Calculus
from airflow.providers.pgtrickle.engine.ops import expressions as ex
from airflow.providers.pgtrickle.engine.ops.expressions import Expr
from airflow.providers.pgtrickle.engine.ops.naming import BIGINT
from airflow.providers.pgtrickle.engine.ops.nodes import (
    Aggregate,
    AggregateCall,
    ExposeWeight,
    Filter,
    KeyJoin,
    Op,
    Project,
    Scan,
    SemiJoin,
    UnionAll,
    union_all,
)


def stored_groups(op: Aggregate, states: GroupStates) -> Op:
    """The contents of storage: the key columns, then the states, computed from the whole input."""
    calls = tuple(AggregateCall(state.name, state.over_rows()) for state in states.states)
    return Aggregate(op.input, op.keys, calls, op.scalar)


def delta_grouped_storage(
    op: Aggregate, states: GroupStates, storage: Scan, sign: str, delta: Calculus
) -> Op:
    """The touched groups' rows of storage after the change, with the column ``sign``; plain.

    ``storage`` scans the key columns and then the states, in their order, and at last the hash of the key
    where rows are found by it.
    """
    change = delta.settled(op.input)
    if states.whole:
        return _reread(op, states, change, sign, delta)
    return merged_groups(op, states, storage, change, sign, delta)


def _reread(op: Aggregate, states: GroupStates, change: Op, sign: str, delta: Calculus) -> Op:
    calls = tuple(AggregateCall(state.name, state.over_rows()) for state in states.states)
    present = Aggregate(touched_rows(op, delta, change), op.keys, calls, op.scalar)
    columns = (*present.columns, sign)
    kept = Project(present, (*_passed(present.columns), (sign, ex.integer(1))))
    if op.scalar:
        return kept
    keys, pairs = delta.restrict.keys_of(change, op.keys)
    outputs = [(column, ex.column(key)) for column, key in pairs]
    outputs += [(state.name, _null(state)) for state in states.states]
    gone = Project(keys, (*outputs, (sign, ex.integer(-1))))
    return union_all((kept, gone), columns)


def merged_groups(
    op: Aggregate, states: GroupStates, storage: Scan, change: Op, sign: str, delta: Calculus
) -> Op:
    """The touched groups from their stored rows and the change; no state of the group is kept as a whole.

    Arguments and result are those of ``delta_grouped_storage``.
    """
    names = delta.names
    weight = names.fresh("weight", BIGINT)
    additive = [state for state in states.states if state.accumulates]
    extrema = [state for state in states.states if not state.accumulates]
    came = {state.name: names.fresh("came", state.type) for state in extrema}
    left = {state.name: names.fresh("left", state.type) for state in extrema}
    calls = [AggregateCall(state.name, state.over_weights(weight)) for state in additive]
    for state in extrema:
        for name, operator in ((came[state.name], ">"), (left[state.name], "<")):
            signed = ex.compare(ex.column(weight), operator, ex.integer(0))
            where = signed if state.where is None else ex.and_((state.where, signed))
            calls.append(AggregateCall(name, ex.aggregate_call(state.kind, state.value, where)))
    changed = Aggregate(ExposeWeight(change, weight), op.keys, tuple(calls), op.scalar)

    contents = (*op.keys, *(state.name for state in states.states))
    stored_names = dict(zip(contents, storage.columns, strict=False))
    stored: Op = storage
    if not op.scalar:
        keys, pairs = delta.restrict.keys_of(changed, op.keys)
        places = tuple((stored_names[column], key) for column, key in pairs)
        if len(storage.columns) > len(contents):
            by_hash = names.fresh("row_hash", BIGINT)
            hashable = [ex.column(key) for _, key in pairs if names.types[key].has_hash]
            keys = Project(keys, (*_passed(keys.columns), (by_hash, ex.row_hash(hashable))))
            places += ((storage.columns[-1], by_hash),)
        stored = KeyJoin(storage, keys, places)
    columns = (*op.keys, *(state.name for state in states.states), *came.values(), *left.values())
    aside: dict[str, Expr] = {state.name: _null(state) for state in extrema}
    new_rows = Project(changed, tuple((name, aside.get(name, ex.column(name))) for name in columns))
    empty = {name: ex.cast(ex.null(), names.types[name].name) for name in (*came.values(), *left.values())}
    old_rows = Project(
        stored, tuple((name, empty.get(name) or ex.column(stored_names[name])) for name in columns)
    )
    combined = UnionAll((new_rows, old_rows), columns, (columns, columns))
    sums = [AggregateCall(state.name, state.over_states()) for state in additive]
    bests = [
        AggregateCall(name, ex.aggregate_call(state.kind, ex.column(name)))
        for state in extrema
        for name in (state.name, came[state.name], left[state.name])
    ]
    groups = Aggregate(combined, op.keys, tuple(sums + bests), op.scalar)
    return _resolved(op, states, groups, came, left, sign, delta)


def _resolved(
    op: Aggregate,
    states: GroupStates,
    groups: Op,
    came: Mapping[str, str],
    left: Mapping[str, str],
    sign: str,
    delta: Calculus,
) -> Op:
    """Take the better value where that decides; read the group again where an extremum left."""
    present = ex.compare(ex.column(states.count), ">", ex.integer(0))
    signed: Expr = ex.integer(1) if op.scalar else ex.case([(present, ex.integer(1))], ex.integer(-1))
    values: dict[str, Expr] = {}
    lost: list[Expr] = []
    for state in states.states:
        value = ex.column(state.name)
        if not state.accumulates:
            better = ex.least if state.kind == "min" else ex.greatest
            values[state.name] = better(value, ex.column(came[state.name]))
            lost.append(_lost(state, ex.column(came[state.name]), ex.column(left[state.name])))
        else:
            values[state.name] = value
    outputs = [(name, ex.column(name)) for name in op.keys]
    outputs += [(state.name, values[state.name]) for state in states.states]
    if not lost:
        return Project(groups, (*outputs, (sign, signed)))
    # The one row of a scalar aggregate stays when its input has become empty: its extrema become NULL.
    reread = ex.or_(lost) if op.scalar else ex.and_((present, ex.or_(lost)))
    kept = Project(Filter(groups, ex.is_not_true(reread)), (*outputs, (sign, signed)))
    again = Filter(groups, reread)
    calls = tuple(AggregateCall(state.name, state.over_rows()) for state in states.states)
    rows = delta.state(op.input)
    fresh: Op
    if op.scalar:
        # The condition is evaluated once, so the input is read only when it holds.
        gate = Project(again, ())
        fresh = SemiJoin(Aggregate(SemiJoin(rows, gate, ()), (), calls, scalar=True), gate, ())
    else:
        keys, pairs = delta.restrict.keys_of(again, op.keys)
        fresh = Aggregate(delta.restrict.restrict(rows, keys, pairs), op.keys, calls)
    fresh = Project(fresh, (*_passed(fresh.columns), (sign, ex.integer(1))))
    return union_all((kept, fresh), (*op.keys, *(state.name for state in states.states), sign))


def _lost(state: State, came: Expr, left: Expr) -> Expr:
    """Whether the stored extremum may have left without a value as good having come.

    The change is consolidated, so a value that came is there, and one that left has left at least once.
    """
    better = "<=" if state.kind == "min" else ">="
    stored = ex.column(state.name)
    reached = ex.or_((ex.is_null(stored), ex.compare(left, better, stored)))
    replaced = ex.coalesce(ex.compare(came, better, left), ex.or_(()))
    return ex.and_((ex.is_not_null(left), reached, ex.negate(replaced)))


def _null(state: State) -> Expr:
    return ex.cast(ex.null(), state.type.name)


def _passed(columns: tuple[str, ...]) -> tuple[tuple[str, Expr], ...]:
    return tuple((name, ex.column(name)) for name in columns)
