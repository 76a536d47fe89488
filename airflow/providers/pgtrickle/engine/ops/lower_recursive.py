"""Lowering of a common table expression of WITH RECURSIVE."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import exp

from airflow.providers.pgtrickle.engine.ops import expressions as ex
from airflow.providers.pgtrickle.engine.ops.expressions import Expr
from airflow.providers.pgtrickle.engine.ops.naming import Names
from airflow.providers.pgtrickle.engine.ops.nodes import (
    Filter,
    Op,
    Project,
    Recursive,
    SelfReference,
    walk,
)
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
    body = cte.this
    while isinstance(body, exp.Subquery) and not body.args.get("with_"):
        body = body.this
    name, names = cte.alias, lowerer.names
    if not isinstance(body, exp.Union) or not _mentions(body.expression, name):
        return titled(lowerer.query(body, home), titles)
    environment = lowerer.environment(body, home)
    start = titled(lowerer.query(body.this, environment), titles)
    cycle = Cycle.of(cte, distinct=bool(body.args.get("distinct")))
    shown = start.outputs
    if cycle is not None:
        start = cycle.start(start, names)
    columns = tuple((title, names.fresh(title)) for title, _ in start.outputs)
    label = names.fresh("recursive")
    reference = SelfReference(label, tuple(column for _, column in columns))
    home.lowered[name] = Lowered(reference, columns)
    try:
        step = lowerer.query(body.expression, environment)
    finally:
        del home.lowered[name]
    if not any(node is reference for node in walk(step.op)):
        # Another relation of this name was meant.
        return titled(lowerer.query(body, home), titles)
    if cycle is not None:
        step = cycle.step(titled(step, [title for title, _ in shown]), reference, names)
    outputs = tuple((title, names.fresh(title)) for title, _ in start.outputs)
    node = Recursive(
        label,
        start.op,
        step.op,
        tuple(column for _, column in outputs),
        (tuple(column for _, column in start.outputs), tuple(column for _, column in step.outputs)),
        bool(body.args.get("distinct")),
        () if cycle is None else tuple(dict(shown)[title] for title in cycle.columns),
    )
    # The path is PostgreSQL's own array of records, and not to be had.
    return Lowered(node, outputs[:-1] if cycle is not None else outputs)


@dataclass(frozen=True, slots=True)
class Cycle:
    """A CYCLE clause: what it means in terms of ordinary columns.

    Each row carries the path on which it was reached, and a mark that tells whether it stands on that path
    already; marked rows are not followed. PostgreSQL's path is an array of records, which no table can hold,
    so the path is kept as the texts of the records.
    """

    columns: tuple[str, ...]
    mark: str
    path: str
    value: Expr
    default: Expr

    @classmethod
    def of(cls, cte: exp.CTE, *, distinct: bool) -> Cycle | None:
        """The clause of a CTE, if it has one. SEARCH only makes a column to sort by, which is not offered."""
        if not isinstance(cte, SearchedCTE):
            return None
        if cte.args.get("search") is not None and distinct:
            raise Unsupported("SEARCH in a UNION, whose rows its column tells apart")
        clause = cte.args.get("cycle")
        if clause is None:
            return None
        return cls(
            tuple(identifier.name for identifier in clause.expressions),
            clause.this.name,
            clause.args["path"].name,
            clause.args["value"],
            clause.args["default"],
        )

    def start(self, arm: Lowered, names: Names) -> Lowered:
        """The start, each row on a path of its own."""
        return self._with(arm, self.default, exp.Array(expressions=[self._record(arm)]), names)

    def step(self, arm: Lowered, reference: SelfReference, names: Names) -> Lowered:
        """The step from rows without the mark, the path made longer."""
        mark, path = self._carried(arm.op, reference)
        arm = Lowered(Filter(arm.op, ex.compare(ex.column(mark), "<>", self.value)), arm.outputs)
        record = self._record(arm)
        met = ex.is_not_null(ex.call("array_position", ex.column(path), record))
        longer = ex.call("array_append", ex.column(path), record)
        return self._with(arm, ex.case([(met, self.value)], self.default), longer, names)

    def _record(self, arm: Lowered) -> Expr:
        outputs = dict(arm.outputs)
        return ex.cast(ex.call("ROW", *(ex.column(outputs[title]) for title in self.columns)), "text")

    def _with(self, arm: Lowered, mark: Expr, path: Expr, names: Names) -> Lowered:
        added = ((names.fresh(self.mark), mark), (names.fresh(self.path), path))
        op = Project(arm.op, (*((name, ex.column(name)) for name in arm.op.columns), *added))
        titles = zip((self.mark, self.path), added, strict=True)
        return Lowered(op, (*arm.outputs, *((title, column) for title, (column, _) in titles)))

    def _carried(self, op: Op, reference: SelfReference) -> tuple[str, str]:
        """The mark and the path of the row that a row of the step came of."""
        for node in walk(op):
            if isinstance(node, Project) and node.input is reference:
                carried = {ex.column_of(value): name for name, value in node.outputs}
                mark, path = (carried[column] for column in reference.columns[-2:])
                if {mark, path} <= set(op.columns):
                    return mark, path
        raise Unsupported("CYCLE over an arm that is not a plain SELECT")


def _mentions(node: exp.Expr, name: str) -> bool:
    """Whether a relation of this unqualified name is read; it may be another one that hides it."""
    return any(table.name == name and not table.db for table in node.find_all(exp.Table))
