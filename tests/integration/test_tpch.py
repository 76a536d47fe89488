"""The 22 queries of TPC-H stay exact by deltas while all eight tables change."""

from __future__ import annotations

import os

import pytest

from tests.integration import tpch
from tools import tpch_data

SCALE = float(os.environ.get("PGTRICKLE_TPCH_SCALE", "0.01"))
ROUNDS = int(os.environ.get("PGTRICKLE_TPCH_ROUNDS", "3"))


@pytest.mark.slow
def test_tpch_stays_exact_by_deltas_while_all_tables_change(database18: str) -> None:
    report = tpch.run(database18, scale=SCALE, share=0.004, rounds=ROUNDS)
    assert report.wrong == []
    assert report.whole == []
    assert report.checks == 22 * ROUNDS
    assert len(report.alive) >= 20, report.summary()
    # The changes are what they claim to be: rows of all tables inserted, updated and deleted in each round.
    for round_ in report.tables:
        assert {table for table, _ in round_} == set(tpch_data.TABLES)
    for table in tpch_data.TABLES:
        kinds = {kind for round_ in report.tables for found, kind in round_ if found == table}
        assert kinds == {"inserted", "updated", "deleted"}, table
