"""Lowering window functions: one Window node for each PARTITION BY, in the order in which they occur."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlglot import exp

from airflow.providers.pgtrickle.engine.ops import expressions as ex
from airflow.providers.pgtrickle.engine.ops.expressions import Expr
from airflow.providers.pgtrickle.engine.ops.naming import Names
from airflow.providers.pgtrickle.engine.ops.nodes import Op, Project, Window
from airflow.providers.pgtrickle.engine.ops.scopes import Unsupported

Targets = list[tuple[str, Expr]]


def inline_named_windows(select: exp.Select) -> exp.Select:
    """The SELECT with every ``OVER name`` replaced by the definition of that name."""
    clause = select.args.get("windows")
    if not clause:
        return select
    copied = select.copy()
    definitions: dict[str, exp.Window] = {}
    for definition in copied.args["windows"]:
        definitions[definition.this.name] = _merged(definition, definitions)
    copied.set("windows", None)
    for window in list(copied.find_all(exp.Window)):
        name = window.args.get("alias")
        if name is not None and window.find_ancestor(exp.Select) is copied:
            window.replace(_merged(window, definitions))
    return copied


def _merged(window: exp.Window, definitions: Mapping[str, exp.Window]) -> exp.Window:
    name = window.args.get("alias")
    if name is None:
        return window
    base = definitions.get(name.name)
    if base is None:
        raise Unsupported(f"the window {name.name}")
    merged = window.copy()
    merged.set("alias", None)
    for part in ("partition_by", "order", "spec"):
        own, inherited = window.args.get(part), base.args.get(part)
        merged.set(part, own or inherited)
    return merged


def windows(op: Op, targets: Targets, names: Names) -> tuple[Op, Targets]:
    """Compute the window functions of the targets; the targets then read their columns."""
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
        partition = []
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
        by_partition.setdefault(tuple(sorted(set(partition))), []).append((name, window))
    if computed:
        op = Project(op, (*((name, ex.column(name)) for name in op.columns), *computed))
    for keys, calls in by_partition.items():
        op = Window(op, keys, tuple(calls))
    return op, [(title, _replaced(value, columns)) for title, value in targets]


def _replaced(value: Expr, columns: Sequence[tuple[Expr, str]]) -> Expr:
    if isinstance(value, exp.Window):
        return ex.column(next(name for window, name in columns if window == value))

    def replace(node: Expr) -> Expr:
        if isinstance(node, exp.Window):
            return ex.column(next(name for window, name in columns if window == node))
        return node

    return value.copy().transform(replace, copy=False)
