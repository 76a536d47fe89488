"""Conditions on the clock against recomputation: random queries while the time and the rows move."""

from __future__ import annotations

import itertools
import os

import pytest

from airflow.providers.pgtrickle.engine.testing.temporal import temporal_case
from tests.property.driver import Driver

pytestmark = [pytest.mark.property, pytest.mark.timeout(3600)]

CHECKS = int(os.environ.get("PGTRICKLE_PROPERTY_TEMPORAL_CHECKS", "300"))
SEED = int(os.environ.get("PGTRICKLE_PROPERTY_SEED", "0"))


def test_temporal_stream_tables_equal_their_queries(database: str) -> None:
    driver = Driver(database)
    driver.run(
        map(temporal_case, itertools.count(SEED)),
        enough=lambda total: total.checks >= CHECKS or len(driver.wrong) >= 5,
    )
    driver.close()
    total = driver.total
    print(f"\n{total.summary()}")
    assert not driver.wrong, "\n\n".join(map(str, driver.wrong))
    assert total.checks >= CHECKS
    assert total.changed >= 0.4 * total.checks
    assert total.not_empty >= 0.55 * total.checks
    assert total.at_frontier >= 0.05 * total.checks
    assert total.refused == 0
    assert total.differential == total.created, total.reasons
    assert set(total.actions) <= {"DIFFERENTIAL", "NO_DATA"}, total.actions
