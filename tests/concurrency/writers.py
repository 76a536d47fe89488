"""Writers that make life hard: money moves between accounts in transactions of every unpleasant kind.

Each transaction keeps two invariants: the sum of all balances never changes, and an account's balance is
what it began with plus what the ledger says. At any consistent cut both hold; where rows are lost, doubled
or taken from two different states, one of them breaks.
"""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from time import sleep

import psycopg

ACCOUNTS = 24
BEGIN_WITH = 100

SCHEMA = f"""
CREATE TABLE account (id int PRIMARY KEY, owner text, balance numeric(12,2) NOT NULL);
CREATE TABLE ledger (account_id int, amount numeric(12,2));
CREATE TABLE note (k int, body text);
INSERT INTO account SELECT i, 'owner ' || i % 5, {BEGIN_WITH} FROM generate_series(1, {ACCOUNTS}) AS i;
INSERT INTO ledger SELECT id, {BEGIN_WITH} FROM account;
"""

#: Stream tables in the order of their dependencies: a chain, a diamond, an outer join, a keyless copy.
STREAM_TABLES = {
    "total": "SELECT sum(balance) AS balance, count(*) AS accounts FROM account",
    "booked": "SELECT account_id, sum(amount) AS amount, count(*) AS entries FROM ledger GROUP BY account_id",
    "balances": "SELECT id, owner, balance FROM account",
    "compared": (
        "SELECT balances.id, balances.owner, balance, amount, balance - amount AS off"
        " FROM balances FULL JOIN booked ON booked.account_id = balances.id"
    ),
    "by_owner": "SELECT owner, sum(balance) AS balance, sum(amount) AS amount FROM compared GROUP BY owner",
    "copies": "SELECT a.owner, l.amount FROM account AS a JOIN ledger AS l ON l.account_id = a.id",
    "notes": "SELECT k, count(*) AS n, max(body) AS body FROM note GROUP BY k",
    "wrong": "SELECT id, off FROM compared WHERE off <> 0 OR off IS NULL",
}

#: What must hold at every frontier, as queries that give true.
INVARIANTS = (
    f"SELECT balance = {ACCOUNTS * BEGIN_WITH} AND accounts = {ACCOUNTS} FROM total",
    "SELECT count(*) = 0 FROM wrong",
    "SELECT (SELECT balance FROM total) = (SELECT sum(balance) FROM by_owner)",
    "SELECT (SELECT sum(amount) FROM booked) = (SELECT sum(amount) FROM copies)",
    "SELECT (SELECT sum(entries) FROM booked) = (SELECT count(*) FROM copies)",
)


