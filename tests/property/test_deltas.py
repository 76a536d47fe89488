"""Every delta law against recomputation, on random queries over random data under random transactions.

``PGTRICKLE_PROPERTY_CHECKS`` says how many query×round checks to make at least (300),
``PGTRICKLE_PROPERTY_SEED`` where to begin (0, so that a run can be repeated).
"""

from __future__ import annotations

import os

import pytest

from tests.property.driver import Driver, seeds

pytestmark = [pytest.mark.property, pytest.mark.timeout(3600)]

CHECKS = int(os.environ.get("PGTRICKLE_PROPERTY_CHECKS", "300"))
SEED = int(os.environ.get("PGTRICKLE_PROPERTY_SEED", "0"))


def test_stream_tables_equal_their_queries(database: str) -> None:
    driver = Driver(database)
    driver.run(seeds(SEED), enough=lambda total: total.checks >= CHECKS or len(driver.wrong) >= 5)
    driver.close()
    total = driver.total
    print(f"\n{total.summary()}")
    assert not driver.wrong, "\n\n".join(map(str, driver.wrong))
    # What is asserted here is that the test could have failed.
    assert total.checks >= CHECKS
    assert total.changed >= 0.25 * total.checks
    assert total.not_empty >= 0.55 * total.checks
    assert total.at_frontier >= 0.05 * total.checks
    assert total.refused == 0
    assert total.differential == total.created, total.reasons
    # No trigger sees what MERGE moves between partitions: a rebuild then.
    assert set(total.actions) <= {"DIFFERENTIAL", "NO_DATA", "REINITIALIZE"}, total.actions
    assert total.actions.get("REINITIALIZE", 0) <= 0.03 * total.checks
