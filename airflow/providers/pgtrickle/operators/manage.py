"""Creating, altering, verifying and dropping stream tables: one operator for each verb."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.pgtrickle.definitions import OnChange, StreamTableDefinition, ensure_stream_table
from airflow.providers.pgtrickle.engine.errors import NotExact
from airflow.providers.pgtrickle.links.pgtrickle import StreamTableLink, StreamTablesLink
from airflow.providers.pgtrickle.operators.base import StreamTableOperator

if TYPE_CHECKING:
    from airflow.sdk import BaseOperatorLink, Context


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


class StreamTableAlterOperator(StreamTableOperator):
    """Changes a stream table; what is None stays.

    A new query is filled beside the old one and swapped in, and a failure leaves the stream table as it was.
    The XCom result is a dict: ``stream_table``, ``effective_mode`` and the ``reason`` for it.

    :param stream_table: ``schema.name``, or a bare name in ``public``
    :param query: the new defining query, or the path of a ``.sql`` file
    :param schedule: the freshness that the engine's own loop keeps; an empty text takes it away
    :param refresh_mode: ``AUTO``, ``DIFFERENTIAL`` (refuse a query that deltas cannot maintain) or ``FULL``
    """

    template_fields: Sequence[str] = ("stream_table", "query", *StreamTableOperator.template_fields)
    template_ext: Sequence[str] = (".sql",)
    template_fields_renderers: ClassVar[dict[str, str]] = {"query": "sql"}
    operator_extra_links: Sequence[BaseOperatorLink] = (StreamTableLink(),)

    def __init__(
        self,
        *,
        stream_table: str,
        query: str | None = None,
        schedule: str | None = None,
        refresh_mode: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.stream_table = stream_table
        self.query = query
        self.schedule = schedule
        self.refresh_mode = refresh_mode

    def execute(self, context: Context) -> dict[str, Any]:
        """Return how it is maintained from now on."""
        with self.hook.get_engine() as engine:
            table = engine.alter_stream_table(
                self.stream_table, query=self.query, schedule=self.schedule, refresh_mode=self.refresh_mode
            )
        self.log.info("%s altered, refreshed %s", self.stream_table, table.effective_mode)
        return {
            "stream_table": self.stream_table,
            "effective_mode": table.effective_mode,
            "reason": table.reason,
        }


class StreamTableVerifyOperator(StreamTableOperator):
    """Compares stream tables with their defining queries, as multisets, each at its own frontier.

    Evaluates each query as a whole. The XCom result is a list of dicts: ``stream_table``, ``exact``,
    ``rows``, ``missing``, ``unexpected``. When one is not exact the task fails, without another try, and
    raises NotExact; the others have been compared all the same.

    :param stream_tables: names; None for every stream table of the database that is populated
    """

    template_fields: Sequence[str] = ("stream_tables", *StreamTableOperator.template_fields)
    operator_extra_links: Sequence[BaseOperatorLink] = (StreamTablesLink(),)

    def __init__(self, *, stream_tables: Sequence[str] | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.stream_tables = stream_tables

    def execute(self, context: Context) -> list[dict[str, Any]]:
        """Return the comparisons; raise NotExact."""
        compared = []
        with self.hook.get_engine() as engine:
            names = self.stream_tables
            if names is None:
                names = [table.name.display for table in engine.stream_tables() if table.is_populated]
            for name in names:
                verification = engine.verify_stream_table(name)
                compared.append({**asdict(verification), "exact": bool(verification)})
                self.log.info("%s", verification)
        wrong = [found for found in compared if not found["exact"]]
        if wrong:
            names = ", ".join(
                f"{found['stream_table']} ({found['missing']} rows missing, {found['unexpected']} unexpected)"
                for found in wrong
            )
            raise NotExact(
                f"Not what the query gives: {names}.",
                hint="Refresh with full=True, and report what led there.",
                subject=wrong[0]["stream_table"],
            )
        return compared


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
