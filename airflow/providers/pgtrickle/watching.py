"""One connection for all who watch a database from an event loop.

Hundreds of deferred tasks and watched assets live in one triggerer. A connection each would use up the
server's, and anything that blocks would hold up all of them: here everything is awaited, and questions to one
database take turns on one connection.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

import psycopg
from airflow.sdk import BaseHook
from psycopg import sql
from psycopg.rows import TupleRow, tuple_row

from airflow.providers.pgtrickle.hooks.pgtrickle import PgTrickleHook

Parameters = Sequence[Any] | Mapping[str, Any]


class SharedConnection:
    """An autocommit connection: opened at its first use, again after a failure, closed by its last user.

    Use ``SharedConnection.to(connection_id)``.
    """

    _by_loop: ClassVar[WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, SharedConnection]]] = (
        WeakKeyDictionary()
    )

    def __init__(self, connection_id: str) -> None:
        self.connection_id = connection_id
        self._users = 0
        self._turn = asyncio.Lock()
        self._connection: psycopg.AsyncConnection[TupleRow] | None = None

    @classmethod
    @asynccontextmanager
    async def to(cls, connection_id: str) -> AsyncIterator[SharedConnection]:
        """The connection to the database of an Airflow connection that this event loop shares."""
        shared_here = cls._by_loop.setdefault(asyncio.get_running_loop(), {})
        shared = shared_here.setdefault(connection_id, cls(connection_id))
        shared._users += 1  # noqa: SLF001 -- of the same class
        try:
            yield shared
        finally:
            shared._users -= 1  # noqa: SLF001
            if shared._users == 0:  # noqa: SLF001
                del shared_here[connection_id]
                await shared.close()

    async def rows(self, statement: str | sql.Composed, parameters: Parameters = ()) -> list[TupleRow]:
        """All rows of a query. Raises psycopg's errors; the next question then opens a new connection."""
        async with self._turn:
            connection = self._connection
            if connection is None or connection.closed:
                connection = self._connection = await self._connect()
            try:
                cursor = await connection.execute(
                    sql.SQL(statement) if isinstance(statement, str) else statement,
                    parameters or None,
                )
                return await cursor.fetchall()
            except BaseException:
                # Cancelled in the middle of an answer, or broken: not to be asked again.
                await self.close()
                raise

    async def close(self) -> None:
        """Close what is open."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def _connect(self) -> psycopg.AsyncConnection[TupleRow]:
        found = await BaseHook.aget_connection(self.connection_id)
        hook = PgTrickleHook(self.connection_id, connection=found)
        # A token of a cloud's identity service is fetched by blocking calls.
        arguments = await asyncio.to_thread(hook.connection_arguments)
        arguments.pop("row_factory", None)
        return await psycopg.AsyncConnection.connect(
            **{"application_name": "pgtrickle watching", **arguments}, autocommit=True, row_factory=tuple_row
        )


def is_lasting(error: psycopg.Error) -> bool:
    """Whether asking again later would fail the same way."""
    from airflow.providers.pgtrickle.engine.errors import is_transient_sqlstate

    lost = error.sqlstate is None and isinstance(error, psycopg.OperationalError)
    return not lost and not is_transient_sqlstate(error.sqlstate)
