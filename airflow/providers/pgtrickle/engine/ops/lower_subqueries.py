"""Lowering subqueries in expressions, and lateral ones in FROM.

To semi and anti joins where they are conditions, else to joined values.

    EXISTS (q)                    A ⋉ q                  NOT EXISTS: A ▷ q
    x IN (q), x op ANY (q)        A ⋉ q on x op y as well
    x NOT IN, x op ALL (q)        A ▷ q on (x op' y) IS NOT FALSE: one NULL in q decides for no row
    (q), one aggregate            A × q; correlated by equality: A ⟕ γ(q) on the keys
    (q) otherwise                 A ⟕ q, one row at most: a second one is PostgreSQL's own error
    EXISTS, IN, ANY elsewhere     such a value: how many rows match

A correlated q is lowered over its domain (``domains``), which serves any query. Where it is a plain SELECT
that is correlated by conditions of its WHERE clause alone, these become the join's conditions, and no domain
is needed.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from airflow.providers.pgtrickle.engine.ops import expressions as ex
from airflow.providers.pgtrickle.engine.ops.aggregates import read_aggregate
from airflow.providers.pgtrickle.engine.ops.expressions import Expr
from airflow.providers.pgtrickle.engine.ops.naming import BIGINT
from airflow.providers.pgtrickle.engine.ops.nodes import (
    Aggregate,
    AggregateCall,
    Constant,
    Filter,
    Join,
    Op,
    OuterJoin,
    Project,
    SemiJoin,
    Window,
)
from airflow.providers.pgtrickle.engine.ops.quantified import as_scalar_subquery
from airflow.providers.pgtrickle.engine.ops.references import (
    free_columns,
    free_references,
    has_query,
    reads_relations,
)
from airflow.providers.pgtrickle.engine.ops.scopes import Frame, Lowered, Lowerer

_NEGATED: dict[type[exp.Expr], type[exp.Binary]] = {
    exp.EQ: exp.NEQ,
    exp.NEQ: exp.EQ,
    exp.LT: exp.GTE,
    exp.LTE: exp.GT,
    exp.GT: exp.LTE,
    exp.GTE: exp.LT,
}
_NOT_PLAIN = ("group", "having", "with_", "limit", "offset", "fetch", "distinct", "windows")


@dataclass(frozen=True, slots=True)
class Inner:
    """A subquery's FROM and WHERE: its tree, its frame, and the conditions that read the outer query."""

    frame: Frame
    select: exp.Select
    correlated: tuple[Expr, ...]


