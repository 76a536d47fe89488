"""From a plan to the tasks of an Airflow DAG."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, tzinfo
from functools import cached_property
from pathlib import Path
from typing import Any

import pendulum
from airflow.sdk import DAG, Asset, AssetAlias, BaseOperator, TaskGroup
from airflow.sdk.definitions.callback import AsyncCallback
from airflow.sdk.definitions.deadline import DeadlineAlert, DeadlineReference
from pendulum.tz.exceptions import InvalidTimezone

from airflow.providers.pgtrickle.factory.conditions import condition, stream_table_asset
from airflow.providers.pgtrickle.factory.entities import Config, DagPlan, Entry, RefreshTask
from airflow.providers.pgtrickle.factory.plan import CHECK_FRESHNESS, OPEN_RUN
from airflow.providers.pgtrickle.operators.checks import StreamTableFreshnessCheckOperator
from airflow.providers.pgtrickle.operators.refresh import (
    OpenRunOperator,
    StreamTableGroupRefreshOperator,
    StreamTableRefreshOperator,
)
from airflow.providers.pgtrickle.retries import SqlStateRetryPolicy
from airflow.providers.pgtrickle.runs import DueTables

DEFAULT_RETRIES = 2

#: Assets that are drawn as outlets: more make the graph view of Airflow slow, then unusable.
MOST_OUTLETS = 100

DEADLINE_CALLBACK = "airflow.providers.pgtrickle.notifications.deadlines.report_missed_deadline"


def build_dag(planned: DagPlan, **dag_arguments: Any) -> DAG:
    """The DAG of a plan: a task that opens the run's frontier, then the refreshes along the edges."""
    with DAG(**dag_keywords(planned.config, dag_arguments)) as dag:
        add_tasks(planned)
    return dag


