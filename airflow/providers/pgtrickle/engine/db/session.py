"""One PostgreSQL connection as the engine uses it: autocommit, explicit transactions, errors of our own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Literal, Self, TypeVar, cast

import psycopg
from psycopg import pq, sql
from psycopg.errors import error_from_result
from psycopg.rows import TupleRow, tuple_row

from airflow.providers.pgtrickle.engine.db.errors import translate
from airflow.providers.pgtrickle.engine.db.statements import load
from airflow.providers.pgtrickle.engine.errors import ConnectionInUse, RefreshFailed
from airflow.providers.pgtrickle.engine.schema import ColumnType

Isolation = Literal["read committed", "repeatable read"]
Statement = str | sql.Composable
Parameters = Sequence[Any] | Mapping[str, Any]
TypeKey = tuple[int, int]
_C = TypeVar("_C", bound=psycopg.Cursor[Any])

#: Seconds to wait for PostgreSQL to take a request to cancel.
_CANCEL_TIMEOUT = 5.0

# READ WRITE, because the owner may have made read-only transactions the default of the connection.
_BEGIN: dict[Isolation, str] = {
    "read committed": "BEGIN TRANSACTION ISOLATION LEVEL READ COMMITTED READ WRITE",
    "repeatable read": "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ WRITE",
}


def connect(dsn: str) -> psycopg.Connection[Any]:
    """Open a connection for the engine's own use. Raises RefreshFailed (SQLSTATE class 08) when it cannot."""
    try:
        return psycopg.connect(dsn, autocommit=True, fallback_application_name="pgtrickle")
    except psycopg.Error as error:
        raise translate(error) from error


