"""The laws of recursion against recomputation, on random graphs.

``PGTRICKLE_PROPERTY_CHECKS`` and ``PGTRICKLE_PROPERTY_SEED`` as in ``test_deltas``.
"""

from __future__ import annotations

import os

import pytest

from airflow.providers.pgtrickle.engine.testing.recursion import generate_recursive_case
from tests.property.driver import Driver

pytestmark = [pytest.mark.property, pytest.mark.timeout(3600)]

CHECKS = int(os.environ.get("PGTRICKLE_PROPERTY_CHECKS", "100"))
SEED = int(os.environ.get("PGTRICKLE_PROPERTY_SEED", "0"))


def test_recursive_stream_tables_equal_their_queries(database: str) -> None:
    driver = Driver(database)
    cases = (generate_recursive_case(seed) for seed in range(SEED, SEED + 10 * CHECKS))
    driver.run(cases, enough=lambda total: total.checks >= CHECKS or len(driver.wrong) >= 5)
    driver.close()
    total = driver.total
    print(f"\n{total.summary()}")
    assert not driver.wrong, "\n\n".join(map(str, driver.wrong))
    assert total.checks >= CHECKS
    assert total.changed >= 0.12 * total.checks
    assert total.not_empty >= 0.5 * total.checks
    assert total.differential == total.created, total.reasons
    # A wrong delta that storage gives away would be mended by a rebuild.
    assert set(total.actions) <= {"DIFFERENTIAL", "NO_DATA"}, total.actions
