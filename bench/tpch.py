"""The 22 queries of TPC-H by deltas, beside the query itself; and how long large queries take to compile.

A share of all eight tables changes between two refreshes (tools/tpch_mutations.sql). Medians; `--quick` is a
tenth of the scale and two rounds; `--json FILE` keeps the figures. Ends with 1 when a result was wrong, a
query costs more than 1.2 of its own time, fewer than 15 less than half of it, or compilation is too slow.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ.setdefault("AIRFLOW_HOME", tempfile.mkdtemp(prefix="pgtrickle-airflow-"))

import psycopg
from rich.console import Console
from rich.table import Table

from airflow.providers.pgtrickle import PgTrickle
from airflow.providers.pgtrickle.engine.compile import compile_query
from airflow.providers.pgtrickle.engine.db import Session
from airflow.providers.pgtrickle.engine.definitions.bind import bind, create_definition
from airflow.providers.pgtrickle.engine.names import QualifiedName, definition_name
from airflow.providers.pgtrickle.engine.schema import Binding, ColumnType
from airflow.providers.pgtrickle.engine.testing.cases import parse_cases
from airflow.providers.pgtrickle.engine.testing.server import PostgresServer
from tests.integration.tpch import queries
from tools import tpch_data

ROOT = Path(__file__).resolve().parents[1]
LARGE = ROOT / "tests" / "sql" / "large_queries.sql"
#: Milliseconds to compile a query and its delta, and characters of the statement.
LARGEST_MS, MEDIAN_MS, LARGEST_STATEMENT = 150.0, 20.0, 500_000
MOST, HALF, BELOW_HALF = 1.2, 0.5, 15
ROUNDS = 5

Figures = dict[str, Any]


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--scale", type=float, default=0.1)
    parser.add_argument("--share", type=float, default=0.001)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    scale, rounds = (arguments.scale / 10, 2) if arguments.quick else (arguments.scale, 5)
    settings = {
        "shared_buffers": "512MB",
        "work_mem": "64MB",
        "max_wal_size": "4GB",
        "synchronous_commit": "off",
        "jit": "off",
    }
    console = Console(width=110)
    with PostgresServer(settings=settings) as server:
        compiled = compilation(server)
        console.print(shown("Compilation: the query, and its delta when all sources change", compiled))
        refreshed = refreshes(server, scale, arguments.share, rounds, arguments.only)
        console.print(
            shown(f"TPC-H, scale {scale:g}, {arguments.share:.1%} of all tables changed", refreshed)
        )
    if arguments.json:
        figures = {"compilation": compiled, "refreshes": refreshed}
        arguments.json.write_text(json.dumps(figures, indent=1), encoding="utf-8")
    return verdict(console, compiled, refreshed)


def compilation(server: PostgresServer) -> list[Figures]:
    """The time that the engine itself takes: PostgreSQL's answers about types are kept from a first pass."""
    (case,) = parse_cases(LARGE.read_text(encoding="utf-8"))
    lines = []
    tpch_schema = (ROOT / "tests" / "data" / "tpch_queries" / "schema.sql").read_text(encoding="utf-8")
    large = {item.name: item.query for item in case.stream_tables}
    for database, schema, texts in (("small", tpch_schema, queries()), ("large", case.setup, large)):
        with psycopg.connect(server.create_database(database), autocommit=True) as connection:
            PgTrickle(connection).install()
            connection.execute(schema.encode())
            for number, (name, text) in enumerate(texts.items(), 1):
                session, view = Session(connection), definition_name(number)
                with session.transaction():
                    create_definition(session, view, text)
                    binding = bind(session, view, verify=False)
                lines.append({"query": name, **compiled_figures(session, binding)})
    return lines


def compiled_figures(session: Session, binding: Binding) -> Figures:
    """Milliseconds and sizes of one query's compilation."""
    answers: dict[str, Sequence[ColumnType]] = {}

    def describe(text: str) -> Sequence[ColumnType]:
        if text not in answers:
            found = [(oid, typmod) for _, oid, typmod in session.describe(text)]
            types = session.describe_types(found)
            answers[text] = [types[key] for key in found]
        return answers[text]

    compiled = compile_query(binding, describe)
    storage = QualifiedName("pgtrickle_data", "st_1_1")
    return {
        "reason": compiled.reason or "",
        "compile ms": best(lambda: compile_query(binding, describe)),
        "delta ms": best(lambda: compiled.delta(storage, 0, compiled.sources)),
        "characters": len(compiled.delta(storage, 0, compiled.sources).text),
    }


