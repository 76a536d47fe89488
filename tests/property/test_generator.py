"""The generator itself: its queries must be ones that PostgreSQL accepts, and mostly find rows."""

from __future__ import annotations

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings

from airflow.providers.pgtrickle.engine.testing.cases import parse_cases
from airflow.providers.pgtrickle.engine.testing.generate import generate_case
from airflow.providers.pgtrickle.engine.testing.oracle import compare
from airflow.providers.pgtrickle.engine.testing.strategies import cases
from tests.property.minimise import minimise

pytestmark = pytest.mark.property


def test_generated_queries_are_valid_and_find_rows(database: str) -> None:
    tried = accepted = checked = empty = 0
    # Compiling each of these small queries takes a hundred times longer than running it.
    with psycopg.connect(database, autocommit=True, options="-c jit=off") as connection:
        for seed in range(40):
            case = generate_case(seed)
            connection.execute("DROP SCHEMA IF EXISTS gen CASCADE; CREATE SCHEMA gen; SET search_path = gen")
            connection.execute(case.setup.encode())
            for definition in case.stream_tables:
                tried += 1
                connection.execute(f"CREATE VIEW {definition.name} AS {definition.query}".encode())
                accepted += 1
            for step in case.rounds:
                connection.execute(step.sql.encode())
                for definition in case.stream_tables:
                    checked += 1
                    found = compare(connection, definition.name, definition.query)
                    assert found, found
                    empty += not found.rows
    print(f"{accepted} of {tried} queries accepted; {checked - empty} of {checked} results not empty")
    assert tried > 80
    assert accepted == tried
    assert empty < 0.4 * checked


@given(case=cases())
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_case_survives_its_script(case) -> None:
    assert list(parse_cases(case.script())) == [case]


def test_the_minimiser_keeps_what_matters() -> None:
    def fails(candidate):
        return any("FULL JOIN" in definition.query for definition in candidate.stream_tables) and any(
            "DELETE" in step.sql for step in candidate.rounds
        )

    case = next(case for case in map(generate_case, range(1000)) if fails(case))
    smallest = minimise(case, fails)
    assert fails(smallest)
    assert len(smallest.stream_tables) == len(smallest.rounds) == 1
    assert len(smallest.script()) < 0.3 * len(case.script())
