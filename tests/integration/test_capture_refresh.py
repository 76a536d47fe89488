"""What capture cannot follow, it tells: the next refresh reinitialises, and is exact."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from airflow.providers.pgtrickle.engine.api import PgTrickle
from airflow.providers.pgtrickle.engine.refresh.execute import Refresher
from tests.integration.capture_support import run

PARTS = """
CREATE TABLE parts (id int, k int, v int, twice int GENERATED ALWAYS AS (v * 2) STORED) PARTITION BY LIST (k);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES IN (1);
CREATE TABLE parts_2 (v int, k int, id int, twice int GENERATED ALWAYS AS (v * 2) STORED);
ALTER TABLE parts ATTACH PARTITION parts_2 FOR VALUES IN (2);
CREATE TABLE more (v int, k int, id int, twice int GENERATED ALWAYS AS (v * 2) STORED);
INSERT INTO parts SELECT g, 1 + g % 2, g FROM generate_series(1, 20) g;
INSERT INTO more SELECT g, 3, g FROM generate_series(100, 110) g;
"""
QUERY = "SELECT k, count(*) AS n, sum(twice) AS total FROM parts GROUP BY k"


@pytest.fixture
def pgt(database: str) -> Iterator[PgTrickle]:
    run(database, PARTS)
    with PgTrickle.connect(database) as pgt:
        pgt.install()
        pgt.create_stream_table("sums", QUERY)
        yield pgt


def test_changes_of_a_partitioned_table_are_followed(database: str, pgt: PgTrickle) -> None:
    run(
        database,
        "INSERT INTO parts VALUES (21, 2, 5)",
        "UPDATE parts SET k = 3 - k WHERE id < 4",
        "UPDATE parts_2 SET v = v + 1",
        "DELETE FROM parts_1 WHERE id = 6",
        "TRUNCATE parts_1",
        "MERGE INTO parts p USING (VALUES (7), (70)) s (id) ON p.id = s.id"
        " WHEN MATCHED THEN UPDATE SET v = 0 WHEN NOT MATCHED THEN INSERT VALUES (s.id, 1, 3)",
    )
    assert pgt.refresh_stream_table("sums").action == "DIFFERENTIAL"
    assert pgt.verify_stream_table("sums").exact


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("ALTER TABLE parts ATTACH PARTITION more FOR VALUES IN (3)", "attached or detached"),
        ("ALTER TABLE parts DETACH PARTITION parts_2", "attached or detached"),
        ("DROP TABLE parts_1", "attached or detached"),
        (
            "MERGE INTO parts p USING (VALUES (1)) s (i) ON id = i WHEN MATCHED THEN UPDATE SET k = 3 - k",
            "a MERGE moved rows",
        ),
        ("BEGIN ISOLATION LEVEL REPEATABLE READ; TRUNCATE parts_2; COMMIT", "truncated by a repeatable read"),
        (
            "ALTER TABLE parts DISABLE TRIGGER ALL; DELETE FROM parts; ALTER TABLE parts ENABLE TRIGGER ALL",
            "a capture trigger was disabled, or enabled anew",
        ),
    ],
)
def test_what_passed_capture_by_is_made_good(
    database: str, pgt: PgTrickle, statement: str, reason: str
) -> None:
    run(database, statement)
    result = pgt.refresh_stream_table("sums")
    assert result.action == "REINITIALIZE"
    assert reason in result.reason
    assert pgt.verify_stream_table("sums").exact
    run(
        database,
        "INSERT INTO parts_1 VALUES (1, 1, 1)"
        if "DROP" not in statement
        else "INSERT INTO parts_2 (k) VALUES (2)",
    )
    if "DETACH" not in statement:
        assert pgt.refresh_stream_table("sums").action == "DIFFERENTIAL"
    assert pgt.verify_stream_table("sums").exact


def test_a_partition_attached_in_the_middle_of_a_refresh_is_not_read(
    database: str, pgt: PgTrickle, monkeypatch: pytest.MonkeyPatch
) -> None:
    decided = Refresher._facts
    attached = []

    def attach_first(self: Refresher, *arguments: Any) -> Any:
        # The snapshot is taken, nothing of the sources is read yet.
        if not attached:
            attached.append(True)
            run(database, "ALTER TABLE parts ATTACH PARTITION more FOR VALUES IN (3)")
        return decided(self, *arguments)

    run(database, "INSERT INTO parts VALUES (21, 2, 5)")
    monkeypatch.setattr(Refresher, "_facts", attach_first)
    result = pgt.refresh_stream_table("sums", full=True)
    assert attached
    assert result.action == "REINITIALIZE"
    assert pgt.verify_stream_table("sums").exact
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT n FROM sums WHERE k = 3").fetchone() == (11,)
