"""A scalar subquery with a second row: PostgreSQL's error, whenever it arises, and nothing is lost by it."""

from __future__ import annotations

import psycopg
import pytest

from airflow.providers.pgtrickle import PgTrickle
from airflow.providers.pgtrickle.engine.errors import PgTrickleError, RefreshFailed

_MESSAGE = "more than one row returned by a subquery used as an expression"
_QUERIES = {
    "correlated": "SELECT r.id, (SELECT q.w FROM q WHERE q.a = r.a) AS w FROM r",
    "by_inequality": "SELECT r.id FROM r WHERE (SELECT q.w FROM q WHERE q.a >= r.a) IS NOT NULL",
    "not_correlated": "SELECT r.id, (SELECT w FROM q WHERE a = 1) AS w FROM r",
    "under_case": "SELECT r.id, CASE WHEN r.id < 10 THEN (SELECT q.w FROM q WHERE q.a = r.a) END AS w FROM r",
    "grouped": "SELECT r.a, count(*) AS n, (SELECT q.w FROM q WHERE q.a = r.a) AS w FROM r GROUP BY r.a",
}


@pytest.fixture
def tables(database: str) -> str:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("""
            CREATE TABLE r (id int PRIMARY KEY, a int);
            CREATE TABLE q (a int, w int);
            INSERT INTO r VALUES (1, 1), (2, 2), (20, 1);
            INSERT INTO q VALUES (1, 10)""")
    return database


@pytest.mark.parametrize("name", _QUERIES)
def test_refresh_fails_loses_nothing_and_recovers(tables: str, name: str) -> None:
    with psycopg.connect(tables, autocommit=True) as connection, PgTrickle.connect(tables) as pgt:
        pgt.install()
        assert pgt.create_stream_table(name, _QUERIES[name]).effective_mode == "DIFFERENTIAL"
        before = connection.execute(f"SELECT * FROM {name} ORDER BY 1").fetchall()
        assert before
        connection.execute("INSERT INTO q VALUES (1, 11), (3, 12), (4, 13); INSERT INTO r VALUES (3, 3)")
        for _ in range(2):
            with pytest.raises(RefreshFailed, match=_MESSAGE) as caught:
                pgt.refresh_stream_table(name)
            assert caught.value.sqlstate == "21000"
            assert connection.execute(f"SELECT * FROM {name} ORDER BY 1").fetchall() == before
        connection.execute("DELETE FROM q WHERE w IN (10, 13)")
        if name == "by_inequality":
            connection.execute("DELETE FROM q WHERE w = 11")
        assert pgt.refresh_stream_table(name).action == "DIFFERENTIAL"
        assert pgt.verify_stream_table(name)
        assert connection.execute(f"SELECT * FROM {name} ORDER BY 1").fetchall() != before


def test_rows_that_go_or_are_not_asked_for_raise_nothing(tables: str) -> None:
    with psycopg.connect(tables, autocommit=True) as connection, PgTrickle.connect(tables) as pgt:
        pgt.install()
        pgt.create_stream_table("s", _QUERIES["under_case"])
        # Two rows for a value that no outer row has any more, or that CASE does not ask for.
        connection.execute(
            "INSERT INTO q VALUES (1, 11); DELETE FROM r WHERE id = 1; INSERT INTO r VALUES (30, 1)"
        )
        assert pgt.refresh_stream_table("s").action == "DIFFERENTIAL"
        assert pgt.verify_stream_table("s")
        connection.execute("UPDATE q SET w = w + 1; INSERT INTO q VALUES (1, 5)")
        pgt.refresh_stream_table("s")
        assert pgt.verify_stream_table("s")
        assert connection.execute("SELECT count(*) FROM s").fetchone() == (3,)


def test_creation_fails_with_the_error(tables: str) -> None:
    with psycopg.connect(tables, autocommit=True) as connection, PgTrickle.connect(tables) as pgt:
        pgt.install()
        connection.execute("INSERT INTO q VALUES (1, 11)")
        with pytest.raises(PgTrickleError, match=_MESSAGE):
            pgt.create_stream_table("s", _QUERIES["correlated"])
        assert connection.execute("SELECT to_regclass('s')").fetchone() == (None,)
