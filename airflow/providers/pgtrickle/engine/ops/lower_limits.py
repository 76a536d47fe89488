"""Lowering LIMIT, OFFSET and FETCH in a subquery: the first rows of each partition.

    τ_n(A)  =  σ_{i ≤ n}(ω_{i := row_number() over (order)}(A))          WITH TIES: rank() in its place

Partitions are the rows of the domain for a correlated query, else the whole. The order is total by then: a
definition is read with its ORDER BY completed (``parse.complete_orders``).
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from airflow.providers.pgtrickle.engine.ops import expressions as ex
from airflow.providers.pgtrickle.engine.ops.domains import Renamed
from airflow.providers.pgtrickle.engine.ops.expressions import Expr
from airflow.providers.pgtrickle.engine.ops.nodes import Filter, Window
from airflow.providers.pgtrickle.engine.ops.scopes import (
    Domain,
    Environment,
    Frame,
    Lowered,
    Lowerer,
    Scope,
    Unsupported,
)

CUTS = ("limit", "offset", "fetch")


def limited(node: exp.Expr, lowered: Lowered, domain: Domain | None, lowerer: Lowerer) -> Lowered:
    """The rows that the query's LIMIT, OFFSET and FETCH leave of ``lowered``."""
    order = lowered.cut.order if lowered.cut is not None else ()
    skipped, count, ties = _clauses(node)
    scope = Scope(())
    if domain is not None:
        scope = Renamed(domain.scope, dict(zip(domain.columns, lowered.domain, strict=True)))
    frame = Frame(lowered.op, scope, Environment())
    first = lowerer.scalar(skipped, frame) if skipped is not None else None
    most = lowerer.scalar(count, frame) if count is not None else None
    if ties and first is not None:
        raise Unsupported("OFFSET together with WITH TIES, which leaves open which of the ties are skipped")
    number = lowerer.names.fresh("position")
    call = numbering("rank" if ties else "row_number", lowered.domain, order)
    op = Window(frame.op, tuple(sorted(lowered.domain)), ((number, call),))
    position = ex.column(number)
    conditions: list[Expr] = []
    if first is not None:
        conditions.append(ex.compare(position, ">", ex.coalesce(ex.cast(first, "bigint"), ex.integer(0))))
    if most is not None:
        last = ex.cast(most, "bigint")
        if first is not None:
            last = exp.Add(this=last, expression=ex.coalesce(ex.cast(first, "bigint"), ex.integer(0)))
        within = ex.compare(position, "<=", last)
        conditions.append(within if isinstance(most, exp.Literal) else ex.or_((ex.is_null(most), within)))
    return Lowered(Filter(op, ex.and_(conditions)), lowered.outputs, domain=lowered.domain)


def numbering(function: str, partition: Sequence[str], order: Sequence[tuple[str, str]]) -> Expr:
    """``function() OVER (PARTITION BY … ORDER BY …)``."""
    terms = [
        exp.Ordered(this=ex.column(name), desc=text.startswith("DESC"), nulls_first=text.endswith("FIRST"))
        for name, text in order
    ]
    return exp.Window(
        this=ex.call(function),
        partition_by=[ex.column(name) for name in partition],
        order=exp.Order(expressions=terms) if terms else None,
        over="OVER",
    )


def direction(item: exp.Expr) -> str:
    """What stands after the expression of an ORDER BY item."""
    if not isinstance(item, exp.Ordered):
        return "ASC NULLS LAST"
    if item.args.get("with_fill") or item.args.get("using"):
        raise Unsupported("ORDER BY with USING")
    word = "DESC" if item.args.get("desc") else "ASC"
    return f"{word} NULLS {'FIRST' if item.args.get('nulls_first') else 'LAST'}"


def order_of_outputs(order: exp.Order, lowered: Lowered) -> tuple[tuple[str, str], ...]:
    """The order of a set operation or of VALUES, which sort by their output columns alone."""
    sorted_by: list[tuple[str, str]] = []
    for item in order.expressions:
        value = item.this if isinstance(item, exp.Ordered) else item
        column: str | None = None
        if isinstance(value, exp.Literal) and not value.is_string:
            column = lowered.outputs[int(value.name) - 1][1]
        elif isinstance(value, exp.Column) and not value.table:
            column = next((name for title, name in lowered.outputs if title == value.name), None)
        if column is None:
            raise Unsupported("a set operation or VALUES sorted by an expression")
        sorted_by.append((column, direction(item)))
    return tuple(sorted_by)


def _clauses(node: exp.Expr) -> tuple[exp.Expr | None, exp.Expr | None, bool]:
    """What OFFSET and LIMIT or FETCH say, and whether ties of the last row count in."""
    offset, limit, fetch = (node.args.get(name) for name in ("offset", "limit", "fetch"))
    skipped = offset.expression if offset is not None else None
    count: exp.Expr | None = None
    ties = False
    for clause in (limit, fetch):
        if isinstance(clause, exp.Fetch):
            count = clause.args.get("count") or exp.Literal.number(1)
            options = clause.args.get("limit_options")
            ties = options is not None and bool(options.args.get("with_ties"))
            if options is not None and options.args.get("percent"):
                raise Unsupported("FETCH … PERCENT")
        elif clause is not None:
            count = clause.expression
    if isinstance(count, exp.Null) or (isinstance(count, exp.Expr) and count.name.upper() == "ALL"):
        count = None
    for value in (skipped, count):
        if isinstance(value, exp.Neg):
            raise Unsupported("a negative LIMIT or OFFSET")
    return skipped, count, ties
