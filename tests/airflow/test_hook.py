"""The hook against a real server."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable

import psycopg
import pytest
from psycopg.rows import tuple_row

from airflow.providers.pgtrickle.engine.errors import RefreshFailed
from airflow.providers.pgtrickle.hooks.pgtrickle import PgTrickleHook
from airflow.providers.pgtrickle.operators.pgtrickle import (
    StreamTableGroupRefreshOperator,
    StreamTableOperator,
    StreamTableRefreshOperator,
)


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
    return _running(observer, "SELECT pg_sleep%")


def _running(observer: PgTrickleHook, pattern: str) -> int:
    """How many other sessions are in the middle of such a statement."""
    query = (
        "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE %s"
        " AND pid <> pg_backend_pid() AND backend_type = 'client backend' AND datname = current_database()"
    )
    with observer.get_conn() as connection:
        row = connection.execute(query, (pattern,)).fetchone()
    assert row is not None
    return int(row[0])


def _wait(condition: Callable[[], bool], timeout: float = 15.0) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


SLOW = "SELECT count(*) AS n FROM a, a AS b, a AS c, a AS d WHERE a.n + b.n + c.n + d.n > 100"


@pytest.fixture
def slow_tables(hook: PgTrickleHook) -> list[str]:
    """Stream tables whose refresh takes minutes."""
    names = ["public.slow_1", "public.slow_2", "public.slow_3"]
    with hook.get_conn() as connection:
        connection.execute("CREATE TABLE a AS SELECT n FROM generate_series(1, 500) AS n")
    with hook.get_engine() as engine:
        engine.install()
        for name in names:
            engine.create_stream_table(name, SLOW, refresh_mode="FULL", initialize=False)
    return names


class TimeOut(BaseException):
    """As Airflow's own, which is no Exception."""


@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize("timed_out", [False, True])
def test_interrupted_refresh_leaves_nothing_running(
    slow_tables: list[str], several: bool, timed_out: bool
) -> None:
    """A task's time-out raises out of a signal handler; a killed task is told by ``on_kill`` out of one."""
    operator: StreamTableOperator
    if several:
        operator = StreamTableGroupRefreshOperator(
            task_id="t", pgtrickle_conn_id="shop_db", stream_tables=[slow_tables], parallelism=2
        )
    else:
        operator = StreamTableRefreshOperator(
            task_id="t", pgtrickle_conn_id="shop_db", stream_table=slow_tables[0]
        )
    running = 2 if several else 1
    observer = PgTrickleHook("shop_db")

    def interrupt(number: int, frame: object) -> None:
        if timed_out:
            raise TimeOut
        operator.on_kill()

    def wait_and_interrupt() -> None:
        _wait(lambda: _running(observer, "%") == running)
        os.kill(os.getpid(), signal.SIGUSR1)

    before = signal.signal(signal.SIGUSR1, interrupt)
    helper = threading.Thread(target=wait_and_interrupt)
    helper.start()
    try:
        with pytest.raises(TimeOut if timed_out else RefreshFailed) as caught:
            operator.execute({})
    finally:
        helper.join()
        signal.signal(signal.SIGUSR1, before)
    if not timed_out:
        assert caught.value.transient, "a worker that is taken away must not cost the task"
    _wait(lambda: _running(observer, "%") == 0)
