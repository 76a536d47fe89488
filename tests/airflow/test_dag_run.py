"""The factory's DAG executed by ``dag.test()``, as a developer does it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from airflow.providers.pgtrickle.engine.api import PgTrickle
from tests.airflow import shop
from tools.local_airflow import LocalAirflow

pytestmark = [pytest.mark.airflow, pytest.mark.slow]

ROOT = Path(__file__).resolve().parents[2]

#: Runs the DAG of a file a number of times, changing the base tables before each run after the first.
SCRIPT = """
import json
from pathlib import Path

from airflow.dag_processing.dagbag import DagBag

from tests.airflow import shop

folder = Path({dags!r})
dag = DagBag(folder, bundle_path=folder, bundle_name="dags-folder").dags["shop"]
reports = []
for seed in range({rounds}):
    if seed:
        shop.write({dsn!r}, seed)
    run = dag.test()
    tasks = run.get_task_instances()
    reports.append({{
        "state": str(run.state),
        "tasks": {{task.task_id: str(task.state) for task in tasks}},
        "results": {{task.task_id: task.xcom_pull(task_ids=task.task_id) for task in tasks}},
    }})
print(json.dumps(reports))
"""


def run_dag(folder: Path, dsn: str, rounds: int) -> list[dict[str, Any]]:
    airflow = LocalAirflow(folder / "airflow", folder / "dags", connections={"shop_db": dsn})
    airflow.home.mkdir()
    airflow.command("db", "migrate")
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(dags=str(folder / "dags"), dsn=dsn, rounds=rounds)],
        env=airflow.environment | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
    reports: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    return reports


def test_dag_creates_fills_and_follows(tmp_path: Path, shop_dsn: str) -> None:
    (tmp_path / "dags").mkdir()
    shop.write_dag(tmp_path / "dags")
    first, second, third = run_dag(tmp_path, shop_dsn, rounds=3)
    for report in (first, second, third):
        assert report["state"] == "success"
        assert set(report["tasks"]) == {"open_run", *shop.QUERIES}
        assert set(report["tasks"].values()) == {"success"}
    for name in shop.QUERIES:
        assert second["results"][name]["action"] == "DIFFERENTIAL", second["results"][name]
        assert third["results"][name]["action"] == "DIFFERENTIAL", third["results"][name]
    frontiers = [{report["results"][name]["frontier"] for name in shop.QUERIES} for report in (second, third)]
    assert [len(found) for found in frontiers] == [1, 1]
    assert shop.stored(shop_dsn) == shop.expected(shop_dsn)
    with PgTrickle.connect(shop_dsn) as engine:
        assert all(engine.verify_stream_table(name) for name in shop.QUERIES)
