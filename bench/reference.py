"""Refreshes by the share of rows changed, beside the query itself and REFRESH MATERIALIZED VIEW.

The tables, queries and changes are those of pg_trickle's own benchmark, so that figures can be laid side
by side: 100,000 rows, of which 1, 10 or 50 % change between two refreshes (70 % of them updates, 15 %
deletes, 15 % inserts), and ANALYZE before the clock starts. Then what capture costs a writer, and the five
stream tables of the TPC-H demo. Medians; `--quick` makes fewer rounds of fewer rows; `--json FILE` keeps
the figures.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ.setdefault("AIRFLOW_HOME", tempfile.mkdtemp(prefix="pgtrickle-airflow-"))

import psycopg
import yaml
from rich.console import Console
from rich.table import Table

from airflow.providers.pgtrickle import PgTrickle
from airflow.providers.pgtrickle.engine.testing.server import PostgresServer
from tools import tpch_data

ROOT = Path(__file__).resolve().parents[1]
QUERIES = {
    "scan": "SELECT id, region, category, amount, score FROM src",
    "filter": "SELECT id, region, amount FROM src WHERE amount > 5000",
    "aggregate": "SELECT region, sum(amount) AS total, count(*) AS cnt FROM src GROUP BY region",
    "join": "SELECT s.id, s.region, s.amount, d.region_name FROM src s JOIN dim d ON s.region = d.region",
    "join_agg": (
        "SELECT d.region_name, sum(s.amount) AS total, count(*) AS cnt"
        " FROM src s JOIN dim d ON s.region = d.region GROUP BY d.region_name"
    ),
}
RATES = (0.01, 0.1, 0.5)
SCHEMA = """
CREATE TABLE src (id serial PRIMARY KEY, region text NOT NULL, category text NOT NULL, amount int, score int);
CREATE TABLE dim (id serial PRIMARY KEY, region text, region_name text, multiplier numeric);
INSERT INTO dim (region, region_name, multiplier) VALUES
  ('north', 'Northern Region', 1.1), ('south', 'Southern Region', 0.9), ('east', 'Eastern Region', 1.0),
  ('west', 'Western Region', 1.2), ('central', 'Central Region', 1.05)
"""
FILL = """
TRUNCATE src;
INSERT INTO src (region, category, amount, score)
SELECT (ARRAY['north', 'south', 'east', 'west', 'central'])[i % 5 + 1],
       (ARRAY['A', 'B', 'C', 'D'])[i % 4 + 1], (i * 17 + 13) % 10000,
       (i * 31 + 7) % 100
FROM generate_series(1, {rows}) AS i;
ANALYZE src
"""
CHANGES = (
    "UPDATE src SET amount = amount + 1 WHERE id IN (SELECT id FROM src ORDER BY random() LIMIT {updates})",
    "DELETE FROM src WHERE id IN (SELECT id FROM src ORDER BY random() LIMIT {others})",
    """INSERT INTO src (region, category, amount, score)
       SELECT (ARRAY['north', 'south', 'east', 'west', 'central'])[i % 5 + 1], 'A', (random() * 10000)::int,
              (random() * 100)::int
       FROM generate_series(1, {others}) AS i""",
    "ANALYZE src",
)
WIDE = """
CREATE TABLE plain (id int PRIMARY KEY, a int, b int, c text, d text, e numeric(10,2), f date, g timestamptz);
CREATE TABLE captured (LIKE plain INCLUDING ALL)
"""
WRITES = {
    "insert": "INSERT INTO {table} SELECT i, i, i % 100, 'c' || i, 'd', i / 7.0, '2024-01-01', now()"
    " FROM generate_series(1, {rows}) AS i",
    "update": "UPDATE {table} SET a = a + 1, e = e * 1.1",
    "delete": "DELETE FROM {table}",
}

Figures = dict[str, Any]


def main() -> int:
    """Measure and print; the exit code is 1 when a stream table was not exact."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    rows, rounds = (20_000, 2) if arguments.quick else (100_000, 5)
    settings = {
        "shared_buffers": "512MB",
        "work_mem": "256MB",
        "max_wal_size": "4GB",
        "synchronous_commit": "off",
        "jit": "off",
    }
    console = Console(width=110)
    with PostgresServer(settings=settings) as server:
        figures = {
            "reference": reference(server, rows, rounds),
            "capture": capture(server, rows, rounds),
            "tpch": tpch(server, 0.01 if arguments.quick else 0.1, rounds),
        }
    for title, lines in figures.items():
        console.print(shown(f"{title}: {rows:,} rows" if title != "tpch" else "TPC-H demo", lines))
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1), encoding="utf-8")
    return 0 if all(line.get("exact", True) for lines in figures.values() for line in lines) else 1


def clock(work: Callable[[], object]) -> float:
    """Milliseconds that the work takes."""
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000


def query_ms(connection: psycopg.Connection, query: str) -> float:
    """Milliseconds to run a query whose rows nobody fetches."""
    return clock(lambda: connection.execute(f"EXPLAIN (ANALYZE, TIMING OFF, SUMMARY OFF) {query}".encode()))


