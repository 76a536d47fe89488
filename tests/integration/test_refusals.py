"""What cannot be a stream table is refused by name and place, with a reason and a rewrite."""

from __future__ import annotations

import pickle
from collections.abc import Iterator

import psycopg
import pytest

from airflow.providers.pgtrickle.engine.api import PgTrickle
from airflow.providers.pgtrickle.engine.errors import InvalidQuery, UnsupportedQuery

SETUP = """
CREATE TABLE t (id int PRIMARY KEY, g int, at timestamptz, name text);
CREATE TABLE "Odd" ("it's" int);
CREATE VIEW noisy AS SELECT id, random() AS r FROM t;
CREATE SEQUENCE s;
CREATE FUNCTION fickle(int) RETURNS int LANGUAGE sql VOLATILE AS 'SELECT $1';
CREATE FUNCTION settled(int) RETURNS int LANGUAGE sql STABLE AS 'SELECT $1';
CREATE MATERIALIZED VIEW m AS SELECT g, count(*) AS n FROM t GROUP BY g;
CREATE TEMPORARY TABLE scratch (id int);
"""

REFUSED = [
    ("SELECT id,\n       random() AS r\nFROM t", "random()", (2, 8), "derive it from a key"),
    ("SELECT id, pg_catalog.clock_timestamp() - at AS x FROM t", "clock_timestamp()", (1, 23), r"now\(\)"),
    ("SELECT nextval('s') AS n, id FROM t", "nextval()", (1, 8), "row_number"),
    ("SELECT public.fickle(id) AS f FROM t", "fickle()", (1, 15), "IMMUTABLE"),
    ("SELECT n.r FROM noisy AS n", "public.noisy", (1, 17), "derive it from a key"),
    ("SELECT id FROM t FOR NO KEY UPDATE", "FOR NO KEY UPDATE", (1, 18), "Leave the clause out"),
    ("SELECT id FROM (SELECT * FROM t FOR SHARE) AS q", "FOR SHARE", (1, 33), "Leave the clause out"),
    ("SELECT id FROM t TABLESAMPLE system (10)", "TABLESAMPLE", (1, 18), "stays the same for a row"),
    ("SELECT c.relname FROM pg_class AS c", "pg_catalog.pg_class", (1, 23), "ordinary tables"),
    ("SELECT x.id FROM t JOIN scratch AS x USING (id)", "scratch", (1, 25), "ordinary table"),
    ("WITH d AS (DELETE FROM t RETURNING id) SELECT id FROM d", "DELETE FROM", (1, 12), "on its own"),
]

NOT_BY_DELTAS = [
    ("SELECT id, now() - at AS age\n  FROM t", "now", (1, 12), r"at > now\(\) - interval"),
    ("SELECT id, CURRENT_DATE AS d FROM t", "CURRENT_DATE", (1, 12), r"at > now\(\) - interval"),
    ("SELECT id, settled(g) AS x FROM t", "public.settled()", (1, 12), "where the stream table is read"),
    ("SELECT id, CURRENT_USER AS u FROM t", "CURRENT_USER", (1, 12), "where the stream table is read"),
    (
        "SELECT id, current_setting('TimeZone') AS z FROM t",
        "current_setting()",
        (1, 12),
        "where the stream table is read",
    ),
    ("SELECT id FROM ONLY t", "ONLY", (1, 16), "Leave ONLY out"),
    ("SELECT g, n FROM m", "public.m", (1, 18), "AUTO"),
]


@pytest.fixture(scope="module")
def pgt(pg18_server: object) -> Iterator[PgTrickle]:
    dsn = pg18_server.create_database()  # type: ignore[attr-defined]
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(SETUP)
        pgt = PgTrickle(connection)
        pgt.install()
        yield pgt


@pytest.mark.parametrize(
    ("query", "construct", "place", "rewrite", "mode"),
    [(*case, "AUTO") for case in REFUSED] + [(*case, "DIFFERENTIAL") for case in NOT_BY_DELTAS],
)
def test_refusals_name_the_construct_and_its_place(
    pgt: PgTrickle, query: str, construct: str, place: tuple[int, int], rewrite: str, mode: str
) -> None:
    with pytest.raises(UnsupportedQuery, match=rewrite) as caught:
        pgt.create_stream_table("refused", query, refresh_mode=mode)
    error = pickle.loads(pickle.dumps(caught.value))
    assert error.construct == construct
    assert (error.line, error.column) == place
    assert error.reason
    line = query.split("\n")[place[0] - 1]
    shown, caret = error.excerpt.split("\n")
    assert f"LINE {place[0]}: {line}".startswith(shown.removesuffix("..."))
    assert caret.index("^") == len("LINE 1: ") + place[1] - 1
    assert error.excerpt in str(error)
    assert error.hint in str(error)
    assert not pgt.stream_tables()


@pytest.mark.parametrize(("query", "construct"), [(case[0], case[1]) for case in NOT_BY_DELTAS])
def test_what_only_deltas_refuse_is_recomputed_with_its_reason(
    pgt: PgTrickle, query: str, construct: str
) -> None:
    created = pgt.create_stream_table("recomputed", query)
    assert created.effective_mode == "FULL"
    assert created.reason
    assert pgt.refresh_stream_table("recomputed").action in ("FULL", "NO_DATA")
    assert pgt.verify_stream_table("recomputed")
    pgt.drop_stream_table("recomputed")


def test_errors_of_postgresql_show_their_place(pgt: PgTrickle) -> None:
    with pytest.raises(InvalidQuery) as caught:
        pgt.create_stream_table("refused", "SELECT id,\n\twrong\nFROM t")
    assert (caught.value.line, caught.value.column) == (2, 2)
    assert caught.value.excerpt == "LINE 2:  wrong\n         ^"
    with pytest.raises(UnsupportedQuery) as refused:
        pgt.explain_query("SELECT id FROM t TABLESAMPLE bernoulli (5)")
    assert refused.value.position == 18
    long = f"SELECT {', '.join(f'id AS column_{i}' for i in range(40))}, random() AS r FROM t"
    with pytest.raises(UnsupportedQuery) as refused:
        pgt.create_stream_table("refused", long)
    shown, caret = (refused.value.excerpt or "").split("\n")
    assert shown.startswith("LINE 1: ...")
    assert shown[caret.index("^") :].startswith("random() AS r FROM t")
