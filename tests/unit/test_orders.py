"""Orders completed: what is added to a canonical text, and what must not be touched."""

from __future__ import annotations

import pytest

from airflow.providers.pgtrickle.engine.parse import complete_orders

COMPLETED = [
    ("SELECT a, b FROM t ORDER BY b LIMIT 3", "SELECT a, b FROM t ORDER BY b, 1 LIMIT 3"),
    ("SELECT a, b FROM t OFFSET 3", "SELECT a, b FROM t ORDER BY 1, 2 OFFSET 3"),
    ("SELECT a AS x FROM t UNION SELECT b FROM t ORDER BY 1 DESC LIMIT 3", None),
    (
        "SELECT z.a FROM (SELECT t.a, t.b FROM t LIMIT 1) z",
        "SELECT z.a FROM (SELECT t.a, t.b FROM t ORDER BY 1, 2 LIMIT 1) AS z",
    ),
    ("SELECT DISTINCT ON (a) a, b FROM t", "SELECT DISTINCT ON (a) a, b FROM t ORDER BY a, 2"),
    ("SELECT DISTINCT ON (a) a, b FROM t ORDER BY a, b", None),
    ("SELECT b FROM t ORDER BY a FETCH FIRST 2 ROWS WITH TIES", None),
    (
        "SELECT a, row_number() OVER (PARTITION BY a ORDER BY b) AS n FROM t",
        "SELECT a, row_number() OVER (PARTITION BY a ORDER BY b, a) AS n FROM t",
    ),
    (
        "SELECT a, row_number() OVER w AS n, rank() OVER w AS r FROM t WINDOW w AS (ORDER BY b)",
        "SELECT a, row_number() OVER (ORDER BY b, a) AS n, rank() OVER (ORDER BY b) AS r FROM t",
    ),
    (
        "SELECT a, row_number() OVER (ORDER BY count(*)) AS n FROM t GROUP BY a",
        "SELECT a, row_number() OVER (ORDER BY count(*), a) AS n FROM t GROUP BY a",
    ),
    ("SELECT a, rank() OVER (ORDER BY b) AS r, sum(b) OVER (ORDER BY b) AS s FROM t", None),
    (
        "SELECT sum(b) OVER (ORDER BY b ROWS BETWEEN 1 PRECEDING AND CURRENT ROW EXCLUDE TIES) AS s FROM t",
        None,
    ),
    (
        "SELECT ARRAY(SELECT q.a FROM q WHERE q.b = t.b) AS g FROM t",
        "SELECT ARRAY(SELECT q.a FROM q WHERE q.b = t.b ORDER BY 1) AS g FROM t",
    ),
    ("SELECT a FROM t ORDER BY b", None),
    (
        "SELECT first_value(a) OVER (ORDER BY b RANGE BETWEEN UNBOUNDED PRECEDING AND 1 FOLLOWING) FROM t",
        None,
    ),
]


@pytest.mark.parametrize(("text", "expected"), COMPLETED)
def test_orders_are_completed_by_what_is_shown(text: str, expected: str | None) -> None:
    found = complete_orders(text, by_text=False)
    assert found == expected
    # What is complete stays as it is.
    assert found is None or complete_orders(found, by_text=False) is None


def test_types_without_order_are_sorted_by_their_text() -> None:
    found = complete_orders("SELECT j, a FROM t ORDER BY a LIMIT 3", by_text=True)
    assert found == "SELECT j, a FROM t ORDER BY a, CAST(j AS text) LIMIT 3"
