"""The mutation run can fail: a broken law is caught, a sound one is not. `make mutate` runs all mutants."""

from __future__ import annotations

import pytest

from airflow.providers.pgtrickle.engine.testing.server import PostgresServer
from tests.mutation.run import TEMPLATE, all_mutants, equivalents, prepare, survives

QUERIES = [
    "SELECT a, b FROM x WHERE NOT EXISTS (SELECT FROM y WHERE y.a = x.a)",
    "SELECT x.a, y.b FROM x LEFT JOIN y ON x.a = y.a",
]
BROKEN = "semi_join._flips: not op.anti"


def test_mutants_have_names_and_equivalents_exist() -> None:
    names = [mutant.name for mutant in all_mutants()]
    assert len(names) >= 200
    assert len(set(names)) == len(names)
    assert set(equivalents()) <= set(names), sorted(set(equivalents()) - set(names))
    assert all(equivalents().values())


@pytest.mark.slow
def test_broken_law_is_caught(pg18_server: PostgresServer) -> None:
    prepare(pg18_server)
    try:
        (mutant,) = (each for each in all_mutants("semi_join") if each.name == BROKEN)
        assert survives(pg18_server, None, QUERIES)
        assert not survives(pg18_server, mutant, QUERIES)
    finally:
        pg18_server.drop_database(TEMPLATE)
