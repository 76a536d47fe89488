"""Stream tables over TPC-H, refreshed by Airflow: `make demo`.

PostgreSQL, its data and Airflow live in .demo/ and are used again at the next call, which only makes another
batch of changes. Ends with 0 when each stream table was refreshed by deltas and equals its query.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / ".demo"
# Set before anything of airflow is imported: the import itself writes there.
os.environ["AIRFLOW_HOME"] = str(HOME / "airflow")
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
sys.path.insert(0, str(ROOT))

import psycopg  # noqa: E402
from rich.box import SIMPLE_HEAD  # noqa: E402
from rich.console import Console  # noqa: E402
from rich.status import Status  # noqa: E402
from rich.table import Table  # noqa: E402

from airflow.providers.pgtrickle import PgTrickle  # noqa: E402
from airflow.providers.pgtrickle.engine.errors import PgTrickleError  # noqa: E402
from airflow.providers.pgtrickle.engine.testing.server import PostgresServer, ServerError  # noqa: E402
from airflow.providers.pgtrickle.factory.config import load  # noqa: E402
from tools import tpch_data  # noqa: E402
from tools.local_airflow import AirflowError, LocalAirflow  # noqa: E402

DAGS = ROOT / "example_dags"
DAG_ID = "tpch"
CONNECTION = "tpch_db"
SCALE = 0.1
SETTINGS = {"shared_buffers": "256MB", "work_mem": "64MB", "max_wal_size": "2GB", "fsync": "off"}
RUN_TIMEOUT = 300.0
#: Runs of the full query, of which the fastest counts.
ROUNDS = 3

console = Console(highlight=False)


@dataclass(frozen=True)
class Outcome:
    """What the run did to one stream table, and what the whole query would have cost."""

    stream_table: str
    action: str
    rows_inserted: int
    rows_deleted: int
    refresh_ms: float
    query_ms: float
    exact: bool

    @property
    def good(self) -> bool:
        return self.exact and self.action == "DIFFERENTIAL"


def main() -> int:
    """Run the demo and return the exit code."""
    begin = time.monotonic()
    HOME.mkdir(exist_ok=True)
    server = PostgresServer(data_dir=HOME / "postgres", settings=SETTINGS)
    try:
        with step("PostgreSQL starts"):
            server.start()
        with psycopg.connect(server.dsn(), autocommit=True) as connection:
            outcomes = run(server, connection)
    except (AirflowError, PgTrickleError, ServerError, psycopg.Error) as error:
        console.print(f"[red]{type(error).__name__}[/]: {error}", markup=True)
        return 1
    finally:
        server.stop()
    console.print(report(outcomes))
    good = len(outcomes) > 0 and all(outcome.good for outcome in outcomes)
    verdict = "all by deltas, all exact" if good else "[red]not all by deltas and exact[/]"
    console.print(f"{len(outcomes)} stream tables: {verdict} ({time.monotonic() - begin:.0f} s)")
    return 0 if good else 1


def run(server: PostgresServer, connection: psycopg.Connection[Any]) -> list[Outcome]:
    """Load what is missing, change the base tables, let Airflow refresh, check."""
    if not tpch_data.is_loaded(connection):
        with step(f"TPC-H at scale factor {SCALE} is generated and loaded"):
            tpch_data.load(connection, SCALE)
    config = load(DAGS / "tpch.yaml", {})
    names = [entry.definition.name for entry in config.entries]
    with local_airflow(server) as airflow:
        with PgTrickle.connect(server.dsn()) as engine:
            engine.install()
            populated = {table.name.display for table in engine.stream_tables() if table.is_populated}
        if not populated.issuperset(names):
            with step("A first DAG run creates the stream tables and fills them") as status:
                run_dag(airflow, status)
        with step("A batch of inserts, updates and deletes is committed") as status:
            changed = tpch_data.change(connection)
            status.update(f"{changed} rows of orders, lineitem, customer and supplier are changed")
        with step("A DAG run refreshes the stream tables") as status:
            run_id = run_dag(airflow, status)
        results = {name: airflow.result(DAG_ID, run_id, name) for name in names}
    with step("Each stream table is compared with its query"), PgTrickle.connect(server.dsn()) as engine:
        return [
            Outcome(
                stream_table=name,
                action=results[name]["action"],
                rows_inserted=results[name]["rows_inserted"],
                rows_deleted=results[name]["rows_deleted"],
                refresh_ms=results[name]["duration_ms"],
                query_ms=query_time(connection, entry.definition.query),
                exact=bool(engine.verify_stream_table(name)),
            )
            for name, entry in zip(names, config.entries, strict=True)
        ]


@contextmanager
def local_airflow(server: PostgresServer) -> Iterator[LocalAirflow]:
    """Airflow's scheduler, DAG processor and API server over the example DAGs."""
    airflow = LocalAirflow(HOME / "airflow", DAGS, connections={CONNECTION: server.dsn()}, parallelism=2)
    try:
        with step("Airflow starts: scheduler, DAG processor, API server"):
            airflow.start()
            airflow.wait_for_dag(DAG_ID)
        yield airflow
    finally:
        with step("Airflow stops"):
            airflow.stop()


