"""Lowering subqueries in expressions.

To semi and anti joins where they are conditions, else to joined values.

    EXISTS (q)               A ⋉ q on the correlated conditions of q        NOT EXISTS: A ▷ q x IN (q), x op
    ANY (q)   A ⋉ q on x op y as well x NOT IN, x op ALL (q)   A ▷ q on (x op' y) IS NOT FALSE: one NULL in q
    decides for no row (q), one aggregate       A × q; correlated by equality: A ⟕ γ(q) on the keys, an empty
    group as its value over no row EXISTS, IN elsewhere     the number of matches as such a value, then the
    three-valued answer from it

Unnesting follows Neumann & Kemper, Unnesting Arbitrary Queries (BTW 2015), for correlation by equality.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from airflow.providers.pgtrickle.engine.ops import expressions as ex
from airflow.providers.pgtrickle.engine.ops.aggregates import read_aggregate
from airflow.providers.pgtrickle.engine.ops.expressions import Expr
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
)
from airflow.providers.pgtrickle.engine.ops.scopes import Frame, Lowerer, Unsupported

_NEGATED: dict[type[exp.Expr], type[exp.Binary]] = {
    exp.EQ: exp.NEQ,
    exp.NEQ: exp.EQ,
    exp.LT: exp.GTE,
    exp.LTE: exp.GT,
    exp.GT: exp.LTE,
    exp.GTE: exp.LT,
}
_NULL_OVER_NO_ROW = frozenset({"sum", "avg", "min", "max"})


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
            and isinstance(test.expression, (exp.Any, exp.All))
            and _is_query(test.expression.this)
        ):
            self._any_or_all(test, frame, negated=negated)
        else:
            predicate = self.lowerer.scalar(node, frame)
            frame.op = Filter(frame.op, predicate)

    def _any_or_all(self, test: exp.Binary, frame: Frame, *, negated: bool) -> None:
        kind = type(test)
        if kind not in _NEGATED:
            raise Unsupported(f"{kind.__name__} with ANY or ALL over a subquery")
        every = isinstance(test.expression, exp.All)
        # x op ALL (q) holds when no row says otherwise; NOT turns one quantifier into the other.
        anti = every != negated
        operator = _NEGATED[kind] if every else kind
        if negated and every:
            anti, operator = False, _NEGATED[kind]
        self._quantified(test.this, operator, test.expression.this, frame, anti=anti)

    def _exists(self, node: exp.Expr, frame: Frame, *, anti: bool) -> None:
        inner = self._inner(node, frame)
        if inner is None:
            lowered = self.lowerer.query(node, frame.environment)
            frame.op = SemiJoin(frame.op, lowered.op, (), anti)
            return
        frame.op = SemiJoin(frame.op, inner.frame.op, self._outer_only(inner, frame), anti)

    def _quantified(
        self, left: exp.Expr, operator: type[exp.Binary], node: exp.Expr, frame: Frame, *, anti: bool
    ) -> None:
        inner = self._inner(node, frame)
        if inner is None:
            lowered = self.lowerer.query(node, frame.environment)
            right: Op = lowered.op
            values = [ex.column(column) for _, column in lowered.outputs]
            predicates: tuple[Expr, ...] = ()
        else:
            values = [
                self.lowerer.scalar(_value_of(target), inner.frame) for target in inner.select.expressions
            ]
            right, predicates = inner.frame.op, self._outer_only(inner, frame)
        compared = tuple(
            ex.binary(operator, one, other) for one, other in zip(self._row(left, frame), values, strict=True)
        )
        if len(compared) > 1 and operator is not exp.EQ:
            raise Unsupported("a row compared with ANY or ALL other than by equality")
        if anti:
            # NULL counts as a possible match. For a row: no column may be known to differ.
            known = [ex.is_not_false(comparison) for comparison in compared]
            frame.op = SemiJoin(frame.op, right, (*predicates, *known), anti=True)
        else:
            frame.op = SemiJoin(frame.op, right, (*predicates, *compared))

    def _row(self, node: exp.Expr, frame: Frame) -> list[Expr]:
        bare = node.unnest()
        if isinstance(bare, exp.Tuple):
            return [self.lowerer.scalar(part, frame) for part in bare.expressions]
        if isinstance(bare, exp.Anonymous) and bare.name.lower() == "row":
            return [self.lowerer.scalar(part, frame) for part in bare.expressions]
        return [self.lowerer.scalar(node, frame)]

    # -- values -------------------------------------------------------------------------------------------

    def value(self, node: exp.Expr, frame: Frame) -> Expr:
        """A subquery inside an expression as an expression; the frame's tree gets what it needs."""
        if isinstance(node, exp.Exists):
            return ex.compare(self._matches(node.this, frame, ()), ">", ex.integer(0))
        if isinstance(node, exp.In):
            return self._membership(node, frame)
        if isinstance(node, exp.Subquery):
            return self._scalar_subquery(node.this, frame)
        raise Unsupported("a subquery in this place")

    def _scalar_subquery(self, node: exp.Expr, frame: Frame) -> Expr:
        inner = self._inner(node, frame)
        if inner is None or not inner.correlated:
            lowered = self.lowerer.query(node, frame.environment)
            certain = _one_row(lowered.op)
            if certain is None:
                raise Unsupported("a scalar subquery that is not one aggregate")
            frame.op = Join((frame.op, lowered.op)) if certain else OuterJoin(frame.op, lowered.op, ())
            columns = [ex.column(column) for _, column in lowered.outputs]
            # Several columns are compared with a row; where there is no row, none of them is known.
            return columns[0] if len(columns) == 1 else ex.call("row", *columns)
        if len(inner.select.expressions) > 1:
            raise Unsupported("a row compared with a correlated subquery")
        target = self.lowerer.scalar(_value_of(inner.select.expressions[0]), inner.frame)
        return self._correlated_aggregate(inner, target, frame)

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
            if isinstance(bare, exp.Column):
                raise Unsupported("a scalar subquery that is not one aggregate")
            copied = value.copy()
            for name, child in list(copied.args.items()):
                if isinstance(child, exp.Expr) and not isinstance(child, exp.DataType):
                    copied.set(name, rewrite(child))
                elif isinstance(child, list):
                    copied.set(name, [rewrite(c) if isinstance(c, exp.Expr) else c for c in child])
            return copied

        value = rewrite(target)
        if not calls or inner.select.args.get("having") is not None:
            raise Unsupported("a scalar subquery that is not one aggregate")
        self._join_groups(inner, tuple(call for _, call in calls), (), frame)
        return value

    def _over_no_row(self, call: AggregateCall) -> Expr:
        """The aggregate's column after the outer join: where no group matched, its value over no row."""
        if call.function == "count":
            return ex.coalesce(ex.column(call.name), ex.integer(0))
        if call.function not in _NULL_OVER_NO_ROW:
            raise Unsupported(
                "a correlated scalar subquery with an aggregate other than count, sum, avg, min, max"
            )
        return ex.column(call.name)

    def _matches(self, node: exp.Expr, frame: Frame, extra: tuple[tuple[Expr, Expr], ...]) -> Expr:
        """How many rows of the subquery match; ``extra`` adds equalities (outer value, inner value)."""
        inner = self._inner(node, frame)
        call = AggregateCall(self.names.fresh("matches"), ex.aggregate_call("count", None), "count")
        if inner is None:
            lowered = self.lowerer.query(node, frame.environment)
            if extra:
                raise Unsupported("IN over such a subquery inside an expression")
            counted = Aggregate(lowered.op, (), (call,), scalar=True)
            frame.op = Join((frame.op, counted))
            return ex.column(call.name)
        self._join_groups(inner, (call,), extra, frame)
        return ex.coalesce(ex.column(call.name), ex.integer(0))

    def _membership(self, node: exp.In, frame: Frame) -> Expr:
        """``x IN (q)`` as a value: true for a match; else NULL when x or a row of a not empty q is NULL."""
        query = node.args["query"]
        inner = self._inner(query, frame)
        if inner is None or len(inner.select.expressions) != 1 or isinstance(node.this.unnest(), exp.Tuple):
            raise Unsupported("IN over such a subquery inside an expression")
        left = self.lowerer.scalar(node.this, frame)
        value = self.lowerer.scalar(_value_of(inner.select.expressions[0]), inner.frame)
        found = self._matches(query, frame, ((left, value),)) if not inner.correlated else None
        if found is None:
            raise Unsupported("IN over a correlated subquery inside an expression")
        # The value was lowered over a tree of its own; count again over one more for the two other answers.
        again = self._inner(query, frame)
        if again is None:
            raise Unsupported("IN over such a subquery inside an expression")
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

    def _join_groups(
        self,
        inner: Inner,
        calls: tuple[AggregateCall, ...],
        extra: tuple[tuple[Expr, Expr], ...],
        frame: Frame,
    ) -> None:
        """Outer-join the inner rows, grouped by what correlates them, to the frame's tree."""
        own = frozenset(inner.frame.op.columns)
        outer_columns = frozenset(frame.op.columns)
        pairs: list[tuple[Expr, Expr]] = []
        for predicate in inner.correlated:
            sides = ex.equated_sides(predicate)
            if sides is None:
                raise Unsupported("a subquery correlated by something else than equality")
            one, other = sides
            if ex.column_names(one) <= own and ex.column_names(other) <= outer_columns:
                pairs.append((other, one))
            elif ex.column_names(other) <= own and ex.column_names(one) <= outer_columns:
                pairs.append((one, other))
            else:
                raise Unsupported("a subquery correlated by something else than equality")
        if extra:
            frame_columns = frozenset(frame.op.columns)
            if any(not ex.column_names(left) <= frame_columns for left, _ in extra):
                raise Unsupported("IN over such a subquery inside an expression")
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

    # -- parts --------------------------------------------------------------------------------------------

    def _inner(self, node: exp.Expr, frame: Frame) -> Inner | None:
        """The subquery taken apart; None when it is not a plain SELECT (it cannot then be correlated)."""
        select = node.unnest() if isinstance(node, (exp.Paren, exp.Subquery)) else node
        if not isinstance(select, exp.Select) or any(
            select.args.get(part)
            for part in ("group", "having", "with_", "limit", "offset", "fetch", "distinct", "windows")
        ):
            return None
        if any(isinstance(part, exp.Window) for part in _own_nodes(select)):
            return None
        grouped = any(self.lowerer.is_aggregate(part) for part in _own_nodes(select))
        if grouped and not isinstance(node.parent, exp.Subquery) and not isinstance(node, exp.Subquery):
            return None
        inner = self.lowerer.from_frame(select, frame.environment, frame.scope)
        correlated: list[Expr] = []
        where = select.args.get("where")
        for part in ex.conjuncts(where.this) if where is not None else ():
            if _has_query(part):
                self.condition(part, inner)
                continue
            predicate = self.lowerer.scalar(part, inner)
            if ex.column_names(predicate) <= frozenset(inner.op.columns):
                inner.op = Filter(inner.op, predicate)
            else:
                correlated.append(predicate)
        return Inner(inner, select, tuple(correlated))

    def _outer_only(self, inner: Inner, frame: Frame) -> tuple[Expr, ...]:
        """The correlated conditions, if they read this frame and no query further out."""
        known = frozenset(inner.frame.op.columns).union(frame.op.columns)
        for predicate in inner.correlated:
            if not ex.column_names(predicate) <= known:
                raise Unsupported("a subquery correlated over more than one level")
        return inner.correlated


def _value_of(target: exp.Expr) -> exp.Expr:
    return target.this if isinstance(target, exp.Alias) else target


def _is_query(node: exp.Expr) -> bool:
    return isinstance(node.unnest() if isinstance(node, exp.Paren) else node, (exp.Query, exp.Subquery))


def _has_query(node: exp.Expr) -> bool:
    return any(isinstance(part, (exp.Query, exp.Subquery)) for part in node.walk())


def _own_nodes(select: exp.Select) -> list[exp.Expr]:
    return [part for target in select.expressions for part in target.walk()]


def _one_row(op: Op) -> bool | None:
    """True: always one row. False: at most one. None: perhaps more."""
    certain = True
    while isinstance(op, (Project, Filter)):
        certain = certain and not isinstance(op, Filter)
        op = op.input
    if (isinstance(op, Aggregate) and op.scalar) or (isinstance(op, Constant) and len(op.rows) == 1):
        return certain
    return None
