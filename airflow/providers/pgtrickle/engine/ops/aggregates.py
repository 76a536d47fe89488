"""Reading aggregate calls out of parsed expressions."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from sqlglot import exp

from airflow.providers.pgtrickle.engine.ops import expressions as ex
from airflow.providers.pgtrickle.engine.ops.expressions import Expr
from airflow.providers.pgtrickle.engine.ops.naming import Names
from airflow.providers.pgtrickle.engine.ops.nodes import AggregateCall
from airflow.providers.pgtrickle.engine.parse.nodes import SyntaxCall

_KNOWN: dict[type[exp.Expr], str] = {
    exp.Count: "count",
    exp.Sum: "sum",
    exp.Avg: "avg",
    exp.Min: "min",
    exp.Max: "max",
}
#: Aggregates of one argument that sqlglot has no node for, under the name that the laws know them by. Only
#: functions of pg_catalog are printed without a schema.
_KNOWN_BY_NAME = {
    "bool_and": "bool_and",
    "every": "bool_and",
    "bool_or": "bool_or",
    "bit_xor": "bit_xor",
    "var_pop": "var_pop",
    "var_samp": "var_samp",
    "variance": "var_samp",
    "stddev_pop": "stddev_pop",
    "stddev_samp": "stddev_samp",
    "stddev": "stddev_samp",
}


#: Aggregates of SQL/JSON, which PostgreSQL resolves to functions of other names.
_JSON_AGGREGATES = frozenset(("json_arrayagg", "json_objectagg"))


def called(node: exp.Expr) -> exp.Expr:
    """The call itself, without its FILTER, its WITHIN GROUP and the schema it is qualified with."""
    while isinstance(node, (exp.Filter, exp.WithinGroup)):
        node = node.this
    if isinstance(node, exp.Dot) and isinstance(node.expression, exp.Anonymous):
        return node.expression
    return node


def is_aggregate(node: exp.Expr, aggregate_names: Collection[str]) -> bool:
    """Whether the node is a whole aggregate call, its FILTER and WITHIN GROUP included.

    ``aggregate_names`` are the names of the aggregates that PostgreSQL resolved in the query.
    """
    if isinstance(node, (exp.Filter, exp.WithinGroup)):
        return True
    if isinstance(node, exp.AggFunc):
        return True
    call = called(node)
    if isinstance(call, SyntaxCall):
        return call.name in _JSON_AGGREGATES
    return isinstance(call, exp.Anonymous) and call.name.lower() in aggregate_names


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
    elif isinstance(inner, exp.Anonymous):
        function, argument, where = _by_name(inner, where)
    stem = function if function != "other" else (inner.name or "aggregate")
    return AggregateCall(names.fresh(stem), call, function, argument, where, distinct)


def _by_name(call: exp.Anonymous, where: Expr | None) -> tuple[str, Expr | None, Expr | None]:
    """The function, its argument and its condition, for a call that has no node of its own."""
    arguments = call.expressions
    if any(isinstance(argument, (exp.Distinct, exp.Order)) for argument in arguments):
        return "other", None, where
    name = call.name.lower()
    if name == "regr_count" and len(arguments) == 2:
        # The pairs that are complete: those with one value, of which the other is counted.
        complete = ex.is_not_null(arguments[1])
        return "count", arguments[0], complete if where is None else ex.and_((where, complete))
    if name in _KNOWN_BY_NAME and len(arguments) == 1:
        return _KNOWN_BY_NAME[name], arguments[0], where
    return "other", None, where


def filtered(call: AggregateCall, condition: Expr) -> AggregateCall:
    """The aggregate over those of its rows for which the condition holds as well."""
    bare, both = call.call, condition
    if isinstance(bare, exp.Filter):
        bare, both = bare.this, ex.and_((condition, bare.expression.this))
    whole = exp.Filter(this=bare.copy(), expression=exp.Where(this=both.copy()))
    return replace(
        call, call=whole, where=condition if call.where is None else ex.and_((condition, call.where))
    )
