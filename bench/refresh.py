"""How long a refresh takes through the API on an open connection.

`no change`: nothing was written to the sources. `one row`: one row changed in a source of a million rows,
under a join with GROUP BY. `limit` is the promise: the median counts, and breaking it ends with 1.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable

os.environ.setdefault("AIRFLOW_HOME", tempfile.mkdtemp(prefix="pgtrickle-airflow-"))

import psycopg
from rich.console import Console
from rich.table import Table

from airflow.providers.pgtrickle import PgTrickle
from airflow.providers.pgtrickle.engine.testing.server import PostgresServer

ROWS = 1_000_000
CUSTOMERS = 10_000
NATIONS = 25
ROUNDS = 100
#: psycopg prepares a statement at its fifth use: what is measured is a connection that was open for a while.
WARM_UP = 10
LIMITS_MS = {"no change": 3.0, "one row": 10.0}

TABLES = f"""
CREATE TABLE nation (id integer PRIMARY KEY, name text NOT NULL);
CREATE TABLE customer (id integer PRIMARY KEY, nation integer NOT NULL REFERENCES nation);
CREATE TABLE sale (id integer PRIMARY KEY, customer integer NOT NULL, amount numeric(10,2) NOT NULL);
INSERT INTO nation SELECT i, 'nation ' || i FROM generate_series(1, {NATIONS}) AS i;
INSERT INTO customer SELECT i, 1 + i % {NATIONS} FROM generate_series(1, {CUSTOMERS}) AS i;
INSERT INTO sale SELECT i, 1 + i % {CUSTOMERS}, (i % 1000) / 7.0 FROM generate_series(1, {ROWS}) AS i;
CREATE INDEX ON sale (customer);
CREATE INDEX ON customer (nation);
ANALYZE nation, customer, sale
"""  # noqa: S608
QUERY = """
SELECT n.name, count(*) AS sales, sum(s.amount) AS total
FROM sale AS s JOIN customer AS c ON c.id = s.customer JOIN nation AS n ON n.id = c.nation
GROUP BY n.name
"""


def main() -> int:
    """Measure both; the exit code."""
    # Production settings as they matter here: commits reach the disk.
    settings = {
        "shared_buffers": "512MB",
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
    }
    with (
        PostgresServer(settings=settings) as server,
        psycopg.connect(server.dsn(), autocommit=True) as writer,
    ):
        writer.execute(TABLES.encode())
        with PgTrickle.connect(server.dsn()) as pgt:
            pgt.install()
            pgt.create_stream_table("by_nation", QUERY, refresh_mode="DIFFERENTIAL")
            full = measure(lambda: writer.execute(QUERY.encode()), lambda _: None, rounds=3)
            idle = measure(lambda: expect(pgt, "NO_DATA"), lambda _: None)
            changed = measure(lambda: expect(pgt, "DIFFERENTIAL"), lambda number: change(writer, number))
            exact = bool(pgt.verify_stream_table("by_nation"))
    return report({"no change": idle, "one row": changed}, statistics.median(full), exact=exact)


def expect(pgt: PgTrickle, action: str) -> None:
    """Refresh, and make sure that it did what is measured."""
    result = pgt.refresh_stream_table("by_nation")
    if result.action != action:
        raise AssertionError(f"{result.action} instead of {action}: {result.reason}")


def change(writer: psycopg.Connection[tuple[object, ...]], number: int) -> None:
    """Change one row of the large table."""
    writer.execute("UPDATE sale SET amount = amount + 1 WHERE id = %s", [1 + number * 7919 % ROWS])


def measure(act: Callable[[], object], prepare: Callable[[int], object], rounds: int = ROUNDS) -> list[float]:
    """Milliseconds of each round, those of the warm-up left out."""
    times = []
    for number in range(WARM_UP + rounds):
        prepare(number)
        started = time.perf_counter()
        act()
        times.append((time.perf_counter() - started) * 1000)
    return times[WARM_UP:]


def report(figures: dict[str, list[float]], full_ms: float, *, exact: bool) -> int:
    """Print the figures; 1 when a promise is broken."""
    table = Table("refresh", "median ms", "95 % ms", "limit ms", "kept")
    for column in table.columns[1:4]:
        column.justify = "right"
    kept = exact
    for name, times in figures.items():
        median, high = statistics.median(times), statistics.quantiles(times, n=20)[-1]
        kept &= median <= LIMITS_MS[name]
        verdict = "yes" if median <= LIMITS_MS[name] else "no"
        table.add_row(name, f"{median:.2f}", f"{high:.2f}", f"{LIMITS_MS[name]:.0f}", verdict)
    console = Console()
    console.print(table)
    console.print(f"The full query takes {full_ms:.0f} ms. Exact at the end: {'yes' if exact else 'no'}.")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
