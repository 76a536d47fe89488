"""Set-returning functions in a select list.

    SELECT x, f(y), g(z) FROM A   =   SELECT x, s.f, s.g FROM A, LATERAL (SELECT f(y), g(z)) AS s

What PostgreSQL does with several of them (in lockstep, the shorter filled up with NULL) and with nested ones
it then does itself, for each row: the operator is linear.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from airflow.providers.pgtrickle.engine.ops import expressions as ex
from airflow.providers.pgtrickle.engine.ops.expressions import Expr
from airflow.providers.pgtrickle.engine.ops.naming import Names
from airflow.providers.pgtrickle.engine.ops.nodes import Apply, Op
from airflow.providers.pgtrickle.engine.ops.scopes import Unsupported
from airflow.providers.pgtrickle.engine.schema import Function

Targets = list[tuple[str, Expr]]


class SetReturning:
    """Expands select lists; knows the set-returning functions of a binding."""

    def __init__(self, functions: Sequence[Function], names: Names) -> None:
        self.names = names
        self.known = frozenset(f.name for f in functions if f.set_returning)
        self.others = frozenset(f.name for f in functions if not f.set_returning)

    def expanded(self, op: Op, targets: Sequence[tuple[str, Expr]]) -> tuple[Op, Targets]:
        """The tree with a row for each that the functions return, and the targets over it."""
        columns: list[tuple[Expr, str]] = []
        outputs: Targets = []
        for title, value in targets:
            if not self.returns_set(value):
                outputs.append((title, value))
                continue
            bare = value.unnest()
            name = next((column for seen, column in columns if seen == bare), None)
            if name is None:
                name = self.names.fresh(title)
                columns.append((bare, name))
            outputs.append((title, ex.column(name)))
        if not columns:
            return op, outputs
        listed = exp.Select(expressions=[value.copy() for value, _ in columns])
        return Apply(op, exp.Subquery(this=listed), tuple(name for _, name in columns)), outputs

    def returns_set(self, value: Expr) -> bool:
        """Whether a set-returning function stands in an expression, its subqueries aside."""
        found = False
        for call in value.walk(prune=lambda part: isinstance(part, exp.Query)):
            name = call.name if isinstance(call, exp.Anonymous) else ""
            if name not in self.known:
                continue
            if name in self.others:
                raise Unsupported(f"{name}() as one of several functions of this name in a select list")
            found = True
        return found
