"""Sources that are not plain tables: unlogged, materialized, foreign, under row-level security."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from airflow.providers.pgtrickle.engine.api import PgTrickle
from airflow.providers.pgtrickle.engine.errors import RefreshFailed, UnsupportedQuery
from airflow.providers.pgtrickle.engine.testing.server import PostgresServer
from tests.conftest import SETTINGS


@pytest.fixture
def connection(database: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database, autocommit=True) as connection:
        yield connection


def test_unlogged_sources_are_read_anew_after_a_crash() -> None:
    with PostgresServer(settings=SETTINGS) as server:
        dsn = server.create_database()
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute(
                "CREATE UNLOGGED TABLE u (id int); CREATE TABLE k (id int);"
                " INSERT INTO u SELECT generate_series(1, 9); INSERT INTO k SELECT generate_series(1, 5)"
            )
            pgt = PgTrickle(connection)
            pgt.install()
            pgt.create_stream_table("s", "SELECT id FROM u", refresh_mode="DIFFERENTIAL")
            pgt.create_stream_table("j", "SELECT count(*) AS n FROM u JOIN k USING (id)")
            connection.execute("INSERT INTO u VALUES (10)")
            assert pgt.refresh_stream_table("s").action == "DIFFERENTIAL"
            # A restart in good order keeps unlogged rows.
        server.restart()
        with PgTrickle.connect(dsn) as pgt:
            assert pgt.refresh_stream_table("s").action == "NO_DATA"
            assert pgt.refresh_stream_table("j").action in ("NO_DATA", "DIFFERENTIAL")
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute("INSERT INTO u VALUES (11), (12)")
        server.crash()
        server.restart()
        with psycopg.connect(dsn, autocommit=True) as connection:
            assert connection.execute("SELECT count(*) FROM u").fetchone() == (0,)
            connection.execute("INSERT INTO u VALUES (1), (77)")
            pgt = PgTrickle(connection)
            for name in ("s", "j"):
                result = pgt.refresh_stream_table(name)
                assert result.action == "REINITIALIZE"
                assert "crash has emptied it" in result.reason
                assert pgt.verify_stream_table(name)
            assert connection.execute("SELECT array_agg(id ORDER BY id) FROM s").fetchone() == ([1, 77],)
            connection.execute("INSERT INTO u VALUES (2)")
            for name in ("s", "j"):
                assert pgt.refresh_stream_table(name).action == "DIFFERENTIAL"
                assert pgt.verify_stream_table(name)
            assert connection.execute("SELECT n FROM j").fetchone() == (2,)


def test_a_materialized_view_is_compared_with_its_last_state(connection: psycopg.Connection) -> None:
    connection.execute(
        "CREATE TABLE t (id int, g int); INSERT INTO t SELECT i, i % 4 FROM generate_series(1, 20) i;"
        " CREATE MATERIALIZED VIEW m AS SELECT g, count(*) AS n FROM t GROUP BY g"
    )
    pgt = PgTrickle(connection)
    pgt.install()
    with pytest.raises(
        UnsupportedQuery, match=r"public\.m is a materialized view.*SELECT \* FROM"
    ) as refused:
        pgt.create_stream_table("direct", "SELECT sum(n) AS n FROM m", refresh_mode="DIFFERENTIAL")
    assert (refused.value.construct, refused.value.column) == ("public.m", 25)
    direct = pgt.create_stream_table("direct", "SELECT sum(n) AS n FROM m")
    assert direct.effective_mode == "FULL"
    pgt.create_stream_table("copy", "SELECT * FROM m")
    pgt.create_stream_table(
        "above", "SELECT n, count(*) AS groups FROM copy GROUP BY n", refresh_mode="DIFFERENTIAL"
    )
    connection.execute("INSERT INTO t VALUES (21, 1), (22, 9); REFRESH MATERIALIZED VIEW m")
    result = pgt.refresh_stream_table("copy")
    assert (result.action, result.rows_inserted, result.rows_deleted) == ("FULL", 2, 1)
    result = pgt.refresh_stream_table("above")
    assert (result.action, result.rows_inserted) == ("DIFFERENTIAL", 3)
    assert pgt.refresh_stream_table("direct").action == "FULL"
    for name in ("direct", "copy", "above"):
        assert pgt.verify_stream_table(name)
    connection.execute("REFRESH MATERIALIZED VIEW m")
    assert pgt.refresh_stream_table("copy").rows_inserted == 0
    assert pgt.refresh_stream_table("above").action == "NO_DATA"


def test_foreign_tables_are_recomputed(connection: psycopg.Connection, tmp_path: Path) -> None:
    available = {name for (name,) in connection.execute("SELECT name FROM pg_available_extensions")}
    if not {"postgres_fdw", "file_fdw"} <= available:
        pytest.skip("the server was built without its foreign data wrappers")
    directory = connection.execute("SHOW unix_socket_directories").fetchone()
    port = connection.execute("SHOW port").fetchone()
    assert directory is not None
    assert port is not None
    connection.execute(
        "CREATE TABLE here (id int PRIMARY KEY, v int); INSERT INTO here VALUES (1, 1), (2, 2)"
    )
    connection.execute(
        f"""
        CREATE EXTENSION postgres_fdw;
        CREATE SERVER self FOREIGN DATA WRAPPER postgres_fdw
            OPTIONS (host '{directory[0]}', port '{port[0]}', dbname '{connection.info.dbname}');
        CREATE USER MAPPING FOR CURRENT_USER SERVER self OPTIONS (user '{connection.info.user}');
        CREATE FOREIGN TABLE there (id int, v int) SERVER self OPTIONS (table_name 'here');
        """.encode()
    )
    pgt = PgTrickle(connection)
    pgt.install()
    with pytest.raises(UnsupportedQuery, match=r"public\.there is a foreign table"):
        pgt.create_stream_table("far", "SELECT id, v FROM there", refresh_mode="DIFFERENTIAL")
    created = pgt.create_stream_table("far", "SELECT id, v FROM there")
    assert created.effective_mode == "FULL"
    assert "foreign table" in str(created.reason)
    pgt.create_stream_table(
        "near", "SELECT v, count(*) AS n FROM far GROUP BY v", refresh_mode="DIFFERENTIAL"
    )
    connection.execute("INSERT INTO here VALUES (3, 2); UPDATE here SET v = 5 WHERE id = 1")
    assert pgt.refresh_stream_table("far").rows_inserted == 2
    assert pgt.refresh_stream_table("near").action == "DIFFERENTIAL"
    assert pgt.verify_stream_table("far")
    assert pgt.verify_stream_table("near")
    row = connection.execute("SELECT array_agg((v, n)::text ORDER BY v) FROM near").fetchone()
    assert row == (["(2,2)", "(5,1)"],)


def test_row_level_security_never_filters(connection: psycopg.Connection) -> None:
    connection.execute(
        f"""
        DO $$ BEGIN CREATE ROLE keeper; CREATE ROLE guest; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
        GRANT CREATE ON DATABASE {connection.info.dbname} TO keeper, guest;
        CREATE SCHEMA shop AUTHORIZATION keeper;
        GRANT ALL ON SCHEMA shop TO guest;
        SET ROLE keeper;
        CREATE TABLE shop.t (id int PRIMARY KEY, who text);
        INSERT INTO shop.t VALUES (1, 'keeper'), (2, 'guest'), (3, 'nobody');
        ALTER TABLE shop.t ENABLE ROW LEVEL SECURITY;
        CREATE POLICY own ON shop.t USING (who = CURRENT_USER);
        GRANT SELECT ON shop.t TO guest;
        """.encode()
    )
    pgt = PgTrickle(connection)
    pgt.install()
    pgt.create_stream_table("shop.everything", "SELECT id, who FROM shop.t", refresh_mode="DIFFERENTIAL")
    assert connection.execute("SELECT count(*) FROM shop.everything").fetchone() == (3,)
    connection.execute("ALTER TABLE shop.t FORCE ROW LEVEL SECURITY")
    for mode in ("DIFFERENTIAL", "FULL"):
        with pytest.raises(UnsupportedQuery, match="NO FORCE ROW LEVEL SECURITY") as refused:
            pgt.create_stream_table("shop.other", "SELECT id FROM shop.t", refresh_mode=mode)
        assert refused.value.construct == "shop.t"
        assert refused.value.column == 16
    with pytest.raises(UnsupportedQuery, match="row-level security policies filter it for keeper"):
        pgt.alter_stream_table("shop.everything", query="SELECT id, upper(who) AS who FROM shop.t")
    with pytest.raises(RefreshFailed, match='row-level security policy for table "t"'):
        pgt.refresh_stream_table("shop.everything", full=True)
    connection.execute("ALTER TABLE shop.t NO FORCE ROW LEVEL SECURITY")
    connection.execute("INSERT INTO shop.t VALUES (4, 'nobody')")
    assert pgt.refresh_stream_table("shop.everything").action == "DIFFERENTIAL"
    assert pgt.verify_stream_table("shop.everything")
    assert connection.execute("SELECT count(*) FROM shop.everything").fetchone() == (4,)
    connection.execute("RESET ROLE")


def test_the_role_that_policies_filter_for_is_told(connection: psycopg.Connection) -> None:
    connection.execute(
        f"""
        DO $$ BEGIN CREATE ROLE guest; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
        GRANT CREATE ON DATABASE {connection.info.dbname} TO guest;
        CREATE TABLE secret (id int); ALTER TABLE secret ENABLE ROW LEVEL SECURITY;
        GRANT SELECT ON secret TO guest; GRANT CREATE ON SCHEMA public TO guest;
        SET ROLE guest;
        """.encode()
    )
    pgt = PgTrickle(connection)
    pgt.install()
    with pytest.raises(UnsupportedQuery, match=r"public\.secret.*filter it for guest.*BYPASSRLS"):
        pgt.create_stream_table("public.leak", "SELECT id FROM secret")
    connection.execute("RESET ROLE")


def test_tables_of_one_name_in_two_schemas(connection: psycopg.Connection) -> None:
    connection.execute(
        "CREATE SCHEMA a; CREATE TABLE a.t (id int, v int);"
        " CREATE SCHEMA b; CREATE TABLE b.t (id int, v int);"
        " INSERT INTO a.t VALUES (1, 10); INSERT INTO b.t VALUES (1, 20), (2, 30)"
    )
    pgt = PgTrickle(connection)
    pgt.install()
    pgt.create_stream_table("a.s", "SELECT a.t.id, b.t.v FROM a.t JOIN b.t ON a.t.id = b.t.id")
    pgt.create_stream_table("b.s", "SELECT x.id, x.v FROM a.s x UNION ALL SELECT t.id, t.v FROM b.t")
    connection.execute("SET search_path = b, a")
    pgt.create_stream_table("mine", "SELECT t.id, t.v FROM t")
    connection.execute(
        "INSERT INTO a.t VALUES (2, 0); UPDATE b.t SET v = v + 1; DELETE FROM b.t WHERE id = 1"
    )
    for name in ("a.s", "b.s", "b.mine"):
        assert pgt.refresh_stream_table(name).action == "DIFFERENTIAL"
        assert pgt.verify_stream_table(name)
    assert connection.execute("SELECT * FROM a.s").fetchall() == [(2, 31)]
    assert connection.execute("SELECT * FROM b.mine").fetchall() == [(2, 31)]
