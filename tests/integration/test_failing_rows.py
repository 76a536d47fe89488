"""Rows for which an expression fails: the refresh fails, loses nothing, and recovers once they are mended."""

from __future__ import annotations

import psycopg
import pytest

from airflow.providers.pgtrickle.engine.api import PgTrickle
from airflow.providers.pgtrickle.engine.errors import RefreshFailed


@pytest.fixture
def pgt(database: str) -> PgTrickle:
    connection = psycopg.connect(database, autocommit=True)
    connection.execute("CREATE TABLE t (id int PRIMARY KEY, k int, a int, b int)")
    connection.execute("INSERT INTO t SELECT i, i % 3, i, i % 5 + 1 FROM generate_series(1, 20) AS i")
    pgt = PgTrickle(connection)
    pgt.install()
    return pgt


QUERIES = {
    "row": "SELECT id, a / b AS q FROM t",
    "filter": "SELECT id FROM t WHERE a / b > 2",
    "group": "SELECT k, sum(a / b) AS q FROM t GROUP BY k",
    "scalar": "SELECT id, (SELECT u.k FROM t u WHERE u.a = t.a) AS k FROM t",
}


def write(pgt: PgTrickle, text: str) -> None:
    pgt._session.execute(text)


@pytest.mark.parametrize("form", QUERIES)
def test_a_failing_row_that_is_gone_again_is_forgotten(pgt: PgTrickle, form: str) -> None:
    pgt.create_stream_table("s", QUERIES[form], refresh_mode="DIFFERENTIAL")
    before = pgt.stream_table("s").frontier
    write(pgt, "INSERT INTO t VALUES (100, 1, 7, 0)")
    if form == "scalar":
        write(pgt, "UPDATE t SET a = 7 WHERE id = 8")
    with pytest.raises(RefreshFailed) as caught:
        pgt.refresh_stream_table("s")
    assert caught.value.sqlstate == ("21000" if form == "scalar" else "22012")
    assert pgt.stream_table("s").frontier == before
    assert pgt.verify_stream_table("s")
    write(pgt, "UPDATE t SET b = 1 WHERE id = 100; UPDATE t SET a = id WHERE a = 7 AND id <> 7")
    result = pgt.refresh_stream_table("s")
    # Where deltas have come to see the row come and go, the whole query is evaluated once.
    assert result.action == ("FULL" if form in ("row", "filter") else "DIFFERENTIAL"), result
    assert ("By deltas it failed: division by zero" in result.reason) == (result.action == "FULL")
    assert pgt.verify_stream_table("s")
    write(pgt, "UPDATE t SET a = a + 300 WHERE id IN (100, 3); DELETE FROM t WHERE id = 4")
    assert pgt.refresh_stream_table("s").action == "DIFFERENTIAL"
    assert pgt.verify_stream_table("s")
