"""One operator for each verb: open a run, create, refresh, drop."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from dataclasses import asdict
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NoReturn

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowSkipException

from airflow.providers.pgtrickle.definitions import OnChange, StreamTableDefinition, ensure_stream_table
from airflow.providers.pgtrickle.engine.errors import RunFrontierPassed
from airflow.providers.pgtrickle.hooks.pgtrickle import PgTrickleHook

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow.providers.pgtrickle.engine.api import RefreshResult


OnPassed = Literal["skip", "fail"]


class StreamTableOperator(BaseOperator):
    """Base of the operators: one connection, cancelled when the task is killed.

    :param pgtrickle_conn_id: an Airflow connection of type ``pgtrickle`` or ``postgres``
    """

    template_fields: Sequence[str] = ("pgtrickle_conn_id",)
    ui_color = "#d7ecea"

    def __init__(self, *, pgtrickle_conn_id: str = PgTrickleHook.default_conn_name, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.pgtrickle_conn_id = pgtrickle_conn_id

    @cached_property
    def hook(self) -> PgTrickleHook:
        """The hook of this task's connection."""
        return PgTrickleHook(self.pgtrickle_conn_id)

    def on_kill(self) -> None:
        """Stop what the server is doing for this task; the stream table stays as it was."""
        self.hook.cancel()


