"""Recursive queries over 100,000 edges, ten of which change: refresh beside the full query.

`ratio` is refresh over query, and `limit` the promise; breaking it ends with 1. Each figure is the least of a
few rounds, each of which deletes five edges and inserts five.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from dataclasses import dataclass

os.environ.setdefault("AIRFLOW_HOME", tempfile.mkdtemp(prefix="pgtrickle-airflow-"))

import psycopg
from rich.console import Console
from rich.table import Table

from airflow.providers.pgtrickle import PgTrickle
from airflow.providers.pgtrickle.engine.testing.server import PostgresServer

EDGES = 100_000
ROUNDS = 5
LIMIT = 0.5


@dataclass(frozen=True)
class Bench:
    """A recursive query over ``edge``; ``change`` deletes five edges and inserts five."""

    name: str
    edges: str
    query: str
    change: str


TREE = f"SELECT i, (i - 2) / 4 + 1, 1 + i % 3 FROM generate_series(2, {EDGES + 1}) AS i"  # noqa: S608
#: A layered graph: every node is reached, most of them in two ways.
GRAPH = f"""
SELECT 1 + (i * 7919) % {EDGES // 2}, 1 + ((i * 7919) % {EDGES // 2}) / 3, 1
FROM generate_series(1, {EDGES}) AS i"""  # noqa: S608
MOVE = f"""
WITH gone AS (
  DELETE FROM edge WHERE ctid IN (SELECT ctid FROM edge WHERE child > {EDGES // 4} ORDER BY random() LIMIT 5)
  RETURNING *
) INSERT INTO edge SELECT child, 1 + floor(random() * 1000)::int, amount FROM gone"""  # noqa: S608

BENCHES = (
    Bench(
        "org chart with depth and path (UNION ALL)",
        TREE,
        """
        WITH RECURSIVE r AS (
          SELECT 1 AS id, 0 AS depth, ARRAY[1] AS path
          UNION ALL SELECT e.child, r.depth + 1, r.path || e.child FROM r JOIN edge AS e ON e.parent = r.id
        ) SELECT id, depth, path FROM r""",
        MOVE,
    ),
    Bench(
        "bill of materials, summed (UNION ALL under GROUP BY)",
        TREE,
        """
        WITH RECURSIVE r AS (
          SELECT 1 AS part, 1::bigint AS n
          UNION ALL SELECT e.child, r.n * e.amount FROM r JOIN edge AS e ON e.parent = r.part
        ) SELECT part % 1000 AS kind, sum(n) AS n, count(*) AS parts FROM r GROUP BY part % 1000""",
        MOVE,
    ),
    Bench(
        "what one node reaches (UNION)",
        GRAPH,
        """
        WITH RECURSIVE r AS (
          SELECT 1 AS n UNION SELECT e.child FROM r JOIN edge AS e ON e.parent = r.n
        ) SELECT n FROM r""",
        MOVE,
    ),
)


def measure(bench: Bench, dsn: str) -> tuple[float, float, int]:
    """Milliseconds of a refresh and of the query, and the rows of the result."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("CREATE TABLE edge (child int NOT NULL, parent int NOT NULL, amount int NOT NULL)")
        connection.execute(f"INSERT INTO edge {bench.edges}".encode())
        connection.execute("CREATE INDEX ON edge (parent); CREATE INDEX ON edge (child); ANALYZE edge")
        with PgTrickle(connection) as pgt:
            pgt.install()
            pgt.create_stream_table("public.result", bench.query, refresh_mode="DIFFERENTIAL")
            refreshes, queries, rows = [], [], 0
            for _ in range(ROUNDS):
                connection.execute(bench.change.encode())
                refreshes.append(pgt.refresh_stream_table("public.result").duration_ms)
                started = time.perf_counter()
                rows = connection.execute(bench.query.encode()).rowcount
                queries.append((time.perf_counter() - started) * 1000)
            if not pgt.verify_stream_table("public.result"):
                raise SystemExit(f"{bench.name}: not exact")
    return min(refreshes), min(queries), rows


def main() -> int:
    """Measure all; the exit code."""
    table = Table("query", "rows", "full query ms", "refresh ms", "ratio", "limit")
    broken = False
    with PostgresServer(settings={"shared_buffers": "256MB"}) as server:
        for bench in BENCHES:
            dsn = server.create_database()
            refresh, query, rows = measure(bench, dsn)
            broken |= refresh > LIMIT * query
            table.add_row(
                bench.name,
                f"{rows:,}",
                f"{query:.1f}",
                f"{refresh:.1f}",
                f"{refresh / query:.3f}",
                f"{LIMIT}",
            )
    Console(width=120).print(table)
    return int(broken)


if __name__ == "__main__":
    sys.exit(main())