class Writers:
    """Threads that write until they are told to stop; ``done`` counts what they did."""

    def __init__(self, dsn: str, count: int = 4) -> None:
        self._dsn = dsn
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._work, args=(number,)) for number in range(count)]
        self.done: Counter[str] = Counter()
        self.errors: list[str] = []

    @contextmanager
    def working(self) -> Iterator[None]:
        for thread in self._threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in self._threads:
                thread.join()

    def _work(self, number: int) -> None:
        rng = random.Random(number)
        forms = [
            self._quick, self._quick, self._slow, self._undone, self._partly_undone, self._prepared,
            self._prepared_and_undone, self._moved_key, self._noted, self._rewritten,
        ]  # fmt: skip
        with psycopg.connect(self._dsn, autocommit=True) as connection:
            connection.execute("SET lock_timeout = '2s'; SET deadlock_timeout = '100ms'")
            while not self._stop.is_set():
                form = rng.choice(forms)
                try:
                    form(connection, rng)
                    self.done[form.__name__.strip("_")] += 1
                except (psycopg.errors.DeadlockDetected, psycopg.errors.LockNotAvailable):
                    connection.execute("ROLLBACK")
                    self.done["gave up"] += 1
                except psycopg.Error as error:
                    if connection.closed or error.sqlstate is None:
                        self.done["lost the server"] += 1
                        return
                    self.errors.append(f"{form.__name__}: {error!r}")
                    connection.execute("ROLLBACK")
                sleep(rng.random() * 0.01)

    def _transfer(self, connection: psycopg.Connection, rng: random.Random, pause: float = 0.0) -> None:
        """One statement or several; accounts are always locked in the order of their ids."""
        first, second = sorted(rng.sample(range(1, ACCOUNTS + 1), 2))
        amount = rng.randint(-500, 500) / 100
        if rng.random() < 0.3:
            connection.execute(
                "UPDATE account SET balance = balance + CASE id WHEN %(a)s THEN %(n)s ELSE - %(n)s END"
                " WHERE id IN (%(a)s, %(b)s)",
                {"a": first, "b": second, "n": amount},
            )
        else:
            connection.execute("UPDATE account SET balance = balance + %s WHERE id = %s", (amount, first))
            sleep(pause)
            connection.execute("UPDATE account SET balance = balance - %s WHERE id = %s", (amount, second))
        connection.execute("INSERT INTO ledger VALUES (%s, %s), (%s, %s)", (first, amount, second, -amount))

    def _quick(self, connection: psycopg.Connection, rng: random.Random) -> None:
        with connection.transaction():
            self._transfer(connection, rng)

    def _slow(self, connection: psycopg.Connection, rng: random.Random) -> None:
        """Stays open while others, begun later, commit."""
        with connection.transaction():
            self._transfer(connection, rng, pause=rng.random() * 0.2)
            sleep(rng.random() * 0.4)

    def _undone(self, connection: psycopg.Connection, rng: random.Random) -> None:
        connection.execute("BEGIN")
        self._transfer(connection, rng)
        connection.execute("DELETE FROM ledger WHERE account_id = 1")
        sleep(rng.random() * 0.1)
        connection.execute("ROLLBACK")

    def _partly_undone(self, connection: psycopg.Connection, rng: random.Random) -> None:
        with connection.transaction():
            self._transfer(connection, rng)
            connection.execute("SAVEPOINT a")
            connection.execute("UPDATE ledger SET amount = amount + 1 WHERE account_id = 2")
            connection.execute("SAVEPOINT b")
            connection.execute("DELETE FROM ledger WHERE account_id = 3")
            connection.execute("ROLLBACK TO a")

    def _prepared(self, connection: psycopg.Connection, rng: random.Random) -> None:
        self._two_phases(connection, rng, "COMMIT PREPARED")

    def _prepared_and_undone(self, connection: psycopg.Connection, rng: random.Random) -> None:
        self._two_phases(connection, rng, "ROLLBACK PREPARED")

    def _two_phases(self, connection: psycopg.Connection, rng: random.Random, ending: str) -> None:
        name = f"transfer_{threading.get_ident()}"
        connection.execute("BEGIN")
        self._transfer(connection, rng)
        connection.execute(f"PREPARE TRANSACTION '{name}'")
        sleep(rng.random() * 0.2)
        with psycopg.connect(self._dsn, autocommit=True) as other:
            other.execute(f"{ending} '{name}'")

    def _moved_key(self, connection: psycopg.Connection, rng: random.Random) -> None:
        """An account and its entries change their id and change it back, in one transaction or in two."""
        number = rng.randint(1, ACCOUNTS)
        there, back = (number, -number), (-number, number)
        with connection.transaction():
            connection.execute("SELECT FROM account WHERE id IN (%s, %s) FOR UPDATE", there)
            for old, new in (there, back):
                connection.execute("UPDATE account SET id = %s WHERE id = %s", (new, old))
                connection.execute("UPDATE ledger SET account_id = %s WHERE account_id = %s", (new, old))

    def _noted(self, connection: psycopg.Connection, rng: random.Random) -> None:
        """Deletes and inserts without a key, many equal rows, now and then TRUNCATE."""
        if rng.random() < 0.05:
            connection.execute("TRUNCATE note")
        with connection.transaction():
            key = rng.randint(1, 4)
            connection.execute(
                "INSERT INTO note SELECT %s, 'n' || i %% 2 FROM generate_series(1, 5) AS i", (key,)
            )
            connection.execute(
                "DELETE FROM note WHERE ctid IN (SELECT ctid FROM note WHERE k = %s LIMIT 3)", (key,)
            )

    def _rewritten(self, connection: psycopg.Connection, rng: random.Random) -> None:
        """Two entries become one of the same sum."""
        number = rng.randint(1, ACCOUNTS)
        connection.execute(
            "WITH gone AS (DELETE FROM ledger WHERE account_id = %s RETURNING *)"
            " INSERT INTO ledger SELECT account_id, sum(amount) FROM gone GROUP BY account_id",
            (number,),
        )
