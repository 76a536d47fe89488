"""The front door: stream tables on one PostgreSQL database."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from airflow.providers.pgtrickle.engine import catalog
from airflow.providers.pgtrickle.engine.catalog import Dependency, HistoryRow, StreamTable
from airflow.providers.pgtrickle.engine.db import Session, connect
from airflow.providers.pgtrickle.engine.definitions.place import shown_in
from airflow.providers.pgtrickle.engine.errors import InvalidOption
from airflow.providers.pgtrickle.engine.monitor import (
    Check,
    Overview,
    StatusRow,
    SystemFacts,
    TableDetail,
    TableLineage,
    checks,
    detail,
    lineage,
    overview,
    status,
    system,
)
from airflow.providers.pgtrickle.engine.names import QualifiedName, parse_name, storage_name
from airflow.providers.pgtrickle.engine.refresh.execute import Refresher
from airflow.providers.pgtrickle.engine.refresh.moment import Clock
from airflow.providers.pgtrickle.engine.refresh.values import RefreshResult, RunFrontier
from airflow.providers.pgtrickle.engine.settings import Settings
from airflow.providers.pgtrickle.engine.stream_tables.adopt import adopt_restored
from airflow.providers.pgtrickle.engine.stream_tables.alter import alter_stream_table
from airflow.providers.pgtrickle.engine.stream_tables.alter_source import AlterSourceResult, alter_source
from airflow.providers.pgtrickle.engine.stream_tables.create import create_stream_table
from airflow.providers.pgtrickle.engine.stream_tables.drop import drop_stream_table
from airflow.providers.pgtrickle.engine.stream_tables.estimate import (
    Estimate,
    StoredSize,
    estimate_query,
    stored_size,
)
from airflow.providers.pgtrickle.engine.stream_tables.explain import (
    Explanation,
    explain_compiled,
    explain_query,
)
from airflow.providers.pgtrickle.engine.stream_tables.rebuild import rebuild
from airflow.providers.pgtrickle.engine.stream_tables.uninstall import uninstall
from airflow.providers.pgtrickle.engine.stream_tables.verify import Verification, verify_stream_table

if TYPE_CHECKING:
    import psycopg

__all__ = [
    "AlterSourceResult",
    "Check",
    "DependencyRow",
    "Estimate",
    "Explanation",
    "HistoryRow",
    "Overview",
    "PgTrickle",
    "RefreshResult",
    "RunFrontier",
    "StatusRow",
    "StoredSize",
    "StreamTable",
    "SystemFacts",
    "TableDetail",
    "TableLineage",
    "Verification",
]


@dataclass(frozen=True, slots=True)
class DependencyRow:
    """A source of a stream table; ``upstream`` names it when it is a stream table itself."""

    stream_table: str
    source: str
    source_kind: str
    upstream: str | None


class PgTrickle:
    """Stream tables over one connection. Not for use by several threads at once; open one for each.

    Every method raises errors of ``engine.errors`` and leaves no transaction open.
    """

    def __init__(
        self,
        connection: psycopg.Connection[Any],
        *,
        settings: Settings | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Work over a psycopg 3 connection that stays the caller's.

        ``clock`` tells the time for which queries are evaluated, in the place of the server's clock. Raises
        ConnectionInUse unless the connection is idle.
        """
        self.settings = settings or Settings.from_environment()
        self._session = Session(connection)
        self._connection: psycopg.Connection[Any] | None = None
        self._clock = clock
        self._refresher = Refresher(self._session, self.settings, rebuild, clock)

    @classmethod
    def connect(cls, dsn: str, *, settings: Settings | None = None, clock: Clock | None = None) -> Self:
        """Open a connection of its own, which ``close`` (or leaving a ``with`` block) closes."""
        connection = connect(dsn)
        try:
            trickle = cls(connection, settings=settings, clock=clock)
        except BaseException:
            connection.close()
            raise
        trickle._connection = connection
        return trickle

    def close(self) -> None:
        """Close the connection if ``connect`` opened it."""
        if self._connection is not None:
            self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- the installation ---------------------------------------------------------------------------------

    def install(self) -> None:
        """Create the catalog, or bring it to this version. Does nothing when it is there."""
        with self._session:
            catalog.install(self._session)
            adopt_restored(self._session)

    def uninstall(self, *, cascade: bool = False) -> None:
        """Remove the catalog and all capture; refused while stream tables exist, unless ``cascade``."""
        with self._session:
            uninstall(self._session, self.settings, cascade=cascade)

    # -- stream tables ------------------------------------------------------------------------------------

    def create_stream_table(
        self,
        name: str,
        query: str,
        *,
        schedule: str | None = "1m",
        refresh_mode: str = "AUTO",
        initialize: bool = True,
        indexes: Sequence[Sequence[str]] = (),
    ) -> StreamTable:
        """Create a stream table and fill it.

        ``refresh_mode``: AUTO follows changes by deltas where the query allows and recomputes it elsewhere,
        DIFFERENTIAL refuses queries that would be recomputed, FULL always recomputes. ``indexes`` lists the
        columns of each index to create. Raises InvalidQuery, UnsupportedQuery, InvalidName, InvalidOption,
        StreamTableExists; nothing is left of a stream table that could not be created.
        """
        with self._installed(), shown_in(query):
            return create_stream_table(
                self._session,
                self._refresher,
                self.settings,
                name=name,
                query=query,
                schedule=schedule,
                refresh_mode=refresh_mode,
                initialize=initialize,
                indexes=indexes,
            )

    def refresh_stream_table(
        self, name: str, *, run: RunFrontier | str | None = None, full: bool = False
    ) -> RefreshResult:
        """Bring a stream table to the frontier of a run, or to the present.

        ``full`` recomputes the query and applies the difference. Raises StreamTableNotFound,
        StreamTableSuspended, RunFrontierPassed, UpstreamNotReady, RefreshFailed.
        """
        frontier = RunFrontier.parse(run) if isinstance(run, str) else run
        with self._installed():
            return self._refresher.refresh(self._get(name), run=frontier, full=full)

    def open_run(self, members: Sequence[str] = (), *, run_id: str | None = None) -> RunFrontier:
        """Capture one frontier for a run of refreshes; ``members`` are the stream tables that belong to it.

        A refresh to the run's frontier reads members at that frontier only. Opening a ``run_id`` again gives
        the same frontier back.
        """
        with self._installed():
            ids = [self._get(member).id for member in members]
            with self._session.transaction():
                opened = catalog.open_run(
                    self._session,
                    run_id or str(uuid.uuid4()),
                    ids,
                    opened_at=None if self._clock is None else self._clock(),
                )
            return RunFrontier(opened.id, opened.snapshot, opened.opened_at)

    def verify_stream_table(self, name: str) -> Verification:
        """Compare a stream table with its defining query, as multisets, at its own frontier."""
        with self._installed():
            return verify_stream_table(self._session, self._refresher, self._get(name))

    def explain_stream_table(self, name: str) -> Explanation:
        """The stages from a stream table's query to the SQL of its delta."""
        with self._installed():
            table = self._get(name)
            compiled = self._refresher.cache.get(table).definition.compiled
            return explain_compiled(compiled, storage_name(table.id, table.generation))

    def explain_query(self, query: str) -> Explanation:
        """The same for a query, without creating anything."""
        with self._installed(), shown_in(query):
            return explain_query(self._session, query)

    def alter_stream_table(
        self,
        name: str,
        *,
        query: str | None = None,
        schedule: str | None = None,
        refresh_mode: str | None = None,
    ) -> StreamTable:
        """Change a stream table; what is None stays, and an empty ``schedule`` is none.

        A new query is filled beside the old one and swapped in; a failure leaves the stream table as it was.
        Raises as ``create_stream_table`` does, and DependentObjects when the columns change in a way that
        something which reads the stream table cannot follow.
        """
        with self._installed(), shown_in(query or ""):
            return alter_stream_table(
                self._refresher,
                self._get(name),
                query=query,
                schedule=schedule,
                refresh_mode=refresh_mode,
            )

    def suspend_stream_table(self, name: str) -> StreamTable:
        """Refuse refreshes until it is resumed; changes go on being captured."""
        return self._set_status(name, "SUSPENDED")

    def resume_stream_table(self, name: str) -> StreamTable:
        """Allow refreshes again, and forget the errors so far."""
        return self._set_status(name, "ACTIVE")

    def drop_stream_table(self, name: str, *, if_exists: bool = False, cascade: bool = False) -> None:
        """Drop a stream table. Raises DependentObjects when something reads it, unless ``cascade``."""
        with self._installed():
            table = catalog.find(self._session, self._name(name))
            if table is None and if_exists:
                return
            drop_stream_table(self._session, table or self._get(name), self.settings, cascade=cascade)

    def alter_source(self, sql: str) -> AlterSourceResult:
        """Run one DDL statement on a relation that stream tables read, and what they need to follow it.

        For what PostgreSQL refuses while definition views and capture depend on a column; any other DDL works
        without. All of it happens or nothing: raises DependentObjects when a stream table or a view could not
        follow, InvalidQuery or RefreshFailed for what PostgreSQL refuses by itself. Stream tables whose rows
        mean something else afterwards are then recomputed.
        """
        with self._installed():
            return alter_source(self._refresher, sql)

    # -- configurations -----------------------------------------------------------------------------------

    def declare(self, configuration: str, names: Iterable[str]) -> None:
        """Note that a configuration declares these stream tables; it takes over those of another one.

        Raises StreamTableNotFound.
        """
        with self._installed():
            wanted = {self._name(name) for name in names}
            if not wanted:
                return
            if len(wanted) == 1:
                ids = [catalog.get(self._session, name).id for name in wanted]
            else:
                present = {table.name: table.id for table in catalog.all_stream_tables(self._session)}
                for missing in wanted - present.keys():
                    catalog.get(self._session, missing)
                ids = [present[name] for name in wanted]
            catalog.declare(self._session, configuration, ids)

    def declared(self) -> dict[str, str]:
        """By name, the configuration that declares a stream table; those made by hand are left out."""
        with self._installed():
            names = {table.id: table.name.display for table in catalog.all_stream_tables(self._session)}
            found = catalog.declared(self._session)
            return {names[each]: configuration for each, configuration in found.items() if each in names}

    def estimate_query(self, name: str, query: str, *, refresh_mode: str = "AUTO") -> Estimate:
        """What creating this stream table would find out and cost; nothing is created.

        Raises InvalidName, InvalidQuery, UnsupportedQuery, InvalidOption.
        """
        with self._installed():
            return estimate_query(self._session, self._name(name), query, refresh_mode)

    def stored_size(self, name: str) -> StoredSize:
        """What a stream table stores: what is lost when it is dropped, filled again when it is rebuilt."""
        with self._installed():
            return stored_size(self._session, self._get(name))

    # -- looking ------------------------------------------------------------------------------------------

    def stream_table(self, name: str) -> StreamTable:
        """One stream table; StreamTableNotFound when there is none of this name."""
        with self._installed():
            return self._get(name)

    def stream_tables(self) -> list[StreamTable]:
        """All stream tables, in the order in which they were created."""
        with self._installed():
            return catalog.all_stream_tables(self._session)

    def pgt_status(self) -> list[StatusRow]:
        """How each stream table stands, by name."""
        with self._installed():
            return status(self._session)

    def refresh_history(self, name: str | None = None, limit: int = 20) -> list[HistoryRow]:
        """The latest refreshes of one stream table, or of all, newest first."""
        if limit < 1:
            raise InvalidOption(f"limit is {limit}.", hint="Ask for at least one row.")
        with self._installed():
            return catalog.history(self._session, None if name is None else self._get(name).id, limit=limit)

    def dependencies(self, name: str | None = None) -> list[DependencyRow]:
        """What one stream table reads, or all of them."""
        with self._installed():
            wanted = None if name is None else self._get(name).id
            titles = {table.id: table.name.display for table in catalog.all_stream_tables(self._session)}
            return [_dependency_row(item, titles) for item in catalog.dependencies(self._session, wanted)]

    def overview(self) -> Overview:
        """All stream tables and their sources at a glance, with the edges between them."""
        with self._installed():
            return overview(self._session)

    def stream_table_detail(self, name: str, *, limit: int = 120) -> TableDetail:
        """One stream table in full, with its ``limit`` latest refreshes."""
        with self._installed():
            return detail(self._session, self._get(name), limit=limit)

    def column_lineage(self, name: str) -> TableLineage:
        """Which columns of the relations that its query names each column is computed from."""
        with self._installed():
            table = self._get(name)
            binding = self._refresher.cache.get(table).definition.compiled.binding
            tables = catalog.all_stream_tables(self._session)
            return lineage(binding, {each.view_oid for each in tables if each.view_oid is not None})

    def storage_names(self) -> dict[str, str]:
        """The stream tables by the names of their storage, as operator trees and deltas mention it."""
        return {
            storage_name(table.id, table.generation).display: table.name.display
            for table in self.stream_tables()
        }

    def system(self) -> SystemFacts:
        """The server, the change buffers, the latest runs: the installation as a whole."""
        with self._installed():
            return system(self._session)

    def health_checks(self) -> tuple[Check, ...]:
        """What there is to do about the installation, the gravest first."""
        return checks(self.system())

    # -- parts --------------------------------------------------------------------------------------------

    @contextmanager
    def _installed(self) -> Iterator[None]:
        with self._session:
            if not self._checked:
                catalog.require_installed(self._session)
                adopt_restored(self._session)
                self._checked = True
            yield

    _checked = False

    def _name(self, name: str) -> QualifiedName:
        if "." in name:
            return parse_name(name)
        return parse_name(name, self._session.value("SELECT pg_catalog.current_schema()") or "public")

    def _get(self, name: str) -> StreamTable:
        return catalog.get(self._session, self._name(name))

    def _set_status(self, name: str, value: str) -> StreamTable:
        with self._installed():
            table = self._get(name)
            changes: dict[str, Any] = {"status": value}
            if value == "ACTIVE":
                changes |= {"consecutive_errors": 0, "last_error": None}
            catalog.update(self._session, table.id, **changes)
            return catalog.by_id(self._session, table.id)


def _dependency_row(item: Dependency, titles: dict[int, str]) -> DependencyRow:
    upstream = None if item.upstream_id is None else titles.get(item.upstream_id)
    return DependencyRow(
        titles.get(item.stream_table_id, str(item.stream_table_id)),
        upstream or item.source_name,
        item.source_kind,
        upstream,
    )
