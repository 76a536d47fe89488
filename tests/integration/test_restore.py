"""A database that is dumped and restored on another server: nothing of its past is trusted there."""

from __future__ import annotations

import subprocess

import psycopg
import pytest

from airflow.providers.pgtrickle.engine.api import PgTrickle
from airflow.providers.pgtrickle.engine.testing.binaries import find_binaries
from airflow.providers.pgtrickle.engine.testing.server import PostgresServer

SCHEMA = """
CREATE SCHEMA shop;
CREATE TABLE shop.customer (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE shop.sale (
    customer int, amount numeric(8,2), tax numeric(8,2) GENERATED ALWAYS AS (amount / 5) STORED
);
CREATE TABLE shop.event (at date, kind text) PARTITION BY RANGE (at);
CREATE TABLE shop.event_old PARTITION OF shop.event FOR VALUES FROM (MINVALUE) TO ('2020-01-01');
CREATE TABLE shop.event_new PARTITION OF shop.event DEFAULT;
INSERT INTO shop.customer SELECT i, 'customer ' || i FROM generate_series(1, 9) AS i;
INSERT INTO shop.sale SELECT i % 9 + 1, i FROM generate_series(1, 40) AS i;
INSERT INTO shop.event SELECT date '2019-12-01' + i, 'k' || i % 3 FROM generate_series(1, 60) AS i
"""
STREAM_TABLES = {
    "shop.totals": (
        "SELECT c.id, c.name, sum(s.amount) AS amount, sum(s.tax) AS tax"
        " FROM shop.customer c JOIN shop.sale s ON s.customer = c.id GROUP BY c.id, c.name"
    ),
    "shop.good": "SELECT id, amount FROM shop.totals WHERE amount > 50",
    "shop.kinds": "SELECT kind, count(*) AS n FROM shop.event GROUP BY kind",
    "shop.names": "SELECT name FROM shop.customer UNION SELECT kind FROM shop.kinds",
}
CHANGE = """
INSERT INTO shop.sale VALUES (%(n)s %% 9 + 1, 200 + %(n)s);
UPDATE shop.customer SET name = name || '!' WHERE id = %(n)s %% 5 + 1;
DELETE FROM shop.sale WHERE ctid IN (SELECT ctid FROM shop.sale LIMIT 1);
INSERT INTO shop.event VALUES ('2019-12-31', 'n%(n)s'), ('2021-01-01', 'k1')
"""


def _change(connection: psycopg.Connection, number: int) -> None:
    connection.execute((CHANGE % {"n": number}).encode())


def _carry(source: str, target: str, major: int) -> None:
    """By pg_dump and pg_restore, which must have nothing to complain of."""
    programs = find_binaries(major)
    dump = subprocess.run([programs.program("pg_dump"), "-Fc", source], capture_output=True, check=True)
    restore = [programs.program("pg_restore"), "--exit-on-error", "--no-owner", "-d", target]
    done = subprocess.run(restore, input=dump.stdout, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.fixture
def prepared(database: str) -> str:
    with psycopg.connect(database, autocommit=True) as connection:
        # Far more transactions than the other server will have had.
        for _ in range(3000):
            connection.execute("SELECT pg_current_xact_id()")
        connection.execute(SCHEMA)
        pgt = PgTrickle(connection)
        pgt.install()
        for name, query in STREAM_TABLES.items():
            pgt.create_stream_table(name, query, refresh_mode="DIFFERENTIAL")
        for number in range(3):
            _change(connection, number)
            for name in STREAM_TABLES:
                pgt.refresh_stream_table(name)
        # Not consumed when the dump is taken.
        _change(connection, 3)
    return database


def test_a_dump_on_another_server_follows_again(prepared: str, pg_server: PostgresServer) -> None:
    with PostgresServer(major=pg_server.major) as other:
        target = other.create_database()
        _carry(prepared, target, pg_server.major)
        with psycopg.connect(target, autocommit=True) as connection:
            # Written before anybody has adopted the database: by triggers that are the dump's.
            _change(connection, 4)
            pgt = PgTrickle(connection)
            run = str(pgt.open_run(list(STREAM_TABLES)))
            results = [pgt.refresh_stream_table(name, run=run) for name in STREAM_TABLES]
            assert {result.action for result in results} == {"REINITIALIZE"}
            assert all("another server" in result.reason for result in results), results
            for number in range(5, 9):
                _change(connection, number)
                actions = {name: pgt.refresh_stream_table(name).action for name in STREAM_TABLES}
                assert set(actions.values()) == {"DIFFERENTIAL"}, actions
                for name in STREAM_TABLES:
                    assert pgt.verify_stream_table(name), name
            leftovers = connection.execute(
                "SELECT count(*) FILTER (WHERE NOT s.known), count(*) FILTER (WHERE s.known) FROM ("
                " SELECT EXISTS (SELECT FROM pgtrickle.pgt_capture c WHERE c.source_oid = t.tgrelid"
                " OR c.source_oid IN (SELECT inhparent FROM pg_inherits WHERE inhrelid = t.tgrelid))"
                " AND t.tgname ~ ('^pgtrickle_(' || (SELECT string_agg(source_oid::text, '|')"
                " FROM pgtrickle.pgt_capture) || ')_') AS known"
                " FROM pg_trigger t WHERE t.tgname ~ '^pgtrickle_') s"
            ).fetchone()
            assert leftovers is not None
            assert leftovers[0] == 0
            assert leftovers[1] > 10
            assert connection.execute("SELECT count(*) FROM pgtrickle.pgt_server").fetchone() == (1,)


def test_who_may_not_adopt_is_told(prepared: str, pg_server: PostgresServer) -> None:
    from airflow.providers.pgtrickle.engine.errors import StateError

    with PostgresServer(major=pg_server.major) as other:
        target = other.create_database()
        _carry(prepared, target, pg_server.major)
        with psycopg.connect(target, autocommit=True) as connection:
            connection.execute("CREATE ROLE reader; GRANT USAGE ON SCHEMA pgtrickle TO reader")
            connection.execute("GRANT SELECT ON ALL TABLES IN SCHEMA pgtrickle TO reader; SET ROLE reader")
            with pytest.raises(StateError, match="another server"):
                PgTrickle(connection).pgt_status()
            connection.execute("RESET ROLE")
            assert [row.name for row in PgTrickle(connection).pgt_status()] == sorted(STREAM_TABLES)


def test_the_same_server_is_no_other(prepared: str) -> None:
    with PgTrickle.connect(prepared) as pgt:
        assert {pgt.refresh_stream_table(name).action for name in STREAM_TABLES} == {"DIFFERENTIAL"}
