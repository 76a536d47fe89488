"""A real browser, and the page served as ``pgtrickle ui`` serves it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

from airflow.providers.pgtrickle.engine.api import PgTrickle
from airflow.providers.pgtrickle.engine.errors import RefreshFailed
from airflow.providers.pgtrickle.engine.testing.server import PostgresServer
from tests.browser.eyes import Eyes

#: A table that somebody named in the hope of running a script in the browser of others.
EVIL = 'marts."<img src=x onerror=alert(1)>"'

SCHEMA = """
CREATE SCHEMA shop; CREATE SCHEMA marts;
CREATE TABLE shop.customers (id int PRIMARY KEY, region text NOT NULL);
CREATE TABLE shop.orders (id int PRIMARY KEY, customer int NOT NULL, amount int NOT NULL);
INSERT INTO shop.customers
    SELECT n, CASE n % 3 WHEN 0 THEN 'east' ELSE 'west' END FROM generate_series(1, 20) n;
INSERT INTO shop.orders SELECT n, 1 + n % 20, n FROM generate_series(1, 200) n;
"""
TABLES = {
    "shop.facts": (
        "SELECT o.id, c.region, o.amount FROM shop.orders o JOIN shop.customers c ON c.id = o.customer"
    ),
    "marts.revenue": (
        "SELECT region, count(*) AS orders, sum(amount) AS revenue FROM shop.facts GROUP BY region"
    ),
    "marts.best": "SELECT region, revenue FROM marts.revenue WHERE revenue > 100",
    "marts.inverse": "SELECT id, 1000 / amount AS inverse FROM shop.orders",
    "marts.idle": "SELECT count(*) AS customers FROM shop.customers",
    "marts.whole": "SELECT DISTINCT first_value(id) OVER (ORDER BY amount) AS first FROM shop.orders",
    EVIL: 'SELECT id AS "<script>alert(2)</script>" FROM shop.customers',
}


@dataclass
class Page:
    """A served page: its address with the token, and the database behind it."""

    address: str
    dsn: str
    seen: list[str] = field(default_factory=list)

    def at(self, fragment: str) -> str:
        """An address within the page."""
        return f"{self.address.partition('?')[0]}#/database/{fragment}"


@pytest.fixture(scope="module")
def eyes() -> Iterator[Eyes]:
    """A browser; the tests are skipped where there is none.

    Not for the whole session: Playwright's event loop is in the way of every other one.
    """
    with Eyes.open_or_skip() as browser:
        yield browser


@pytest.fixture(scope="module")
def shop_page(pg18_server: PostgresServer) -> Iterator[Page]:
    """Stream tables in all states."""
    dsn = pg18_server.create_database()
    with psycopg.connect(dsn, autocommit=True) as connection, PgTrickle.connect(dsn) as pgt:
        connection.execute(SCHEMA)
        pgt.install()
        for name, query in TABLES.items():
            pgt.create_stream_table(name, query, schedule="1h")
        for amount in range(1, 8):
            connection.execute("UPDATE shop.orders SET amount = amount + 1 WHERE id <= %s", (amount,))
            run = pgt.open_run(list(TABLES), run_id=f"shop/manual__{amount}/0")
            for name in TABLES:
                pgt.refresh_stream_table(name, run=run, full=name == "marts.idle")
        connection.execute("UPDATE shop.orders SET amount = 0 WHERE id = 9")
        with pytest.raises(RefreshFailed):
            pgt.refresh_stream_table("marts.inverse")
        connection.execute("UPDATE shop.orders SET amount = 5 WHERE id = 9")
        pgt.suspend_stream_table("marts.idle")
    with served(dsn) as page:
        yield page
    pg18_server.drop_database(dsn.partition("@/")[2].partition("?")[0])


@pytest.fixture
def empty_page(database18: str) -> Iterator[Page]:
    """A database in which nothing is installed yet."""
    with served(database18) as page:
        yield page


class served:  # noqa: N801 -- a context manager, used as one
    """``pgtrickle ui`` over a database, as a process of its own."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn

    def __enter__(self) -> Page:
        program = shutil.which("pgtrickle", path=str(Path(sys.executable).parent))
        assert program is not None
        self.process = subprocess.Popen(
            [program, "--dsn", self.dsn, "--json", "ui", "--port", "0"],
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "pgtrickle ui ended at once"
        return Page(json.loads(line)["address"], self.dsn)

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(20)
        assert self.process.stdout is not None
        self.process.stdout.close()
