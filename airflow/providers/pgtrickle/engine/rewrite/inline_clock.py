"""Put times that a one-row relation offers where they are read.

    A ⋈[θ(c)] π_(c := e)(1)  =  π_(A, c := e)(σ_θ(e)(A))      e reads the clock; 1 is one row without columns

``WITH p AS (SELECT now() - interval '7 days' AS since) SELECT … FROM t, p WHERE t.at > p.since`` thereby
compares a column with the clock, as if it had been written so. Must not fire for other constants: it would
gain nothing.
"""

from __future__ import annotations

from dataclasses import replace

from airflow.providers.pgtrickle.engine.ops import expressions as ex
from airflow.providers.pgtrickle.engine.ops.clock import reads_clock
from airflow.providers.pgtrickle.engine.ops.expressions import Expr
from airflow.providers.pgtrickle.engine.ops.nodes import Constant, Join, Op, Project
from airflow.providers.pgtrickle.engine.rewrite.rebuild import transform


def inline_clock(op: Op) -> Op:
    """The tree with the clock read by the conditions themselves."""
    return transform(op, lambda node: _inlined(node) if isinstance(node, Join) else node)


def _inlined(join: Join) -> Op:
    values: dict[str, Expr] = {}
    rest: list[Op] = []
    for side in join.inputs:
        offered = _offered(side)
        if offered is not None and reads_clock(*offered.values()):
            values |= offered
        else:
            rest.append(side)
    if not values:
        return join
    predicates = tuple(ex.substitute(predicate, values) for predicate in join.predicates)
    below = replace(join, inputs=tuple(rest) or (Constant(),), predicates=predicates)
    return Project(below, tuple((name, values.get(name, ex.column(name))) for name in join.columns))


def _offered(op: Op) -> dict[str, Expr] | None:
    """The columns of projections of the one row without columns, None for any other relation."""
    if isinstance(op, Constant):
        return {} if not op.columns and len(op.rows) == 1 else None
    if not isinstance(op, Project):
        return None
    below = _offered(op.input)
    if below is None:
        return None
    return {name: ex.substitute(value, below) for name, value in op.outputs}
