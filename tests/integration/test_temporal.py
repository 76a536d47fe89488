"""Temporal filters: rows enter and leave as time passes, at the cost of those that do."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from airflow.providers.pgtrickle.engine.api import PgTrickle
from airflow.providers.pgtrickle.engine.testing.runner import SetClock

START = datetime(2026, 1, 10, 12, tzinfo=UTC)
EVENTS = """
CREATE TABLE event (id int PRIMARY KEY, at timestamptz NOT NULL, kind int);
CREATE INDEX ON event (at);
INSERT INTO event
SELECT i, timestamptz '2026-01-10 12:00+00' - i * interval '1 minute', i % 3 FROM generate_series(0, 20000) i;
ANALYZE event;
"""
LAST_DAY = "SELECT id, at, kind FROM event WHERE at > now() - interval '1 day'"


@pytest.fixture
def clock() -> SetClock:
    clock = SetClock()
    clock.time = START
    return clock


@pytest.fixture
def connection(database18: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database18, autocommit=True) as connection:
        connection.execute(EVENTS)
        yield connection


@pytest.fixture
def pgt(connection: psycopg.Connection, clock: SetClock) -> PgTrickle:
    pgt = PgTrickle(connection, clock=clock)
    pgt.install()
    return pgt


def count(connection: psycopg.Connection, table: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
    assert row is not None
    return int(row[0])


def test_time_alone_moves_rows(connection: psycopg.Connection, clock: SetClock, pgt: PgTrickle) -> None:
    created = pgt.create_stream_table("last_day", LAST_DAY, refresh_mode="DIFFERENTIAL")
    assert created.data_timestamp == START
    assert count(connection, "last_day") == 1440
    clock.time += timedelta(minutes=10)
    result = pgt.refresh_stream_table("last_day")
    assert (result.action, result.rows_inserted, result.rows_deleted) == ("DIFFERENTIAL", 0, 10)
    assert result.data_timestamp == clock.time
    assert pgt.verify_stream_table("last_day")
    clock.time += timedelta(seconds=20)
    result = pgt.refresh_stream_table("last_day")
    assert (result.action, result.rows_deleted) == ("NO_DATA", 0)
    assert "time" in result.reason
    assert pgt.verify_stream_table("last_day")


def test_the_cost_is_that_of_the_rows_which_cross(
    connection: psycopg.Connection, clock: SetClock, pgt: PgTrickle
) -> None:
    pgt.create_stream_table("last_day", LAST_DAY)
    pgt.create_stream_table(
        "kinds", "SELECT kind, count(*) AS n FROM event WHERE at > now() - interval '2 days' GROUP BY kind"
    )
    pgt.create_stream_table("young", "SELECT id FROM event WHERE now() - at < interval '2 days 01:00'")
    clock.time += timedelta(minutes=5)
    before = _scans(connection)
    for name in ("last_day", "kinds", "young"):
        assert pgt.refresh_stream_table(name).rows_deleted > 0
    sequential, rows = (now - then for now, then in zip(_scans(connection), before, strict=True))
    assert sequential == 0
    assert rows <= 50
    for name in ("last_day", "kinds", "young"):
        assert pgt.verify_stream_table(name)


def _scans(connection: psycopg.Connection) -> tuple[int, int]:
    connection.execute("SELECT pg_stat_force_next_flush()")
    row = connection.execute(
        "SELECT seq_scan, seq_tup_read + idx_tup_fetch FROM pg_stat_user_tables WHERE relname = 'event'"
    ).fetchone()
    assert row is not None
    return int(row[0]), int(row[1])


def test_a_run_has_one_time_and_none_goes_back(
    connection: psycopg.Connection, clock: SetClock, pgt: PgTrickle
) -> None:
    pgt.create_stream_table("last_day", LAST_DAY)
    pgt.create_stream_table("ids", "SELECT kind, count(*) AS n FROM last_day GROUP BY kind")
    pgt.create_stream_table("hour", "SELECT id FROM last_day WHERE at > now() - interval '1 hour'")
    names = ["last_day", "ids", "hour"]
    clock.time += timedelta(minutes=30)
    run = pgt.open_run(names)
    assert run.opened_at == clock.time
    connection.execute("INSERT INTO event VALUES (-1, '2026-01-10 12:29+00', 7)")
    clock.time += timedelta(hours=3)
    for name in names:
        result = pgt.refresh_stream_table(name, run=run)
        assert (result.action, result.data_timestamp) == ("DIFFERENTIAL", run.opened_at)
        assert pgt.verify_stream_table(name)
    assert count(connection, "last_day") == 1440 - 30
    assert count(connection, "hour") == 30
    assert pgt.refresh_stream_table("hour", run=run).action == "NO_DATA"
    # A clock that was set back: the stream tables stay where they are.
    clock.time = START
    for name in names:
        assert pgt.refresh_stream_table(name).data_timestamp == run.opened_at
        assert pgt.verify_stream_table(name)
    assert count(connection, "hour") == 31


def test_upstream_that_moved_by_time_alone_moves_its_readers_in_a_run(
    clock: SetClock, pgt: PgTrickle
) -> None:
    pgt.create_stream_table("last_day", LAST_DAY)
    pgt.create_stream_table("kinds", "SELECT kind, count(*) AS n FROM last_day GROUP BY kind")
    clock.time += timedelta(hours=2)
    run = pgt.open_run(["last_day", "kinds"])
    assert pgt.refresh_stream_table("last_day", run=run).rows_deleted == 120
    assert pgt.refresh_stream_table("kinds", run=run).action == "DIFFERENTIAL"
    assert pgt.verify_stream_table("kinds")


def test_views_read_the_clock_of_the_frontier(
    connection: psycopg.Connection, clock: SetClock, pgt: PgTrickle
) -> None:
    connection.execute("CREATE VIEW lately AS SELECT * FROM event WHERE at > now() - interval '6 hours'")
    connection.execute("CREATE VIEW even AS SELECT l.id, l.at FROM lately l WHERE l.id % 2 = 0")
    pgt.create_stream_table("evens", "SELECT id FROM even WHERE at <= now()", refresh_mode="DIFFERENTIAL")
    pgt.create_stream_table("ages", "SELECT id, now() - at AS age FROM even")
    assert count(connection, "evens") == count(connection, "ages") == 180
    for minutes in (7, 60):
        clock.time += timedelta(minutes=minutes)
        assert pgt.refresh_stream_table("evens").action == "DIFFERENTIAL"
        assert pgt.refresh_stream_table("ages").action == "FULL"
        assert pgt.verify_stream_table("evens")
        assert pgt.verify_stream_table("ages")
    assert count(connection, "evens") == 147


def test_every_way_of_filling_uses_the_same_time(clock: SetClock, pgt: PgTrickle) -> None:
    pgt.create_stream_table("recomputed", LAST_DAY, refresh_mode="FULL")
    pgt.create_stream_table("late", LAST_DAY, initialize=False)
    clock.time += timedelta(minutes=3)
    assert pgt.refresh_stream_table("late").rows_inserted == 1437
    result = pgt.refresh_stream_table("recomputed")
    assert (result.action, result.rows_deleted) == ("FULL", 3)
    clock.time += timedelta(minutes=3)
    result = pgt.refresh_stream_table("late", full=True)
    assert (result.action, result.rows_deleted) == ("FULL", 3)
    pgt.alter_stream_table("late", query=LAST_DAY.replace("kind FROM", "kind + 1 AS kind FROM"))
    for name in ("recomputed", "late"):
        assert pgt.verify_stream_table(name)
    with pytest.raises(Exception, match="current time"):
        pgt.create_stream_table("ages", "SELECT now() - at AS age FROM event", refresh_mode="DIFFERENTIAL")


def test_the_clock_of_the_server_moves_rows(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("CREATE TABLE ping (id int, at timestamptz DEFAULT clock_timestamp())")
        pgt = PgTrickle(connection)
        pgt.install()
        pgt.create_stream_table("alive", "SELECT id, at FROM ping WHERE at > now() - interval '1 second'")
        connection.execute("INSERT INTO ping VALUES (1)")
        result = pgt.refresh_stream_table("alive")
        assert (result.rows_inserted, count(connection, "alive")) == (1, 1)
        assert pgt.verify_stream_table("alive")
        time.sleep(1.1)
        assert pgt.verify_stream_table("alive")
        result = pgt.refresh_stream_table("alive")
        assert (result.action, result.rows_deleted, count(connection, "alive")) == ("DIFFERENTIAL", 1, 0)
        assert pgt.verify_stream_table("alive")
