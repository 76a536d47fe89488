"""From a configuration to the tasks of its DAG: what waits for what, and what becomes one task."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field, replace
from functools import lru_cache
from graphlib import CycleError, TopologicalSorter

from airflow.providers.pgtrickle.engine.errors import InvalidQuery
from airflow.providers.pgtrickle.engine.graph import CircularDependency, Graph, InvalidSelector, Node, select
from airflow.providers.pgtrickle.engine.names import QualifiedName
from airflow.providers.pgtrickle.engine.parse import table_references
from airflow.providers.pgtrickle.factory.entities import Config, DagPlan, Entry, RefreshTask, TaskOptions

OPEN_RUN = "open_run"
CHECK_FRESHNESS = "check_freshness"

_TASK_ID = re.compile(r"[A-Za-z0-9_.-]+")
_FORBIDDEN = re.compile(r"[^A-Za-z0-9_.-]+")


def plan(config: Config) -> DagPlan:
    """Decide the tasks of the DAG.

    Raises InvalidConfig, with the line, for a query that is not SQL, for cycles, and for selectors that
    choose nothing.
    """
    whole = dependencies(config)
    graph = _selected(config, whole)
    entries = {entry.name: entry for entry in config.entries}
    ordered = replace(config, entries=tuple(entries[name] for name in graph.order))
    return DagPlan(
        config=ordered,
        tasks=_tasks(ordered, graph),
        upstream={
            name.display: tuple(sorted(read.display for read in graph.upstream_of(name))) for name in graph
        },
        leaves=frozenset(name.display for name in graph if not whole.downstream_of(name)),
        unselected=frozenset(name.display for name in whole.nodes.keys() - graph.nodes.keys()),
    )


def dependencies(config: Config) -> Graph:
    """What each stream table of the configuration reads, or waits for by its ``depends_on``.

    An unqualified name in a query means the relation of that name in ``public``. Raises InvalidConfig.
    """
    known = {entry.name for entry in config.entries}
    try:
        return Graph.of(
            Node(
                name=entry.name,
                reads=references(entry, config) | _declared(entry, known, config),
                tags=entry.tags,
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


def references(entry: Entry, config: Config) -> frozenset[QualifiedName]:
    """The relations that the query of a stream table reads; InvalidConfig when it is not SQL."""
    try:
        return _references(entry.definition.query)
    except InvalidQuery as error:
        raise config.source.error(
            f"The query of {entry.name.display} is not SQL: {error.message}",
            "stream_tables",
            entry.position,
            hint=error.hint,
        ) from error


@lru_cache(maxsize=10_000)
def _references(query: str) -> frozenset[QualifiedName]:
    """Kept, because reading a query takes longer than all else and the same ones are read again and again."""
    return table_references(query)


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


def _selected(config: Config, graph: Graph) -> Graph:
    if not config.select and not config.exclude:
        return graph
    try:
        chosen = select(graph, config.select, exclude=config.exclude)
    except InvalidSelector as error:
        key, selectors = ("select", config.select)
        if error.subject not in selectors:
            key, selectors = ("exclude", config.exclude)
        position = selectors.index(error.subject) if error.subject in selectors else 0
        raise config.source.error(error.message, key, position, hint=error.hint) from error
    if not chosen:
        raise config.source.error("Nothing that is selected is left.", "exclude", hint="Exclude less.")
    return graph.restricted(chosen)


def _tasks(config: Config, graph: Graph) -> tuple[RefreshTask, ...]:
    """One task for each unit of refreshing, after those whose stream tables it reads."""
    entries = {entry.name: entry for entry in config.entries}
    units: dict[str, _Unit] = {}
    unit_of: dict[QualifiedName, str] = {}
    for number, level in enumerate(graph.levels, 1):
        for name in level:
            unit = _unit(entries[name], number, config)
            unit_of[name] = unit.task_id
            units.setdefault(unit.task_id, unit).levels.setdefault(number, []).append(name)
    upstream: dict[str, set[str]] = {task: set() for task in units}
    for name, task in unit_of.items():
        upstream[task].update(unit_of[read] for read in graph.upstream_of(name))
    for task, others in upstream.items():
        others.discard(task)
    if any(unit.coarse for unit in units.values()):
        upstream = _without_detours(_ordered(upstream, config))
    return tuple(
        RefreshTask(
            task_id=task,
            waves=tuple(tuple(name.display for name in names) for names in units[task].levels.values()),
            upstream=tuple(sorted(others)),
            group=units[task].group,
            options=units[task].options,
            doc=units[task].doc,
            coarse=units[task].coarse,
        )
        for task, others in upstream.items()
    )


@dataclass(slots=True)
class _Unit:
    """A task in the making: the stream tables of its levels."""

    task_id: str
    group: str | None
    options: TaskOptions
    coarse: bool
    doc: str | None = None
    levels: dict[int, list[QualifiedName]] = field(default_factory=dict)


def _unit(entry: Entry, level: int, config: Config) -> _Unit:
    """The task that refreshes a stream table, alone or with others."""
    group = config.groups.get(entry.group)
    options = config.options if group is None else group.options
    own = None if group is None else group.granularity
    match own or config.granularity:
        case "group":
            return _Unit(f"refresh_{entry.group}", entry.group, options, coarse=True)
        case "level" if own:
            return _Unit(f"{entry.group}_level_{level}", entry.group, options, coarse=True)
        case "level":
            return _Unit(f"level_{level}", None, config.options, coarse=True)
        case "graph":
            return _Unit("refresh_all", None, config.options, coarse=True)
    return _Unit(task_id(entry.name), entry.group, entry.options, coarse=False, doc=entry.doc)


def _ordered(upstream: dict[str, set[str]], config: Config) -> dict[str, set[str]]:
    """The tasks, each after those that it waits for."""
    try:
        return {task: upstream[task] for task in TopologicalSorter(upstream).static_order()}
    except CycleError as error:
        raise config.source.error(
            f"Groups wait for each other: {' ← '.join(error.args[1])}.",
            "granularity",
            hint="Move a stream table to another group, or choose another granularity.",
        ) from error


def _without_detours(upstream: dict[str, set[str]]) -> dict[str, set[str]]:
    """The edges without those that others imply; the tasks come in order."""
    before: dict[str, set[str]] = {}
    for task, others in upstream.items():
        before[task] = others.union(*(before[other] for other in others))
    return {
        task: others.difference(*(before[other] for other in others)) for task, others in upstream.items()
    }
