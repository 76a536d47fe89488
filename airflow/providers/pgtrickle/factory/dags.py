"""What DAG files write: a function that makes a DAG of a file, and the same as classes."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

from airflow.sdk import DAG, BaseOperator, ObjectStoragePath, TaskGroup

from airflow.providers.pgtrickle.engine.errors import InvalidConfig
from airflow.providers.pgtrickle.factory.build import add_tasks, build_dag, dag_keywords, task_defaults
from airflow.providers.pgtrickle.factory.config import load, parse
from airflow.providers.pgtrickle.factory.entities import DagPlan
from airflow.providers.pgtrickle.factory.plan import plan
from airflow.providers.pgtrickle.factory.source import Source

Configuration = str | os.PathLike[str] | Mapping[str, Any]
Selectors = str | Iterable[str]


def pgtrickle_dag_factory(
    config: Configuration,
    *,
    select: Selectors = (),
    exclude: Selectors = (),
    **dag_arguments: Any,
) -> DAG:
    """Build the DAG of a configuration file and register it in the module that calls.

    A relative path is relative to the calling file; an address such as ``s3://bucket/shop.yaml`` is read
    through Airflow's object storage at each parse. Instead of a file, ``config`` may be the mapping that one
    would hold, for DAG files that make it by a loop. ``select`` and ``exclude`` take the place of those in
    the file. ``dag_arguments`` are arguments of Airflow's DAG; they win over the file. Nothing is asked of
    any database.

    Raises InvalidConfig, with file and line, which Airflow shows as an import error.
    """
    caller = sys._getframe(1)  # noqa: SLF001 -- the only way to the calling module
    file = Path(caller.f_code.co_filename)
    dag = build_dag(_planned(config, caller, select, exclude), **dag_arguments)
    dag.fileloc = str(file)
    _register(dag, caller)
    return dag


class PgTrickleDag(DAG):
    """The DAG of a configuration file, for DAG files that add tasks of their own to it.

    ::

        with PgTrickleDag("shop.yaml") as dag:
            load >> dag.first_task
            dag.stream_table_tasks["shop.revenue"] >> report

    :param config: as in ``pgtrickle_dag_factory``, and so are the others
    """

    def __init__(
        self,
        config: Configuration,
        *,
        select: Selectors = (),
        exclude: Selectors = (),
        **dag_arguments: Any,
    ) -> None:
        caller = sys._getframe(1)  # noqa: SLF001
        planned = _planned(config, caller, select, exclude)
        super().__init__(**dag_keywords(planned.config, dag_arguments))
        self.fileloc = caller.f_code.co_filename
        with self:
            tasks = add_tasks(planned)
        self.first_task = tasks[0]
        self.stream_table_tasks = _by_stream_table(planned, tasks)


class PgTrickleTaskGroup(TaskGroup):
    """The stream tables of a configuration file between other tasks of a DAG.

    ::

        load >> PgTrickleTaskGroup("shop.yaml", group_id="stream_tables") >> report

    The file needs no ``dag``; what it says there is left out. A stream table that is not due in a run is
    skipped, and so is what follows by the default trigger rule: give the task after a group with schedules
    ``trigger_rule="none_failed"``.

    :param config: as in ``pgtrickle_dag_factory``
    :param group_id: prefix of the task ids; the name of the file by default
    :param select: as in ``pgtrickle_dag_factory``
    :param exclude: as in ``pgtrickle_dag_factory``
    """

    def __init__(
        self,
        config: Configuration,
        group_id: str | None = None,
        *,
        select: Selectors = (),
        exclude: Selectors = (),
        default_args: dict[str, Any] | None = None,
        **arguments: Any,
    ) -> None:
        planned = _planned(config, sys._getframe(1), select, exclude)  # noqa: SLF001
        super().__init__(
            group_id or Path(planned.config.source.file).stem,
            default_args={**task_defaults(), **(default_args or {})},  # type: ignore[arg-type]  # not typed there
            **arguments,
        )
        with self:
            tasks = add_tasks(planned)
        self.first_task = tasks[0]
        self.stream_table_tasks = _by_stream_table(planned, tasks)


def _planned(config: Configuration, caller: FrameType, select: Selectors, exclude: Selectors) -> DagPlan:
    file = Path(caller.f_code.co_filename)
    if isinstance(config, Mapping):
        source = Source(str(file), document=config, place=caller.f_lineno)
        read = parse(source, file.parent, os.environ)
    else:
        text = os.fspath(config)
        path: Any = ObjectStoragePath(text) if "://" in text else file.parent / text
        read = load(path, os.environ)
    return plan(replace(read, select=_texts(select) or read.select, exclude=_texts(exclude) or read.exclude))


def _texts(selectors: Selectors) -> tuple[str, ...]:
    return (selectors,) if isinstance(selectors, str) else tuple(selectors)


def _by_stream_table(planned: DagPlan, tasks: tuple[BaseOperator, ...]) -> dict[str, BaseOperator]:
    """The task that refreshes each stream table, by its name."""
    return {
        name: operator
        for task, operator in zip(planned.tasks, tasks[1:], strict=False)
        for wave in task.waves
        for name in wave
    }


def _register(dag: DAG, caller: FrameType) -> None:
    """Put the DAG where Airflow looks for DAGs: among the calling module's globals."""
    name = f"dag_{dag.dag_id}"
    if name in caller.f_globals:
        raise InvalidConfig(
            f"The module {caller.f_globals.get('__name__')} already has a DAG {dag.dag_id!r}.",
            file=caller.f_code.co_filename,
            line=caller.f_lineno,
            hint="Give each configuration a dag_id of its own.",
        )
    caller.f_globals[name] = dag
