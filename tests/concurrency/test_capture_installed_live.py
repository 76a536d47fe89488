"""Capture is set up, widened, mended and pruned while writers go on: no writer fails, no change is lost."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter

import psycopg
import pytest

from airflow.providers.pgtrickle.engine import capture, catalog
from airflow.providers.pgtrickle.engine.db import Session, connect, retrying
from airflow.providers.pgtrickle.engine.settings import Settings
from tests.integration.capture_support import Captured, run

pytestmark = pytest.mark.concurrency

SECONDS = 3.0
PATIENT = Settings(lock_timeout=0.2)


class Writer(threading.Thread):
    """Writes for a while, in transactions of random length, some of them rolled back."""

    def __init__(self, dsn: str, seed: int, until: float) -> None:
        super().__init__()
        self.rng = random.Random(seed)
        self.connection = psycopg.connect(dsn)
        self.until = until
        self.committed = 0
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            while time.monotonic() < self.until:
                for _ in range(self.rng.randrange(1, 5)):
                    self._write()
                    time.sleep(self.rng.random() / 100)
                if self.rng.random() < 0.2:
                    self.connection.rollback()
                else:
                    self.connection.commit()
                    self.committed += 1
        except Exception as error:  # noqa: BLE001 — the test looks at it
            self.error = error
        finally:
            self.connection.close()

    def _write(self) -> None:
        number = self.rng.randrange(1000)
        match self.rng.randrange(3):
            case 0:
                self.connection.execute("INSERT INTO t VALUES (%s, 'new', %s)", (number, number % 7))
            case 1:
                # Skipping what is locked, so that writers do not deadlock among themselves.
                self.connection.execute(
                    "UPDATE t SET b = b || '.', c = c + 1 WHERE ctid = ANY (ARRAY("
                    "SELECT ctid FROM t WHERE a %% 50 = %(k)s LIMIT 5 FOR UPDATE SKIP LOCKED))",
                    {"k": number % 50},
                )
            case _:
                self.connection.execute(
                    "DELETE FROM t WHERE ctid = ANY (ARRAY("
                    "SELECT ctid FROM t WHERE a %% 50 = %(k)s LIMIT 2 FOR UPDATE SKIP LOCKED))",
                    {"k": number % 50},
                )


def test_capture_comes_and_changes_while_writers_write(database: str) -> None:
    run(
        database,
        "CREATE TABLE t (a int, b text, c int)",
        "INSERT INTO t SELECT g, 'b', g FROM generate_series(1, 500) g",
    )
    connection = connect(database)
    session = Session(connection)
    catalog.install(session)
    oid = session.value("SELECT 't'::regclass::oid::int8")
    until = time.monotonic() + SECONDS
    writers = [Writer(database, seed, until) for seed in range(3)]
    for writer in writers:
        writer.start()

    def ensure(*attnums: int) -> None:
        def once() -> None:
            with session.transaction():
                capture.ensure_capture(session, oid, attnums, settings=PATIENT)

        retrying(100, longest_wait=0.1)(once)

    cuts = {}
    for attnums in ((1,), (1, 2), (1, 2, 3)):
        ensure(*attnums)
        cuts[attnums] = cut(session, attnums)
        time.sleep(SECONDS / 6)
    fingerprint = capture.fingerprint(session, [oid])
    run(database, f"SET lock_timeout = '5s'; ALTER TABLE t DISABLE TRIGGER pgtrickle_{oid}_update")
    time.sleep(0.1)
    assert capture.difference(fingerprint, capture.fingerprint(session, [oid]))
    ensure(1)
    assert capture.difference(fingerprint, capture.fingerprint(session, [oid]))
    mended = cut(session, (1, 2, 3))
    for writer in writers:
        writer.join()
        assert writer.error is None
        assert writer.committed
    end = cut(session, (1, 2, 3))
    assert changes(session, oid, (1, 2, 3), mended[0], end[0]) == difference(mended[1], end[1])
    # Narrower captures stayed right through the widenings, until the trigger was disabled.
    for attnums in ((1,), (1, 2)):
        low, high = cuts[attnums], cuts[1, 2, 3]
        wide = Counter[tuple[str | None, ...]]()
        for row, number in high[1].items():
            wide[row[: len(attnums)]] += number
        changed = changes(session, oid, attnums, low[0], high[0])
        assert changed == difference(low[1], wide)
        assert changed
    connection.close()


def cut(session: Session, attnums: tuple[int, ...]) -> tuple[str, Counter[tuple[str | None, ...]]]:
    columns = ", ".join(f"{'abc'[number - 1]}::text" for number in attnums)
    with session.transaction("repeatable read"):
        snapshot = session.value("SELECT pg_current_snapshot()::text")
        return snapshot, Counter(session.rows(f"SELECT {columns} FROM t"))


def changes(
    session: Session, oid: int, attnums: tuple[int, ...], low: str, high: str
) -> Counter[tuple[str | None, ...]]:
    columns = ", ".join(f"c_{number}::text" for number in attnums)
    total = Counter[tuple[str | None, ...]]()
    for weight, *row in session.rows(
        f"SELECT weight, {columns} FROM pgtrickle_changes.changes_{oid} WHERE"
        " xid >= pg_snapshot_xmin(%(low)s::pg_snapshot)"
        " AND pg_visible_in_snapshot(xid, %(high)s::pg_snapshot)"
        " AND NOT pg_visible_in_snapshot(xid, %(low)s::pg_snapshot)",
        {"low": low, "high": high},
    ):
        total[tuple(row)] += weight
    return Counter({row: weight for row, weight in total.items() if weight})


def difference(
    before: Counter[tuple[str | None, ...]], after: Counter[tuple[str | None, ...]]
) -> Counter[tuple[str | None, ...]]:
    result = after.copy()
    result.subtract(before)
    return Counter({row: number for row, number in result.items() if number})


def test_pruning_beside_writers_takes_only_what_is_consumed(database: str) -> None:
    run(
        database,
        "CREATE TABLE t (a int, b text, c int)",
        "INSERT INTO t SELECT g, 'b', g FROM generate_series(1, 500) g",
    )
    source = Captured(database, "t")
    session = source.session
    until = time.monotonic() + SECONDS
    writers = [Writer(database, seed, until) for seed in range(3)]
    for writer in writers:
        writer.start()
    pruned = 0
    low = cut(session, (1, 2, 3))
    checked = 0
    while any(writer.is_alive() for writer in writers):
        high = cut(session, (1, 2, 3))
        changed = changes(session, source.oid, (1, 2, 3), low[0], high[0])
        assert changed == difference(low[1], high[1])
        checked += bool(changed)
        low = high
        pruned += capture.prune_buffers(session, source.oid, int(high[0].split(":")[0]), batch=50)
    for writer in writers:
        writer.join()
        assert writer.error is None
    assert checked >= 3
    assert pruned > 100
    source.connection.close()
