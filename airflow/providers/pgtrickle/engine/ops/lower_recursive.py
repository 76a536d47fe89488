"""Lowering of a common table expression of WITH RECURSIVE."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from airflow.providers.pgtrickle.engine.ops.nodes import Recursive, SelfReference, walk
from airflow.providers.pgtrickle.engine.ops.scopes import (
    Environment,
    Lowered,
    Lowerer,
    Unsupported,
    titled,
)
from airflow.providers.pgtrickle.engine.parse.nodes import SearchedCTE


def lower_recursive(cte: exp.CTE, home: Environment, titles: Sequence[str], lowerer: Lowerer) -> Lowered:
    """The tree of a CTE that may refer to itself; ``home`` defines it and those beside it.

    While its recursive arm is lowered, ``home`` answers its name with the rows of the previous iteration.
    """
    if isinstance(cte, SearchedCTE):
        raise Unsupported("SEARCH or CYCLE")
    body = cte.this
    while isinstance(body, exp.Subquery) and not body.args.get("with_"):
        body = body.this
    name = cte.alias
    if not isinstance(body, exp.Union) or not _mentions(body.expression, name):
        return titled(lowerer.query(body, home), titles)
    environment = lowerer.environment(body, home)
    start = titled(lowerer.query(body.this, environment), titles)
    columns = tuple((title, lowerer.names.fresh(title)) for title, _ in start.outputs)
    label = lowerer.names.fresh("recursive")
    reference = SelfReference(label, tuple(column for _, column in columns))
    home.lowered[name] = Lowered(reference, columns)
    try:
        step = lowerer.query(body.expression, environment)
    finally:
        del home.lowered[name]
    if not any(node is reference for node in walk(step.op)):
        # Another relation of this name was meant.
        return titled(lowerer.query(body, home), titles)
    outputs = tuple((title, lowerer.names.fresh(title)) for title, _ in start.outputs)
    node = Recursive(
        label,
        start.op,
        step.op,
        tuple(column for _, column in outputs),
        (tuple(column for _, column in start.outputs), tuple(column for _, column in step.outputs)),
        bool(body.args.get("distinct")),
    )
    return Lowered(node, outputs)


def _mentions(node: exp.Expr, name: str) -> bool:
    """Whether a relation of this unqualified name is read; it may be another one that hides it."""
    return any(table.name == name and not table.db for table in node.find_all(exp.Table))
