"""The recursive arm of a WITH RECURSIVE in the making.

PostgreSQL allows one reference to the previous iteration, in a few places. A step that reads it more often,
or deeper, names it in a WITH of its own, which is evaluated at each iteration; so are the relations that
depend on it and that several nodes of the step read.
"""

from __future__ import annotations

from airflow.providers.pgtrickle.engine.analysis.recursion import dependent_nodes
from airflow.providers.pgtrickle.engine.ops.nodes import (
    Apply,
    Filter,
    Join,
    Op,
    Project,
    Recursive,
    SelfReference,
    walk,
)


class Step:
    """What the emitter knows while it writes the step of ``op``.

    ``dependent`` are the ids of the nodes that change with each iteration; ``source`` is the FROM item that
    gives the previous iteration; ``bindings`` collects common table expressions local to the step.
    """

    def __init__(self, op: Recursive) -> None:
        self.label = op.label
        self.dependent = dependent_nodes(op.step, op.label)
        self.bindings: list[tuple[str, str]] = []
        self._direct = _references(op.step, op.label, self.dependent) == 1
        self.source = op.label if self._direct else f"{op.label}_rows"

    def with_clause(self) -> str:
        """``WITH …`` for what was bound within the step, or nothing."""
        parts = [] if self._direct else [f"{self.source} AS (SELECT * FROM {self.label})"]
        parts += [f"{name} AS MATERIALIZED ({text})" for name, text in self.bindings]
        return f"WITH {', '.join(parts)} " if parts else ""


def _references(step: Op, label: str, dependent: frozenset[int]) -> int:
    """How often the previous iteration is named when the step is written out; 2 where that cannot be told."""
    times: dict[int, int] = {}
    for node in walk(step):
        below = sum(times[id(child)] for child in node.inputs)
        if isinstance(node, SelfReference) and node.label == label:
            below = 1
        elif id(node) in dependent and not isinstance(node, (Filter, Project, Join, Apply)):
            below = 2
        times[id(node)] = below
    return times[id(step)]
