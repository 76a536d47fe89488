"""Drop the columns that nobody reads, down to the scans: what is not read is not captured, nor carried."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from airflow.providers.pgtrickle.engine.ops import expressions as ex
from airflow.providers.pgtrickle.engine.ops.nodes import (
    Aggregate,
    AggregateCall,
    Apply,
    AsWeight,
    Changes,
    Constant,
    Empty,
    ExposeWeight,
    Filter,
    Join,
    KeyJoin,
    Number,
    Op,
    OuterJoin,
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
from airflow.providers.pgtrickle.engine.rewrite.rebuild import with_inputs


def prune_columns(op: Op, needed: Collection[str]) -> Op:
    """The tree with the columns ``needed`` and those that computing them takes."""
    return prune_together([(op, needed)])[0]


def prune_together(roots: Sequence[tuple[Op, Collection[str]]]) -> list[Op]:
    """Trees that share subtrees, each pruned to its columns; what is shared stays shared."""
    order = list(walk(*(op for op, _ in roots)))
    wanted: dict[int, set[str]] = {id(node): set() for node in order}
    for op, needed in roots:
        wanted[id(op)].update(needed)
    for node in reversed(order):
        for child, columns in zip(node.inputs, _reads(node, wanted[id(node)]), strict=True):
            wanted[id(child)].update(columns)
    built: dict[int, Op] = {}
    for node in order:
        inputs = [built[id(child)] for child in node.inputs]
        built[id(node)] = _pruned(node, inputs, wanted[id(node)])
    return [built[id(op)] for op, _ in roots]


def _reads(node: Op, wanted: set[str]) -> list[set[str]]:
    """The columns that a node reads of each input to supply ``wanted``."""
    match node:
        case Filter():
            return [wanted | ex.column_names(node.predicate)]
        case Project():
            return [set(ex.column_names(*(value for name, value in node.outputs if name in wanted)))]
        case Join() | OuterJoin():
            read = wanted.union(ex.column_names(*node.predicates))
            return [read & set(side.columns) for side in node.inputs]
        case SemiJoin():
            tested = ex.column_names(*node.predicates)
            return [(wanted | tested) & set(node.left.columns), set(tested) & set(node.right.columns)]
        case KeyJoin():
            return [wanted | {column for column, _ in node.pairs}, set(node.keys.columns)]
        case Aggregate():
            return [set(node.keys) | ex.column_names(*(item.call for item in _kept_calls(node, wanted)))]
        case UnionAll():
            return [
                {source for name, source in zip(node.columns, mapping, strict=True) if name in wanted}
                for mapping in node.mappings
            ]
        case Recursive():
            # The step reads what the arms give, so which rows there are depends on all columns.
            return [set(mapping) for mapping in node.mappings]
        case Repeat():
            return [wanted | {node.name}]
        case Apply():
            return [(wanted | ex.column_names(node.call)) & set(node.input.columns)]
        case Window():
            calls = (call for name, call in node.calls if name in wanted)
            return [(wanted | set(node.keys)).union(ex.column_names(*calls)) & set(node.input.columns)]
        case ExposeWeight() | Number():
            # Which rows there are, and not only how their weights add up, counts from here on: dropping a
            # column would let rows cancel out that a reader of the support must see.
            return [set(node.input.columns)]
        case AsWeight():
            return [wanted | {node.name}]
        case _:
            return [set(wanted) for _ in node.inputs]


def _kept_calls(node: Aggregate, wanted: set[str]) -> tuple[AggregateCall, ...]:
    """The aggregates that are read; one at least without keys, as without any it would be a DISTINCT."""
    if node.kept is not None:
        return node.calls
    calls = tuple(item for item in node.calls if item.name in wanted)
    return calls or (() if node.keys else node.calls[:1])


def _pruned(node: Op, inputs: list[Op], wanted: set[str]) -> Op:
    match node:
        case Scan() | Changes():
            return replace(node, fields=tuple(item for item in node.fields if item.output in wanted))
        case Constant():
            keep = [position for position, name in enumerate(node.columns) if name in wanted]
            if not keep and node.columns:
                keep = [0]
            return Constant(
                tuple(node.columns[position] for position in keep),
                tuple(tuple(row[position] for position in keep) for row in node.rows),
            )
        case Empty() | Query() | SelfReference():
            return node
        case Project():
            return Project(inputs[0], tuple(item for item in node.outputs if item[0] in wanted))
        case Aggregate():
            return replace(node, input=inputs[0], calls=_kept_calls(node, wanted))
        case SemiJoin():
            # A column that the join below has only compared would keep rows of its delta from cancelling out.
            return replace(node, left=_only(inputs[0], _reads(node, wanted)[0]), right=inputs[1])
        case Window():
            kept = tuple(item for item in node.calls if item[0] in wanted)
            return replace(node, input=inputs[0], calls=kept) if kept else inputs[0]
        case UnionAll():
            keep = [position for position, name in enumerate(node.columns) if name in wanted]
            return UnionAll(
                tuple(inputs),
                tuple(node.columns[position] for position in keep),
                tuple(tuple(mapping[position] for position in keep) for mapping in node.mappings),
            )
        case _:
            return with_inputs(node, inputs)


def _only(op: Op, read: Collection[str]) -> Op:
    """The relation with the columns that are read, if it has others."""
    if all(name in read for name in op.columns):
        return op
    return Project(op, tuple((name, ex.column(name)) for name in op.columns if name in read))
