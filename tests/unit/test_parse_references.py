"""Which relations a query reads, from its text alone."""

# ruff: noqa: E501, ISC004 - one case a line
from __future__ import annotations

import time

import pytest

from airflow.providers.pgtrickle.engine.errors import InvalidQuery
from airflow.providers.pgtrickle.engine.names import QualifiedName
from airflow.providers.pgtrickle.engine.parse import table_references


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("SELECT 1", ""),
        ("SELECT * FROM a, b c, ONLY d, s.e AS f", "a b d s.e"),
        ('SELECT * FROM "Q"."T", "Select", SHOP.Orders', '"Q"."T" "Select" shop.orders'),
        ("SELECT * FROM a JOIN b ON a.x = b.x LEFT JOIN c USING (x) NATURAL JOIN d CROSS JOIN e", "a b c d e"),
        ("SELECT * FROM ((a JOIN b USING (x)) LEFT JOIN (c CROSS JOIN d) ON true) AS j", "a b c d"),
        ("SELECT * FROM ((SELECT * FROM a) UNION (SELECT * FROM b)) AS u", "a b"),
        ("SELECT * FROM (a JOIN (SELECT * FROM b) AS s ON true) JOIN LATERAL (SELECT 1 FROM c) l ON true", "a b c"),
        ("SELECT * FROM f(1), generate_series(1, 2) AS g, s.h(2), LATERAL unnest(array(SELECT x FROM a)) u", "a"),
        ("SELECT * FROM ROWS FROM (f(1), g(2)) WITH ORDINALITY AS z, a TABLESAMPLE system (1), b", "a b"),
        ("SELECT * FROM rows, rows r2 WHERE true", "rows"),
        ("SELECT * FROM current_date AS d, CAST(1 AS integer) AS c, ONLY (a), b", "a b"),
        ("SELECT (SELECT x FROM b WHERE b.y = a.y), EXISTS (SELECT FROM c) FROM a WHERE z IN (SELECT z FROM d)", "a b c d"),
        ("SELECT extract(year FROM d), substring(s FROM 2), trim(BOTH FROM s), overlay(s PLACING 'x' FROM 1) FROM a", "a"),
        ("SELECT a IS DISTINCT FROM b, c IS NOT DISTINCT FROM d, count(DISTINCT x) FROM t", "t"),
        ("SELECT DISTINCT FROM t", "t"),
        ("SELECT a AS from FROM t", "t"),
        ("SELECT t.from, t.join FROM t", "t"),
        ("SELECT 'FROM x', \"FROM y\", $$ FROM z $$ -- FROM c\n FROM /* FROM d */ t", "t"),
        ("TABLE a", "a"),
        ("TABLE ONLY s.a", "s.a"),
        ("SELECT * FROM a UNION ALL TABLE b EXCEPT (TABLE c)", "a b c"),
        ("(SELECT * FROM a ORDER BY x LIMIT 1) UNION (SELECT * FROM b) ORDER BY 1", "a b"),
        ("VALUES (1, (SELECT max(x) FROM a))", "a"),
        ("SELECT x FROM a GROUP BY x HAVING count(*) > (SELECT 1 FROM b) ORDER BY x FETCH FIRST 3 ROWS WITH TIES", "a b"),
        ("SELECT sum(x) OVER w FROM a WINDOW w AS (PARTITION BY y ORDER BY z)", "a"),
        ("SELECT * FROM a FOR UPDATE OF a", "a"),
        ("SELECT * FROM xmltable('/r' PASSING x COLUMNS a int PATH 'a') t, a", "a"),
        ("SELECT * FROM db.s.t", "s.t"),
        # common table expressions
        ("WITH a AS (SELECT * FROM b), c AS (SELECT * FROM a) SELECT * FROM c, d", "b d"),
        ("WITH a AS (SELECT * FROM a) SELECT * FROM a", "a"),
        ("WITH a AS (SELECT 1) SELECT * FROM a, s.a", "s.a"),
        ("WITH a AS (SELECT * FROM c), c AS (SELECT 1) SELECT * FROM a, c", "c"),
        ("WITH RECURSIVE a AS (SELECT * FROM c UNION SELECT * FROM a), c AS (SELECT * FROM d) SELECT * FROM a", "d"),
        ("WITH a(x, y) AS NOT MATERIALIZED (VALUES (1, 2)) SELECT * FROM a, b WHERE EXISTS (SELECT FROM a)", "b"),
        ("SELECT * FROM (WITH a AS (SELECT * FROM b) SELECT * FROM a) s, a", "a b"),
        (
            "WITH RECURSIVE r AS (SELECT * FROM e UNION ALL SELECT * FROM r) SEARCH DEPTH FIRST BY x, y SET o "
            "CYCLE x SET m USING p, q AS (SELECT * FROM f) SELECT * FROM r, q",
            "e f",
        ),
    ],
)  # fmt: skip
def test_relations_are_found_where_they_are_read(query: str, names: str) -> None:
    found = table_references(query, default_schema="main")
    shown = {name.display.removeprefix("main.") for name in found}
    assert shown == set(names.split())


def test_an_unqualified_name_is_of_the_default_schema() -> None:
    assert table_references("SELECT * FROM Orders") == {QualifiedName("public", "orders")}


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ("SELECT *\nFROM", "line 2, column 5"),
        ("SELECT *\nFROM WHERE x", "line 2, column 6"),
        ("SELECT (1", "line 1, column 10"),
        ("SELECT 1)", "line 1, column 9"),
        ("SELECT * FROM a JOIN", "line 1, column 21"),
        ("SELECT * FROM a,", "line 1, column 17"),
        ("SELECT * FROM a.", "line 1, column 17"),
        ("SELECT 1; SELECT 2", "line 1, column 10"),
        ("DELETE FROM t", "line 1, column 1"),
        ("WITH a SELECT 1", "line 1, column 8"),
        ("WITH a AS SELECT 1", "line 1, column 11"),
        ("SELECT 'x", "line 1, column 8"),
    ],
)
def test_what_is_not_a_query_is_refused_with_its_place(query: str, place: str) -> None:
    with pytest.raises(InvalidQuery, match=place):
        table_references(query)


def test_two_thousand_queries_take_a_fraction_of_a_second() -> None:
    query = (
        "SELECT c.region, count(*) AS n, sum(o.amount) AS total FROM shop.orders o "
        "JOIN shop.customers c ON c.id = o.customer_id WHERE o.status <> 'x' GROUP BY c.region"
    )
    began = time.process_time()
    for _ in range(2000):
        table_references(query)
    assert time.process_time() - began < 1.0
