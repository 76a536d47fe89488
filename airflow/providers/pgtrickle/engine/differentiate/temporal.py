"""Filter and project whose expressions read the clock: temporal filters.

    f at time t is written fₜ; hi and lo are the times of the two frontiers

    Δ fₜ(A) = f_hi(A) − f_lo(A⁻) = f_lo(ΔA)  +  f_hi(A) − f_lo(A)

The last two terms differ only for rows that a test of f (ops.clock: a true-or-false part that reads the
clock) judges in another way at hi than at lo. With the tests q₁ … qₙ taken as n parameters of their own,

    f_hi(A) − f_lo(A) = Σᵢ  f[qᵢ at hi] − f[qᵢ at lo]     over the rows of A for which qᵢ crosses,
                            with the tests before qᵢ taken at hi and those after it at lo

telescopes. The rows for which qᵢ crosses lie in a pair of ranges between its two bounds
(ops.clock.crossings), so an index on the column serves them: the cost is the rows that cross, whether or not
A changes. No test needs to be monotone in time: where a bound moves back (local time when summer ends), rows
come and go the other way. Temporal filters are Materialize's, there for monotone bounds on one input.
"""

from __future__ import annotations

from dataclasses import replace

from airflow.providers.pgtrickle.engine.differentiate.calculus import Calculus
from airflow.providers.pgtrickle.engine.ops import expressions as ex
from airflow.providers.pgtrickle.engine.ops.clock import before, crossings, replace_tests, tests_of
from airflow.providers.pgtrickle.engine.ops.expressions import Expr
from airflow.providers.pgtrickle.engine.ops.nodes import (
    Empty,
    Filter,
    Negate,
    Op,
    Project,
    expressions_of,
    union_all,
)


def delta_temporal(op: Filter | Project, delta: Calculus) -> Op:
    """The operator at the earlier time over the change, and what the passing of time does to the rest."""
    parts: list[Op] = []
    change = delta(op.input)
    tests = _tests(op)
    at_lo = [(test, before(test)) for test in tests]
    if not isinstance(change, Empty):
        parts.append(_over(op, change, at_lo))
    state = delta.state(op.input)
    for place, test in enumerate(tests):
        for crossing in crossings(test):
            rows = Filter(state, crossing.condition, few=True)
            later = at_lo[place + 1 :]
            parts.append(_over(op, rows, [(test, crossing.after), *later]))
            parts.append(Negate(_over(op, rows, [(test, crossing.before), *later])))
    return union_all(tuple(part for part in parts if not _is_empty(part)), op.columns)


def _tests(op: Filter | Project) -> tuple[Expr, ...]:
    boolean = isinstance(op, Filter)
    found: list[Expr] = []
    for expression in expressions_of(op):
        tests = tests_of(expression, boolean=boolean)
        if tests is None:
            raise TypeError("a value made from the time has no delta")
        found += [test for test in tests if test not in found]
    return tuple(found)


def _over(op: Filter | Project, rows: Op, replacements: list[tuple[Expr, Expr]]) -> Op:
    """The operator over these rows, some tests replaced by what they amount to."""
    if isinstance(op, Project):
        outputs = tuple((name, replace_tests(value, replacements)) for name, value in op.outputs)
        return replace(op, input=rows, outputs=outputs)
    kept: list[Expr] = []
    for conjunct in ex.conjuncts(op.predicate):
        condition = replace_tests(conjunct, replacements)
        if ex.is_constant(condition, value=False):
            return Empty(op.columns)
        if not ex.is_constant(condition, value=True):
            kept.append(condition)
    return Filter(rows, ex.and_(kept)) if kept else rows


def _is_empty(op: Op) -> bool:
    return isinstance(op.input if isinstance(op, Negate) else op, Empty)
