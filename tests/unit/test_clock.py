"""The clock in queries: what reads it, how it is written out, which rows cross it."""

from __future__ import annotations

import inspect
import typing

import pytest

from airflow.providers.pgtrickle.engine.ops import clock, nodes
from airflow.providers.pgtrickle.engine.ops import expressions as ex
from airflow.providers.pgtrickle.engine.ops.solve import solved
from airflow.providers.pgtrickle.engine.parse import (
    excerpt,
    generate,
    locate,
    parse_canonical,
    pin_clock,
)

MOMENT = "2026-01-02 03:04:05+00:00"
NOW = f"pg_catalog.timestamptz('{MOMENT}'::pg_catalog.timestamptz, 6)"
TODAY = f"pg_catalog.date({NOW})::timestamptz"


def expression(text: str) -> ex.Expr:
    """An expression over bare columns, its clock functions lowered."""
    target = parse_canonical(f"SELECT {text} AS x").expressions[0].this
    return target.transform(lambda node: clock.clock_value(node, {1386}) or node)


@pytest.mark.parametrize(
    ("text", "pinned"),
    [
        ("SELECT now() AS now, t.now FROM t", f"SELECT {NOW} AS now, t.now FROM t"),
        ("SELECT public.now(), 'now()' AS x", "SELECT public.now(), 'now()' AS x"),
        ('SELECT "current_date", CURRENT_DATE', f'SELECT "current_date", pg_catalog.date({NOW})'),
        ("SELECT d FROM CURRENT_DATE d(d)", f"SELECT d FROM pg_catalog.date({NOW}) d(d)"),
        (
            "SELECT CURRENT_TIMESTAMP(3), LOCALTIME",
            f"SELECT pg_catalog.timestamptz(pg_catalog.timestamptz({NOW}), 3), pg_catalog.time({NOW})",
        ),
        (
            "SELECT age(x.at), age(a, b), age(f(a, b))",
            f"SELECT age({TODAY}, x.at), age(a, b), age({TODAY}, f(a, b))",
        ),
        ("SELECT clock_timestamp(), nowhere()", "SELECT clock_timestamp(), nowhere()"),
    ],
)
def test_the_clock_is_written_out(text: str, pinned: str) -> None:
    assert pin_clock(text, MOMENT, "timestamptz") == pinned


@pytest.mark.parametrize(
    ("text", "boolean", "tests"),
    [
        ("at > now()", True, ["at > now"]),
        ("NOT (at > now() AND (v = 1 OR day = CURRENT_DATE))", True, ["at > now", "day = CAST(now AS date)"]),
        ("CASE WHEN at > now() THEN 1 WHEN at > now() THEN 2 ELSE v END", False, ["at > now"]),
        ("r @> now()", True, ["r @> now"]),
        ("r @> now()", False, None),
        ("(now() - at) < '1 day'::interval", False, ["(now - at) < CAST('1 day' AS interval)"]),
        ("now() - at", False, None),
        ("CASE WHEN v = 1 THEN now() END", False, None),
        ("age(at)", False, None),
        ("v + 1", False, []),
        ("shop.now() > at", True, []),
    ],
)
def test_tests_are_the_smallest_parts_that_read_the_clock(
    text: str, boolean: bool, tests: list[str] | None
) -> None:
    found = clock.tests_of(expression(text), boolean=boolean)
    assert (None if found is None else [generate(test) for test in found]) == tests


@pytest.mark.parametrize(
    ("text", "conditions"),
    [
        (
            "d >= (now() - '7 d'::interval)",
            [
                "(d >= (now - CAST('7 d' AS interval))) AND (NOT (d >= (before - CAST('7 d' AS interval))))",
                "(d >= (before - CAST('7 d' AS interval))) AND (NOT (d >= (now - CAST('7 d' AS interval))))",
            ],
        ),
        (
            "NULLIF(now(), x) > at",
            ["(NULLIF(before, x) > at) IS DISTINCT FROM (NULLIF(now, x) > at)"],
        ),
        (
            "NULLIF(now(), '2026-01-01') > at",
            [
                "(NULLIF(now, '2026-01-01') > at) AND (NOT (NULLIF(before, '2026-01-01') > at))",
                "(NULLIF(before, '2026-01-01') > at) AND (NOT (NULLIF(now, '2026-01-01') > at))",
                "(NULLIF(before, '2026-01-01') IS NULL) <> (NULLIF(now, '2026-01-01') IS NULL)",
            ],
        ),
        ("r @> now()", ["(r @> before) IS DISTINCT FROM (r @> now)"]),
        (
            "at OPERATOR(shop.>) now()",
            ["(at OPERATOR(shop.>) before) IS DISTINCT FROM (at OPERATOR(shop.>) now)"],
        ),
    ],
)
def test_rows_that_cross_lie_in_ranges(text: str, conditions: list[str]) -> None:
    assert [generate(crossing.condition) for crossing in clock.crossings(expression(text))] == conditions


@pytest.mark.parametrize(
    ("text", "comparison"),
    [
        ("(now() - d) <= '1 mon -1 days +02:03:04.5'::interval", (">=", "698:03:04.500000")),
        ("'-00:00:01'::interval < (now() - d)", ("<", "-0:00:01.000000")),
        ("(now() - d) = '1 year'::interval", ("=", "8640:00:00.000000")),
        ("'-1 days'::interval <> (now() - d)", ("<>", "-24:00:00.000000")),
        ("(now() - d) < '9999 years'::interval", None),
        ("(now() - d) < 'infinity'::interval", None),
        ("(LOCALTIMESTAMP - d) < '1 day'::interval", None),
        ("(now() - d) < x", None),
    ],
)
def test_ages_are_solved_for_the_column(text: str, comparison: tuple[str, str] | None) -> None:
    test = expression(text)
    if comparison is None:
        assert solved(test) is test
    else:
        operator, length = comparison
        bound = f"((now) - CAST('{length}' AS interval))"
        assert generate(solved(test)) == f"CAST(d AS timestamp with time zone) {operator} {bound}"


def test_the_earlier_time_is_another_parameter() -> None:
    value = expression("at > now()")
    assert clock.reads_clock(value)
    assert generate(clock.before(value)) == "at > before"
    assert generate(value) == "at > now"
    assert not clock.reads_clock(expression("at > '2026-01-01'"))


def test_every_node_tells_of_its_expressions() -> None:
    """A clock in an expression that ``expressions_of`` does not tell of would have no delta."""
    kinds = typing.get_args(nodes.Op)
    assert len(kinds) > 20
    with_expressions = {kind.__name__ for kind in kinds if "Expr" in str(kind.__annotations__)}
    with_expressions.add(nodes.Aggregate.__name__)
    source = inspect.getsource(nodes.expressions_of)
    told = {name for name in with_expressions if f"{name}()" in source}
    assert told == with_expressions


def test_places_are_found_as_a_user_typed_them() -> None:
    query = 'select r, "random" from T, shop."Odd Table" o where pg_catalog . RANDOM () > 1 for\n update'
    for construct, found in (
        ("random()", "RANDOM"),
        ("FOR UPDATE", "for\n update"),
        ("TABLESAMPLE|FOR UPDATE", "for\n update"),
        ("public.t", "T"),
        ('shop."Odd Table"', 'shop."Odd Table"'),
    ):
        place = locate(query, construct)
        assert place is not None
        assert query[slice(*place)] == found
    assert locate(query, "other.odd") is None
    assert locate("SELECT 'oops", "random()") is None
    assert excerpt(query, query.index(" update")).endswith("LINE 2:  update\n        ^")
