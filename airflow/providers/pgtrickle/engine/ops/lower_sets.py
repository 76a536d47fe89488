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
from airflow.providers.pgtrickle.engine.ops.references import has_query
from airflow.providers.pgtrickle.engine.ops.scopes import (
    Domain,
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

    def set_operation(
        self, node: exp.SetOperation, environment: Environment, domain: Domain | None = None
    ) -> Lowered:
        """UNION, INTERSECT and EXCEPT."""
        if node.args.get("by_name"):
            raise Unsupported("UNION BY NAME")
        parts = _union_sides(node) if isinstance(node, exp.Union) else [node.this, node.expression]
        sides = [self.lowerer.query(side, environment, domain=domain) for side in parts]
        columns = tuple(self.names.fresh(name) for name, _ in sides[0].outputs)
        outputs = tuple((name, column) for (name, _), column in zip(sides[0].outputs, columns, strict=True))
        distinct = bool(node.args.get("distinct"))
        carried = tuple(self.names.another(name) for name in sides[0].domain)
        columns = (*carried, *columns)
        if not isinstance(node, exp.Union):
            op = self._difference(node, sides, columns, distinct=distinct)
            return Lowered(op, outputs, domain=carried)
        mappings = tuple((*side.domain, *(name for _, name in side.outputs)) for side in sides)
        union: Op = UnionAll(tuple(side.op for side in sides), columns, mappings)
        return Lowered(Aggregate(union, columns) if distinct else union, outputs, domain=carried)

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
            mappings.append((*side.domain, *(column for _, column in side.outputs), left, right))
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

    def values(self, node: exp.Values, environment: Environment, domain: Domain | None = None) -> Lowered:
        """VALUES as a query: constant rows, or a row of expressions for each row of a domain."""
        rows = [
            tuple(row.expressions) if isinstance(row, exp.Tuple) else (row.unnest(),)
            for row in node.expressions
        ]
        titles = [f"column{position}" for position in range(1, len(rows[0]) + 1)]
        columns = tuple(self.names.fresh(title) for title in titles)
        outputs = tuple(zip(titles, columns, strict=True))
        if domain is None and not has_query(node):
            frame = Frame(Constant(), Scope(()), environment)
            values = tuple(tuple(self.lowerer.scalar(value, frame) for value in row) for row in rows)
            return Lowered(Constant(columns, values), outputs)
        sides: list[Op] = []
        mappings: list[tuple[str, ...]] = []
        carried: tuple[str, ...] = ()
        for row in rows:
            entered = domain.entered(self.names) if domain is not None else None
            frame = Frame(Constant(), Scope(()), environment)
            if entered is not None:
                frame = Frame(entered.op, Scope((), (), entered.scope), environment, entered=entered)
            own = tuple(self.names.fresh(title) for title in titles)
            computed = tuple(
                (name, self.lowerer.scalar(value, frame)) for name, value in zip(own, row, strict=True)
            )
            sides.append(Project(frame.op, (*((name, ex.column(name)) for name in frame.domain), *computed)))
            mappings.append((*frame.domain, *own))
            carried = carried or tuple(self.names.another(name) for name in frame.domain)
        union = UnionAll(tuple(sides), (*carried, *columns), tuple(mappings))
        return Lowered(union, outputs, domain=carried)


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
