"""How soon the page shows 200 stream tables: from the request for the document to what can be read.

Needs Chromium. The server and the browser share the machine; each figure is the least of several visits, as
somebody has them whose browser knows the page's files. Promised: a second.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from pathlib import Path

import psycopg
from playwright.sync_api import Page, sync_playwright
from psycopg import sql
from rich.console import Console

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from airflow.providers.pgtrickle.engine.api import PgTrickle
from airflow.providers.pgtrickle.engine.testing.server import PostgresServer
from tests.browser.conftest import served

TABLES = 200
SOURCES = 20
VISITS = 5
PROMISED = 1.0
VIEWS = {"graph": ".node.table", "tables": "tbody tr"}


def main() -> int:
    """Print the figures; 1 when the promise is broken."""
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        Console().print("page: no Chromium, nothing measured")
        return 0
    with PostgresServer(major=18) as server:
        dsn = server.create_database()
        fill(dsn)
        with served(dsn) as page, sync_playwright() as playwright, PgTrickle.connect(dsn) as pgt:
            begin = time.perf_counter()
            pgt.overview()
            Console().print(
                f"overview of {TABLES} stream tables: {(time.perf_counter() - begin) * 1000:.0f} ms"
            )
            arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
            tab = playwright.chromium.launch(executable_path=program, args=arguments).new_page()
            tab.goto(page.address)
            least = {view: visit(tab, page.at(view), sign) for view, sign in VIEWS.items()}
    for view, seconds in least.items():
        Console().print(
            f"page, {view} with {TABLES} stream tables: {seconds:.2f} s (promised: {PROMISED:.0f} s)"
        )
    return 0 if max(least.values()) <= PROMISED else 1


def fill(dsn: str) -> None:
    """Stream tables in ten levels over base tables, each reading two of the level below."""
    with psycopg.connect(dsn, autocommit=True) as connection, PgTrickle.connect(dsn) as pgt:
        connection.execute("CREATE SCHEMA s")
        for number in range(SOURCES):
            table = sql.Identifier("s", f"base_{number}")
            connection.execute(sql.SQL("CREATE TABLE {} (id int PRIMARY KEY, v int NOT NULL)").format(table))
            connection.execute(sql.SQL("INSERT INTO {} VALUES (1, 1), (2, 2)").format(table))
        pgt.install()
        below = [f"s.base_{number}" for number in range(SOURCES)]
        for level in range(TABLES // SOURCES):
            names = [f"s.level_{level}_{number}" for number in range(SOURCES)]
            for number, name in enumerate(names):
                one, other = below[number], below[(number + 1) % SOURCES]
                query = f"SELECT a.id, a.v FROM {one} a JOIN {other} b ON b.id = a.id"  # noqa: S608
                pgt.create_stream_table(name, query)
            below = names


def visit(tab: Page, address: str, sign: str) -> float:
    """Seconds until all rows or nodes are there, at the quickest visit."""
    times = []
    for _ in range(VISITS):
        tab.goto("about:blank")
        begin = time.perf_counter()
        tab.goto(address, wait_until="commit")
        tab.wait_for_selector(f"{sign} >> nth={TABLES - 1}", state="attached")
        times.append(time.perf_counter() - begin)
    return min(times)


if __name__ == "__main__":
    sys.exit(main())