class Session:
    """A psycopg connection, borrowed for the time in which the engine works.

    While the engine works the connection is in autocommit mode and transactions are opened by ``transaction``
    alone; the owner's autocommit setting is back in place whenever control returns to them. ``with session:``
    marks one stretch of work; a single call outside of it is a stretch of its own.

    Raises ConnectionInUse when the owner has a transaction open, RefreshFailed for whatever PostgreSQL
    reports.
    """

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection
        self._depth = 0
        self._owners_autocommit = connection.autocommit
        self._in_transaction = False
        self._types: dict[TypeKey, ColumnType] = {}
        self._require_idle()

    def __enter__(self) -> Self:
        if self._depth == 0:
            self._require_idle()
            self._owners_autocommit = self._connection.autocommit
            self._connection.autocommit = True
        self._depth += 1
        return self

    def __exit__(self, *_: object) -> None:
        try:
            if self._depth == 1:
                # An exception from a signal handler may have come between any two steps, or inside of one.
                self._roll_back()
        finally:
            self._depth -= 1
            if self._depth == 0 and not self._connection.closed:
                self._connection.autocommit = self._owners_autocommit

    @property
    def backend_pid(self) -> int:
        """Process id of the server process that serves this connection."""
        return self._connection.info.backend_pid

    @property
    def server_version(self) -> int:
        """PostgreSQL's version as a number, such as 150004 or 180001."""
        return self._connection.info.server_version

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction opened by ``transaction`` is in progress."""
        return self._in_transaction

    @property
    def closed(self) -> bool:
        """Whether the connection is closed or broken."""
        return self._connection.closed

    def execute(
        self, statement: Statement, parameters: Parameters = (), *, prepare: bool | None = None
    ) -> int:
        """Run a statement (placeholders ``%s`` or ``%(name)s``), or a script without any; its row count.

        ``prepare=False``: no plan of it is kept for the next time.
        """
        with self._cursor(psycopg.Cursor) as cursor:
            cursor.execute(_query(statement, parameters), parameters or None, prepare=prepare)
            return max(cursor.rowcount, 0)

    def rows(self, statement: Statement, parameters: Parameters = ()) -> list[TupleRow]:
        """All rows of a query (placeholders ``%s`` or ``%(name)s``)."""
        with self._cursor(psycopg.Cursor) as cursor:
            return cursor.execute(_query(statement, parameters), parameters or None).fetchall()

    def row(self, statement: Statement, parameters: Parameters = ()) -> TupleRow | None:
        """The first row of a query (placeholders ``%s`` or ``%(name)s``), or None."""
        with self._cursor(psycopg.Cursor) as cursor:
            return cursor.execute(_query(statement, parameters), parameters or None).fetchone()

    def value(self, statement: Statement, parameters: Parameters = ()) -> Any:
        """The first column of the first row of a query (placeholders ``%s`` or ``%(name)s``), or None."""
        row = self.row(statement, parameters)
        return None if row is None else row[0]

    def native(self, text: str, arguments: Sequence[Any] = ()) -> list[TupleRow]:
        """The rows, if any, of text with PostgreSQL's own placeholders ``$1``, …; ``%`` stands for itself."""
        with self._cursor(psycopg.RawCursor) as cursor:
            cursor.execute(_query(text), arguments or None)
            return cursor.fetchall() if cursor.description else []

    def native_count(self, text: str, arguments: Sequence[Any] = ()) -> int:
        """Run text with PostgreSQL's own placeholders ``$1``, … and return its row count."""
        with self._cursor(psycopg.RawCursor) as cursor:
            cursor.execute(_query(text), arguments or None)
            return max(cursor.rowcount, 0)

    @contextmanager
    def transaction(self, isolation: Isolation = "read committed", *opening: Statement) -> Iterator[Session]:
        """Run a block in one transaction: committed at its end, rolled back when it raises.

        The ``opening`` statements, without parameters, travel with BEGIN in one round trip. Not to be nested
        (RuntimeError); use ``savepoint`` inside.
        """
        if self._in_transaction:
            raise RuntimeError("A transaction of this session is already in progress.")
        with self:
            self._in_transaction = True
            try:
                self.execute(sql.SQL("; ").join(map(_query, (_BEGIN[isolation], *opening))))
                yield self
                self._commit()
            except BaseException:
                self._roll_back()
                raise
            finally:
                self._in_transaction = False

    @contextmanager
    def savepoint(self) -> Iterator[Session]:
        """Run a block inside the current transaction; only its own effects are undone when it raises."""
        if not self._in_transaction:
            raise RuntimeError("A savepoint needs a transaction of this session.")
        with self._translated(), self._connection.transaction():
            yield self

    def set_local(self, name: str, value: str) -> None:
        """Give a configuration parameter a value until the end of the current transaction."""
        self.execute("SELECT pg_catalog.set_config(%s, %s, true)", (name, value))

    @contextmanager
    def local_settings(self, wanted: Mapping[str, str]) -> Iterator[None]:
        """Give parameters values for a block inside a transaction, and their own ones back after it."""
        names = list(wanted)
        previous = [value for (value,) in self.rows(load(__package__, "read_settings"), [names])]
        self._set_all(names, list(wanted.values()))
        try:
            yield
        finally:
            # In a transaction that failed nothing can be set any more; its end undoes the settings anyway.
            with suppress(RefreshFailed):
                self._set_all(names, previous)

    def _set_all(self, names: list[str], values: list[str]) -> None:
        self.rows(load(__package__, "set_settings"), (names, values))

    def describe(self, text: str) -> list[tuple[str, int, int]]:
        """Name, type oid and typmod of each column of a query's result.

        Parse analysis only: nothing is planned or run. PostgreSQL reports a domain as its base type here.
        An empty list for a statement that returns no rows.
        """
        with self, self._connection.lock, self._translated():
            pgconn = self._connection.pgconn
            encoding = self._connection.info.encoding
            for result in (pgconn.prepare(b"", text.encode(encoding)), pgconn.describe_prepared(b"")):
                if result.status != pq.ExecStatus.COMMAND_OK:
                    raise error_from_result(result, encoding)
            return [
                ((result.fname(i) or b"").decode(encoding), result.ftype(i), result.fmod(i))
                for i in range(result.nfields)
            ]

    def describe_types(self, types: Iterable[TypeKey]) -> dict[TypeKey, ColumnType]:
        """What there is to know about types given as (oid, typmod); typmod −1 for none. Cached by session.

        ``equal_image`` presumes the type's own collation: a column with a collation of its own that is not
        deterministic is for the caller to see. An oid that is no type is missing from the result.
        """
        wanted = set(types)
        missing = sorted(wanted - self._types.keys())
        if missing:
            self._types.update(self._read_types(missing))
        return {key: self._types[key] for key in wanted if key in self._types}

    def forget_types(self) -> None:
        """Forget the types described so far: their definitions may have changed."""
        self._types.clear()

    def _read_types(self, keys: list[TypeKey]) -> dict[TypeKey, ColumnType]:
        if not self._in_transaction:
            with self.transaction():
                return self._read_types(keys)
        # format_type qualifies what the search_path does not show: with an empty one, everything.
        search_path = self.value("SELECT pg_catalog.current_setting('search_path')")
        self.set_local("search_path", "")
        found = self.rows(
            load(__package__, "describe_types"), ([oid for oid, _ in keys], [typmod for _, typmod in keys])
        )
        self.set_local("search_path", search_path)
        return {(row[0], row[1]): ColumnType(*row) for row in found}

    def _commit(self) -> None:
        with self._cursor(psycopg.Cursor) as cursor:
            cursor.execute("COMMIT")
            tag = cursor.statusmessage
        if tag != "COMMIT":
            # PostgreSQL answers COMMIT with ROLLBACK, and no error, when a statement before it had failed.
            raise RefreshFailed("The transaction had failed and was rolled back.", sqlstate="25P02")

    def _roll_back(self) -> None:
        if self._connection.closed or self._connection.info.transaction_status == pq.TransactionStatus.IDLE:
            return
        if self._connection.info.transaction_status == pq.TransactionStatus.ACTIVE:
            # An exception from a signal handler, a time-out say, has left the server working for nobody.
            with suppress(psycopg.Error):
                self._connection.cancel_safe(timeout=_CANCEL_TIMEOUT)
            self._connection.close()
            return
        try:
            self.execute("ROLLBACK")
        except RefreshFailed:
            # The connection is lost, and the transaction with it; the error that led here says more.
            self._connection.close()

    def _require_idle(self) -> None:
        if self._connection.closed:
            raise RefreshFailed("The connection is closed.", sqlstate="08003")
        if self._connection.info.transaction_status != pq.TransactionStatus.IDLE:
            raise ConnectionInUse(
                "The connection has a transaction open.",
                hint="Commit it or roll it back first, or hand over a connection of its own.",
            )

    @contextmanager
    def _cursor(self, kind: type[_C]) -> Iterator[_C]:
        with self, self._translated(), kind(self._connection, row_factory=tuple_row) as cursor:
            yield cursor

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except psycopg.Error as error:
            raise translate(error) from error


def _query(statement: Statement, parameters: Parameters = ()) -> sql.SQL | sql.Composed:
    if isinstance(statement, str):
        return sql.SQL(statement)
    return cast("sql.Composed", _escape(statement) if parameters else statement)


def _escape(part: sql.Composable) -> sql.Composable:
    """Double the percent signs of names and literals, which are no placeholders beside parameters."""
    match part:
        case sql.Composed():
            return sql.Composed([_escape(inner) for inner in part])
        case sql.Identifier() | sql.Literal():
            text = part.as_string()
            return sql.SQL(text.replace("%", "%%")) if "%" in text else part
        case _:
            return part
