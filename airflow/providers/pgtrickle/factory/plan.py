"""From a configuration to the tasks of its DAG: what waits for what, and what becomes one task."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from airflow.providers.pgtrickle.engine.errors import InvalidQuery
from airflow.providers.pgtrickle.engine.names import QualifiedName
from airflow.providers.pgtrickle.engine.parse import table_references
from airflow.providers.pgtrickle.factory.entities import Config, DagPlan, Entry, RefreshTask

OPEN_RUN = "open_run"

_TASK_ID = re.compile(r"[A-Za-z0-9_.-]+")

Edges = Mapping[QualifiedName, frozenset[QualifiedName]]


def plan(config: Config) -> DagPlan:
    """Decide the tasks of the DAG.

    Raises InvalidConfig, with the line, for a query that is not SQL and for cycles.
    """
    edges = dependencies(config)
    waves = _waves(config, edges)
    return DagPlan(
        config=config,
        members=tuple(entry for wave in waves for entry in wave),
        tasks=_GRANULARITIES[config.granularity](config, edges, waves),
    )


def dependencies(config: Config) -> Edges:
    """The stream tables of the configuration that each of them reads, or waits for by its ``depends_on``.

    An unqualified name in a query means the stream table of that name in ``public``.
    """
    known = {entry.name for entry in config.entries}
    return {
        entry.name: _read(entry, known, config) | _declared(entry, known, config) for entry in config.entries
    }


def task_id(name: QualifiedName) -> str:
    """The task id of a stream table: its name, or a readable form of it where Airflow forbids a character."""
    text = name.display
    if _TASK_ID.fullmatch(text):
        return text
    readable = re.sub(r"[^A-Za-z0-9_.-]+", "_", f"{name.schema}.{name.name}")
    return f"{readable}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def _read(entry: Entry, known: set[QualifiedName], config: Config) -> frozenset[QualifiedName]:
    query = entry.definition.query
    try:
        return frozenset(table_references(query)) & known
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


def _waves(config: Config, edges: Edges) -> tuple[tuple[Entry, ...], ...]:
    """The entries by topological level, each level in the order of the file."""
    by_name = {entry.name: entry for entry in config.entries}
    sorter = TopologicalSorter(edges)
    try:
        sorter.prepare()
    except CycleError as error:
        cycle: list[QualifiedName] = error.args[1]
        raise config.source.error(
            f"Stream tables wait for each other: {' ← '.join(name.display for name in cycle)}.",
            "stream_tables",
            by_name[cycle[0]].position,
            hint="Break the circle: a stream table cannot read itself through others.",
        ) from error
    waves: list[tuple[Entry, ...]] = []
    while sorter.is_active():
        ready = sorter.get_ready()
        sorter.done(*ready)
        waves.append(tuple(sorted((by_name[name] for name in ready), key=lambda entry: entry.position)))
    return tuple(waves)


Waves = Sequence[Sequence[Entry]]


def _by_table(config: Config, edges: Edges, waves: Waves) -> tuple[RefreshTask, ...]:
    ids = {entry.name: task_id(entry.name) for entry in config.entries}
    return tuple(
        RefreshTask(
            task_id=ids[entry.name],
            waves=((entry.definition.name,),),
            upstream=tuple(sorted(ids[name] for name in edges[entry.name])),
            group=entry.group,
            options=entry.options,
            doc=entry.doc,
        )
        for wave in waves
        for entry in wave
    )


def _by_level(config: Config, edges: Edges, waves: Waves) -> tuple[RefreshTask, ...]:  # noqa: ARG001
    ids = [f"level_{number}" for number in range(1, len(waves) + 1)]
    return tuple(
        RefreshTask(
            task_id=ids[number],
            waves=(_names(wave),),
            upstream=tuple(ids[number - 1 : number]) if number else (),
            group=None,
            options=config.options,
        )
        for number, wave in enumerate(waves)
    )


def _by_group(config: Config, edges: Edges, waves: Waves) -> tuple[RefreshTask, ...]:
    group_of = {entry.name: entry.group for entry in config.entries}
    upstream: dict[str, set[str]] = {entry.group: set() for entry in config.entries}
    for name, sources in edges.items():
        upstream[group_of[name]] |= {group_of[source] for source in sources} - {group_of[name]}
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
                names for wave in waves if (names := _names(entry for entry in wave if entry.group == group))
            ),
            upstream=tuple(sorted(f"refresh_{other}" for other in upstream[group])),
            group=group,
            options=config.groups[group].options if group in config.groups else config.options,
        )
        for group in order
    )


def _whole(config: Config, edges: Edges, waves: Waves) -> tuple[RefreshTask, ...]:  # noqa: ARG001
    return (
        RefreshTask(
            task_id="refresh_all",
            waves=tuple(_names(wave) for wave in waves),
            upstream=(),
            group=None,
            options=config.options,
        ),
    )


def _names(entries: Iterable[Entry]) -> tuple[str, ...]:
    return tuple(entry.definition.name for entry in entries)


_GRANULARITIES: Mapping[str, Callable[[Config, Edges, Waves], tuple[RefreshTask, ...]]] = {
    "table": _by_table,
    "level": _by_level,
    "group": _by_group,
    "graph": _whole,
}
