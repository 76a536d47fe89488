"""Operator trees as text for people: one node a line, shared subtrees written once."""

from __future__ import annotations

from airflow.providers.pgtrickle.engine.ops.expressions import Expr
from airflow.providers.pgtrickle.engine.ops.nodes import (
    Aggregate,
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
from airflow.providers.pgtrickle.engine.parse import generate


def show(op: Op) -> str:
    """The tree, indented; a subtree with several readers is written at the first and named at the others."""
    readers: dict[int, int] = {}
    for node in walk(op):
        for child in node.inputs:
            readers[id(child)] = readers.get(id(child), 0) + 1
    lines: list[str] = []
    marks: dict[int, str] = {}
    _show(op, 0, readers, marks, lines)
    return "\n".join(lines)


def _show(op: Op, depth: int, readers: dict[int, int], marks: dict[int, str], lines: list[str]) -> None:
    indent = "  " * depth
    if id(op) in marks:
        lines.append(f"{indent}{marks[id(op)]}")
        return
    prefix = ""
    if readers.get(id(op), 0) > 1 and op.inputs:
        marks[id(op)] = f"@{len(marks) + 1}"
        prefix = f"{marks[id(op)]} = "
    lines.append(f"{indent}{prefix}{_label(op)}")
    for child in op.inputs:
        _show(child, depth + 1, readers, marks, lines)


def _label(op: Op) -> str:  # noqa: C901 - one case for each node
    name = type(op).__name__
    match op:
        case Scan():
            return f"Scan {op.source.name.display} [{', '.join(item.output for item in op.fields)}]"
        case Changes():
            fields = ", ".join(item.output for item in op.fields)
            return f"Changes {op.source.name.display} ({op.interval}) [{fields}]"
        case Constant():
            return f"Constant {len(op.rows)} rows"
        case Empty():
            return "Empty"
        case Query():
            return f"Query {op.text}"
        case Filter():
            return f"Filter {_sql(op.predicate)}"
        case Project():
            return f"Project {', '.join(_output(column, value) for column, value in op.outputs)}"
        case Join():
            return f"Join on {_all(op.predicates)}" if op.predicates else "Join (cross)"
        case OuterJoin():
            return f"{'Full' if op.full else 'Left'}Join on {_all(op.predicates)}"
        case SemiJoin():
            return f"{'Anti' if op.anti else 'Semi'}Join on {_all(op.predicates)}"
        case KeyJoin():
            return f"Restrict {', '.join(f'{column} to {key}' for column, key in op.pairs)}"
        case Aggregate():
            keys = f" by {', '.join(op.keys)}" if op.keys else ""
            calls = ", ".join(f"{item.name} = {_sql(item.call)}" for item in op.calls)
            kept = " (kept)" if op.kept is not None else ""
            return f"{'Aggregate' if op.calls else 'Distinct'}{kept}{keys}" + (f": {calls}" if calls else "")
        case Recursive():
            return f"Recursive {op.label} {'union' if op.distinct else 'union all'} [{', '.join(op.columns)}]"
        case SelfReference():
            return f"SelfReference {op.label} [{', '.join(op.columns)}]"
        case UnionAll():
            return f"UnionAll [{', '.join(op.columns)}]"
        case Apply():
            return f"Apply {_sql(op.call)} AS {', '.join(op.outputs)}" + (" (outer)" if op.outer else "")
        case Window():
            calls = ", ".join(f"{column} = {_sql(call)}" for column, call in op.calls)
            return f"Window by {', '.join(op.keys) or 'nothing'}: {calls}"
        case Repeat() | ExposeWeight() | AsWeight() | Number():
            return f"{name} {op.name}"
        case _:
            return name


def _output(column: str, value: Expr) -> str:
    text = _sql(value)
    return column if text == column else f"{column} = {text}"


def _all(predicates: tuple[Expr, ...]) -> str:
    return " AND ".join(_sql(predicate) for predicate in predicates) or "true"


def _sql(value: Expr) -> str:
    return generate(value).replace('"', "")
