"""From a plan to an Airflow DAG, and the function that a DAG file calls."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from datetime import UTC, tzinfo
from pathlib import Path
from types import FrameType
from typing import Any

import pendulum
from airflow.sdk import DAG, BaseOperator, TaskGroup
from pendulum.tz.exceptions import InvalidTimezone

from airflow.providers.pgtrickle.engine.errors import InvalidConfig
from airflow.providers.pgtrickle.factory.config import load
from airflow.providers.pgtrickle.factory.entities import Config, DagPlan, RefreshTask
from airflow.providers.pgtrickle.factory.plan import OPEN_RUN, plan
from airflow.providers.pgtrickle.operators.pgtrickle import (
    OpenRunOperator,
    StreamTableGroupRefreshOperator,
    StreamTableRefreshOperator,
)
from airflow.providers.pgtrickle.retries import SqlStateRetryPolicy

DEFAULT_RETRIES = 2

_RUN = f"{{{{ ti.xcom_pull(task_ids='{OPEN_RUN}') }}}}"


def pgtrickle_dag_factory(config: str | os.PathLike[str], **dag_arguments: Any) -> DAG:
    """Build the DAG of a configuration file and register it in the module that calls.

    A relative path is relative to the calling file. ``dag_arguments`` are arguments of Airflow's DAG that a
    file cannot express (asset schedules, callbacks, deadlines); they win over the file. Nothing is asked of
    any database.

    Raises InvalidConfig, with file and line, which Airflow shows as an import error.
    """
    caller = sys._getframe(1)  # noqa: SLF001 -- the only way to the calling module
    file = Path(caller.f_code.co_filename)
    dag = build_dag(plan(load(file.parent / config, os.environ)), **dag_arguments)
    dag.fileloc = str(file)
    _register(dag, caller)
    return dag


def build_dag(planned: DagPlan, **dag_arguments: Any) -> DAG:
    """The DAG of a plan: a task that opens the run's frontier, then the refreshes along the edges."""
    config = planned.config
    with _dag(config, dag_arguments) as dag:
        first = OpenRunOperator(
            task_id=OPEN_RUN,
            pgtrickle_conn_id=config.connection,
            stream_tables=[entry.definition.name for entry in config.entries],
            definitions=[entry.definition for entry in config.entries] if config.create else (),
            on_change=config.on_change,
            **config.options.arguments(),
        )
        groups = {
            group: TaskGroup(
                group,
                prefix_group_id=False,
                tooltip=config.groups[group].tooltip if group in config.groups else "",
            )
            for group in dict.fromkeys(task.group for task in planned.tasks)
            if group is not None
        }
        tasks: dict[str, BaseOperator] = {}
        for task in planned.tasks:
            operator = _operator(task, config, groups)
            tasks[task.task_id] = operator
            _set_upstream(operator, [tasks[name] for name in task.upstream] or [first])
    return dag


def _dag(config: Config, dag_arguments: dict[str, Any]) -> DAG:
    arguments = dict(config.dag)
    zone = _zone(config, arguments.pop("timezone", None))
    for key in ("start_date", "end_date"):
        if key in arguments and arguments[key].tzinfo is None:
            arguments[key] = arguments[key].replace(tzinfo=zone)
    owner = arguments.pop("owner", None)
    default_args = {
        "retries": DEFAULT_RETRIES,
        "retry_policy": SqlStateRetryPolicy(),
        **({"owner": owner} if owner else {}),
        **dag_arguments.pop("default_args", {}),
    }
    arguments = {"max_active_runs": 1, "catchup": False, **arguments, **dag_arguments}
    arguments["doc_md"] = _documentation(config, arguments.get("doc_md"))
    try:
        return DAG(default_args=default_args, **arguments)
    except Exception as error:
        raise config.source.error(f"Airflow does not accept the DAG's arguments: {error}", "dag") from error


def _zone(config: Config, name: str | None) -> tzinfo:
    """The time zone of the DAG's dates, and thereby of its schedule."""
    if name is None:
        return UTC
    if "start_date" not in config.dag:
        raise config.source.error(
            "A time zone needs a start_date.",
            "dag",
            "timezone",
            hint="Airflow takes a DAG's time zone from its start_date.",
        )
    try:
        return pendulum.timezone(name)
    except (InvalidTimezone, ValueError) as error:
        raise config.source.error(
            f"{name!r} is not a time zone.", "dag", "timezone", hint="Write it like Europe/Berlin."
        ) from error


def _documentation(config: Config, text: str | None) -> str:
    """The DAG's documentation; the hash makes a changed query a new version of the DAG."""
    origin = f"Built from `{Path(config.source.file).name}`, content `{config.content_hash}`."
    return f"{text}\n\n{origin}" if text else origin


def _operator(task: RefreshTask, config: Config, groups: Mapping[str, TaskGroup]) -> BaseOperator:
    arguments: dict[str, Any] = {
        "task_id": task.task_id,
        "pgtrickle_conn_id": config.connection,
        "run": _RUN,
        **task.options.arguments(),
    }
    if task.group is not None:
        arguments["task_group"] = groups[task.group]
    if task.doc is not None:
        arguments["doc_md"] = task.doc
    if config.granularity == "table":
        return StreamTableRefreshOperator(stream_table=task.waves[0][0], **arguments)
    return StreamTableGroupRefreshOperator(
        stream_tables=[list(wave) for wave in task.waves], parallelism=config.parallelism, **arguments
    )


def _set_upstream(task: BaseOperator, upstream: list[BaseOperator]) -> None:
    """What ``task.set_upstream(upstream)`` does for two tasks of one DAG.

    That method hashes the DAG, at a cost linear in its tasks, for each edge.
    """
    for other in upstream:
        task.upstream_task_ids.add(other.task_id)
        other.downstream_task_ids.add(task.task_id)


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
