"""Which groups inside a query are kept in a table of their own.

    γ(A)  =  π(γ'(A))          γ' has the states that the aggregates follow from (analysis.states)

A touched group is otherwise computed anew from its rows, before and after the change. That is local to keys
where the group has one, but not where

    - there is no key: the group is the whole input,
    - its reader asks for all groups: a join without an equality, an aggregate of the groups without a key.

Such groups are kept, beside storage, when every state can be maintained by what changes (an extremum that
leaves is read again), and an index can hold the key. A group is not kept when the time or a recursion is
below it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from airflow.providers.pgtrickle.engine.analysis.states import GroupStates, group_states
from airflow.providers.pgtrickle.engine.ops import expressions as ex
from airflow.providers.pgtrickle.engine.ops.clock import reads_clock
from airflow.providers.pgtrickle.engine.ops.naming import Names
from airflow.providers.pgtrickle.engine.ops.nodes import (
    Aggregate,
    AggregateCall,
    Filter,
    Join,
    Op,
    Project,
    Recursive,
    Scan,
    SelfReference,
    UnionAll,
    expressions_of,
    walk,
)
from airflow.providers.pgtrickle.engine.rewrite.rebuild import with_inputs


def keep_aggregates(root: Op, names: Names) -> tuple[Op, Mapping[str, GroupStates]]:
    """The tree with the kept groups marked by a label; for each label the states."""
    asked_whole = _asked_whole(root)
    inside = {id(node) for outer in walk(root) if isinstance(outer, Recursive) for node in walk(outer)}
    chosen: dict[int, GroupStates] = {}
    for node in walk(root):
        if not isinstance(node, Aggregate) or id(node) in inside:
            continue
        if (node.scalar or id(node) in asked_whole) and _is_maintainable(node, names):
            states = group_states(node, names)
            if not states.whole:
                chosen[id(node)] = states
    if not chosen:
        return root, {}
    kept: dict[str, GroupStates] = {}
    built: dict[int, Op] = {}
    for node in walk(root):
        over = with_inputs(node, [built[id(child)] for child in node.inputs])
        if isinstance(node, Aggregate) and isinstance(over, Aggregate) and id(node) in chosen:
            states = chosen[id(node)]
            kept[label := f"kept_{len(kept) + 1}"] = states
            calls = tuple(AggregateCall(state.name, state.over_rows()) for state in states.states)
            values = [(name, ex.column(name)) for name in node.keys]
            values += [(item.name, states.values[item.name]) for item in node.calls]
            over = Project(replace(over, calls=calls, kept=label), tuple(values))
        built[id(node)] = over
    return built[id(root)], kept


def _is_maintainable(node: Aggregate, names: Names) -> bool:
    below = list(walk(node))
    if any(
        isinstance(item, (Recursive, SelfReference)) or reads_clock(*expressions_of(item)) for item in below
    ):
        return False
    indexed = node.scalar or (bool(node.keys) and all(names.types[name].is_short for name in node.keys))
    return indexed and any(isinstance(item, Scan) for item in below)


def _asked_whole(root: Op) -> set[int]:
    """The ids of the nodes of whose state a reader may ask for all rows."""
    found: set[int] = set()
    for node in reversed(list(walk(root))):
        match node:
            case Aggregate() if node.scalar:
                found.add(id(node.input))
            case Join():
                found.update(id(side) for side in node.inputs if not _is_looked_up(node, side))
        if id(node) in found and isinstance(node, (Project, Filter, UnionAll, Join)):
            found.update(id(child) for child in node.inputs)
    return found


def _is_looked_up(op: Join, side: Op) -> bool:
    """Whether an equality connects a side with another one."""
    own = set(side.columns)
    return any(
        (pair[0] in own) != (pair[1] in own)
        for pair in map(ex.equated_columns, op.predicates)
        if pair is not None
    )
