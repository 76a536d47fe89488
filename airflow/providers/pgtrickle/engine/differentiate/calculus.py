"""What a delta law may ask: for the deltas and states of its inputs, and for names of its own."""

from __future__ import annotations

from typing import Protocol

from airflow.providers.pgtrickle.engine.analysis.nullability import NotNull
from airflow.providers.pgtrickle.engine.ops.naming import Names
from airflow.providers.pgtrickle.engine.ops.nodes import Op
from airflow.providers.pgtrickle.engine.rewrite.restrict import Restrict


class Calculus(Protocol):
    """The differentiation of one tree, as its laws see it; ``context.Differentiate`` is it.

    ``changed`` are the oids of the sources with changes.
    """

    names: Names
    not_null: NotNull
    restrict: Restrict
    changed: frozenset[int]

    def __call__(self, op: Op, /) -> Op:
        """The delta of a relation; Empty when nothing below it changed."""

    def settled(self, op: Op) -> Op:
        """The delta, consolidated."""

    def state(self, op: Op) -> Op:
        """The relation at the frontier that the refresh goes to."""

    def evaluated(self, op: Op) -> Op:
        """A stored relation at the frontier that the refresh goes to, computed from its inputs."""

    def is_stored(self, op: Op) -> bool:
        """Whether the rows of a recursion, or of groups, are stored in a table of their own."""
