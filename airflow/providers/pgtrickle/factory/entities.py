"""What a configuration says, and what is to be run: frozen values between the file and Airflow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from typing import Any, Literal

from airflow.providers.pgtrickle.converge import OnDifference, OnRemove
from airflow.providers.pgtrickle.definitions import StreamTableDefinition
from airflow.providers.pgtrickle.engine.names import QualifiedName
from airflow.providers.pgtrickle.factory.schedules import Schedule
from airflow.providers.pgtrickle.factory.source import Source

Granularity = Literal["table", "level", "group", "graph"]
Emit = Literal["changed", "always", "never"]


@dataclass(frozen=True, slots=True)
class TaskOptions:
    """Arguments of a refresh task that the configuration may set; None where it says nothing."""

    pool: str | None = None
    pool_slots: int | None = None
    retries: int | None = None
    retry_delay: timedelta | None = None
    queue: str | None = None
    priority_weight: int | None = None
    execution_timeout: timedelta | None = None

    def arguments(self) -> dict[str, Any]:
        """Those that are set, by the name of the operator's argument."""
        return {name: value for name in OPTION_NAMES if (value := getattr(self, name)) is not None}


OPTION_NAMES = tuple(option.name for option in fields(TaskOptions))


@dataclass(frozen=True, slots=True)
class Group:
    """A declared task group."""

    tooltip: str = ""
    options: TaskOptions = TaskOptions()
    granularity: Granularity | None = None
    """within this group; None for that of the configuration"""


@dataclass(frozen=True, slots=True)
class AssetPlace:
    """The database as the URIs of assets name it."""

    host: str
    database: str
    port: int = 5432


@dataclass(frozen=True, slots=True)
class Entry:
    """A stream table of the configuration, defaults and group values applied.

    ``position`` is its index in the file's list, for errors.
    """

    position: int
    name: QualifiedName
    definition: StreamTableDefinition
    group: str
    depends_on: tuple[QualifiedName, ...] = ()
    options: TaskOptions = TaskOptions()
    doc: str | None = None
    tags: frozenset[str] = frozenset()
    export: bool = False
    schedule: Schedule | None = None
    """which runs refresh it; None for all"""
    freshness_sla: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Config:
    """A valid configuration."""

    source: Source
    name: str
    """by which the database knows what the configuration declares"""
    dag: Mapping[str, Any]
    connection: str
    entries: tuple[Entry, ...]
    groups: Mapping[str, Group] = field(default_factory=dict)
    """the declared ones; a stream table without a group is in one named like its schema"""
    options: TaskOptions = TaskOptions()
    """of tasks that belong to no stream table and no declared group"""
    granularity: Granularity = "table"
    parallelism: int = 4
    create: bool = True
    on_change: OnDifference = "error"
    on_remove: OnRemove = "leave"
    select: tuple[str, ...] = ()
    """selectors of what the DAG refreshes; none for all"""
    exclude: tuple[str, ...] = ()
    assets: AssetPlace | None = None
    emit: Emit = "changed"
    content_hash: str = ""
    """of the file and of every file it names"""


@dataclass(frozen=True, slots=True)
class RefreshTask:
    """A task that refreshes stream tables: its ``waves`` in turn, the tables of a wave in any order."""

    task_id: str
    waves: tuple[tuple[str, ...], ...]
    upstream: tuple[str, ...]
    group: str | None
    options: TaskOptions
    doc: str | None = None
    coarse: bool = False
    """whether it stands for a level, a group or the whole graph"""


@dataclass(frozen=True, slots=True)
class DagPlan:
    """A DAG to be: its stream tables and its refresh tasks, both upstream first.

    ``config`` has the selected stream tables alone. ``upstream`` says by name what each waits for, ``leaves``
    are those that no other one reads.
    """

    config: Config
    tasks: tuple[RefreshTask, ...]
    upstream: Mapping[str, tuple[str, ...]]
    leaves: frozenset[str]
    unselected: frozenset[str] = frozenset()
    """what the file declares and the DAG leaves to others"""
