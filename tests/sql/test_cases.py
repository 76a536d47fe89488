"""Named cases: each is run on every supported PostgreSQL, refreshed after each round and compared."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from airflow.providers.pgtrickle.engine.api import PgTrickle
from airflow.providers.pgtrickle.engine.testing.cases import Case, parse_cases
from airflow.providers.pgtrickle.engine.testing.runner import Checker, SetClock
from airflow.providers.pgtrickle.engine.testing.server import PostgresServer

FILES = sorted(Path(__file__).parent.glob("*.sql"))
CASES = [
    pytest.param(case, id=f"{path.stem}:{case.title}")
    for path in FILES
    for case in parse_cases(path.read_text(encoding="utf-8"))
]


@pytest.fixture(scope="module")
def template(pg_server: PostgresServer) -> Iterator[str]:
    """The name of a database in which the engine is installed."""
    dsn = pg_server.create_database("named_cases_template")
    with PgTrickle.connect(dsn) as pgt:
        pgt.install()
    yield "named_cases_template"
    pg_server.drop_database("named_cases_template")


def test_there_are_enough_cases() -> None:
    titles = [parameter.values[0].title for parameter in CASES]
    assert len(titles) >= 150
    assert len(set(titles)) == len(titles)


@pytest.mark.parametrize("case", CASES)
def test_stream_tables_follow_their_queries(case: Case, pg_server: PostgresServer, template: str) -> None:
    if case.requires > pg_server.major:
        pytest.skip(f"needs PostgreSQL {case.requires}")
    dsn = pg_server.create_database(template=template)
    try:
        with psycopg.connect(dsn, autocommit=True, options="-c jit=off") as connection:
            clock = SetClock() if case.at else None
            report = Checker(connection, PgTrickle(connection, clock=clock), clock=clock).run(case)
    except psycopg.errors.FeatureNotSupported as error:
        # The server was built without something that the case's setup needs, such as ICU.
        pytest.skip(str(error))
    finally:
        pg_server.drop_database(dsn.partition("@/")[2].partition("?")[0])
    assert not report.failures, "\n".join([*report.failures, "", case.script()])
    if case.mode == "REFUSED":
        assert report.refused == len(case.stream_tables)
    else:
        assert report.checks == len(case.stream_tables) * (len(case.rounds) + 1)
        assert report.changed
