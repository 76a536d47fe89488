"""The clock in expressions.

now() and its relatives become a parameter of the tree (``parse.nodes.Clock``) with two values: the time of
the frontier that a refresh goes to, and that of the frontier it comes from. An expression depends on the time
either through its *tests* alone, the smallest true-or-false parts that read the clock (``ts > now() - '7
days'``), or through a value (``now() - ts``), which is another one at every refresh.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp

from airflow.providers.pgtrickle.engine.ops import expressions as ex
from airflow.providers.pgtrickle.engine.ops.expressions import Expr
from airflow.providers.pgtrickle.engine.ops.solve import solved
from airflow.providers.pgtrickle.engine.parse.clock import CLOCK_FUNCTIONS, CLOCK_VALUES
from airflow.providers.pgtrickle.engine.parse.nodes import Clock, InfixOperator, RowPredicate

#: age(x) counts from midnight of the current date, taken as the type of x.
AGE_FROM_TODAY: Mapping[int, str] = {1386: "timestamp with time zone", 2059: "timestamp without time zone"}

_COMPARISONS = (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.NullSafeEQ, exp.NullSafeNEQ)
_PREDICATES = (exp.Is, exp.Overlaps, exp.In, exp.Like, exp.ILike, exp.SimilarTo, RowPredicate)


def clock(bound: str = "hi") -> Expr:
    """The time at a bound of the interval."""
    return Clock(this=bound)


def clock_value(node: exp.Expr, functions: Collection[int]) -> Expr | None:
    """What a call of a clock function means in terms of the clock, None for any other node.

    ``functions`` are the oids of the functions that the query calls. The result may hold parts of ``node``
    that are still to be lowered.
    """
    if isinstance(node.parent, exp.Dot):  # a function of some other schema
        return None
    if isinstance(node, exp.Var):
        return _as(node.name, "")
    if not isinstance(node, exp.Anonymous):
        return None
    name, arguments = node.name.lower(), node.expressions
    if name in CLOCK_FUNCTIONS and not arguments:
        return clock()
    if name in CLOCK_VALUES and len(arguments) == 1:
        return _as(name, f"({arguments[0].name})")
    if name == "age" and len(arguments) == 1:
        kinds = [kind for oid, kind in AGE_FROM_TODAY.items() if oid in functions]
        if len(kinds) == 1:
            midnight = ex.cast(ex.cast(clock(), "date"), kinds[0])
            return exp.Anonymous(this="age", expressions=[midnight, arguments[0].copy()])
    return None


def _as(name: str, precision: str) -> Expr | None:
    kind = CLOCK_VALUES.get(name.lower())
    return None if kind is None else ex.cast(clock(), kind + precision)


def reads_clock(*expressions: Expr) -> bool:
    """Whether one of the expressions depends on the time."""
    return any(expression.find(Clock) is not None for expression in expressions)


def before(expression: Expr) -> Expr:
    """The expression at the time of the frontier that the refresh comes from."""
    if not reads_clock(expression):
        return expression
    return expression.copy().transform(
        lambda node: clock("lo") if isinstance(node, Clock) else node, copy=False
    )


def tests_of(expression: Expr, *, boolean: bool) -> tuple[Expr, ...] | None:
    """The different tests through which an expression reads the clock; None when it does so otherwise.

    ``boolean``: the expression itself is true, false or NULL.
    """
    try:
        found = list(_tests(expression, boolean=boolean))
    except _ReadsTime:
        return None
    return tuple(test for place, test in enumerate(found) if test not in found[:place])


class _ReadsTime(Exception):
    """A value depends on the time."""


def _tests(node: Expr, *, boolean: bool) -> Iterator[Expr]:
    if not reads_clock(node):
        return
    if isinstance(node, exp.Paren):
        yield from _tests(node.this, boolean=boolean)
    elif isinstance(node, (exp.And, exp.Or)):
        yield from _tests(node.this, boolean=True)
        yield from _tests(node.expression, boolean=True)
    elif isinstance(node, exp.Not) or (isinstance(node, exp.Is) and isinstance(node.expression, exp.Boolean)):
        yield from _tests(node.this, boolean=True)
    elif boolean or isinstance(node, (*_COMPARISONS, *_PREDICATES)):
        yield node
    elif isinstance(node, Clock):
        raise _ReadsTime
    elif isinstance(node, exp.Case) and node.this is None:
        for branch in node.args["ifs"]:
            yield from _tests(branch.this, boolean=True)
            yield from _tests(branch.args["true"], boolean=False)
        if node.args.get("default") is not None:
            yield from _tests(node.args["default"], boolean=False)
    elif isinstance(node, exp.Where):
        yield from _tests(node.this, boolean=True)
    else:
        for child in node.iter_expressions():
            yield from _tests(child, boolean=False)


def replace_tests(expression: Expr, replacements: Sequence[tuple[Expr, Expr]]) -> Expr:
    """The expression with tests replaced by other conditions."""
    if not replacements or not reads_clock(expression):
        return expression

    def change(node: Expr) -> Expr:
        for test, value in replacements:
            if node == test:
                return (
                    value.copy()
                    if isinstance(value, (exp.Boolean, exp.Column))
                    else exp.Paren(this=value.copy())
                )
        return node

    return expression.copy().transform(change, copy=False)


@dataclass(frozen=True, slots=True)
class Crossing:
    """Rows for which a test passes from one truth value to another: those that meet ``condition``.

    ``before`` and ``after`` are the test's values for them, as constants where they are.
    """

    condition: Expr
    before: Expr
    after: Expr


def crossings(test: Expr) -> tuple[Crossing, ...]:
    """The rows whose truth value of a test differs between the two times, as disjoint sets.

    A comparison of something that the rows have with something that the time alone gives becomes a pair of
    ranges, ``x >= f(now) AND NOT x >= f(before)`` and its counterpart, of which PostgreSQL makes
    ``x >= f(now) AND x < f(before)``: an index on x finds the rows, and no rows at once where f has moved in
    the other direction. Comparisons written without a schema are PostgreSQL's own and NULL only where a side
    is. What has another form is evaluated for every row, at both times.
    """
    test = solved(test)
    was = before(test)
    given = _given_by_time(test)
    if given is None:
        return (Crossing(exp.NullSafeNEQ(this=_paren(was), expression=_paren(test)), was, test),)
    found = (
        Crossing(ex.and_((test, ex.negate(was))), exp.false(), exp.true()),
        Crossing(ex.and_((was, ex.negate(test))), exp.true(), exp.false()),
    )
    if _never_null(given):
        return found
    one_null = ex.compare(_paren(ex.is_null(before(given))), "<>", _paren(ex.is_null(given)))
    return (*found, Crossing(one_null, was, test))


def _given_by_time(test: Expr) -> Expr | None:
    """The side of a comparison that only the time gives, the other side being independent of it."""
    sides = ex.compared_sides(test)
    if sides is None:
        return None
    for mine, other in (sides, sides[::-1]):
        if reads_clock(mine) and not ex.column_names(mine) and not reads_clock(other):
            return mine
    return None


def _never_null(value: Expr) -> bool:
    match value:
        case Clock():
            return True
        case exp.Literal():
            return True
        case exp.Paren() | exp.Cast():
            return _never_null(value.this)
        case exp.Add() | exp.Sub() if not isinstance(value, InfixOperator):
            return _never_null(value.this) and _never_null(value.expression)
        case exp.AtTimeZone():
            return _never_null(value.this) and _never_null(value.args["zone"])
        case exp.Anonymous() if value.name == "date_trunc":
            return all(map(_never_null, value.expressions))
    return False


def _paren(value: Expr) -> Expr:
    return exp.Paren(this=value.copy())
