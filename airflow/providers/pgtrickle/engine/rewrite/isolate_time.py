"""Bring the clock into filters and projections, the only operators with a law for it.

    A ⋈[θ ∧ t] B   = σ_t(A ⋈[θ] B)                   t reads the clock
    A ⋉[θ ∧ t] B   = A ⋉[θ] σ_t(B)                    t reads B alone; likewise ▷
    f(…t…)(A)      = f(…b…)(π_(A, b := t)(A))         t a test of A's rows, f an aggregate, a window function,
                                                      the condition of an outer or a semi join

Raises Unsupported where a value itself is made from the time: it is another one at every refresh.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from airflow.providers.pgtrickle.engine.ops import expressions as ex
from airflow.providers.pgtrickle.engine.ops.clock import reads_clock, replace_tests, tests_of
from airflow.providers.pgtrickle.engine.ops.expressions import Expr
from airflow.providers.pgtrickle.engine.ops.naming import BOOLEAN, Names
from airflow.providers.pgtrickle.engine.ops.nodes import (
    Aggregate,
    AggregateCall,
    Filter,
    Join,
    Op,
    OuterJoin,
    Project,
    SemiJoin,
    Window,
    expressions_of,
    walk,
)
from airflow.providers.pgtrickle.engine.ops.scopes import Unsupported
from airflow.providers.pgtrickle.engine.rewrite.prune_columns import prune_columns
from airflow.providers.pgtrickle.engine.rewrite.rebuild import transform

#: A test, and the column that holds its value.
Tagged = tuple[tuple[Expr, Expr], ...]


def isolate_time(op: Op, shown: Collection[str], names: Names) -> Op:
    """The tree with the clock in filters and projections alone; ``shown`` are its columns that are read."""
    if not reads_time(op):
        return op
    values = {
        name
        for node in walk(op)
        if isinstance(node, Project)
        for name, value in node.outputs
        if tests_of(value, boolean=False) is None
    }
    if values:
        # Perhaps nobody reads them, or only conditions into which they have been put since.
        op = prune_columns(op, (set(op.columns) - values).union(shown))
    return transform(op, lambda node: _isolated(node, names))


def reads_time(op: Op) -> bool:
    """Whether an expression of the tree reads the clock."""
    return any(reads_clock(*expressions_of(node)) for node in walk(op))


def _isolated(node: Op, names: Names) -> Op:
    if not reads_clock(*expressions_of(node)):
        return node
    match node:
        case Filter():
            return node
        case Project():
            if any(tests_of(value, boolean=False) is None for _, value in node.outputs):
                raise Unsupported("a value made from the current time, another one at every refresh")
            return node
        case Join():
            timed = tuple(p for p in node.predicates if reads_clock(p))
            rest = tuple(p for p in node.predicates if not reads_clock(p))
            return Filter(replace(node, predicates=rest), ex.and_(timed))
        case OuterJoin():
            return _tag_sides(node, names)
        case SemiJoin():
            right = frozenset(node.right.columns)
            timed = tuple(p for p in node.predicates if reads_clock(p) and ex.column_names(p) <= right)
            rest = tuple(p for p in node.predicates if not any(p is other for other in timed))
            if timed:
                node = replace(node, right=Filter(node.right, ex.and_(timed)), predicates=rest)
            return _tag_sides(node, names)
        case Aggregate():
            tagged, below = _tagged(node.input, [item.call for item in node.calls], names, boolean=False)
            return replace(node, input=below, calls=tuple(_call(item, tagged) for item in node.calls))
        case Window():
            tagged, below = _tagged(node.input, [call for _, call in node.calls], names, boolean=False)
            calls = tuple((name, replace_tests(call, tagged)) for name, call in node.calls)
            return replace(node, input=below, calls=calls)
        case _:
            raise Unsupported("the current time in VALUES or in a function in FROM")


def _tag_sides(node: OuterJoin | SemiJoin, names: Names) -> Op:
    """The join's conditions over columns that hold what the clock says of the rows of each side."""
    left, right = node.left, node.right
    tests: dict[bool, list[Expr]] = {True: [], False: []}
    for predicate in node.predicates:
        for test in tests_of(predicate, boolean=True) or ():
            read = ex.column_names(test)
            on_left = read <= frozenset(left.columns)
            if not on_left and not read <= frozenset(right.columns):
                raise Unsupported("a condition on the current time between both sides of such a join")
            tests[on_left].append(test)
    left_tags, left = _tagged(left, tests[True], names, boolean=True)
    right_tags, right = _tagged(right, tests[False], names, boolean=True)
    predicates = tuple(replace_tests(p, left_tags + right_tags) for p in node.predicates)
    return replace(node, left=left, right=right, predicates=predicates)


def _tagged(op: Op, values: Sequence[Expr], names: Names, *, boolean: bool) -> tuple[Tagged, Op]:
    """The relation with a column for each test of the values, and which column holds which test."""
    tests: list[Expr] = []
    for value in values:
        found = tests_of(value, boolean=boolean)
        if found is None:
            raise Unsupported("a value made from the current time, another one at every refresh")
        tests += [test for test in found if test not in tests]
    if not tests:
        return (), op
    columns = [(names.fresh("test", BOOLEAN), test) for test in tests]
    passed = tuple((name, ex.column(name)) for name in op.columns)
    return tuple((test, ex.column(name)) for name, test in columns), Project(op, (*passed, *columns))


def _call(item: AggregateCall, tagged: Tagged) -> AggregateCall:
    return replace(
        item,
        call=replace_tests(item.call, tagged),
        argument=None if item.argument is None else replace_tests(item.argument, tagged),
        where=None if item.where is None else replace_tests(item.where, tagged),
    )
