"""From a configuration to the tasks of its DAG: what waits for what, and what becomes one task."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter

from airflow.providers.pgtrickle.engine.errors import InvalidQuery
from airflow.providers.pgtrickle.engine.graph import CircularDependency, Graph, Node
from airflow.providers.pgtrickle.engine.names import QualifiedName
from airflow.providers.pgtrickle.engine.parse import table_references
from airflow.providers.pgtrickle.factory.entities import Config, DagPlan, Entry, RefreshTask

OPEN_RUN = "open_run"

_TASK_ID = re.compile(r"[A-Za-z0-9_.-]+")
_FORBIDDEN = re.compile(r"[^A-Za-z0-9_.-]+")

Tasks = tuple[RefreshTask, ...]


def plan(config: Config) -> DagPlan:
    """Decide the tasks of the DAG.

    Raises InvalidConfig, with the line, for a query that is not SQL and for cycles.
    """
    graph = dependencies(config)
    entries = {entry.name: entry for entry in config.entries}
    ordered = replace(config, entries=tuple(entries[name] for name in graph.order))
    return DagPlan(config=ordered, tasks=_GRANULARITIES[config.granularity](ordered, graph))


def dependencies(config: Config) -> Graph:
    """What each stream table of the configuration reads, or waits for by its ``depends_on``.

    An unqualified name in a query means the relation of that name in ``public``. Raises InvalidConfig.
    """
    known = {entry.name for entry in config.entries}
    try:
        return Graph.of(
            Node(
                name=entry.name,
                reads=_read(entry, config) | _declared(entry, known, config),
                group=entry.group,
            )
            for entry in config.entries
        )
    except CircularDependency as error:
        first = next(entry for entry in config.entries if entry.name == error.cycle[0])
        raise config.source.error(error.message, "stream_tables", first.position, hint=error.hint) from error


def task_id(name: QualifiedName) -> str:
    """The task id of a stream table: its name, or a readable form of it where Airflow forbids a character."""
    text = name.display
    if _TASK_ID.fullmatch(text):
        return text
    readable = _FORBIDDEN.sub("_", f"{name.schema}.{name.name}")
    return f"{readable}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def _read(entry: Entry, config: Config) -> frozenset[QualifiedName]:
    try:
        return table_references(entry.definition.query)
    except InvalidQuery as error:
        raise config.source.error(
            f"The query of {entry.name.display} is not SQL: {error.message}",
            "stream_tables",
            entry.position,
            hint=error.hint,
        ) from error


def _declared(entry: Entry, known: set[QualifiedName], config: Config) -> frozenset[QualifiedName]:
    for index, name in enumerate(entry.depends_on):
        if name not in known:
            raise config.source.error(
                f"{name.display} is not a stream table of this file.",
                "stream_tables",
                entry.position,
                "depends_on",
                index,
                hint="Only stream tables of the same file can be waited for.",
            )
    return frozenset(entry.depends_on)


def _by_table(config: Config, graph: Graph) -> Tasks:
    ids = {entry.name: task_id(entry.name) for entry in config.entries}
    return tuple(
        RefreshTask(
            task_id=ids[entry.name],
            waves=((entry.definition.name,),),
            upstream=tuple(sorted(ids[name] for name in graph.upstream_of(entry.name))),
            group=entry.group,
            options=entry.options,
            doc=entry.doc,
        )
        for entry in config.entries
    )


def _by_level(config: Config, graph: Graph) -> Tasks:
    ids = [f"level_{number}" for number in range(1, len(graph.levels) + 1)]
    return tuple(
        RefreshTask(
            task_id=ids[number],
            waves=(_names(level),),
            upstream=tuple(ids[number - 1 : number]) if number else (),
            group=None,
            options=config.options,
        )
        for number, level in enumerate(graph.levels)
    )


def _by_group(config: Config, graph: Graph) -> Tasks:
    group_of = {entry.name: entry.group for entry in config.entries}
    upstream: dict[str, set[str]] = {entry.group: set() for entry in config.entries}
    for name, group in group_of.items():
        upstream[group] |= {group_of[read] for read in graph.upstream_of(name)} - {group}
    try:
        order = tuple(TopologicalSorter(upstream).static_order())
    except CycleError as error:
        raise config.source.error(
            f"Groups wait for each other: {' ← '.join(error.args[1])}.",
            "granularity",
            hint="Move a stream table to another group, or choose another granularity.",
        ) from error
    return tuple(
        RefreshTask(
            task_id=f"refresh_{group}",
            waves=tuple(
                _names(members)
                for level in graph.levels
                if (members := [name for name in level if group_of[name] == group])
            ),
            upstream=tuple(sorted(f"refresh_{other}" for other in upstream[group])),
            group=group,
            options=config.groups[group].options if group in config.groups else config.options,
        )
        for group in order
    )


def _whole(config: Config, graph: Graph) -> Tasks:
    return (
        RefreshTask(
            task_id="refresh_all",
            waves=tuple(_names(level) for level in graph.levels),
            upstream=(),
            group=None,
            options=config.options,
        ),
    )


def _names(names: Iterable[QualifiedName]) -> tuple[str, ...]:
    return tuple(name.display for name in names)


_GRANULARITIES: Mapping[str, Callable[[Config, Graph], Tasks]] = {
    "table": _by_table,
    "level": _by_level,
    "group": _by_group,
    "graph": _whole,
}
