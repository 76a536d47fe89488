"""Remembering what was derived from a node, by the node's identity.

Trees and expressions are never changed once a node holds them, so what follows from one follows for as long
as it lives. The node is held with its entry: an identity cannot be taken over by another node.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

Node = TypeVar("Node")
Fact = TypeVar("Fact")


class Memo(Generic[Node, Fact]):
    """A function of a node, evaluated once for each; starts afresh when it holds ``most`` nodes."""

    def __init__(self, derive: Callable[[Node], Fact], most: int = 20_000) -> None:
        self._derive = derive
        self._most = most
        self._known: dict[int, tuple[Node, Fact]] = {}

    def __call__(self, node: Node) -> Fact:
        """What ``derive`` gives for the node."""
        entry = self._known.get(id(node))
        if entry is not None:
            return entry[1]
        fact = self._derive(node)
        if len(self._known) >= self._most:
            self._known.clear()
        self._known[id(node)] = (node, fact)
        return fact
