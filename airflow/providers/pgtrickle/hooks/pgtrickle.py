"""PgTrickleHook: from an Airflow connection to the engine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from typing import TYPE_CHECKING, Any, cast

from airflow.providers.common.compat.sdk import conf
from airflow.providers.postgres.hooks.postgres import PostgresHook
from psycopg import Connection, Error
from psycopg.pq import TransactionStatus
from psycopg.rows import tuple_row

from airflow.providers.pgtrickle.engine.errors import NotInstalled

if TYPE_CHECKING:
    from airflow.providers.pgtrickle.engine.api import PgTrickle
    from airflow.providers.pgtrickle.engine.settings import Settings

#: Seconds to wait for PostgreSQL to take a cancel request.
CANCEL_TIMEOUT = 5.0


class PgTrickleHook(PostgresHook):
    """Stream tables in the database of an Airflow connection.

    The connection is of type ``pgtrickle`` or any plain ``postgres`` one: the fields and extras are those of
    the Postgres provider. Everything its hook does (``run``, ``get_records``, the common-sql check
    operators) works.

    :param pgtrickle_conn_id: the Airflow connection
    """

    conn_name_attr = "pgtrickle_conn_id"
    default_conn_name = "pgtrickle_default"
    conn_type = "pgtrickle"
    hook_name = "PgTrickle"

    def get_conn(self) -> Connection[tuple[Any, ...]]:
        """Open a psycopg 3 connection."""
        connection = super().get_conn()
        if not isinstance(connection, Connection):
            raise TypeError("pgtrickle needs psycopg 3, and the Postgres provider chose another driver.")
        return connection

    def connection_arguments(self) -> dict[str, Any]:
        """What ``get_conn`` would connect with, by keyword of psycopg; for connections of another kind."""
        hook = _Arguments(self.get_conn_id(), connection=self.connection, options=self.options)
        arguments = cast("dict[str, Any]", PostgresHook.get_conn(hook))
        return {name: value for name, value in arguments.items() if value is not None}

    @contextmanager
    def get_engine(self, *, settings: Settings | None = None) -> Iterator[PgTrickle]:
        """The engine over a connection of its own, closed at the end of the block.

        A statement that is still running when the block is left early, by a task's time-out for instance, is
        cancelled: without that the server would finish it for nobody.
        """
        from airflow.providers.pgtrickle.engine.api import PgTrickle

        connection = self.get_conn()
        # The extra `cursor` of the Postgres provider would give the engine rows of another shape.
        connection.row_factory = tuple_row
        try:
            yield PgTrickle(connection, settings=settings or configured_settings())
        except BaseException:
            if connection.info.transaction_status is TransactionStatus.ACTIVE:
                self.cancel()
            raise
        finally:
            connection.close()

    def cancel(self) -> None:
        """Stop what the hook's latest connection is running and close it.

        libpq sends the request over a second connection that needs no login and no free session, so it also
        gets through when the server is full. Best effort: a failure is logged, not raised.
        """
        connection = self.conn
        if not isinstance(connection, Connection) or connection.closed:
            return
        try:
            connection.cancel_safe(timeout=CANCEL_TIMEOUT)
        except Error:
            self.log.warning("The running statement could not be cancelled.", exc_info=True)
        # Closed, it cannot begin another statement either.
        connection.close()

    def test_connection(self) -> tuple[bool, str]:  # type: ignore[override]  # the parent is not annotated
        """Whether the database answers, and what is in it; never raises."""
        try:
            with self.get_engine() as engine:
                count = len(engine.stream_tables())
        except NotInstalled:
            return True, "Connection successfully tested; pgtrickle is not installed in this database yet"
        except Exception as error:  # noqa: BLE001 -- Airflow shows whatever it is
            return False, str(error)
        return True, f"Connection successfully tested; stream tables: {count}"


def configured_settings() -> Settings:
    """The engine's settings: Airflow's section ``[pgtrickle]``, then the environment, then the defaults.

    Raises InvalidOption for a value out of range.
    """
    from airflow.providers.pgtrickle.engine.settings import ENVIRONMENT_PREFIX, Settings

    given = {
        f"{ENVIRONMENT_PREFIX}{option.name.upper()}": value
        for option in fields(Settings)
        if (value := conf.get("pgtrickle", option.name, fallback=None)) not in (None, "")
    }
    return Settings.from_environment({**os.environ, **given})


class _Arguments(PgTrickleHook):
    """The hook that connects to nothing: all that the Postgres provider does before that is wanted."""

    def _create_connection(self, conn_args: dict[str, Any]) -> Any:
        return conn_args