class OpenRunOperator(StreamTableOperator):
    """Opens the frontier that every refresh of a DAG run goes to; the first task of a DAG.

    All stream tables of the run then show one version of the sources, however late a task runs. The XCom
    result is the run frontier as JSON text, which the refresh operators take as ``run``.

    With ``definitions`` the catalog is installed or migrated first and the stream tables are brought to what
    is declared, in the order given.

    :param stream_tables: names of the members of the run
    :param definitions: members to create when they are absent, upstream first
    :param on_change: what to do when a member exists with another definition: ``error`` or ``alter``
    """

    template_fields: Sequence[str] = ("stream_tables", *StreamTableOperator.template_fields)

    def __init__(
        self,
        *,
        stream_tables: Sequence[str],
        definitions: Sequence[StreamTableDefinition] = (),
        on_change: OnChange = "error",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.stream_tables = stream_tables
        self.definitions = definitions
        self.on_change = on_change

    def execute(self, context: Context) -> str:
        """Return the run frontier as JSON text."""
        with self.hook.get_engine() as engine:
            if self.definitions:
                engine.install()
            for definition in self.definitions:
                outcome = ensure_stream_table(engine, definition, on_change=self.on_change)
                if outcome != "unchanged":
                    self.log.info("%s %s", definition.name, outcome)
            run = str(engine.open_run(self.stream_tables, run_id=_run_id(context)))
        self.log.info("Run frontier: %s", run)
        return run


class StreamTableRefreshOperator(StreamTableOperator):
    """Brings one stream table up to date; with ``run``, exactly to the frontier of that run.

    The refresh is one transaction: it happens wholly or not at all, and a retry of a table that has reached
    the run's frontier does nothing. The XCom result is a dict: ``stream_table``, ``action`` (``NO_DATA``,
    ``DIFFERENTIAL``, ``FULL``, ``REINITIALIZE``), ``reason``, ``rows_inserted``, ``rows_deleted``,
    ``duration_ms``, ``frontier``, ``data_timestamp`` (ISO 8601).

    :param stream_table: ``schema.name``, or a bare name in ``public``
    :param run: what OpenRunOperator returned; None or empty refreshes to the present
    :param full: recompute the whole table
    :param on_passed: what to do when a later run has taken the table beyond the run's frontier: ``skip`` the
        task (and with it what depends on it in this run), or ``fail``
    """

    template_fields: Sequence[str] = ("stream_table", "run", *StreamTableOperator.template_fields)
    template_fields_renderers: ClassVar[dict[str, str]] = {"run": "json"}

    def __init__(
        self,
        *,
        stream_table: str,
        run: str | None = None,
        full: bool = False,
        on_passed: OnPassed = "skip",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.stream_table = stream_table
        self.run = run
        self.full = full
        self.on_passed = on_passed

    def execute(self, context: Context) -> dict[str, Any]:
        """Return the result of the refresh as a dict."""
        try:
            with self.hook.get_engine() as engine:
                result = engine.refresh_stream_table(
                    self.stream_table, run=_run_text(self.run), full=self.full
                )
        except RunFrontierPassed as passed:
            raise _skip_or_fail(passed, self.on_passed) from passed
        self.log.info(*_summary(result))
        return _result_values(result)


class StreamTableGroupRefreshOperator(StreamTableOperator):
    """Brings several stream tables up to date in one task, each in a transaction of its own.

    Cheaper than a task each where Airflow's second for every task weighs more than the refreshes. When a
    refresh fails, those that do not come after it are finished, then the task fails; with ``run`` its retry
    does only what is missing. The XCom result is a list of what StreamTableRefreshOperator returns.

    :param stream_tables: names in waves: the tables of a wave are refreshed at the same time, after the wave
        before
    :param run: what OpenRunOperator returned; None or empty refreshes to the present
    :param parallelism: connections to use
    :param on_passed: what to do when a later run has taken a table beyond the run's frontier: ``skip`` the
        task, or ``fail``
    """

    template_fields: Sequence[str] = ("stream_tables", "run", *StreamTableOperator.template_fields)
    template_fields_renderers: ClassVar[dict[str, str]] = {"run": "json"}

    def __init__(
        self,
        *,
        stream_tables: Sequence[Sequence[str]],
        run: str | None = None,
        parallelism: int = 4,
        on_passed: OnPassed = "skip",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.stream_tables = stream_tables
        self.run = run
        self.parallelism = parallelism
        self.on_passed = on_passed
        self._hooks: list[PgTrickleHook] = []
        self._pool: ThreadPoolExecutor | None = None

    def execute(self, context: Context) -> list[dict[str, Any]]:
        """Return the results of the refreshes, in the order of the waves."""
        connection = self.hook.connection
        run = _run_text(self.run)

        def refresh(name: str) -> RefreshResult:
            # The connection's secret was fetched once: Airflow's task API is not for threads.
            hook = PgTrickleHook(self.pgtrickle_conn_id, connection=connection)
            self._hooks.append(hook)
            with hook.get_engine() as engine:
                return engine.refresh_stream_table(name, run=run)

        results: list[dict[str, Any]] = []
        with ThreadPoolExecutor(max_workers=self.parallelism) as self._pool:
            try:
                for wave in self.stream_tables:
                    results += self._collect([self._pool.submit(refresh, name) for name in wave])
            except BaseException:
                # Leaving the block waits for the threads, and a time-out must not wait for their refreshes.
                self.on_kill()
                raise
        return results

    def _collect(self, refreshes: list[Future[RefreshResult]]) -> list[dict[str, Any]]:
        """The results of a wave once all of it is done."""
        results: list[dict[str, Any]] = []
        failures: list[Exception] = []
        for refresh in refreshes:
            try:
                result = refresh.result()
            except Exception as error:
                self.log.exception("A refresh failed")
                failures.append(error)
            else:
                self.log.info(*_summary(result))
                results.append(_result_values(result))
        if failures:
            self._fail(failures)
        return results

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


class StreamTableCreateOperator(StreamTableOperator):
    """Creates a stream table; does nothing when it exists as declared.

    The catalog is installed first where it is absent, or migrated.

    The XCom result is a dict: ``stream_table``, ``outcome`` (``created``, ``unchanged``, ``altered``),
    ``effective_mode`` and the ``reason`` for it.

    :param stream_table: ``schema.name``, or a bare name in ``public``
    :param query: the defining query, or the path of a ``.sql`` file
    :param schedule: the freshness that the engine's own loop keeps, such as ``"1m"``; None when DAGs refresh
        it
    :param refresh_mode: ``AUTO``, ``DIFFERENTIAL`` (refuse a query that deltas cannot maintain) or ``FULL``
    :param initialize: fill it now; otherwise the first refresh does
    :param indexes: column names of each index to create on it
    :param on_change: what to do when it exists with another definition: ``error`` or ``alter``
    """

    template_fields: Sequence[str] = ("stream_table", "query", *StreamTableOperator.template_fields)
    template_ext: Sequence[str] = (".sql",)
    template_fields_renderers: ClassVar[dict[str, str]] = {"query": "sql"}

    def __init__(
        self,
        *,
        stream_table: str,
        query: str,
        schedule: str | None = None,
        refresh_mode: str = "AUTO",
        initialize: bool = True,
        indexes: Sequence[Sequence[str]] = (),
        on_change: OnChange = "error",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.stream_table = stream_table
        self.query = query
        self.schedule = schedule
        self.refresh_mode = refresh_mode
        self.initialize = initialize
        self.indexes = indexes
        self.on_change = on_change

    def execute(self, context: Context) -> dict[str, Any]:
        """Return what happened as a dict."""
        definition = StreamTableDefinition(
            name=self.stream_table,
            query=self.query,
            schedule=self.schedule,
            refresh_mode=self.refresh_mode,
            indexes=tuple(tuple(columns) for columns in self.indexes),
        )
        with self.hook.get_engine() as engine:
            engine.install()
            outcome = ensure_stream_table(
                engine, definition, on_change=self.on_change, initialize=self.initialize
            )
            table = engine.stream_table(self.stream_table)
        self.log.info("%s %s, refreshed %s", self.stream_table, outcome, table.effective_mode)
        return {
            "stream_table": self.stream_table,
            "outcome": outcome,
            "effective_mode": table.effective_mode,
            "reason": table.reason,
        }


class StreamTableDropOperator(StreamTableOperator):
    """Drops a stream table.

    :param stream_table: ``schema.name``, or a bare name in ``public``
    :param if_exists: succeed when there is none
    :param cascade: drop what is built on it too, other stream tables included
    """

    template_fields: Sequence[str] = ("stream_table", *StreamTableOperator.template_fields)

    def __init__(
        self, *, stream_table: str, if_exists: bool = True, cascade: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.stream_table = stream_table
        self.if_exists = if_exists
        self.cascade = cascade

    def execute(self, context: Context) -> None:
        """Drop it."""
        with self.hook.get_engine() as engine:
            engine.drop_stream_table(self.stream_table, if_exists=self.if_exists, cascade=self.cascade)


def _run_id(context: Context) -> str:
    """A name of its own for each execution of the task, by which the history leads back to the DAG run."""
    task = context["ti"]
    return f"{task.dag_id}/{task.run_id}/{uuid.uuid4().hex[:8]}"


def _run_text(run: str | Mapping[str, Any] | None) -> str | None:
    """The run frontier as the engine reads it; native rendering of templates makes a mapping of it."""
    if isinstance(run, Mapping):
        return json.dumps(run)
    return run or None


def _skip_or_fail(passed: Exception, on_passed: OnPassed) -> Exception:
    return AirflowSkipException(str(passed)) if on_passed == "skip" else passed


def _summary(result: RefreshResult) -> tuple[Any, ...]:
    """The message about a refresh for the task's log, and its arguments."""
    return (
        "%s %s in %.1f ms: %d rows inserted, %d deleted (%s)",
        result.stream_table,
        result.action,
        result.duration_ms,
        result.rows_inserted,
        result.rows_deleted,
        result.reason,
    )


def _result_values(result: RefreshResult) -> dict[str, Any]:
    """A refresh result as JSON values."""
    return {**asdict(result), "data_timestamp": result.data_timestamp.isoformat()}
