"""Refreshes among writers, refreshers that are killed: nothing lost, nothing doubled, no state mixed."""

from __future__ import annotations

import os
import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from time import monotonic, sleep

import psycopg
import pytest

from airflow.providers.pgtrickle.engine.api import PgTrickle
from airflow.providers.pgtrickle.engine.errors import PgTrickleError
from airflow.providers.pgtrickle.engine.testing.oracle import compare
from tests.concurrency.writers import INVARIANTS, SCHEMA, STREAM_TABLES, Writers

pytestmark = [pytest.mark.concurrency, pytest.mark.timeout(300)]

SECONDS = float(os.environ.get("PGTRICKLE_CONCURRENCY_SECONDS", "8"))


@pytest.fixture
def bank(database: str) -> str:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(SCHEMA)
        pgt = PgTrickle(connection)
        pgt.install()
        for name, query in STREAM_TABLES.items():
            made = pgt.create_stream_table(name, query, schedule=None, refresh_mode="DIFFERENTIAL")
            assert made.effective_mode == "DIFFERENTIAL"
    return database


def broken_invariants(connection: psycopg.Connection) -> list[str]:
    return [query for query in INVARIANTS if connection.execute(query).fetchone() != (True,)]


def assert_all_exact(dsn: str) -> None:
    """After the writers are gone: refresh once more, then everything must equal its query."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        pgt = PgTrickle(connection)
        for name in STREAM_TABLES:
            pgt.refresh_stream_table(name)
        for name, query in STREAM_TABLES.items():
            assert pgt.verify_stream_table(name), name
            found = compare(connection, name, query)
            assert found, (name, found)
            # Nothing is wrong, and what was truncated last may be empty.
            assert found.rows or name in ("wrong", "notes"), name
        assert not broken_invariants(connection)
        # What was consumed is gone from the buffers, so nothing can be applied a second time.
        again = [pgt.refresh_stream_table(name).action for name in STREAM_TABLES]
        assert set(again) == {"NO_DATA"}


def assert_writers_were_unpleasant(writers: Writers) -> None:
    assert not writers.errors, writers.errors[:5]
    for form in ("quick", "slow", "undone", "partly_undone", "prepared", "prepared_and_undone", "moved_key"):
        assert writers.done[form], (form, writers.done)


def test_runs_show_one_state_while_writers_go_on(bank: str) -> None:
    """Every run goes to one frontier, verified at it; the tables of a run never mix states."""
    writers = Writers(bank)
    actions: Counter[str] = Counter()
    broken: list[object] = []
    runs = 0
    with writers.working(), psycopg.connect(bank, autocommit=True) as connection:
        pgt = PgTrickle(connection)
        deadline = monotonic() + SECONDS
        while monotonic() < deadline:
            run = str(pgt.open_run(list(STREAM_TABLES)))
            for name in STREAM_TABLES:
                actions[pgt.refresh_stream_table(name, run=run).action] += 1
            broken += broken_invariants(connection)
            if runs % 4 == 0:
                name = random.Random(runs).choice(list(STREAM_TABLES))
                found = pgt.verify_stream_table(name)
                broken += [] if found else [(name, found.missing, found.unexpected)]
            runs += 1
    print(f"\n{runs} runs, {dict(actions)}, writers {dict(writers.done)}")
    assert not broken, broken[:5]
    assert_writers_were_unpleasant(writers)
    assert runs >= 5
    assert actions["DIFFERENTIAL"] > 2 * runs
    assert_all_exact(bank)


def test_tasks_of_a_run_on_different_connections(bank: str) -> None:
    """The tables of a level are refreshed at the same time by different workers, late, and again."""
    writers = Writers(bank)
    levels = (("total", "booked", "balances", "copies", "notes"), ("compared",), ("by_owner", "wrong"))
    broken: list[object] = []
    runs = 0

    def task(name: str, run: str) -> str:
        with PgTrickle.connect(bank) as pgt:
            sleep(random.Random(name).random() * 0.05)
            action = pgt.refresh_stream_table(name, run=run).action
            # A retry of a task that was done finds nothing to do, however much was written since.
            assert pgt.refresh_stream_table(name, run=run).action == "NO_DATA"
            return action

    with (
        writers.working(),
        psycopg.connect(bank, autocommit=True) as connection,
        ThreadPoolExecutor(3) as pool,
    ):
        pgt = PgTrickle(connection)
        deadline = monotonic() + SECONDS
        while monotonic() < deadline:
            run = str(pgt.open_run(list(STREAM_TABLES)))
            for level in levels:
                list(pool.map(task, level, [run] * len(level)))
            broken += broken_invariants(connection)
            runs += 1
    print(f"\n{runs} runs, writers {dict(writers.done)}")
    assert not broken, broken[:5]
    assert_writers_were_unpleasant(writers)
    assert runs >= 3
    assert_all_exact(bank)


class Refresher(threading.Thread):
    """Refreshes in a loop, with a new connection whenever its backend was terminated."""

    def __init__(self, dsn: str, seed: int) -> None:
        super().__init__()
        self._dsn = dsn
        self._rng = random.Random(seed)
        self.stop = threading.Event()
        self.pid: int | None = None
        self.refreshed: Counter[str] = Counter()
        self.terminated = 0
        self.errors: list[str] = []

    def run(self) -> None:
        while not self.stop.is_set():
            try:
                with psycopg.connect(self._dsn, autocommit=True) as connection:
                    self.pid = connection.info.backend_pid
                    self._refresh(connection)
            except PgTrickleError as error:
                if error.transient:
                    self.terminated += 1
                else:
                    self.errors.append(repr(error))
            except psycopg.OperationalError:
                self.terminated += 1

    def _refresh(self, connection: psycopg.Connection) -> None:
        pgt = PgTrickle(connection)
        while not self.stop.is_set():
            name = self._rng.choice(list(STREAM_TABLES))
            self.refreshed[pgt.refresh_stream_table(name).action] += 1


def test_refreshers_are_terminated_again_and_again(bank: str) -> None:
    """Two refreshers, both killed at random moments, among writers: at the end all is exact."""
    writers = Writers(bank)
    refreshers = [Refresher(bank, seed) for seed in (1, 2)]
    kills = 0
    rng = random.Random(0)
    with writers.working(), psycopg.connect(bank, autocommit=True) as connection:
        for refresher in refreshers:
            refresher.start()
        deadline = monotonic() + SECONDS
        while monotonic() < deadline:
            sleep(rng.random() * 0.25)
            victim = rng.choice(refreshers).pid
            row = connection.execute("SELECT pg_terminate_backend(%s)", (victim,)).fetchone()
            kills += row == (True,)
        for refresher in refreshers:
            refresher.stop.set()
        for refresher in refreshers:
            refresher.join()
    refreshed = sum((refresher.refreshed for refresher in refreshers), Counter())
    terminated = sum(refresher.terminated for refresher in refreshers)
    print(f"\n{kills} kills, {terminated} seen, {dict(refreshed)}, writers {dict(writers.done)}")
    assert not [error for refresher in refreshers for error in refresher.errors]
    assert_writers_were_unpleasant(writers)
    assert kills >= 10
    assert terminated >= 5
    assert refreshed["DIFFERENTIAL"] >= 10
    with PgTrickle.connect(bank) as pgt:
        for row in pgt.pgt_status():
            if row.status == "SUSPENDED":
                pgt.resume_stream_table(row.name)
    assert_all_exact(bank)
