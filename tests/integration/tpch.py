"""TPC-H as a proof: the 22 queries as stream tables, all eight tables changed, every result compared.

The texts in tests/data/tpch_queries are the standard's with its validation parameters. Each round changes
inserted, updated and deleted rows of every table (tools/tpch_mutations.sql), then what the queries' constants
select (tests/data/tpch_hits.sql). As a program: ``python -m tests.integration.tpch --scale 0.05 --rounds 5``.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from airflow.providers.pgtrickle import PgTrickle
from airflow.providers.pgtrickle.engine.testing.server import PostgresServer
from tools import tpch_data

DATA = Path(__file__).resolve().parents[1] / "data"
_STATE = "SELECT count(*), md5(coalesce(string_agg(q::text, ',' ORDER BY q::text), '')) FROM tpch.{name} AS q"


@dataclass
class Report:
    """What was found. ``changed`` counts for each query the rounds in which its result became another."""

    checks: int = 0
    wrong: list[str] = field(default_factory=list)
    whole: list[str] = field(default_factory=list)
    changed: Counter[str] = field(default_factory=Counter)
    not_empty: Counter[str] = field(default_factory=Counter)
    tables: list[Counter[tuple[str, str]]] = field(default_factory=list)

    @property
    def alive(self) -> set[str]:
        """The queries whose result was not empty, and changed."""
        return set(self.changed) & set(self.not_empty)

    def summary(self) -> str:
        """Lines for people."""
        dead = sorted(set(queries()) - self.alive)
        return (
            f"{self.checks} checks, {len(self.wrong)} wrong, {len(self.whole)} not by deltas; "
            f"{len(self.alive)} queries not empty and changed"
            + (f", not: {', '.join(dead)}" if dead else "")
            + "".join(f"\n  {line}" for line in self.wrong + self.whole)
        )


def queries() -> dict[str, str]:
    """The 22 texts by name."""
    found = sorted((DATA / "tpch_queries").glob("q*.sql"))
    return {path.stem: path.read_text(encoding="utf-8").strip().removesuffix(";") for path in found}


def run(dsn: str, *, scale: float, share: float, rounds: int) -> Report:
    """Create the stream tables, then change, refresh and compare ``rounds`` times."""
    report = Report()
    with psycopg.connect(dsn, autocommit=True) as connection, PgTrickle(connection) as pgt:
        pgt.install()
        tpch_data.load(connection, scale)
        connection.execute("ANALYZE; SET search_path = tpch")
        states = {}
        for name, text in queries().items():
            pgt.create_stream_table(f"tpch.{name}", text, schedule=None, refresh_mode="DIFFERENTIAL")
            states[name] = _state(connection, name)
        for number in range(1, rounds + 1):
            report.tables.append(_change(connection, share, number))
            for name in queries():
                result = pgt.refresh_stream_table(f"tpch.{name}")
                if result.action != "DIFFERENTIAL":
                    report.whole.append(f"{name} in round {number}: {result.action}, {result.reason}")
                report.checks += 1
                if not pgt.verify_stream_table(f"tpch.{name}"):
                    report.wrong.append(f"{name} in round {number}")
                before, states[name] = states[name], _state(connection, name)
                report.changed[name] += states[name] != before
                report.not_empty[name] += states[name][0] > 0
    report.changed, report.not_empty = +report.changed, +report.not_empty
    return report


def _change(connection: psycopg.Connection, share: float, number: int) -> Counter[tuple[str, str]]:
    """One round of changes; how many inserts, updates and deletes each table took."""
    with connection.transaction():
        tpch_data.mutate(connection, share, number)
        connection.execute((DATA / "tpch_hits.sql").read_text(encoding="utf-8"))
        return tpch_data.rows_changed(connection)


def _state(connection: psycopg.Connection, name: str) -> tuple[int, str]:
    row = connection.execute(_STATE.format(name=name).encode()).fetchone()
    assert row is not None
    return row[0], row[1]


def main() -> int:
    """Run once; the exit code is 1 when something was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=0.05)
    parser.add_argument("--share", type=float, default=0.002)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    with PostgresServer(settings={"shared_buffers": "256MB", "work_mem": "64MB"}) as server:
        report = run(server.create_database("tpch"), **vars(arguments))
    sys.stdout.write(report.summary() + "\n")
    return 1 if report.wrong or report.whole else 0


if __name__ == "__main__":
    sys.exit(main())
