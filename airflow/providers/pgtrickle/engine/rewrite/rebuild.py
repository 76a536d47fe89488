"""Rebuilding trees: the same node over other inputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from airflow.providers.pgtrickle.engine.ops import expressions as ex
from airflow.providers.pgtrickle.engine.ops.nodes import (
    Aggregate,
    Apply,
    AsWeight,
    Changes,
    Consolidate,
    Constant,
    Empty,
    ExposeWeight,
    Filter,
    Join,
    KeyJoin,
    Negate,
    Number,
    Op,
    OuterJoin,
    Plain,
    Project,
    Query,
    Recursive,
    Repeat,
    Scan,
    SelfReference,
    SemiJoin,
    UnionAll,
    Window,
    walk,
)


def with_inputs(op: Op, inputs: Sequence[Op]) -> Op:
    """The node over other inputs; itself when they are the ones that it has."""
    if all(new is old for new, old in zip(inputs, op.inputs, strict=True)):
        return op
    match op:
        case Join() | UnionAll():
            return replace(op, inputs=tuple(inputs))
        case OuterJoin() | SemiJoin():
            return replace(op, left=inputs[0], right=inputs[1])
        case KeyJoin():
            return replace(op, input=inputs[0], keys=inputs[1])
        case Recursive():
            return replace(op, start=inputs[0], step=inputs[1])
        case (
            Filter()
            | Project()
            | Aggregate()
            | Negate()
            | ExposeWeight()
            | AsWeight()
            | Consolidate()
            | Plain()
            | Number()
            | Repeat()
            | Apply()
            | Window()
        ):
            return replace(op, input=inputs[0])
        case Scan() | Changes() | Constant() | Empty() | Query() | SelfReference():
            return op


def transform(root: Op, change: Callable[[Op], Op]) -> Op:
    """Rebuild bottom-up; ``change`` gets each node over its new inputs. Shared subtrees stay shared."""
    built: dict[int, Op] = {}
    for node in walk(root):
        built[id(node)] = change(with_inputs(node, [built[id(child)] for child in node.inputs]))
    return built[id(root)]


def exactly(op: Op, columns: tuple[str, ...]) -> Op:
    """The relation with just these columns, in this order."""
    if op.columns == columns:
        return op
    return Project(op, tuple((name, ex.column(name)) for name in columns))
