"""Reading aggregate calls out of parsed expressions."""

from __future__ import annotations

from collections.abc import Collection

from sqlglot import exp

from airflow.providers.pgtrickle.engine.ops.expressions import Expr
from airflow.providers.pgtrickle.engine.ops.naming import Names
from airflow.providers.pgtrickle.engine.ops.nodes import AggregateCall

_KNOWN: dict[type[exp.Expr], str] = {
    exp.Count: "count",
    exp.Sum: "sum",
    exp.Avg: "avg",
    exp.Min: "min",
    exp.Max: "max",
}


def is_aggregate(node: exp.Expr, aggregate_names: Collection[str]) -> bool:
    """Whether the node is a whole aggregate call, its FILTER and WITHIN GROUP included.

    ``aggregate_names`` are the names of the aggregates that PostgreSQL resolved in the query.
    """
    if isinstance(node, (exp.Filter, exp.WithinGroup)):
        return True
    if isinstance(node, exp.AggFunc):
        return True
    return isinstance(node, exp.Anonymous) and node.name.lower() in aggregate_names


def read_aggregate(node: exp.Expr, names: Names) -> AggregateCall:
    """What the delta laws need to know of a call."""
    call: Expr = node
    where: Expr | None = None
    inner = node
    if isinstance(inner, exp.Filter):
        where = inner.expression.this
        inner = inner.this
    function = _KNOWN.get(type(inner), "other")
    argument: Expr | None = None
    distinct = False
    if function != "other":
        argument = inner.this
        if isinstance(argument, exp.Star):
            argument = None
        elif isinstance(argument, exp.Distinct):
            distinct = True
            argument = argument.expressions[0] if len(argument.expressions) == 1 else None
            function = function if argument is not None else "other"
        elif isinstance(argument, exp.Order) or inner.expressions:
            function, argument = "other", None
    stem = function if function != "other" else (inner.name or "aggregate")
    return AggregateCall(names.fresh(stem), call, function, argument, where, distinct)