def run_dag(airflow: LocalAirflow, status: Status) -> str:
    """Let the scheduler execute a run of the DAG; AirflowError when it fails."""
    message = str(status.status)
    run_id = airflow.trigger(DAG_ID)

    def show_progress() -> None:
        tasks = airflow.task_instances(DAG_ID, run_id)
        done = sum(task.state == "success" for task in tasks.values())
        running = ", ".join(task.task_id for task in tasks.values() if task.state == "running")
        status.update(f"{message}: {done} of {len(tasks)} tasks done {running}")

    state = airflow.wait_for_run(DAG_ID, run_id, RUN_TIMEOUT, tick=show_progress)
    if state != "success":
        tasks = airflow.task_instances(DAG_ID, run_id).values()
        failed = next((task.task_id for task in tasks if task.state == "failed"), None)
        log = airflow.task_log(DAG_ID, run_id, failed) if failed else ""
        raise AirflowError(f"The DAG run ended as {state} at {failed}.\n{log}")
    status.update(message)
    return run_id


def query_time(connection: psycopg.Connection[Any], query: str) -> float:
    """Milliseconds that the server takes to run a query and throw its rows away; the fastest of several."""
    explain = f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {query}"
    times = []
    for _ in range(ROUNDS):
        row = connection.execute(explain).fetchone()
        assert row is not None
        times.append(float(row[0][0]["Execution Time"]))
    return min(times)


def report(outcomes: list[Outcome]) -> Table:
    """The table that the demo ends with."""
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))  # 80 columns are enough
    for column in ("stream table", "action"):
        table.add_column(column, no_wrap=True)
    for column in ("rows\nchanged", "refresh\nms", "full query\nms"):
        table.add_column(column, no_wrap=True, justify="right")
    table.add_column("exact", no_wrap=True)
    for outcome in outcomes:
        table.add_row(
            outcome.stream_table,
            outcome.action if outcome.action == "DIFFERENTIAL" else f"[red]{outcome.action}[/]",
            f"+{outcome.rows_inserted} −{outcome.rows_deleted}",
            f"{outcome.refresh_ms:.1f}",
            f"{outcome.query_ms:.1f}",
            "yes" if outcome.exact else "[red]no[/]",
        )
    return table


@contextmanager
def step(message: str) -> Iterator[Status]:
    """A line that spins while something is done, and stays with the seconds that it took."""
    begin = time.monotonic()
    with console.status(message) as status:
        yield status
        message = str(status.status)
    console.print(f"  {message} [dim]{time.monotonic() - begin:.1f} s[/]")


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        sys.exit(main())
    sys.exit(130)
