"""A full refresh writes the difference: storage is exact, equal rows stay, readers follow by deltas."""

from __future__ import annotations

import psycopg
import pytest

from airflow.providers.pgtrickle.engine.api import PgTrickle

TABLES = """
CREATE TABLE t (id int PRIMARY KEY, g int NOT NULL, n int, v numeric, j json);
INSERT INTO t SELECT i, i % 5, nullif(i % 4, 0), i / 2.0, NULL FROM generate_series(1, 40) AS i
"""
#: By the kind of storage: a key without NULL, one that can be NULL, the hash of a long one, no key, one row.
QUERIES = {
    "keyed": "SELECT id, g, n, v, j FROM t WHERE v > 3",
    "key_alone": "SELECT id FROM t WHERE g < 3",
    "grouped": "SELECT g, count(*) AS rows, sum(v) AS total, max(n) AS most FROM t GROUP BY g",
    "nullable": "SELECT n, count(*) AS rows FROM t GROUP BY n",
    "long": "SELECT g || repeat('x', 50) AS key, sum(n) AS total FROM t GROUP BY 1",
    "unkeyed": "SELECT g, n FROM t",
    "scalar": "SELECT count(*) AS rows, avg(v) AS mean FROM t WHERE g = 1",
}
ROUNDS = (
    "UPDATE t SET v = v + 1 WHERE id % 3 = 0; DELETE FROM t WHERE id % 7 = 0; INSERT INTO t VALUES (50, 9)",
    "UPDATE t SET v = 9.000 WHERE id = 50; UPDATE t SET id = id + 100, n = NULL WHERE g = 2",
    "UPDATE t SET j = '{\"a\": 1}'; DELETE FROM t WHERE g = 1",
    "DELETE FROM t",
    "INSERT INTO t VALUES (1, 1, 1, 4, '[1]'), (2, 1, NULL, 5, NULL)",
)


@pytest.mark.parametrize("kind", QUERIES)
def test_a_full_refresh_writes_the_difference(database: str, kind: str) -> None:
    with psycopg.connect(database, autocommit=True) as writer, PgTrickle.connect(database) as pgt:
        pgt.install()
        writer.execute(TABLES)
        pgt.create_stream_table("top", QUERIES[kind])
        pgt.create_stream_table("reader", "SELECT count(*) AS rows FROM top", refresh_mode="DIFFERENTIAL")
        written = 0
        for number, statements in enumerate(ROUNDS):
            writer.execute(statements.encode())
            result = pgt.refresh_stream_table("top", full=True)
            assert result.action == "FULL"
            written += result.rows_inserted + result.rows_deleted
            assert pgt.verify_stream_table("top").exact, number
            assert pgt.refresh_stream_table("reader").action in ("DIFFERENTIAL", "NO_DATA")
            assert pgt.verify_stream_table("reader").exact, number
        assert written
        again = pgt.refresh_stream_table("top", full=True)
        assert (again.rows_inserted, again.rows_deleted) == (0, 0)
        # What was left by full refreshes is what deltas build upon.
        writer.execute("UPDATE t SET v = v * 2, g = 3; INSERT INTO t VALUES (3, 1, 2, 8, NULL)")
        assert pgt.refresh_stream_table("top").action == "DIFFERENTIAL"
        assert pgt.verify_stream_table("top").exact


def test_a_full_refresh_writes_the_groups_that_changed_alone(database18: str) -> None:
    with psycopg.connect(database18, autocommit=True) as writer, PgTrickle.connect(database18) as pgt:
        pgt.install()
        writer.execute(TABLES)
        pgt.create_stream_table("top", QUERIES["grouped"])
        writer.execute("UPDATE t SET v = v + 1 WHERE g = 1")
        result = pgt.refresh_stream_table("top", full=True)
        assert (result.rows_inserted, result.rows_deleted) == (1, 1)
