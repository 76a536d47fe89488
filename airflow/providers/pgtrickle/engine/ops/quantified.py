"""EXISTS, IN, ANY, ALL and ARRAY over a subquery as a scalar subquery of one aggregate.

x op ANY (q)   true if a row compares true, else NULL if one compares NULL, else false
x op ALL (q)   false if a row compares false, else NULL if one compares NULL, else true
"""

from __future__ import annotations

from sqlglot import exp

from airflow.providers.pgtrickle.engine.ops import expressions as ex
from airflow.providers.pgtrickle.engine.ops.expressions import Expr
from airflow.providers.pgtrickle.engine.ops.naming import Names
from airflow.providers.pgtrickle.engine.ops.row_functions import output_titles
from airflow.providers.pgtrickle.engine.ops.scopes import Unsupported


def as_scalar_subquery(node: exp.Expr, names: Names) -> exp.Select:
    """The query of one aggregate that has the value of the test."""
    alias = names.fresh("tested")
    match node:
        case exp.Exists():
            return _select(_some(None), node.this, alias)
        case exp.In():
            return _quantified(node.this, exp.EQ, {}, node.args["query"].this, alias, every=False)
        case exp.Binary() if isinstance(node.expression, (exp.Any, exp.All)):
            extra = {name: value for name, value in node.args.items() if name not in ("this", "expression")}
            every = isinstance(node.expression, exp.All)
            query = node.expression.this.unnest()
            query = query.this if isinstance(query, exp.Subquery) else query
            return _quantified(node.this, type(node), extra, query, alias, every=every)
        case exp.Array():
            return _collected(node.expressions[0], alias)
        case _:
            raise Unsupported("a subquery in this place")


def _quantified(
    left: exp.Expr,
    operator: type[exp.Expr],
    extra: dict[str, object],
    query: exp.Expr,
    alias: str,
    *,
    every: bool,
) -> exp.Select:
    columns = [_column(alias, position) for position in range(len(output_titles(query)))]
    other: Expr = columns[0] if len(columns) == 1 else exp.Tuple(expressions=columns)
    test = exp.Paren(this=operator(this=exp.Paren(this=left.copy()), expression=other, **extra))
    if isinstance(left.unnest(), exp.Tuple):
        test = exp.Paren(this=operator(this=left.unnest().copy(), expression=other, **extra))
    decided = ex.negate(test) if every else test
    some, open_ = _some(ex.is_true(decided)), _some(ex.is_null(test))
    yes, no = (ex.FALSE, ex.TRUE) if every else (ex.TRUE, ex.FALSE)
    return _select(ex.case([(some, yes), (open_, ex.cast(ex.null(), "boolean"))], no), query, alias)


def _collected(query: exp.Expr, alias: str) -> exp.Select:
    """ARRAY(query): the values in the order of the query, which is total, or no value."""
    query = query.copy()
    order = query.args.get("order")
    terms = list(order.expressions) if order is not None else []
    target = query.expressions[0] if isinstance(query, exp.Select) else None
    value = target.this if isinstance(target, exp.Alias) else target
    first = terms[0].this if terms and isinstance(terms[0], exp.Ordered) else None
    key, direction = _column(alias, 0), terms[0] if terms else exp.Ordered(nulls_first=False)
    if first not in (value, exp.Literal.number(1)) or first is None:
        if not isinstance(query, exp.Select) or query.args.get("distinct"):
            raise Unsupported("ARRAY over such a query")
        numbered = [
            _sorted_by(term, term.this if term.this != exp.Literal.number(1) else value) for term in terms
        ]
        query.append(
            "expressions",
            exp.Window(this=ex.call("row_number"), order=exp.Order(expressions=numbered), over="OVER"),
        )
        key, direction = _column(alias, 1), exp.Ordered(nulls_first=False)
    ordered = exp.Order(this=_column(alias, 0), expressions=[_sorted_by(direction, key)])
    collected = exp.Coalesce(this=exp.ArrayAgg(this=ordered), expressions=[ex.text("{}")])
    return _select(collected, query, alias)


def _sorted_by(term: exp.Expr, value: exp.Expr | None) -> exp.Ordered:
    desc, nulls_first = term.args.get("desc"), term.args.get("nulls_first")
    return exp.Ordered(this=value.copy() if value is not None else None, desc=desc, nulls_first=nulls_first)


def _some(where: Expr | None) -> Expr:
    """``count(*) FILTER (WHERE …) > 0``."""
    count: Expr = exp.Count(this=exp.Star())
    if where is not None:
        count = exp.Filter(this=count, expression=exp.Where(this=where))
    return exp.GT(this=count, expression=ex.integer(0))


def _select(value: Expr, query: exp.Expr, alias: str) -> exp.Select:
    titles = [exp.to_identifier(f"c{position}") for position in range(len(output_titles(query)))]
    inner = exp.Subquery(
        this=query.copy(), alias=exp.TableAlias(this=exp.to_identifier(alias), columns=titles)
    )
    select = exp.Select(expressions=[value])
    select.set("from_", exp.From(this=inner))
    return select


def _column(alias: str, position: int) -> exp.Column:
    return exp.Column(this=exp.to_identifier(f"c{position}"), table=exp.to_identifier(alias))
