"""The dependency graph: order, levels, closures, and the cycle that forbids them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from graphlib import CycleError, TopologicalSorter

from airflow.providers.pgtrickle.engine.errors import InputError
from airflow.providers.pgtrickle.engine.names import QualifiedName


class CircularDependency(InputError):
    """Stream tables that read each other in a circle: ``cycle`` names them, the first again at the end."""

    code = "PGT-106"

    def __init__(self, cycle: tuple[QualifiedName, ...]) -> None:
        super().__init__(
            f"Stream tables read each other in a circle: {' reads '.join(name.display for name in cycle)}.",
            hint="Make one of them read the other's sources instead.",
            subject=cycle[0].display,
        )
        self.cycle = cycle


@dataclass(frozen=True, slots=True)
class Node:
    """A stream table: what it reads, stream table or not, and the labels it is chosen by."""

    name: QualifiedName
    reads: frozenset[QualifiedName] = frozenset()
    tags: frozenset[str] = frozenset()
    group: str | None = None


@dataclass(frozen=True)
class Graph:
    """Stream tables by name. A relation that they read without being one of them is a source, not a node.

    Raises CircularDependency when they cannot be ordered. Wherever order is open, it is that of the names.
    """

    nodes: Mapping[QualifiedName, Node] = field(default_factory=dict)

    @classmethod
    def of(cls, nodes: Iterable[Node]) -> Graph:
        """The graph of these nodes; of two with one name the later counts."""
        return cls({node.name: node for node in nodes})

    def __post_init__(self) -> None:
        _ = self.levels

    def __contains__(self, name: object) -> bool:
        return name in self.nodes

    def __iter__(self) -> Iterator[QualifiedName]:
        return iter(self.order)

    def __len__(self) -> int:
        return len(self.nodes)

    @cached_property
    def levels(self) -> tuple[tuple[QualifiedName, ...], ...]:
        """The stream tables by level: each reads only stream tables of the levels before its own."""
        sorter: TopologicalSorter[QualifiedName] = TopologicalSorter(
            {name: sorted(self.upstream_of(name)) for name in sorted(self.nodes)}
        )
        try:
            sorter.prepare()
        except CycleError as error:
            # graphlib lists each name before the one that reads it.
            raise CircularDependency(_from_smallest(tuple(reversed(error.args[1])))) from None
        levels = []
        while sorter.is_active():
            ready = sorter.get_ready()
            levels.append(tuple(sorted(ready)))
            sorter.done(*ready)
        return tuple(levels)

    @cached_property
    def order(self) -> tuple[QualifiedName, ...]:
        """All stream tables, each after those it reads."""
        return tuple(name for level in self.levels for name in level)

    @cached_property
    def sources(self) -> frozenset[QualifiedName]:
        """The relations that are read and are no stream tables."""
        return frozenset(
            read for node in self.nodes.values() for read in node.reads if read not in self.nodes
        )

    @cached_property
    def _readers(self) -> Mapping[QualifiedName, frozenset[QualifiedName]]:
        readers: dict[QualifiedName, set[QualifiedName]] = {}
        for node in self.nodes.values():
            for read in node.reads:
                readers.setdefault(read, set()).add(node.name)
        return {name: frozenset(found) for name, found in readers.items()}

    def upstream_of(self, name: QualifiedName) -> frozenset[QualifiedName]:
        """The stream tables that this one reads itself. KeyError when it is none."""
        return self.nodes[name].reads & self.nodes.keys()

    def downstream_of(self, name: QualifiedName) -> frozenset[QualifiedName]:
        """The stream tables that read this relation, stream table or source, themselves."""
        return self._readers.get(name, frozenset())

    def ancestors(self, names: Iterable[QualifiedName]) -> frozenset[QualifiedName]:
        """Every stream table that one of these depends on, through any number of others."""
        return _closure(names, self.upstream_of)

    def descendants(self, names: Iterable[QualifiedName]) -> frozenset[QualifiedName]:
        """Every stream table that depends on one of these relations, through any number of others."""
        return _closure(names, self.downstream_of)

    def restricted(self, names: Iterable[QualifiedName]) -> Graph:
        """The graph of these stream tables alone; what else they read counts as a source."""
        chosen = set(names)
        return Graph({name: node for name, node in self.nodes.items() if name in chosen})


def _closure(
    names: Iterable[QualifiedName], step: Callable[[QualifiedName], frozenset[QualifiedName]]
) -> frozenset[QualifiedName]:
    found: set[QualifiedName] = set()
    pending = [neighbour for name in names for neighbour in step(name)]
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            pending.extend(step(name) - found)
    return frozenset(found)


def _from_smallest(cycle: tuple[QualifiedName, ...]) -> tuple[QualifiedName, ...]:
    """The same circle beginning with its first name in order, so that the message is always the same."""
    ring = cycle[:-1]
    start = ring.index(min(ring))
    return (*ring[start:], *ring[:start], ring[start])
