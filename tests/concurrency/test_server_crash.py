"""The server dies among writers and refreshers, again and again: what was committed is there, once."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Iterator
from time import monotonic, sleep

import psycopg
import pytest

from airflow.providers.pgtrickle.engine.api import PgTrickle
from airflow.providers.pgtrickle.engine.testing.server import PostgresServer
from tests.concurrency.test_refresh_under_writers import Refresher, assert_all_exact, broken_invariants
from tests.concurrency.writers import SCHEMA, STREAM_TABLES, Writers
from tests.conftest import SETTINGS

pytestmark = [pytest.mark.concurrency, pytest.mark.timeout(300)]

CRASHES = int(os.environ.get("PGTRICKLE_CRASHES", "4"))


@pytest.fixture
def mortal() -> Iterator[PostgresServer]:
    """A server of the test's own. Commits reach the operating system, which survives: fsync stays off."""
    with PostgresServer(settings=SETTINGS) as server:
        yield server


def end_prepared(dsn: str, rng: random.Random) -> int:
    """End the transactions that were prepared when the server died, one way or the other; their number."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        names = [name for (name,) in connection.execute("SELECT gid FROM pg_prepared_xacts")]
        for name in names:
            connection.execute(f"{rng.choice(('COMMIT', 'ROLLBACK'))} PREPARED '{name}'")
    return len(names)


def test_the_server_crashes_again_and_again(mortal: PostgresServer) -> None:
    dsn = mortal.create_database()
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(SCHEMA)
        pgt = PgTrickle(connection)
        pgt.install()
        for name, query in STREAM_TABLES.items():
            pgt.create_stream_table(name, query, schedule=None, refresh_mode="DIFFERENTIAL")
    rng = random.Random(7)
    refreshed: Counter[str] = Counter()
    written: Counter[str] = Counter()
    prepared = 0
    for crash in range(CRASHES):
        writers = Writers(dsn)
        refreshers = [Refresher(dsn, 10 * crash + number) for number in (1, 2)]
        with writers.working():
            for refresher in refreshers:
                refresher.start()
            began = monotonic()
            while monotonic() < began + 20 and not all(refresher.refreshed for refresher in refreshers):
                sleep(0.05)
            sleep(0.5 + rng.random())
            for refresher in refreshers:
                refresher.stop.set()
            mortal.crash()
            for refresher in refreshers:
                refresher.join()
        mortal.restart()
        prepared += end_prepared(dsn, rng)
        assert not [error for refresher in refreshers for error in refresher.errors]
        assert not writers.errors, writers.errors[:5]
        assert writers.done["lost the server"] >= 1
        refreshed.update(sum((refresher.refreshed for refresher in refreshers), Counter()))
        written.update(writers.done)
        with psycopg.connect(dsn, autocommit=True) as connection:
            pgt = PgTrickle(connection)
            run = str(pgt.open_run(list(STREAM_TABLES)))
            actions = {name: pgt.refresh_stream_table(name, run=run).action for name in STREAM_TABLES}
            assert "REINITIALIZE" not in actions.values(), actions
            assert not broken_invariants(connection)
        assert_all_exact(dsn)
    print(f"\n{CRASHES} crashes, {prepared} prepared, refreshes {dict(refreshed)}, writers {dict(written)}")
    assert refreshed["DIFFERENTIAL"] >= 5 * CRASHES
    assert written.total() >= 20 * CRASHES
