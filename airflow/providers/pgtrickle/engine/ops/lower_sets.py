"""Lowering set operations and VALUES."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from airflow.providers.pgtrickle.engine.ops import expressions as ex
from airflow.providers.pgtrickle.engine.ops.naming import BIGINT, INTEGER
from airflow.providers.pgtrickle.engine.ops.nodes import (
    Aggregate,
    AggregateCall,
    Constant,
    Filter,
    Op,
    Project,
    Repeat,
    UnionAll,
)
from airflow.providers.pgtrickle.engine.ops.scopes import (
    Environment,
    Frame,
    Lowered,
    Lowerer,
    Scope,
    Unsupported,
)


class SetOperations:
    """Lowers queries made of queries, and lists of rows."""

    def __init__(self, lowerer: Lowerer) -> None:
        self.lowerer = lowerer
        self.names = lowerer.names

    def set_operation(self, node: exp.SetOperation, environment: Environment) -> Lowered:
        """UNION, INTERSECT and EXCEPT."""
        if node.args.get("by_name"):
            raise Unsupported("UNION BY NAME")
        parts = _union_sides(node) if isinstance(node, exp.Union) else [node.this, node.expression]
        sides = [self.lowerer.query(side, environment) for side in parts]
        columns = tuple(self.names.fresh(name) for name, _ in sides[0].outputs)
        outputs = tuple((name, column) for (name, _), column in zip(sides[0].outputs, columns, strict=True))
        distinct = bool(node.args.get("distinct"))
        if not isinstance(node, exp.Union):
            return Lowered(self._difference(node, sides, columns, distinct=distinct), outputs)
        union: Op = UnionAll(
            tuple(side.op for side in sides),
            columns,
            tuple(tuple(name for _, name in side.outputs) for side in sides),
        )
        return Lowered(Aggregate(union, columns) if distinct else union, outputs)

    def _difference(
        self, node: exp.SetOperation, sides: Sequence[Lowered], columns: tuple[str, ...], *, distinct: bool
    ) -> Op:
        """INTERSECT and EXCEPT: for each row its multiplicities on the left and on the right decide."""
        left, right = self.names.fresh("left", INTEGER), self.names.fresh("right", INTEGER)
        tagged: list[Op] = []
        mappings: list[tuple[str, ...]] = []
        for position, side in enumerate(sides):
            exact = side.exactly()
            tags = ((left, ex.integer(int(position == 0))), (right, ex.integer(int(position == 1))))
            tagged.append(Project(exact, (*((name, ex.column(name)) for name in exact.columns), *tags)))
            mappings.append((*(column for _, column in side.outputs), left, right))
        union = UnionAll(tuple(tagged), (*columns, left, right), tuple(mappings))
        ours, theirs = self.names.fresh("ours", BIGINT), self.names.fresh("theirs", BIGINT)
        calls = [
            AggregateCall(name, ex.aggregate_call("sum", ex.column(tag)), "sum", ex.column(tag))
            for name, tag in ((ours, left), (theirs, right))
        ]
        counted = Aggregate(union, columns, tuple(calls))
        one, other, zero = ex.column(ours), ex.column(theirs), ex.integer(0)
        keep = tuple((name, ex.column(name)) for name in columns)
        if distinct:
            second = ex.compare(other, "=" if isinstance(node, exp.Except) else ">", zero)
            return Project(Filter(counted, ex.and_((ex.compare(one, ">", zero), second))), keep)
        times = self.names.fresh("times", BIGINT)
        count = ex.subtract(one, other) if isinstance(node, exp.Except) else ex.least(one, other)
        return Repeat(
            Filter(Project(counted, (*keep, (times, count))), ex.compare(ex.column(times), ">", zero)), times
        )

    def values(self, node: exp.Values) -> Lowered:
        """VALUES as a query."""
        rows = [
            tuple(row.expressions) if isinstance(row, exp.Tuple) else (row.unnest(),)
            for row in node.expressions
        ]
        titles = [f"column{position}" for position in range(1, len(rows[0]) + 1)]
        columns = tuple(self.names.fresh(title) for title in titles)
        frame = Frame(Constant(), Scope(()), Environment())
        values = tuple(tuple(self.lowerer.scalar(value, frame) for value in row) for row in rows)
        return Lowered(Constant(columns, values), tuple(zip(titles, columns, strict=True)))


def _union_sides(node: exp.Union) -> list[exp.Expr]:
    """The inputs of a chain of the same kind of union, left to right."""
    sides: list[exp.Expr] = []
    left: exp.Expr = node
    while (
        isinstance(left, exp.Union)
        and bool(left.args.get("distinct")) == bool(node.args.get("distinct"))
        and (left is node or not any(left.args.get(part) for part in ("with_", "order", "limit", "offset")))
    ):
        sides.append(left.expression)
        left = left.this
    sides.append(left)
    return sides[::-1]
