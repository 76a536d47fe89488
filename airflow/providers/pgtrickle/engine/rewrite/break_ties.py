"""Make the order of windows total, beyond what a query shows.

Rows that tie in an order that was completed are the same in all that the query shows, but not in what the
tree carries besides, such as the key by which storage finds them: which of them comes first must not change
between two evaluations of the same rows. Nor may it where equal values look different (1.0 and 1.00). So a
key of the input comes after the order, and the text of such columns at last. Fires on functions that number
rows or look at their neighbours; must not fire on those for which peers are peers (rank, frames of RANGE).
"""

from __future__ import annotations

from dataclasses import replace

from airflow.providers.pgtrickle.engine.analysis.keys import UniqueKeys, candidate_keys
from airflow.providers.pgtrickle.engine.ops.lower_windows import in_total_order
from airflow.providers.pgtrickle.engine.ops.naming import Names
from airflow.providers.pgtrickle.engine.ops.nodes import Op, Window
from airflow.providers.pgtrickle.engine.rewrite.rebuild import transform


def break_ties(op: Op, names: Names, unique: UniqueKeys) -> Op:
    """The tree with windows whose order leaves no choice."""
    return transform(op, lambda node: _parted(node, names, unique) if isinstance(node, Window) else node)


def _parted(node: Window, names: Names, unique: UniqueKeys) -> Op:
    types = names.types
    alike = frozenset(name for name in node.input.columns if name in types and not types[name].equal_image)
    key = sorted(next(iter(candidate_keys(node.input, unique)), ()))
    return replace(node, calls=tuple((name, in_total_order(call, key, alike)) for name, call in node.calls))
