"""Take three-valued logic out of conditions that cannot be NULL.

    A ▷[(a = b) IS NOT FALSE] B  =  A ▷[a = b] B        a and b never NULL

NOT IN lowers to the left form, in which no equality is left to look rows up by. Must not fire when one side
can be NULL: a NULL then counts as a possible match.
"""

from __future__ import annotations

from dataclasses import replace

from airflow.providers.pgtrickle.engine.analysis.nullability import NotNull
from airflow.providers.pgtrickle.engine.ops import expressions as ex
from airflow.providers.pgtrickle.engine.ops.nodes import Op, SemiJoin
from airflow.providers.pgtrickle.engine.rewrite.rebuild import transform


def simplify_null_tests(op: Op, not_null: NotNull) -> Op:
    """The tree with plain comparisons where both sides are never NULL."""

    def change(node: Op) -> Op:
        if not isinstance(node, SemiJoin):
            return node
        never = not_null.of(node.left) | not_null.of(node.right)
        return replace(node, predicates=tuple(_plain(predicate, never) for predicate in node.predicates))

    return transform(op, change)


def _plain(predicate: ex.Expr, never_null: frozenset[str]) -> ex.Expr:
    tested = ex.tested_not_false(predicate)
    if tested is None:
        return predicate
    sides = ex.compared_sides(tested)
    if sides is None or not all(ex.column_of(side) in never_null for side in sides):
        return predicate
    return tested
