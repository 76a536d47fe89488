"""DAGs executed by ``dag.test()``, as a developer does it: the factory's and the examples."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import psycopg
import pytest

from airflow.providers.pgtrickle.engine.api import PgTrickle
from airflow.providers.pgtrickle.engine.testing.server import PostgresServer
from tests.airflow import shop
from tools import tpch_data
from tools.local_airflow import LocalAirflow

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.slow,
]

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "example_dags"
CONNECTIONS = ("shop_db", "tpch_db")


@pytest.fixture(scope="module")
def airflow_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An Airflow with nothing but its metadata database."""
    home = tmp_path_factory.mktemp("airflow")
    LocalAirflow(home, home, connections={}).command("db", "migrate")
    return home


@pytest.fixture(scope="module")
def tpch_dsn(pg18_server: PostgresServer) -> Iterator[str]:
    """A database with TPC-H at a small scale."""
    dsn = pg18_server.create_database()
    with psycopg.connect(dsn) as connection:
        tpch_data.load(connection, 0.01)
    yield dsn
    pg18_server.drop_database(dsn.partition("@/")[2].partition("?")[0])


def run_dag(home: Path, folder: Path, dag_id: str, rounds: int, data: str, dsn: str) -> list[dict[str, Any]]:
    reports = run_dags(home, folder, (dag_id,), rounds, data, dsn)[dag_id]
    assert len(reports) == rounds
    for report in reports:
        assert report["state"] == "success", report
        assert set(report["tasks"].values()) == {"success"}
    return reports


def run_dags(
    home: Path, folder: Path, dag_ids: Sequence[str], rounds: int, data: str, dsn: str
) -> dict[str, list[dict[str, Any]]]:
    airflow = LocalAirflow(home, folder, connections=dict.fromkeys(CONNECTIONS, dsn))
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.airflow.run_dag",
            str(folder),
            ",".join(dag_ids),
            str(rounds),
            data,
            dsn,
        ],
        env=airflow.environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
    reports: dict[str, list[dict[str, Any]]] = json.loads(done.stdout.splitlines()[-1])
    return reports


def assert_followed_by_deltas(reports: list[dict[str, Any]], names: list[str], dsn: str) -> None:
    for report in reports:
        results = [report["results"][name] for name in names]
        assert {result["action"] for result in results} == {"DIFFERENTIAL"}, results
        assert len({result["frontier"] for result in results}) == 1
        assert all(result["rows_inserted"] + result["rows_deleted"] > 0 for result in results), results
    with PgTrickle.connect(dsn) as engine:
        assert [name for name in names if not engine.verify_stream_table(name)] == []


def test_factory_dag_creates_fills_and_follows(tmp_path: Path, airflow_home: Path, shop_dsn: str) -> None:
    shop.write_dag(tmp_path)
    reports = run_dag(airflow_home, tmp_path, "shop", 3, "shop", shop_dsn)
    assert all(set(report["tasks"]) == {"open_run", *shop.QUERIES} for report in reports)
    assert_followed_by_deltas(reports[1:], list(shop.QUERIES), shop_dsn)
    assert shop.stored(shop_dsn) == shop.expected(shop_dsn)


def test_example_from_yaml_follows_by_deltas(airflow_home: Path, tpch_dsn: str) -> None:
    reports = run_dag(airflow_home, EXAMPLES, "tpch", 2, "tpch", tpch_dsn)
    names = [name for name in reports[0]["tasks"] if name != "open_run"]
    assert len(names) == 5
    assert_followed_by_deltas(reports[1:], names, tpch_dsn)


def test_example_in_python_creates_refreshes_waits_and_drops(airflow_home: Path, tpch_dsn: str) -> None:
    (report,) = run_dag(airflow_home, EXAMPLES, "tpch_operators", 1, "tpch", tpch_dsn)
    results = report["results"]
    assert results["create"] == {
        "stream_table": "tpch.open_orders",
        "outcome": "created",
        "effective_mode": "DIFFERENTIAL",
        "reason": None,
    }
    assert results["refresh"]["action"] == "NO_DATA"
    assert 0 <= results["fresh"]["staleness_seconds"] < 300
    with PgTrickle.connect(tpch_dsn) as engine:
        assert "tpch.open_orders" not in {table.name.display for table in engine.stream_tables()}


#: In this order: the consumer and the backfill look at what the DAG before them has made.
OTHERS = ("tpch_after_load", "tpch_consumer", "tpch_backfill", "tpch_on_change")


def test_other_examples_run_one_after_the_other(airflow_home: Path, tpch_dsn: str) -> None:
    """Stream tables after a load with checks, a consumer, a backfill by parameters, one on changes."""
    reports = {
        dag_id: found[0]
        for dag_id, found in run_dags(airflow_home, EXAMPLES, OTHERS, 1, "tpch", tpch_dsn).items()
    }
    for dag_id in OTHERS:
        assert reports[dag_id]["state"] == "success", (dag_id, reports[dag_id])
        assert set(reports[dag_id]["tasks"].values()) == {"success"}, dag_id
    assert reports["tpch_consumer"]["results"]["report"]["best"]
    assert [found["exact"] for found in reports["tpch_backfill"]["results"]["verify"]] == [True]
    assert len(reports["tpch_on_change"]["results"]["refresh_all"]) == 2
    with PgTrickle.connect(tpch_dsn) as engine:
        declared = engine.declared()
        assert [declared[f"tpch.{name}"] for name in ("segment_revenue", "orders_by_priority")] == [
            "tpch_after_load",
            "tpch_on_change",
        ]
        made = [name for name, by in declared.items() if by in OTHERS]
        assert len(made) == 4
        assert [name for name in made if not engine.verify_stream_table(name)] == []
