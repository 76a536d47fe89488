"""Refreshing: open the frontier of a run, bring one stream table there, or several."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NoReturn

from airflow.sdk import Asset, AssetAlias
from airflow.sdk.exceptions import AirflowSkipException

from airflow.providers.pgtrickle.assets.outlets import Emit, announce, keep_outlets
from airflow.providers.pgtrickle.converge import OnDifference, OnRemove, apply_plan, converge_plan
from airflow.providers.pgtrickle.definitions import StreamTableDefinition
from airflow.providers.pgtrickle.engine.errors import InvalidOption, RunFrontierPassed, StreamTableExists
from airflow.providers.pgtrickle.engine.names import parse_name
from airflow.providers.pgtrickle.hooks.pgtrickle import PgTrickleHook
from airflow.providers.pgtrickle.links.pgtrickle import StreamTableLink, StreamTablesLink
from airflow.providers.pgtrickle.observations import Observation, measure, observed
from airflow.providers.pgtrickle.operators.base import StreamTableOperator
from airflow.providers.pgtrickle.runs import DueTables, RunAsked

if TYPE_CHECKING:
    from airflow.sdk import BaseOperatorLink, Context

    from airflow.providers.pgtrickle.engine.api import PgTrickle, RefreshResult

OnPassed = Literal["skip", "fail"]


class OpenRunOperator(StreamTableOperator):
    """Opens the frontier that every refresh of a DAG run goes to; the first task of a DAG.

    All stream tables of the run then show one version of the sources, however late a task runs. The XCom
    result is the run frontier as JSON text, which the refresh operators take as ``run``.

    With ``definitions`` the catalog is installed or migrated first and the database is brought to what is
    declared. With ``due`` the run has those members alone that their schedules ask for, and the refresh
    operators skip the others.

    :param stream_tables: names of the members of the run
    :param definitions: members to create when they are absent, upstream first
    :param on_change: what to do when a member exists with another definition: ``error``, ``alter`` it, or
        ``recreate``: alter it and create again the members that read it and cannot follow
    :param on_remove: what to do about a stream table that the configuration declared before and declares no
        more: ``leave`` it or ``drop`` it
    :param configuration: the name by which the database knows what was declared; the DAG's id by default
    :param unselected: names that the configuration declares too, for others to create
    :param due: decides from the data timestamps which of the members the run refreshes
    """

    template_fields: Sequence[str] = ("stream_tables", *StreamTableOperator.template_fields)

    def __init__(
        self,
        *,
        stream_tables: Sequence[str],
        definitions: Sequence[StreamTableDefinition] = (),
        on_change: OnDifference = "error",
        on_remove: OnRemove = "leave",
        configuration: str | None = None,
        unselected: Collection[str] = (),
        due: DueTables | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.stream_tables = stream_tables
        self.definitions = definitions
        self.on_change = on_change
        self.on_remove = on_remove
        self.configuration = configuration
        self.unselected = unselected
        self.due = due

    def execute(self, context: Context) -> str:
        """Return the run frontier as JSON text."""
        with self.hook.get_engine() as engine:
            if self.definitions:
                self._converge(engine, self.configuration or context["ti"].dag_id)
            members = list(self.stream_tables)
            if self.due is not None:
                chosen = self.due(_shown(engine), _run_moment(context))
                members = [name for name in members if name in chosen]
                self.log.info("Due: %s", ", ".join(members) or "nothing")
            frontier = str(engine.open_run(members, run_id=_run_id(context)))
        run = RunAsked(frontier, None if self.due is None else frozenset(members))
        self.log.info("Run frontier: %s", run)
        return str(run)

    def _converge(self, engine: PgTrickle, configuration: str) -> None:
        engine.install()
        plan = converge_plan(
            engine,
            configuration,
            self.definitions,
            others=self.unselected,
            drop=self.on_remove == "drop",
            estimate=False,
        )
        other = next((step for step in plan.steps if step.action in ("rebuild", "alter")), None)
        if other is not None and self.on_change == "error":
            raise StreamTableExists(
                f"{other.stream_table} exists with another definition. {other.reason}",
                hint="Set on_change to 'alter', or run `pgtrickle plan` to see what that means.",
                subject=other.stream_table,
            )
        apply_plan(
            engine,
            plan,
            recreate=self.on_change == "recreate",
            told=lambda step: self.log.info("%s: %s. %s", step.stream_table, step.action, step.reason),
        )


class StreamTableRefreshOperator(StreamTableOperator):
    """Brings one stream table up to date; with ``run``, exactly to the frontier of that run.

    The refresh is one transaction: it happens wholly or not at all, and a retry of a table that has reached
    the run's frontier does nothing. The XCom result is a dict: ``stream_table``, ``action`` (``NO_DATA``,
    ``DIFFERENTIAL``, ``FULL``, ``REINITIALIZE``), ``reason``, ``rows_inserted``, ``rows_deleted``,
    ``duration_ms``, ``frontier``, ``data_timestamp`` (ISO 8601), ``lag_seconds``.

    :param stream_table: ``schema.name``, or a bare name in ``public``
    :param run: what OpenRunOperator returned; None or empty refreshes to the present. The task is skipped
        when the run does not concern the stream table.
    :param full: recompute the whole table; a template may say it as ``True`` or ``False``
    :param on_passed: what to do when a later run has taken the table beyond the run's frontier: ``skip`` the
        task (and with it what depends on it in this run), or ``fail``
    :param freshness_sla: how old the sources that the table shows may become; a miss is logged and counted
    :param asset: the asset of the stream table, an outlet of the task; its events carry rows changed, action,
        frontier and lag. An AssetAlias stands for one that is not drawn as the task's outlet.
    :param emit: when the asset has an event: ``changed`` (rows changed), ``always`` or ``never``
    """

    template_fields: Sequence[str] = ("stream_table", "run", "full", *StreamTableOperator.template_fields)
    template_fields_renderers: ClassVar[dict[str, str]] = {"run": "json"}
    operator_extra_links: Sequence[BaseOperatorLink] = (StreamTableLink(),)

    def __init__(
        self,
        *,
        stream_table: str,
        run: str | None = None,
        full: bool | str = False,
        on_passed: OnPassed = "skip",
        freshness_sla: timedelta | None = None,
        asset: Asset | None = None,
        asset_alias: AssetAlias | None = None,
        emit: Emit = "changed",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.stream_table = stream_table
        self.run = run
        self.full = full
        self.on_passed = on_passed
        self.freshness_sla = freshness_sla
        self.asset = asset
        self.asset_alias = asset_alias
        self.emit = emit
        self._result: RefreshResult | None = None
        keep_outlets(self, () if asset is None else (asset,), asset_alias)

    def execute(self, context: Context) -> dict[str, Any]:
        """Return the result of the refresh as a dict."""
        run = RunAsked.read(self.run)
        if not run.concerns(self.stream_table):
            raise AirflowSkipException(f"{self.stream_table} is not due in this run.")
        try:
            with self.hook.get_engine() as engine:
                observation = observed(
                    engine,
                    self.stream_table,
                    run=run.frontier,
                    full=_truth(self.full),
                    sla=self.freshness_sla,
                )
        except RunFrontierPassed as passed:
            raise _skip_or_fail(passed, self.on_passed) from passed
        self._result = observation.result
        measure(observation, self.log)
        assets = {} if self.asset is None else {observation.result.stream_table: self.asset}
        announce(self, context, [observation], assets, alias=self.asset_alias, emit=self.emit)
        return observation.values()

    def get_openlineage_facets_on_complete(self, task_instance: Any) -> Any:
        """What was read and written, column by column, for OpenLineage."""
        from airflow.providers.pgtrickle.lineage import lineage_of

        return lineage_of(self.hook, {self.stream_table: self._result})


class StreamTableGroupRefreshOperator(StreamTableOperator):
    """Brings several stream tables up to date in one task, each in a transaction of its own.

    Cheaper than a task each where Airflow's second for every task weighs more than the refreshes. When a
    refresh fails, those that do not come after it are finished, then the task fails; with ``run`` its retry
    does only what is missing. The XCom result is a list of what StreamTableRefreshOperator returns, without
    the stream tables that the run does not concern.

    :param stream_tables: names in waves: the tables of a wave are refreshed at the same time, after the wave
        before
    :param run: what OpenRunOperator returned; None or empty refreshes to the present
    :param parallelism: connections to use
    :param on_passed: what to do when a later run has taken a table beyond the run's frontier: ``skip`` the
        task, or ``fail``
    :param freshness_sla: by stream table, how old the sources that it shows may become
    :param assets: by stream table, its asset: an outlet of the task
    :param asset_alias: stands for assets that are not drawn as outlets of the task
    :param emit: when an asset has an event: ``changed`` (rows changed), ``always`` or ``never``
    """

    template_fields: Sequence[str] = ("stream_tables", "run", *StreamTableOperator.template_fields)
    template_fields_renderers: ClassVar[dict[str, str]] = {"run": "json"}
    operator_extra_links: Sequence[BaseOperatorLink] = (StreamTablesLink(),)

    def __init__(
        self,
        *,
        stream_tables: Sequence[Sequence[str]],
        run: str | None = None,
        parallelism: int = 4,
        on_passed: OnPassed = "skip",
        freshness_sla: Mapping[str, timedelta] | None = None,
        assets: Mapping[str, Asset] | None = None,
        asset_alias: AssetAlias | None = None,
        emit: Emit = "changed",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.stream_tables = stream_tables
        self.run = run
        self.parallelism = parallelism
        self.on_passed = on_passed
        self.freshness_sla = freshness_sla or {}
        self.assets = assets or {}
        self.asset_alias = asset_alias
        self.emit = emit
        self._hooks: list[PgTrickleHook] = []
        self._pool: ThreadPoolExecutor | None = None
        self._results: dict[str, RefreshResult] = {}
        drawn = self.assets.values() if asset_alias is None else ()
        keep_outlets(self, drawn, asset_alias)

    def execute(self, context: Context) -> list[dict[str, Any]]:
        """Return the results of the refreshes, in the order of the waves."""
        connection = self.hook.connection
        run = RunAsked.read(self.run)

        def refresh(name: str) -> Observation:
            # The connection's secret was fetched once: Airflow's task API is not for threads.
            hook = PgTrickleHook(self.pgtrickle_conn_id, connection=connection)
            self._hooks.append(hook)
            with hook.get_engine() as engine:
                return observed(engine, name, run=run.frontier, sla=self.freshness_sla.get(name))

        observations: list[Observation] = []
        with ThreadPoolExecutor(max_workers=self.parallelism) as self._pool:
            try:
                for wave in self.stream_tables:
                    due = [name for name in wave if run.concerns(name)]
                    observations += self._collect([self._pool.submit(refresh, name) for name in due])
            except BaseException:
                # Leaving the block waits for the threads, and a time-out must not wait for their refreshes.
                self.on_kill()
                raise
        announce(self, context, observations, self.assets, alias=self.asset_alias, emit=self.emit)
        return [observation.values() for observation in observations]

    def _collect(self, refreshes: list[Future[Observation]]) -> list[Observation]:
        """What the refreshes of a wave came to, once all of it is done."""
        observations: list[Observation] = []
        failures: list[Exception] = []
        for refresh in refreshes:
            try:
                observation = refresh.result()
            except Exception as error:
                self.log.exception("A refresh failed")
                failures.append(error)
            else:
                self._results[observation.result.stream_table] = observation.result
                measure(observation, self.log)
                observations.append(observation)
        if failures:
            self._fail(failures)
        return observations

    def _fail(self, failures: list[Exception]) -> NoReturn:
        """Raise the failure that decides: one that no retry cures before the others."""
        others = [error for error in failures if not isinstance(error, RunFrontierPassed)]
        if not others:
            raise _skip_or_fail(failures[0], self.on_passed) from failures[0]

        def rank(error: Exception) -> tuple[bool, bool]:
            return isinstance(error, CancelledError), getattr(error, "transient", False)

        raise min(others, key=rank)

    def on_kill(self) -> None:
        """Stop what the server is doing for this task, and begin nothing more."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
        for hook in self._hooks:
            hook.cancel()

    def get_openlineage_facets_on_complete(self, task_instance: Any) -> Any:
        """What was read and written, column by column, for OpenLineage."""
        from airflow.providers.pgtrickle.lineage import lineage_of

        names = (name for wave in self.stream_tables for name in wave)
        return lineage_of(self.hook, {name: self._results.get(parse_name(name).display) for name in names})


def _run_id(context: Context) -> str:
    """A name of its own for each execution of the task, by which the history leads back to the DAG run."""
    task = context["ti"]
    return f"{task.dag_id}/{task.run_id}/{uuid.uuid4().hex[:8]}"


def _truth(value: bool | str) -> bool:
    if not isinstance(value, str):
        return value
    text = value.strip().lower()
    if text not in ("true", "false", ""):
        raise InvalidOption(f"full is {value!r}.", hint="Render it as True or False.")
    return text == "true"


def _run_moment(context: Context) -> datetime:
    """The present, or the time for which the run was meant where this machine's clock is behind it."""
    now = datetime.now(UTC)
    meant = getattr(context.get("dag_run"), "run_after", None)
    return now if meant is None else max(now, meant)


def _shown(engine: PgTrickle) -> dict[str, datetime | None]:
    return {table.name.display: table.data_timestamp for table in engine.stream_tables()}


def _skip_or_fail(passed: Exception, on_passed: OnPassed) -> Exception:
    return AirflowSkipException(str(passed)) if on_passed == "skip" else passed