class Subqueries:
    """Lowers subqueries in expressions."""

    def __init__(self, lowerer: Lowerer) -> None:
        self.lowerer = lowerer
        self.names = lowerer.names

    # -- conditions ---------------------------------------------------------------------------------------

    def condition(self, node: exp.Expr, frame: Frame) -> None:
        """Restrict the frame's tree to the rows for which the condition is true."""
        bare = node.unnest()
        if isinstance(bare, exp.And):
            self.condition(bare.this, frame)
            self.condition(bare.expression, frame)
            return
        negated = isinstance(bare, exp.Not)
        test = bare.this.unnest() if negated else bare
        if isinstance(test, exp.Exists):
            self._exists(test.this, frame, anti=negated)
        elif isinstance(test, exp.In) and test.args.get("query") is not None:
            self._quantified(test.this, exp.EQ, test.args["query"], frame, anti=negated)
        elif (
            isinstance(test, exp.Binary)
            and type(test) in _NEGATED
            and isinstance(test.expression, (exp.Any, exp.All))
            and isinstance(test.expression.this.unnest(), exp.Query)
        ):
            self._any_or_all(test, frame, negated=negated)
        else:
            predicate = self.lowerer.scalar(node, frame)
            frame.op = Filter(frame.op, predicate)

    def _any_or_all(self, test: exp.Binary, frame: Frame, *, negated: bool) -> None:
        kind = type(test)
        every = isinstance(test.expression, exp.All)
        # x op ALL (q) holds when no row says otherwise; NOT turns one quantifier into the other.
        anti = every != negated
        operator = _NEGATED[kind] if every else kind
        if negated and every:
            anti, operator = False, _NEGATED[kind]
        query = test.expression.this.unnest()
        if len(self._row(test.this)) > 1 and operator is not exp.EQ:
            whole = as_scalar_subquery(test, self.names)
            predicate = self._scalar_subquery(whole, frame)
            frame.op = Filter(frame.op, ex.negate(predicate) if negated else predicate)
            return
        self._quantified(test.this, operator, query, frame, anti=anti)

    def _exists(self, node: exp.Expr, frame: Frame, *, anti: bool) -> None:
        inner = self._plain(node, frame)
        if inner is not None:
            frame.op = SemiJoin(frame.op, inner.frame.op, inner.correlated, anti)
            return
        lowered, links = self._lowered(node, frame)
        frame.op = SemiJoin(frame.op, lowered.op, links, anti)

    def _quantified(
        self, left: exp.Expr, operator: type[exp.Binary], node: exp.Expr, frame: Frame, *, anti: bool
    ) -> None:
        parts = [self.lowerer.scalar(part, frame) for part in self._row(left)]
        inner = self._plain(node, frame, values=True)
        if inner is None:
            lowered, predicates = self._lowered(node, frame)
            right: Op = lowered.op
            values = [value for _, value in lowered.columns]
        else:
            values = [
                self.lowerer.scalar(_value_of(target), inner.frame) for target in inner.select.expressions
            ]
            right, predicates = inner.frame.op, inner.correlated
        compared = tuple(ex.binary(operator, one, other) for one, other in zip(parts, values, strict=True))
        if anti:
            # NULL counts as a possible match. For a row: no column may be known to differ.
            known = [ex.is_not_false(comparison) for comparison in compared]
            frame.op = SemiJoin(frame.op, right, (*predicates, *known), anti=True)
        else:
            frame.op = SemiJoin(frame.op, right, (*predicates, *compared))

    @staticmethod
    def _row(node: exp.Expr) -> list[exp.Expr]:
        bare = node.unnest()
        if isinstance(bare, exp.Tuple) or (isinstance(bare, exp.Anonymous) and bare.name.lower() == "row"):
            return list(bare.expressions)
        return [node]

    # -- values -------------------------------------------------------------------------------------------

    def value(self, node: exp.Expr, frame: Frame) -> Expr:
        """A subquery inside an expression as an expression; the frame's tree gets what it needs."""
        if isinstance(node, exp.Subquery):
            return self._scalar_subquery(node.this, frame)
        if isinstance(node, exp.Exists):
            matches = self._matches(node.this, frame)
            if matches is not None:
                return ex.compare(matches, ">", ex.integer(0))
        if isinstance(node, exp.In):
            found = self._membership(node, frame)
            if found is not None:
                return found
        return self._scalar_subquery(as_scalar_subquery(node, self.names), frame)

    def _scalar_subquery(self, node: exp.Expr, frame: Frame) -> Expr:
        if not reads_relations(node) and any(True for _ in free_references(node)):
            return exp.Subquery(this=self.lowerer.closed(node, frame))
        inner = self._plain(node, frame, values=True, aggregates=True)
        if inner is not None and inner.correlated and len(inner.select.expressions) == 1:
            target = _value_of(inner.select.expressions[0])
            if self._is_aggregate_of(target) and self._equalities(inner, frame) is not None:
                return self._correlated_aggregate(inner, self.lowerer.scalar(target, inner.frame), frame)
        lowered, links = self._lowered(node, frame)
        columns = [column for _, column in lowered.outputs]
        if self._at_most_one(lowered):
            certain = not links and _one_row(lowered.op)
            frame.op = Join((frame.op, lowered.op)) if certain else OuterJoin(frame.op, lowered.op, links)
            return _as_row([ex.column(column) for column in columns])
        number, rows = self.names.fresh("row", BIGINT), self.names.fresh("rows", BIGINT)
        counted = exp.Window(
            this=ex.aggregate_call("count", None),
            partition_by=[ex.column(name) for name in lowered.domain],
            over="OVER",
        )
        calls = ((number, _numbered(lowered.domain)), (rows, counted))
        first: Op = Window(lowered.exactly(), tuple(sorted(lowered.domain)), calls)
        first = Filter(first, ex.equals(ex.column(number), ex.integer(1)))
        # Of several rows none is taken, so that it does not matter which one comes first.
        is_only = ex.equals(ex.column(rows), ex.integer(1))
        values = [(self.names.another(column), ex.case([(is_only, ex.column(column))])) for column in columns]
        passed = [(name, ex.column(name)) for name in (*lowered.domain, rows)]
        frame.op = OuterJoin(frame.op, Project(first, (*passed, *values)), links)
        return _as_row([ex.only_value(ex.column(name), ex.column(rows)) for name, _ in values])

    def _at_most_one(self, lowered: Lowered) -> bool:
        """Whether the query has at most one row for each of its domain."""
        domain = frozenset(lowered.domain)
        if _one_row(lowered.op) is not None:
            return True
        return any(key <= domain for key in self.lowerer.keys_of(lowered.op))

    def _is_aggregate_of(self, target: exp.Expr) -> bool:
        """Whether an expression is made of constants and of aggregates whose value over no row is known."""
        bare = target.unnest()
        if self.lowerer.is_aggregate(bare):
            function = read_aggregate(bare, self.names).function
            return function != "other" and not has_query(bare)
        if isinstance(bare, (exp.Column, exp.Query, exp.Window)):
            return False
        parts = list(bare.iter_expressions())
        return all(self._is_aggregate_of(part) for part in parts if not isinstance(part, exp.DataType))

    def _correlated_aggregate(self, inner: Inner, target: Expr, frame: Frame) -> Expr:
        calls: list[tuple[Expr, AggregateCall]] = []

        def rewrite(value: Expr) -> Expr:
            bare = value.unnest()
            if self.lowerer.is_aggregate(bare):
                for seen, known in calls:
                    if seen == bare:
                        return self._over_no_row(known)
                call = read_aggregate(bare, self.names)
                calls.append((bare, call))
                return self._over_no_row(call)
            copied = value.copy()
            for name, child in list(copied.args.items()):
                if isinstance(child, exp.Expr) and not isinstance(child, exp.DataType):
                    copied.set(name, rewrite(child))
                elif isinstance(child, list):
                    copied.set(name, [rewrite(c) if isinstance(c, exp.Expr) else c for c in child])
            return copied

        value = rewrite(target)
        if not calls:
            return value
        self._join_groups(inner, tuple(call for _, call in calls), (), frame)
        return value

    @staticmethod
    def _over_no_row(call: AggregateCall) -> Expr:
        """The aggregate's column after the outer join: where no group matched, its value over no row."""
        if call.function == "count":
            return ex.coalesce(ex.column(call.name), ex.integer(0))
        return ex.column(call.name)

    def _matches(
        self, node: exp.Expr, frame: Frame, extra: tuple[tuple[Expr, Expr], ...] = ()
    ) -> Expr | None:
        """How many rows of the subquery match; ``extra`` adds equalities (outer value, inner value).

        None when that takes a domain.
        """
        inner = self._plain(node, frame, values=bool(extra))
        call = AggregateCall(self.names.fresh("matches"), ex.aggregate_call("count", None), "count")
        if inner is None:
            if extra or free_columns(node, frame.scope):
                return None
            lowered = self.lowerer.query(node, frame.environment)
            counted = Aggregate(lowered.op, (), (call,), scalar=True)
            frame.op = Join((frame.op, counted))
            return ex.column(call.name)
        if self._equalities(inner, frame) is None:
            return None
        self._join_groups(inner, (call,), extra, frame)
        return ex.coalesce(ex.column(call.name), ex.integer(0))

    def _membership(self, node: exp.In, frame: Frame) -> Expr | None:
        """``x IN (q)`` as a value: true for a match; else NULL when x or a row of a not empty q is NULL.

        None when q is correlated or not plain.
        """
        query = node.args["query"]
        inner = self._plain(query, frame, values=True)
        if inner is None or inner.correlated or len(inner.select.expressions) != 1:
            return None
        if len(self._row(node.this)) != 1:
            return None
        left = self.lowerer.scalar(node.this, frame)
        if not ex.column_names(left) <= frozenset(frame.op.columns):
            return None
        value = self.lowerer.scalar(_value_of(inner.select.expressions[0]), inner.frame)
        found = self._matches(query, frame, ((left, value),))
        # The value was lowered over a tree of its own; count again over one more for the two other answers.
        again = self._plain(query, frame, values=True)
        if found is None or again is None:
            return None
        value = self.lowerer.scalar(_value_of(again.select.expressions[0]), again.frame)
        rows = AggregateCall(self.names.fresh("rows"), ex.aggregate_call("count", None), "count")
        filled = AggregateCall(self.names.fresh("filled"), ex.aggregate_call("count", value), "count", value)
        frame.op = Join((frame.op, Aggregate(again.frame.op, (), (rows, filled), scalar=True)))
        zero = ex.integer(0)
        undecided = ex.or_((ex.is_null(left), ex.compare(ex.column(filled.name), "<", ex.column(rows.name))))
        return ex.case(
            [
                (ex.compare(found, ">", zero), ex.TRUE),
                (ex.equals(ex.column(rows.name), zero), ex.or_(())),
                (undecided, ex.cast(ex.null(), "boolean")),
            ],
            ex.or_(()),
        )

    def _equalities(self, inner: Inner, frame: Frame) -> list[tuple[Expr, Expr]] | None:
        """The correlated conditions as pairs (outer value, inner value) that are equal, if they are that."""
        own, outer = frozenset(inner.frame.op.columns), frozenset(frame.op.columns)
        pairs: list[tuple[Expr, Expr]] = []
        for predicate in inner.correlated:
            sides = ex.equated_sides(predicate)
            if sides is None:
                return None
            one, other = sides
            if ex.column_names(one) <= own and ex.column_names(other) <= outer:
                pairs.append((other, one))
            elif ex.column_names(other) <= own and ex.column_names(one) <= outer:
                pairs.append((one, other))
            else:
                return None
        return pairs

    def _join_groups(
        self,
        inner: Inner,
        calls: tuple[AggregateCall, ...],
        extra: tuple[tuple[Expr, Expr], ...],
        frame: Frame,
    ) -> None:
        """Outer-join the inner rows, grouped by what correlates them, to the frame's tree."""
        pairs = self._equalities(inner, frame) or []
        if extra:
            # The inner tree was lowered anew: its value is the select's only target.
            value = self.lowerer.scalar(_value_of(inner.select.expressions[0]), inner.frame)
            pairs += [(left, value) for left, _ in extra]
        computed: list[tuple[str, Expr]] = []
        keys: list[tuple[Expr, str]] = []
        for outer, value in pairs:
            name = ex.column_of(value)
            if name is None or any(name == known for _, known in keys):
                name = self.names.fresh("key")
                computed.append((name, value))
            keys.append((outer, name))
        op = inner.frame.op
        if computed:
            op = Project(op, (*((name, ex.column(name)) for name in op.columns), *computed))
        if not keys:
            frame.op = Join((frame.op, Aggregate(op, (), calls, scalar=True)))
            return
        grouped = Aggregate(op, tuple(name for _, name in keys), calls)
        on = tuple(ex.equals(outer, ex.column(name)) for outer, name in keys)
        frame.op = OuterJoin(frame.op, grouped, on)

    # -- in FROM ------------------------------------------------------------------------------------------

    def lateral(self, node: exp.Expr, frame: Frame, *, optional: bool) -> tuple[tuple[str, Expr], ...] | None:
        """Join a lateral query to the frame's tree; None when it reads nothing of it."""
        if not free_columns(node, frame.scope):
            return None
        lowered, links = self._lowered(node, frame)
        if optional:
            frame.op = OuterJoin(frame.op, lowered.op, links)
        else:
            frame.op = Join((frame.op, lowered.op), links)
        return lowered.columns

    # -- parts --------------------------------------------------------------------------------------------

    def _lowered(self, node: exp.Expr, frame: Frame) -> tuple[Lowered, tuple[Expr, ...]]:
        """The subquery over its domain, and what joins it back; nothing does if it is not correlated."""
        read = free_columns(node, frame.scope)
        if not read:
            return self.lowerer.query(node, frame.environment), ()
        domain = self.lowerer.domain(frame, read)
        lowered = self.lowerer.query(node, frame.environment, domain=domain)
        return lowered, domain.links(lowered.domain)

    def _plain(
        self, node: exp.Expr, frame: Frame, *, values: bool = False, aggregates: bool = False
    ) -> Inner | None:
        """The subquery taken apart, if it is a plain SELECT correlated by conditions in WHERE alone.

        ``values``: what it selects is needed and must read its own tables only. ``aggregates``: it may have
        some.
        """
        select = node.unnest() if isinstance(node, (exp.Paren, exp.Subquery)) else node
        if not isinstance(select, exp.Select) or any(select.args.get(part) for part in _NOT_PLAIN):
            return None
        targets = [part for target in select.expressions for part in _own(target)]
        if not aggregates and any(self.lowerer.is_aggregate(part) for part in targets):
            return None
        if any(isinstance(part, exp.Window) for part in targets) or self.lowerer.returns_set(select):
            return None
        if values and any(
            has_query(target) or free_columns(target, frame.scope) for target in select.expressions
        ):
            return None
        clauses = [select.args.get("from_"), *(select.args.get("joins") or ())]
        if any(free_columns(clause, frame.scope) for clause in clauses if clause is not None):
            return None
        where = select.args.get("where")
        conditions = ex.conjuncts(where.this) if where is not None else ()
        if any(has_query(part) and free_columns(part, frame.scope) for part in conditions):
            return None
        inner = self.lowerer.from_frame(select, frame.environment, frame.scope)
        correlated: list[Expr] = []
        for part in conditions:
            if has_query(part):
                self.condition(part, inner)
                continue
            predicate = self.lowerer.scalar(part, inner)
            if ex.column_names(predicate) <= frozenset(inner.op.columns):
                inner.op = Filter(inner.op, predicate)
            else:
                correlated.append(predicate)
        return Inner(inner, select, tuple(correlated))


def _value_of(target: exp.Expr) -> exp.Expr:
    return target.this if isinstance(target, exp.Alias) else target


def _own(target: exp.Expr) -> list[exp.Expr]:
    """The nodes of an expression, those of its subqueries aside."""
    return list(target.walk(prune=lambda part: isinstance(part, exp.Query)))


def _as_row(values: list[Expr]) -> Expr:
    """The value of a scalar subquery; several columns are compared with a row."""
    return values[0] if len(values) == 1 else ex.call("row", *values)


def _numbered(partition: tuple[str, ...]) -> Expr:
    return exp.Window(
        this=ex.call("row_number"), partition_by=[ex.column(name) for name in partition], over="OVER"
    )


def _one_row(op: Op) -> bool | None:
    """True: always one row. False: at most one. None: perhaps more."""
    certain = True
    while isinstance(op, (Project, Filter)):
        certain = certain and not isinstance(op, Filter)
        op = op.input
    if (isinstance(op, Aggregate) and op.scalar) or (isinstance(op, Constant) and len(op.rows) == 1):
        return certain
    return None