def reference(server: PostgresServer, rows: int, rounds: int) -> list[Figures]:
    """The benchmark of pg_trickle: five queries, three rates of change."""
    dsn = server.create_database("reference")
    with psycopg.connect(dsn, autocommit=True) as writer, PgTrickle.connect(dsn) as pgt:
        pgt.install()
        writer.execute(SCHEMA)
        return [
            _reference(writer, pgt, name, query, rate, rows, rounds)
            for name, query in QUERIES.items()
            for rate in RATES
        ]


def _reference(
    writer: psycopg.Connection, pgt: PgTrickle, name: str, query: str, rate: float, rows: int, rounds: int
) -> Figures:
    writer.execute(FILL.format(rows=rows).encode())
    writer.execute(f"CREATE MATERIALIZED VIEW copy AS {query}".encode())
    pgt.create_stream_table("st", query, schedule=None)
    changed = max(1, int(rows * rate))
    refresh, full, materialized, actions = [], [], [], set()
    for number in range(rounds + 1):
        for change in CHANGES:
            text = change.format(updates=round(changed * 0.7), others=round(changed * 0.15))
            writer.execute(text.encode())
        started = time.perf_counter()
        result = pgt.refresh_stream_table("st")
        elapsed = (time.perf_counter() - started) * 1000
        other = clock(lambda: writer.execute("REFRESH MATERIALIZED VIEW copy"))
        if number:  # the first warms caches up
            refresh.append(elapsed)
            materialized.append(other)
            full.append(query_ms(writer, query))
            actions.add(result.action)
    exact = bool(pgt.verify_stream_table("st"))
    pgt.drop_stream_table("st")
    writer.execute("DROP MATERIALIZED VIEW copy")
    middle = [statistics.median(times) for times in (refresh, full, materialized)]
    return {
        "query": name,
        "changed": f"{rate:.0%}",
        "action": "/".join(sorted(actions)),
        "refresh ms": middle[0],
        "query ms": middle[1],
        "matview ms": middle[2],
        "faster than matview": middle[2] / middle[0],
        "exact": exact,
    }


def capture(server: PostgresServer, rows: int, rounds: int) -> list[Figures]:
    """What a statement over all rows costs with a stream table on its target, and without."""
    dsn = server.create_database("capture")
    lines: list[Figures] = []
    with psycopg.connect(dsn, autocommit=True) as writer, PgTrickle.connect(dsn) as pgt:
        pgt.install()
        writer.execute(WIDE)
        pgt.create_stream_table("st", "SELECT * FROM captured", schedule=None)
        times: dict[tuple[str, str], list[float]] = {}
        for _ in range(rounds):
            for verb, text in WRITES.items():
                for table in ("plain", "captured"):
                    statement = text.format(table=table, rows=rows).encode()
                    times.setdefault((verb, table), []).append(clock(lambda s=statement: writer.execute(s)))
            pgt.refresh_stream_table("st")
            writer.execute("VACUUM ANALYZE plain, captured")
        for verb in WRITES:
            plain, captured = (statistics.median(times[verb, table]) for table in ("plain", "captured"))
            lines.append(
                {"statement": verb, "plain ms": plain, "captured ms": captured, "ratio": captured / plain}
            )
    return lines


def tpch(server: PostgresServer, scale: float, rounds: int) -> list[Figures]:
    """The stream tables of the demo, after its batches of changes."""
    dsn = server.create_database("tpch")
    config = yaml.safe_load((ROOT / "example_dags" / "tpch.yaml").read_text(encoding="utf-8"))
    lines: list[Figures] = []
    with psycopg.connect(dsn, autocommit=True) as writer, PgTrickle.connect(dsn) as pgt:
        pgt.install()
        tpch_data.load(writer, scale)
        writer.execute("VACUUM ANALYZE")
        tables = {item["name"]: item["query"] for item in config["stream_tables"]}
        for name, query in tables.items():
            pgt.create_stream_table(name, query, schedule=None)
        times: dict[str, list[float]] = {name: [] for name in tables}
        actions: dict[str, str] = {}
        for _ in range(rounds):
            tpch_data.change(writer)
            for name in tables:
                started = time.perf_counter()
                actions[name] = pgt.refresh_stream_table(name).action
                times[name].append((time.perf_counter() - started) * 1000)
        for name, query in tables.items():
            refresh, full = statistics.median(times[name]), query_ms(writer, query)
            lines.append(
                {
                    "stream table": name,
                    "action": actions[name],
                    "refresh ms": refresh,
                    "query ms": full,
                    "faster than query": full / refresh,
                    "exact": bool(pgt.verify_stream_table(name)),
                }
            )
    return lines


def shown(title: str, lines: list[Figures]) -> Table:
    """The figures of one part as a table."""
    table = Table(title=title)
    for heading in lines[0]:
        table.add_column(heading, justify="right" if isinstance(lines[0][heading], float) else "left")
    for line in lines:
        table.add_row(
            *(f"{value:,.2f}" if isinstance(value, float) else str(value) for value in line.values())
        )
    return table


if __name__ == "__main__":
    sys.exit(main())
