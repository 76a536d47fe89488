"""Make the order of windows total where equal values can be told apart.

1.0 and 1.00 are equal, and so are 'a' and 'A' under some collations: an order by such a column leaves open
which of them comes first, and the answer would change between two evaluations of the same rows. Fires on
functions that number rows or look at their neighbours, and must not fire on those for which peers are peers
(rank, frames of RANGE).
"""

from __future__ import annotations

from dataclasses import replace

from airflow.providers.pgtrickle.engine.ops.lower_windows import by_text_at_last
from airflow.providers.pgtrickle.engine.ops.naming import Names
from airflow.providers.pgtrickle.engine.ops.nodes import Op, Window
from airflow.providers.pgtrickle.engine.rewrite.rebuild import transform


def break_ties(op: Op, names: Names) -> Op:
    """The tree with the text of such columns as the last word of each order."""
    return transform(op, lambda node: _parted(node, names) if isinstance(node, Window) else node)


def _parted(node: Window, names: Names) -> Op:
    alike = [name for name in node.input.columns if name in names.types and not names.types[name].equal_image]
    if not alike:
        return node
    return replace(node, calls=tuple((name, by_text_at_last(call, alike)) for name, call in node.calls))
