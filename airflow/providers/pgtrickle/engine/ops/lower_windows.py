"""Lowering window functions: one Window node for each PARTITION BY, in the order in which they occur."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlglot import exp

from airflow.providers.pgtrickle.engine.ops import expressions as ex
from airflow.providers.pgtrickle.engine.ops.expressions import Expr
from airflow.providers.pgtrickle.engine.ops.naming import Names
from airflow.providers.pgtrickle.engine.ops.nodes import Op, Project, Window
from airflow.providers.pgtrickle.engine.parse.windows import is_by_position

Targets = list[tuple[str, Expr]]


def windows(op: Op, targets: Targets, names: Names, domain: Sequence[str] = ()) -> tuple[Op, Targets]:
    """Compute the window functions of the targets; the targets then read their columns.

    The columns of ``domain`` divide every partition further.
    """
    found: list[Expr] = []
    for _, value in targets:
        for node in value.find_all(exp.Window):
            if not any(node == known for known in found):
                found.append(node)
    if not found:
        return op, targets
    by_partition: dict[tuple[str, ...], list[tuple[str, Expr]]] = {}
    computed: list[tuple[str, Expr]] = []
    columns: list[tuple[Expr, str]] = []
    for window in found:
        partition = list(domain)
        for value in window.args.get("partition_by") or ():
            name = ex.column_of(value)
            if name is None:
                name = next((known for known, seen in computed if seen == value.unnest()), None)
            if name is None:
                name = names.fresh("partition")
                computed.append((name, value.unnest()))
            partition.append(name)
        name = names.fresh("window")
        columns.append((window, name))
        keys = tuple(sorted(set(partition)))
        by_partition.setdefault(keys, []).append((name, _divided(window, domain)))
    if computed:
        op = Project(op, (*((name, ex.column(name)) for name in op.columns), *computed))
    for keys, calls in by_partition.items():
        op = Window(op, keys, tuple(calls))
    return op, [(title, _replaced(value, columns)) for title, value in targets]


def _divided(window: Expr, domain: Sequence[str]) -> Expr:
    if not domain:
        return window
    divided = window.copy()
    keys = [*map(ex.column, domain), *(divided.args.get("partition_by") or ())]
    divided.set("partition_by", keys)
    return divided


def _replaced(value: Expr, columns: Sequence[tuple[Expr, str]]) -> Expr:
    if isinstance(value, exp.Window):
        return ex.column(next(name for window, name in columns if window == value))

    def replace(node: Expr) -> Expr:
        if isinstance(node, exp.Window):
            return ex.column(next(name for window, name in columns if window == node))
        return node

    return value.copy().transform(replace, copy=False)


def in_total_order(call: Expr, key: Sequence[str], alike: Collection[str]) -> Expr:
    """The call with its order made total, if it may part peers.

    ``key`` identifies a row and comes after what the call sorts by; at last the text of those columns among
    ``alike`` that it sorts by.
    """
    if not isinstance(call, exp.Window) or not is_by_position(call):
        return call
    order = call.args.get("order")
    terms = [term.copy() for term in order.expressions] if order is not None else []
    columns = [name for term in terms if (name := ex.column_of(term.this)) is not None]
    terms += [_ascending(ex.column(name)) for name in key if name not in columns]
    terms += [_ascending(ex.cast(ex.column(name), "text")) for name in columns if name in alike]
    completed = call.copy()
    completed.set("order", exp.Order(expressions=terms) if terms else None)
    return completed


def _ascending(value: Expr) -> exp.Ordered:
    return exp.Ordered(this=value, nulls_first=False)