def refreshes(
    server: PostgresServer, scale: float, share: float, rounds: int, only: Sequence[str]
) -> list[Figures]:
    """Each query's refresh beside the query, run right after it."""
    dsn = server.create_database("tpch")
    texts = {name: text for name, text in queries().items() if not only or name in only}
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in texts}
    actions: dict[str, set[str]] = {name: set() for name in texts}
    with psycopg.connect(dsn, autocommit=True) as connection, PgTrickle(connection) as pgt:
        pgt.install()
        tpch_data.load(connection, scale)
        connection.execute("VACUUM ANALYZE")
        connection.execute("SET search_path = tpch")
        for name, text in texts.items():
            pgt.create_stream_table(f"tpch.{name}", text, schedule=None, refresh_mode="DIFFERENTIAL")
        for number in range(rounds + 1):
            tpch_data.mutate(connection, share, number + 1)
            for name, text in texts.items():
                started = time.perf_counter()
                actions[name].add(pgt.refresh_stream_table(f"tpch.{name}").action)
                refresh = (time.perf_counter() - started) * 1000
                query = min(query_ms(connection, text) for _ in range(2))
                if number:  # the first compiles, and warms caches up
                    times[name].append((refresh, query))
        return [
            {
                "query": name,
                "action": "/".join(sorted(actions[name])),
                "refresh ms": statistics.median(refresh for refresh, _ in times[name]),
                "query ms": statistics.median(query for _, query in times[name]),
                "ratio": statistics.median(refresh / query for refresh, query in times[name]),
                "exact": bool(pgt.verify_stream_table(f"tpch.{name}")),
            }
            for name in texts
        ]


def verdict(console: Console, compiled: list[Figures], refreshed: list[Figures]) -> int:
    """Say which promises hold; the exit code."""
    each = [line["compile ms"] + line["delta ms"] for line in compiled]
    ratios = [line["ratio"] for line in refreshed]
    slow, fast = sum(ratio > MOST for ratio in ratios), sum(ratio < HALF for ratio in ratios)
    largest = max(line["characters"] for line in compiled)
    median = statistics.median(each)
    kept = {
        f"compilation: largest {max(each):.0f} ms of {LARGEST_MS:.0f}": max(each) <= LARGEST_MS,
        f"compilation: median {median:.0f} ms of {MEDIAN_MS:.0f}": median <= MEDIAN_MS,
        f"largest statement: {largest:,} characters": largest <= LARGEST_STATEMENT,
        "every query has deltas": not any(line["reason"] for line in compiled),
        f"refreshes above {MOST} of the query: {slow}": not slow,
        f"refreshes below {HALF} of the query: {fast}": fast >= min(BELOW_HALF, len(ratios)),
        "all exact": all(line["exact"] for line in refreshed),
    }
    for text, holds in kept.items():
        console.print(f"{'kept  ' if holds else 'BROKEN'}  {text}")
    return 0 if all(kept.values()) else 1


def best(work: Callable[[], object]) -> float:
    """The least of several rounds, in milliseconds of this process's own time."""
    times = []
    for _ in range(ROUNDS):
        started = time.process_time()
        work()
        times.append((time.process_time() - started) * 1000)
    return min(times)


def query_ms(connection: psycopg.Connection[Any], query: str) -> float:
    """Milliseconds to run a query whose rows nobody fetches."""
    started = time.perf_counter()
    connection.execute(f"EXPLAIN (ANALYZE, TIMING OFF, SUMMARY OFF) {query}".encode())
    return (time.perf_counter() - started) * 1000


def shown(title: str, lines: list[Figures]) -> Table:
    """The figures of one part as a table."""
    table = Table(title=title)
    for heading, value in lines[0].items():
        table.add_column(heading, justify="left" if isinstance(value, str) else "right")
    for line in lines:
        table.add_row(
            *(f"{value:,.2f}" if isinstance(value, float) else str(value) for value in line.values())
        )
    return table


if __name__ == "__main__":
    sys.exit(main())
