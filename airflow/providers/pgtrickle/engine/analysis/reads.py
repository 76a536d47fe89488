"""What the delta of a query reads besides the change: what makes a refresh cheap, or dearer.

deltas        the rows of other inputs that match the change, and stored state
touched keys  all rows of the groups or partitions that the change touches (where there is no key, all rows)
"""

from __future__ import annotations

from typing import Literal

from airflow.providers.pgtrickle.engine.analysis.recursion import obstacle
from airflow.providers.pgtrickle.engine.analysis.states import GroupStates
from airflow.providers.pgtrickle.engine.ops.nodes import (
    Aggregate,
    Apply,
    Constant,
    Filter,
    Join,
    Op,
    OuterJoin,
    Project,
    Recursive,
    Repeat,
    Scan,
    SelfReference,
    SemiJoin,
    UnionAll,
    walk,
)

Reads = Literal["deltas", "touched keys"]

#: Operators whose laws start from the change and look matching rows up.
_BY_DELTAS = (
    Scan,
    Constant,
    Filter,
    Project,
    Join,
    OuterJoin,
    SemiJoin,
    UnionAll,
    Repeat,
    Apply,
    SelfReference,
)


def delta_reads(root: Op, grouped: tuple[Aggregate, GroupStates] | None) -> Reads:
    """What the delta of a tree reads; ``grouped`` is the aggregate at its top whose states storage keeps."""
    if grouped is not None:
        aggregate, states = grouped
        if states.whole:
            return "touched keys"
        root = aggregate.input
    return "deltas" if all(map(_by_deltas, walk(root))) else "touched keys"


def _by_deltas(node: Op) -> bool:
    return isinstance(node, _BY_DELTAS) or (isinstance(node, Recursive) and obstacle(node) is None)
