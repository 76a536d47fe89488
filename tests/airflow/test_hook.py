"""The hook against a real server."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import psycopg
import pytest
from psycopg.rows import tuple_row

from airflow.providers.pgtrickle.hooks.pgtrickle import PgTrickleHook


@pytest.fixture
def hook(database18: str, monkeypatch: pytest.MonkeyPatch) -> PgTrickleHook:
    monkeypatch.setenv("AIRFLOW_CONN_SHOP_DB", database18)
    return PgTrickleHook("shop_db")


def test_connection_is_psycopg_3(hook: PgTrickleHook) -> None:
    with hook.get_conn() as connection:
        assert isinstance(connection, psycopg.Connection)
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_plain_postgres_connection_is_accepted(hook: PgTrickleHook) -> None:
    assert hook.connection.conn_type == "postgres"
    assert hook.get_records("SELECT 1") == [(1,)]


def test_engine_reads_plain_rows_whatever_the_extras_say(
    hook: PgTrickleHook, database18: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_DICTIONARIES", f"{database18}&cursor=dictcursor")
    dictionaries = PgTrickleHook("dictionaries")
    with dictionaries.get_conn() as connection:
        assert connection.row_factory is not tuple_row
    with dictionaries.get_engine():
        assert dictionaries.conn.row_factory is tuple_row


def test_connection_is_closed_at_the_end_and_after_an_error(hook: PgTrickleHook) -> None:
    with hook.get_engine():
        connection = hook.conn
    assert connection.closed

    def fail() -> None:
        with hook.get_engine():
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert hook.conn is not connection
    assert hook.conn.closed


def test_cancel_stops_the_server_and_the_next_statement(hook: PgTrickleHook) -> None:
    errors: list[BaseException] = []

    def work() -> None:
        try:
            connection = hook.get_conn()
            connection.execute("SELECT pg_sleep(60)")
        except psycopg.Error as error:
            errors.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    observer = PgTrickleHook("shop_db")
    _wait(lambda: _sleeping(observer) == 1)
    begin = time.monotonic()
    hook.cancel()
    thread.join(timeout=20)
    assert time.monotonic() - begin < 10
    assert len(errors) == 1
    assert isinstance(errors[0], psycopg.OperationalError)
    _wait(lambda: _sleeping(observer) == 0)
    with pytest.raises(psycopg.OperationalError, match="closed"):
        hook.conn.execute("SELECT 1")


def test_cancel_without_a_connection_does_nothing(hook: PgTrickleHook) -> None:
    hook.cancel()


def test_block_left_early_stops_the_running_statement(hook: PgTrickleHook) -> None:
    """A task's time-out is an exception out of a signal handler, in the middle of a statement."""
    observer = PgTrickleHook("shop_db")

    def time_out() -> None:
        with hook.get_engine():
            hook.conn.pgconn.send_query(b"SELECT pg_sleep(60)")
            _wait(lambda: _sleeping(observer) == 1)
            raise TimeoutError

    with pytest.raises(TimeoutError):
        time_out()
    _wait(lambda: _sleeping(observer) == 0)


def test_connection_test_tells_what_is_there(hook: PgTrickleHook) -> None:
    good, message = hook.test_connection()
    assert good
    assert "not installed" in message
    with hook.get_engine() as engine:
        engine.install()
    assert hook.test_connection() == (True, "Connection successfully tested; stream tables: 0")


def test_connection_test_never_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_NOWHERE", "postgres://nobody@127.0.0.1:1/nothing")
    good, message = PgTrickleHook("nowhere").test_connection()
    assert not good
    assert message


def _sleeping(observer: PgTrickleHook) -> int:
    query = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'SELECT pg_sleep%'"
    with observer.get_conn() as connection:
        row = connection.execute(f"{query} AND datname = current_database()").fetchone()
    assert row is not None
    return int(row[0])


def _wait(condition: Callable[[], bool], timeout: float = 15.0) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
