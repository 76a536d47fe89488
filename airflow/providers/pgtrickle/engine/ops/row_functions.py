"""Functions in FROM, and queries that read no relation: what they return depends on a single row.

    Δ(A × f(A)) = ΔA × f(ΔA)

They stay expressions (``Apply`` is linear), whatever is in them: several functions in lockstep, WITH
ORDINALITY, lists of column definitions, VALUES, aggregates over an unnested array.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from airflow.providers.pgtrickle.engine.ops.expressions import Expr
from airflow.providers.pgtrickle.engine.ops.references import free_references, reads_relations


def is_row_function(node: exp.Expr) -> bool:
    """Whether a FROM item is a function, or a query of no relation that reads what stands around it."""
    if isinstance(node, exp.Table) and node.args.get("rows_from"):
        return True
    if called(node) is not None:
        return True
    query = query_of(node)
    return query is not None and not reads_relations(query) and any(True for _ in free_references(query))


def row_function(
    node: exp.Expr, scalar: Callable[[exp.Expr], Expr], closed: Callable[[exp.Expr], Expr]
) -> tuple[Expr, bool]:
    """The FROM item as an expression to stand behind LATERAL, and whether WITH ORDINALITY follows it.

    ``scalar`` lowers a call, ``closed`` a query that reads no relation.
    """
    call, alias = called(node), node.args.get("alias")
    shaped = alias is not None and any(
        not isinstance(c, exp.Identifier) for c in alias.args.get("columns") or ()
    )
    if call is not None and not shaped:
        return scalar(call), bool(node.args.get("ordinality"))
    query = query_of(node)
    if query is not None:
        return exp.Subquery(this=closed(query)), False
    kept = ("this", "alias", "rows_from", "ordinality")
    bare = exp.Table(**{name: part for name, part in node.copy().args.items() if name in kept})
    star = exp.Select(expressions=[exp.Star()])
    star.set("from_", exp.From(this=bare))
    return exp.Subquery(this=closed(star)), False


def called(node: exp.Expr) -> exp.Expr | None:
    """The function call of a FROM item, if it is one."""
    call = node.this if isinstance(node, (exp.Lateral, exp.Table)) else None
    if isinstance(call, exp.Dot):
        return call if isinstance(call.expression, exp.Func) else None
    return call if isinstance(call, exp.Func) else None


def query_of(node: exp.Expr) -> exp.Expr | None:
    """The query of a FROM item that is a subquery or VALUES."""
    if isinstance(node, exp.Values):
        return node
    if isinstance(node, exp.Lateral) and isinstance(node.this, exp.Subquery):
        node = node.this
    if isinstance(node, exp.Subquery) and isinstance(node.this, (exp.Query, exp.Values)):
        return node.this if not isinstance(node.this, exp.Subquery) else None
    return None


def output_titles(query: exp.Expr) -> list[str]:
    """The names of a query's output columns, as PostgreSQL prints them."""
    while isinstance(query, (exp.SetOperation, exp.Subquery)):
        query = query.this
    if isinstance(query, exp.Values):
        first = query.expressions[0]
        return [
            f"column{n}"
            for n in range(1, (len(first.expressions) if isinstance(first, exp.Tuple) else 1) + 1)
        ]
    return [target.alias_or_name or "?column?" for target in query.expressions]