def dag_keywords(config: Config, dag_arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments for Airflow's DAG; ``dag_arguments`` win over the file.

    Raises InvalidConfig, also for what Airflow would not accept.
    """
    given = dict(dag_arguments)
    arguments = dict(config.dag)
    if "dag_id" not in arguments and "dag_id" not in given:
        raise config.source.error(
            "There is no dag_id.", "dag", hint="Write dag: {dag_id: …}; only a task group needs none."
        )
    zone = _zone(config, arguments.pop("timezone", None))
    for key in ("start_date", "end_date"):
        if key in arguments and arguments[key].tzinfo is None:
            arguments[key] = arguments[key].replace(tzinfo=zone)
    deadline = arguments.pop("run_deadline", None)
    callback = arguments.pop("run_deadline_callback", DEADLINE_CALLBACK)
    if deadline is not None:
        arguments["deadline"] = DeadlineAlert(
            reference=DeadlineReference.DAGRUN_QUEUED_AT, interval=deadline, callback=AsyncCallback(callback)
        )
    if isinstance(arguments.get("schedule"), dict):
        arguments["schedule"] = condition(arguments["schedule"], config)
    arguments = {"max_active_runs": 1, "catchup": False, **arguments, **given}
    arguments["default_args"] = {
        **task_defaults(arguments.pop("owner", None)),
        **given.get("default_args", {}),
    }
    arguments["doc_md"] = _documentation(config, arguments.get("doc_md"))
    try:
        DAG(**arguments)
    except Exception as error:
        raise config.source.error(f"Airflow does not accept the DAG's arguments: {error}", "dag") from error
    return arguments


def task_defaults(owner: str | None = None) -> dict[str, Any]:
    """What the tasks of a factory have unless something else is said."""
    return {
        "retries": DEFAULT_RETRIES,
        "retry_policy": SqlStateRetryPolicy(),
        **({"owner": owner} if owner else {}),
    }


def add_tasks(planned: DagPlan) -> tuple[BaseOperator, ...]:
    """Add the tasks of a plan to the DAG or task group that is being written.

    Returns all of them: the one that opens the run, those of the plan in its order, the judging one if any.
    """
    config = planned.config
    schedules = {
        entry.definition.name: entry.schedule for entry in config.entries if entry.schedule is not None
    }
    first = OpenRunOperator(
        task_id=OPEN_RUN,
        pgtrickle_conn_id=config.connection,
        stream_tables=[entry.definition.name for entry in config.entries],
        definitions=[entry.definition for entry in config.entries] if config.create else (),
        on_change=config.on_change,
        on_remove=config.on_remove,
        configuration=config.name,
        unselected=sorted(planned.unselected),
        due=DueTables(schedules, planned.upstream, _zone(config, config.dag.get("timezone")))
        if schedules
        else None,
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
    making = _Making(planned, first.task_id, groups)
    tasks: dict[str, BaseOperator] = {}
    for task in planned.tasks:
        operator = making.operator(task)
        tasks[task.task_id] = operator
        _set_upstream(operator, [tasks[name] for name in task.upstream] or [first])
    check = _freshness_check(config)
    if check is not None:
        _set_upstream(check, [task for task in tasks.values() if not task.downstream_task_ids])
        return (first, *tasks.values(), check)
    return (first, *tasks.values())


def _freshness_check(config: Config) -> BaseOperator | None:
    """The task that judges the run, whatever became of the others: it fails when a table is too stale."""
    limits = {
        entry.definition.name: entry.freshness_sla
        for entry in config.entries
        if entry.freshness_sla is not None
    }
    if not limits:
        return None
    return StreamTableFreshnessCheckOperator(
        task_id=CHECK_FRESHNESS,
        pgtrickle_conn_id=config.connection,
        freshness_sla=limits,
        trigger_rule="all_done",
        **config.options.arguments(),
    )


@dataclass(frozen=True)
class _Making:
    """What the refresh tasks of one plan have in common."""

    planned: DagPlan
    first: str
    """the id of the task that opens the run, with the prefix of the task group around all"""
    groups: Mapping[str, TaskGroup]

    @cached_property
    def entries(self) -> dict[str, Entry]:
        return {entry.definition.name: entry for entry in self.planned.config.entries}

    @cached_property
    def assets(self) -> dict[str, Asset]:
        """The assets that refreshes announce, those that are exported by name first."""
        config = self.planned.config
        if config.emit == "never":
            return {}
        chosen = sorted(
            (entry for name, entry in self.entries.items() if entry.export or name in self.planned.leaves),
            key=lambda entry: not entry.export,
        )
        return {entry.definition.name: stream_table_asset(entry.definition.name, config) for entry in chosen}

    @cached_property
    def drawn(self) -> frozenset[str]:
        """The stream tables whose assets are outlets; the others stand behind an alias."""
        return frozenset(list(self.assets)[:MOST_OUTLETS])

    @cached_property
    def alias(self) -> AssetAlias:
        return AssetAlias(f"{self.planned.config.name}.stream_tables", group="pgtrickle")

    def operator(self, task: RefreshTask) -> BaseOperator:
        config = self.planned.config
        names = [name for wave in task.waves for name in wave]
        assets = {name: self.assets[name] for name in names if name in self.assets}
        arguments: dict[str, Any] = {
            "task_id": task.task_id,
            "pgtrickle_conn_id": config.connection,
            "run": f"{{{{ ti.xcom_pull(task_ids='{self.first}') }}}}",
            "asset_alias": self.alias if not self.drawn.issuperset(assets) else None,
            "emit": config.emit,
            **task.options.arguments(),
        }
        if task.group is not None:
            arguments["task_group"] = self.groups[task.group]
            # Groups here prefix nothing, and thereby would drop the prefix of one around them.
            arguments["task_id"] = self.first.removesuffix(OPEN_RUN) + task.task_id
        if task.doc is not None:
            arguments["doc_md"] = task.doc
        if not task.coarse:
            return StreamTableRefreshOperator(
                stream_table=names[0],
                freshness_sla=self.entries[names[0]].freshness_sla,
                asset=assets.get(names[0]),
                **arguments,
            )
        return StreamTableGroupRefreshOperator(
            stream_tables=[list(wave) for wave in task.waves],
            parallelism=config.parallelism,
            freshness_sla={name: limit for name in names if (limit := self.entries[name].freshness_sla)},
            assets=assets,
            **arguments,
        )


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


def _set_upstream(task: BaseOperator, upstream: list[BaseOperator]) -> None:
    """What ``task.set_upstream(upstream)`` does for two tasks of one DAG.

    That method hashes the DAG, at a cost linear in its tasks, for each edge.
    """
    for other in upstream:
        task.upstream_task_ids.add(other.task_id)
        other.downstream_task_ids.add(task.task_id)
