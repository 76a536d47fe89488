"""Which relations are computed once for all that read them.

A small relation is, whenever it has several readers. So is a large one that has to be computed as a whole
wherever it stands: groups, partitions of windows, consolidated rows, recursions, and what filters and
projections make of them. Any other large one stands where it is read, so that the planner can drive it from
the small relation beside it; but a statement that repeats relations within relations doubles with each level.
So large relations are bound too, those first that save most, until the statement is of a size that PostgreSQL
plans in reasonable time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from airflow.providers.pgtrickle.engine.analysis.size import small_nodes
from airflow.providers.pgtrickle.engine.ops.nodes import (
    Aggregate,
    AsWeight,
    Consolidate,
    ExposeWeight,
    Filter,
    Negate,
    Number,
    Op,
    Plain,
    Project,
    Recursive,
    Window,
    walk,
)

#: Nodes that a statement may have when all that is not bound is written out. The queries of TPC-H stay below.
MOST_NODES = 800


def shared_nodes(*roots: Op, worth: Callable[[Op], bool]) -> set[int]:
    """The ids of the nodes to bind; ``worth`` tells of a node whether it costs anything to repeat."""
    nodes = list(walk(*roots))
    small = small_nodes(*roots)
    computed: set[int] = set()
    for node in nodes:
        if isinstance(node, _COMPUTED) or (isinstance(node, _ROW_BY_ROW) and id(node.input) in computed):
            computed.add(id(node))
    readers = Counter(id(child) for node in nodes for child in node.inputs)
    readers.update(id(root) for root in roots)
    shared = {
        id(node)
        for node in nodes
        if isinstance(node, Number)
        or _is_one_costly_row(node, small)
        or (readers[id(node)] > 1 and (id(node) in computed or id(node) in small) and worth(node))
    }
    while (most := _most_repeated(nodes, roots, shared)) is not None:
        shared.add(most)
    return shared


#: What the planner computes as a whole before it gives a row; keys that restrict it are below it already.
_COMPUTED = (Aggregate, Consolidate, Plain, Recursive, Window)
_ROW_BY_ROW = (AsWeight, ExposeWeight, Filter, Negate, Project)


def _is_one_costly_row(node: Op, small: frozenset[int]) -> bool:
    """Whether a nested loop over the node, cheap as one row looks, would read a large input each time."""
    return isinstance(node, Aggregate) and node.scalar and id(node.input) not in small


def _most_repeated(nodes: list[Op], roots: tuple[Op, ...], shared: set[int]) -> int | None:
    """The node whose binding shortens the statement most, None when it is short enough."""
    sizes: dict[int, int] = {}
    for node in nodes:
        sizes[id(node)] = 1 + sum(1 if id(child) in shared else sizes[id(child)] for child in node.inputs)
    if sum(sizes[item] for item in {*map(id, roots), *shared}) <= MOST_NODES:
        return None
    times = Counter(map(id, roots))
    for node in reversed(nodes):
        written = 1 if id(node) in shared else times[id(node)]
        for child in node.inputs:
            times[id(child)] += written
    saved = {item: (times[item] - 1) * (size - 1) for item, size in sizes.items() if item not in shared}
    best = max(saved, key=saved.__getitem__, default=None)
    return best if best is not None and saved[best] > 0 else None
