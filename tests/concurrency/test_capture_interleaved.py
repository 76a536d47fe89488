"""Interleaved transactions of every kind, cut at random moments: no change is lost, none is doubled.

At each cut an observer takes a snapshot and reads the tables in it. Whatever was open, prepared, rolled
back to a savepoint or committed late: the rows at one cut, plus the buffered changes between it and the
next, are the rows at the next.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise

import psycopg
import pytest

from tests.integration.capture_support import Captured, Row, run

pytestmark = pytest.mark.concurrency

SEEDS = range(max(1, int(os.environ.get("PGTRICKLE_EXAMPLES", "100")) // 50))
STEPS = 150
WRITERS = 4

SCHEMA = """
CREATE TABLE plain (a int, b text, note text);
CREATE TABLE keyed (id int PRIMARY KEY, v int, twice int GENERATED ALWAYS AS (v * 2) STORED);
CREATE TABLE follower (id int, keyed_id int REFERENCES keyed ON DELETE CASCADE ON UPDATE CASCADE);
CREATE TABLE parts (id int, k int, v int) PARTITION BY LIST (k);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES IN (1);
CREATE TABLE parts_2 (gone int, v int, k int, id int);
ALTER TABLE parts_2 DROP COLUMN gone;
ALTER TABLE parts ATTACH PARTITION parts_2 FOR VALUES IN (2);
CREATE TABLE parts_3 PARTITION OF parts DEFAULT;
CREATE TABLE base (id int, v int);
CREATE TABLE child (extra int) INHERITS (base);
INSERT INTO plain SELECT g % 5, 'b' || g % 3 FROM generate_series(1, 30) g;
INSERT INTO keyed SELECT g, g FROM generate_series(1, 20) g;
INSERT INTO follower SELECT g, g % 20 + 1 FROM generate_series(1, 30) g;
INSERT INTO parts SELECT g, g % 4, g FROM generate_series(1, 30) g;
INSERT INTO child SELECT g, g, g FROM generate_series(1, 10) g;
"""
SOURCES = ("plain", "keyed", "follower", "parts", "parts_2", "base")

STATEMENTS = (
    "INSERT INTO plain SELECT {r} % 5, 'new', 'n' FROM generate_series(1, {n})",
    "UPDATE plain SET a = a + 1, note = 'x' WHERE a = {r} % 6",
    "DELETE FROM plain WHERE ctid IN (SELECT ctid FROM plain WHERE a = {r} % 6 LIMIT {n})",
    "COPY plain (a) FROM STDIN",
    "TRUNCATE plain",
    "INSERT INTO keyed VALUES ({r} % 40, {n}) ON CONFLICT (id) DO UPDATE SET v = keyed.v + excluded.v",
    "UPDATE keyed SET id = id + 1000 WHERE id = {r} % 40 AND id < 1000",
    "UPDATE keyed k SET v = f.id FROM follower f WHERE f.keyed_id = k.id AND k.id % 7 = {n}",
    "DELETE FROM keyed WHERE id % 11 = {r} % 11",
    "INSERT INTO follower SELECT {r}, id FROM keyed LIMIT {n}",
    (
        "WITH gone AS (DELETE FROM follower WHERE id = {r} % 30 RETURNING id)"
        " INSERT INTO follower (id) SELECT id + 1 FROM gone"
    ),
    "TRUNCATE keyed CASCADE",
    "INSERT INTO parts SELECT g, g % 4, {r} FROM generate_series({r}, {r} + {n}) g",
    "UPDATE parts SET k = (k + {n}) % 4 WHERE id % 5 = {r} % 5",
    "UPDATE parts_2 SET v = v + 1 WHERE id % 3 = {n} % 3",
    "DELETE FROM parts WHERE v % 6 = {r} % 6",
    "INSERT INTO parts_2 (id, k, v) VALUES ({r}, 2, {n})",
    (
        "MERGE INTO parts p USING (VALUES ({r} % 30)) s (id) ON p.id = s.id"
        " WHEN MATCHED AND p.v % 3 = 0 THEN DELETE WHEN MATCHED THEN UPDATE SET v = p.v + 1"
        " WHEN NOT MATCHED THEN INSERT VALUES (s.id, {n}, 0)"
    ),
    "TRUNCATE parts_2",
    "INSERT INTO child VALUES ({r}, {n}, 0)",
    "UPDATE base SET v = v + 1 WHERE id % 4 = {n} % 4",
    "UPDATE child SET extra = extra + 1, v = {r} WHERE id % 5 = {n} % 5",
    "DELETE FROM base WHERE id % 9 = {r} % 9",
    (
        "SET LOCAL session_replication_role = replica; INSERT INTO plain (a) VALUES ({r});"
        " SET LOCAL session_replication_role = origin"
    ),
)


@dataclass
class Cut:
    snapshot: str
    rows: dict[str, Counter[Row]]


@dataclass
class Tally:
    """What has happened, so that the test can say that it was not nothing."""

    happened: Counter[str] = field(default_factory=Counter)


class Writer:
    """A connection that runs statements, savepoints and two-phase commits in no order at all."""

    def __init__(self, dsn: str, name: str, rng: random.Random, tally: Tally) -> None:
        self.connection = psycopg.connect(dsn, autocommit=True)
        self.connection.execute("SET lock_timeout = '15ms'; SET deadlock_timeout = '1s'")
        self.name = name
        self.rng = rng
        self.tally = tally
        self.prepared: list[str] = []
        self.savepoints = 0

    @property
    def idle(self) -> bool:
        return self.connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE

    def step(self) -> None:
        choice = self.rng.random()
        if self.prepared and choice < 0.1:
            self._end_prepared()
        elif self.idle:
            self.connection.execute(self.rng.choice(("BEGIN", "BEGIN ISOLATION LEVEL REPEATABLE READ")))
            self.savepoints = 0
        elif choice < 0.6:
            self._statement()
        elif choice < 0.68:
            self.savepoints += 1
            self._run(f"SAVEPOINT s{self.savepoints}")
        elif choice < 0.75 and self.savepoints:
            self._run(f"ROLLBACK TO s{self.savepoints}", "rollback to savepoint")
        elif choice < 0.82:
            self._run("ROLLBACK", "rollback")
        elif choice < 0.88:
            name = f"{self.name}_{self.tally.happened['prepare']}"
            if self._run(f"PREPARE TRANSACTION '{name}'", "prepare"):
                self.prepared.append(name)
        else:
            self._run("COMMIT", "commit")

    def finish(self) -> None:
        if not self.idle:
            self._run("COMMIT", "commit")
        while self.prepared:
            self._end_prepared()
        self.connection.close()

    def _statement(self) -> None:
        text = self.rng.choice(STATEMENTS).format(r=self.rng.randrange(100), n=self.rng.randrange(1, 4))
        in_snapshot = self.connection.execute("SHOW transaction_isolation").fetchone() == ("repeatable read",)
        if text.startswith("TRUNCATE") and in_snapshot:
            # That is a gap by design, and has a test of its own.
            return
        self._run(text, text.split(maxsplit=1)[0])

    def _run(self, text: str, event: str = "") -> bool:
        try:
            if text.startswith("COPY"):
                with self.connection.cursor().copy(text) as copy:
                    copy.write("1\n2\n")
            else:
                self.connection.execute(text)  # type: ignore[call-overload]
        except psycopg.Error:
            # A lock not granted, a row changed by others, a conflict: the application gives up.
            self.tally.happened["error"] += 1
            self.connection.execute("ROLLBACK")
            return False
        self.tally.happened[event] += 1
        return True

    def _end_prepared(self) -> None:
        if not self.idle:
            self._run("COMMIT", "commit")
        name = self.prepared.pop(self.rng.randrange(len(self.prepared)))
        self.connection.execute(f"{self.rng.choice(('COMMIT', 'COMMIT', 'ROLLBACK'))} PREPARED '{name}'")


def cut(observer: psycopg.Connection, sources: list[Captured]) -> Cut | None:
    """The tables in one snapshot; None while a TRUNCATE that has not committed keeps readers out."""
    try:
        with observer.transaction():
            observer.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            (text,) = observer.execute("SELECT pg_current_snapshot()::text").fetchone()  # type: ignore[misc]
            rows = {
                source.table: Counter(observer.execute(source.select()).fetchall())  # type: ignore[call-overload]
                for source in sources
            }
    except psycopg.errors.LockNotAvailable:
        return None
    return Cut(text, rows)


def changes_between(observer: psycopg.Connection, source: Captured, low: Cut, high: Cut) -> Counter[Row]:
    columns = ", ".join(f"c_{number}::text" for number in source.attnums)
    total: Counter[Row] = Counter()
    for weight, *row in observer.execute(
        f"SELECT weight, {columns} FROM pgtrickle_changes.changes_{source.oid} WHERE"  # type: ignore[arg-type]
        " xid >= pg_snapshot_xmin(%(low)s::pg_snapshot)"
        " AND pg_visible_in_snapshot(xid, %(high)s::pg_snapshot)"
        " AND NOT pg_visible_in_snapshot(xid, %(low)s::pg_snapshot)",
        {"low": low.snapshot, "high": high.snapshot},
    ):
        total[tuple(row)] += weight
    return Counter({row: weight for row, weight in total.items() if weight})


@pytest.mark.parametrize("seed", SEEDS)
def test_the_rows_at_a_cut_are_those_at_the_one_before_plus_the_changes(database: str, seed: int) -> None:
    rng, tally = random.Random(seed), Tally()
    run(database, SCHEMA)
    sources = [Captured(database, table) for table in SOURCES]
    writers = [Writer(database, f"w{seed}_{number}", rng, tally) for number in range(WRITERS)]
    with psycopg.connect(database, autocommit=True, options="-c lock_timeout=15ms") as observer:
        cuts = [cut(observer, sources)]
        for _ in range(STEPS):
            rng.choice(writers).step()
            if rng.random() < 0.2:
                cuts.append(cut(observer, sources))
        for writer in writers:
            writer.finish()
        cuts.append(cut(observer, sources))
        for low, high in pairwise(taken for taken in cuts if taken is not None):
            for source in sources:
                expected = high.rows[source.table].copy()
                expected.subtract(low.rows[source.table])
                changes = changes_between(observer, source, low, high)
                assert changes == Counter({row: n for row, n in expected.items() if n}), source.table
                tally.happened["checked"] += 1
                tally.happened["changed"] += bool(changes)
                tally.happened["late"] += low.snapshot.split(":")[2] != ""
    for source in sources:
        source.assert_exact()
        assert source.problem() is None
        source.connection.close()
    assert tally.happened["checked"] >= 40
    assert tally.happened["changed"] >= 10
    assert tally.happened["late"] >= 10
    assert all(
        tally.happened[event] for event in ("commit", "rollback", "prepare", "INSERT", "UPDATE", "DELETE")
    )
