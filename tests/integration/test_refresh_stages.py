"""Where the time of a refresh went is in its result and in the history."""

from __future__ import annotations

import psycopg
import pytest

from airflow.providers.pgtrickle.engine.api import PgTrickle


def test_stages_are_told_and_kept(database18: str) -> None:
    with psycopg.connect(database18, autocommit=True) as connection:
        connection.execute("CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t VALUES (1, 1)")
        pgt = PgTrickle(connection)
        pgt.install()
        pgt.create_stream_table("s", "SELECT v, count(*) AS n FROM t GROUP BY v", schedule=None)
    with PgTrickle.connect(database18) as pgt:
        pgt._session.execute("INSERT INTO t VALUES (2, 2)")
        changed, idle = pgt.refresh_stream_table("s"), pgt.refresh_stream_table("s")
        assert pgt.verify_stream_table("s")
        assert (changed.action, set(changed.stages)) == ("DIFFERENTIAL", {"compile", "lock", "look", "apply"})
        assert (idle.action, set(idle.stages)) == ("NO_DATA", {"compile", "lock", "look"})
        # A definition is compiled once for a session.
        assert idle.stages["compile"] < changed.stages["compile"] / 2
        for result, row in zip((idle, changed), pgt.refresh_history("s"), strict=False):
            assert all(milliseconds > 0 for milliseconds in result.stages.values())
            assert sum(result.stages.values()) < result.duration_ms
            assert row.stages == pytest.approx(dict(result.stages))
