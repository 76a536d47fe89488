"""Arrangements beside storage: they come, are rebuilt and go with it, and what is wrong in one is noticed."""

from __future__ import annotations

import psycopg
import pytest

from airflow.providers.pgtrickle.engine.api import PgTrickle
from airflow.providers.pgtrickle.engine.errors import RefreshFailed
from airflow.providers.pgtrickle.engine.settings import Settings

QUERY = """
WITH RECURSIVE r AS (SELECT s, d FROM edge UNION SELECT r.s, e.d FROM r JOIN edge AS e ON e.s = r.d)
SELECT s, count(*) AS n FROM r GROUP BY s"""
ARRANGEMENTS = """
SELECT relname FROM pg_class
WHERE relnamespace = 'pgtrickle_data'::regnamespace AND relkind = 'r' AND relname LIKE '%\\_a%'"""


@pytest.fixture
def pgt(database18: str) -> PgTrickle:
    pgt = PgTrickle.connect(database18)
    pgt.install()
    return pgt


def test_an_arrangement_lives_as_long_as_its_storage(pgt: PgTrickle, database18: str) -> None:
    with pgt, psycopg.connect(database18, autocommit=True) as user:

        def arrangements() -> list[str]:
            return sorted(name for (name,) in user.execute(ARRANGEMENTS))

        user.execute("CREATE TABLE edge (s int, d int); INSERT INTO edge VALUES (1, 2), (2, 3)")
        made = pgt.create_stream_table("public.reach", QUERY, refresh_mode="DIFFERENTIAL")
        assert arrangements() == [f"st_{made.id}_1_a1"]
        assert user.execute(f"SELECT count(*) FROM pgtrickle_data.st_{made.id}_1_a1".encode()).fetchone() == (
            3,
        )
        stages = pgt.explain_stream_table("public.reach").stages
        assert f"kept in pgtrickle_data.st_{made.id}_1_a1; delete and rederive" in stages

        pgt.alter_stream_table("public.reach", query=QUERY.replace("count(*)", "max(d)"))
        assert arrangements() == [f"st_{made.id}_2_a1"]
        user.execute("INSERT INTO edge VALUES (3, 4)")
        assert pgt.refresh_stream_table("public.reach").action == "DIFFERENTIAL"
        assert pgt.verify_stream_table("public.reach")

        pgt.alter_stream_table("public.reach", query="SELECT s, d FROM edge")
        assert arrangements() == []
        pgt.alter_stream_table("public.reach", query=QUERY)
        assert arrangements() == [f"st_{made.id}_4_a1"]
        pgt.drop_stream_table("public.reach")
        assert arrangements() == []


def test_rows_that_an_arrangement_lacks_have_it_rebuilt(pgt: PgTrickle, database18: str) -> None:
    with pgt, psycopg.connect(database18, autocommit=True) as user:
        user.execute("CREATE TABLE edge (s int, d int); INSERT INTO edge VALUES (1, 2), (2, 3)")
        made = pgt.create_stream_table("public.reach", QUERY, refresh_mode="DIFFERENTIAL")
        arrangement = f"pgtrickle_data.st_{made.id}_1_a1"
        user.execute(f"DELETE FROM {arrangement} WHERE c1 = 2".encode())
        user.execute("DELETE FROM edge WHERE s = 2")
        assert pgt.refresh_stream_table("public.reach").action == "REINITIALIZE"
        assert pgt.verify_stream_table("public.reach")


def test_a_full_refresh_keeps_the_arrangement(pgt: PgTrickle, database18: str) -> None:
    with pgt, psycopg.connect(database18, autocommit=True) as user:
        user.execute("CREATE TABLE edge (s int, d int); INSERT INTO edge VALUES (1, 2), (2, 3)")
        pgt.create_stream_table("public.reach", QUERY, refresh_mode="DIFFERENTIAL")
        user.execute("INSERT INTO edge VALUES (3, 1)")
        assert pgt.refresh_stream_table("public.reach", full=True).action == "FULL"
        assert pgt.verify_stream_table("public.reach")
        user.execute("DELETE FROM edge WHERE s = 1")
        assert pgt.refresh_stream_table("public.reach").action == "DIFFERENTIAL"
        assert pgt.verify_stream_table("public.reach")


def test_a_cycle_under_union_all_ends_by_the_timeout(database18: str) -> None:
    query = (
        "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT e.d FROM r JOIN edge AS e ON e.s = r.n)"
        " SELECT n FROM r"
    )
    settings = Settings(statement_timeout=1.0)
    with (
        PgTrickle.connect(database18, settings=settings) as pgt,
        psycopg.connect(database18, autocommit=True) as user,
    ):
        pgt.install()
        user.execute("CREATE TABLE edge (s int, d int); INSERT INTO edge VALUES (1, 2)")
        pgt.create_stream_table("public.walk", query, refresh_mode="DIFFERENTIAL")
        user.execute("INSERT INTO edge VALUES (2, 1)")
        with pytest.raises(RefreshFailed, match="timeout") as raised:
            pgt.refresh_stream_table("public.walk")
        assert raised.value.sqlstate == "57014"
        user.execute("DELETE FROM edge WHERE s = 2")
        assert pgt.refresh_stream_table("public.walk").action == "DIFFERENTIAL"
        assert pgt.verify_stream_table("public.walk")
