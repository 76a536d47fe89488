"""From a configuration file to a DAG that Airflow takes."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG
from airflow.serialization.serialized_objects import DagSerialization

from airflow.providers.pgtrickle.factory.build import build_dag
from airflow.providers.pgtrickle.factory.config import load
from airflow.providers.pgtrickle.factory.plan import plan
from airflow.providers.pgtrickle.retries import SqlStateRetryPolicy
from tests.airflow import shop

EXAMPLES = Path(__file__).resolve().parents[2] / "example_dags"


@pytest.fixture(autouse=True)
def no_database(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: Any, **options: Any) -> None:
        pytest.fail("a database was asked for while a DAG file was read")

    monkeypatch.setattr(psycopg.Connection, "connect", refuse)
    monkeypatch.setattr(psycopg, "connect", refuse)


def bag(folder: Path) -> DagBag:
    return DagBag(folder, bundle_path=folder, bundle_name="test")


def built(folder: Path, **values: Any) -> DAG:
    shop.write_dag(folder, **values)
    return build_dag(plan(load(folder / "shop.yaml", {})))


def test_one_line_file_registers_the_dag(tmp_path: Path) -> None:
    shop.write_dag(tmp_path)
    found = bag(tmp_path)
    assert found.import_errors == {}
    assert set(found.dags) == {"shop"}
    assert found.dags["shop"].fileloc == str(tmp_path / "shop.py")


def test_several_configurations_may_share_a_file(tmp_path: Path) -> None:
    for name in ("a", "b"):
        shop.write_dag(tmp_path, name)
        (tmp_path / f"{name}.py").unlink()
    (tmp_path / "both.py").write_text(
        "from airflow.providers.pgtrickle import pgtrickle_dag_factory\n"
        "for name in ('a', 'b'): pgtrickle_dag_factory(f'{name}.yaml')\n"
    )
    assert set(bag(tmp_path).dags) == {"a", "b"}


def test_same_dag_id_twice_in_a_file_is_an_import_error(tmp_path: Path) -> None:
    shop.write_dag(tmp_path)
    text = (tmp_path / "shop.py").read_text()
    (tmp_path / "shop.py").write_text(text + text.splitlines()[-1] + "\n")
    (message,) = bag(tmp_path).import_errors.values()
    assert "already has a DAG 'shop'" in message


def test_mistake_is_an_import_error_with_file_and_line(tmp_path: Path) -> None:
    shop.write_dag(tmp_path, parallelism=0)
    lines = (tmp_path / "shop.yaml").read_text().splitlines()
    line = 1 + next(number for number, text in enumerate(lines) if text.startswith("parallelism"))
    (message,) = bag(tmp_path).import_errors.values()
    assert f"shop.yaml:{line}: parallelism: 0 is less than the minimum of 1" in message


def test_dag_argument_that_airflow_refuses_is_an_import_error(tmp_path: Path) -> None:
    for number, wrong in enumerate(({"schedule": "x y z"}, {"owner_links": {"me": "nowhere"}})):
        shop.write_dag(tmp_path, f"shop_{number}", dag={"dag_id": f"shop_{number}", **wrong})
    found = bag(tmp_path)
    assert len(found.import_errors) == 2, found.dags
    assert found.dags == {}


def test_structure_follows_the_queries(tmp_path: Path) -> None:
    dag = built(tmp_path)
    edges = {task.task_id: task.upstream_task_ids for task in dag.tasks}
    assert edges == {
        "open_run": set(),
        "shop.total": {"open_run"},
        "shop.by_customer": {"open_run"},
        "shop.big": {"shop.by_customer"},
        "shop.summary": {"shop.big"},
    }
    assert dag.get_task("shop.by_customer").downstream_task_ids == {"shop.big"}
    assert dag.roots == [dag.get_task("open_run")]
    groups = {name: group for name, group in dag.task_group.get_task_group_dict().items() if name}
    assert set(groups) == {"shop", "marts"}
    assert groups["marts"].has_task(dag.get_task("shop.summary"))


def test_tasks_retry_by_sqlstate_and_carry_their_options(tmp_path: Path) -> None:
    dag = built(tmp_path, default={"retries": 4, "pool": "refresh", "execution_timeout": "10m"})
    for task in dag.tasks:
        assert isinstance(task.retry_policy, SqlStateRetryPolicy)
        assert (task.retries, task.pool) == (4, "refresh")
        assert task.execution_timeout == timedelta(minutes=10)
    assert dag.max_active_runs == 1


def test_arguments_in_python_win_over_the_file(tmp_path: Path) -> None:
    shop.write_dag(tmp_path)
    (tmp_path / "shop.py").write_text(
        "from airflow.providers.pgtrickle import pgtrickle_dag_factory\n"
        "from airflow.sdk import Asset\n"
        "pgtrickle_dag_factory('shop.yaml', schedule=[Asset('orders')], default_args={'owner': 'me'})\n"
    )
    found = bag(tmp_path)
    assert found.import_errors == {}
    assert found.dags["shop"].get_task("open_run").owner == "me"
    assert isinstance(found.dags["shop"].get_task("open_run").retry_policy, SqlStateRetryPolicy)


def test_dates_and_cron_are_in_the_time_zone(tmp_path: Path) -> None:
    arguments = {
        "dag_id": "shop",
        "schedule": "0 6 * * *",
        "start_date": "2026-01-31",
        "timezone": "Europe/Berlin",
    }
    dag = built(tmp_path, dag=arguments)
    assert dag.start_date.isoformat() == "2026-01-30T23:00:00+00:00"
    assert dag.timezone.name == "Europe/Berlin"


@pytest.mark.parametrize("granularity", shop.GRANULARITIES)
def test_dag_survives_serialization(tmp_path: Path, granularity: str) -> None:
    dag = built(tmp_path, granularity=granularity)
    encoded = DagSerialization.to_dict(dag)
    again = DagSerialization.from_dict(encoded)
    assert set(again.task_dict) == set(dag.task_dict)
    for name, task in dag.task_dict.items():
        assert again.task_dict[name].upstream_task_ids == task.upstream_task_ids


def test_changed_query_is_a_changed_dag(tmp_path: Path) -> None:
    first = built(tmp_path).doc_md
    changed = {**shop.QUERIES, "shop.total": "SELECT count(*) AS orders FROM shop.orders"}
    second = built(
        tmp_path, stream_tables=[{"name": name, "query": query} for name, query in changed.items()], groups={}
    ).doc_md
    assert first != second
    assert built(tmp_path).doc_md == first


def test_examples_are_read_without_errors() -> None:
    found = bag(EXAMPLES)
    assert found.import_errors == {}
    assert set(found.dags) == {
        *("tpch", "tpch_operators", "tpch_after_load", "tpch_consumer", "tpch_on_change", "tpch_many"),
        "tpch_backfill",
    }
    edges = {task.task_id: task.upstream_task_ids for task in found.dags["tpch"].tasks}
    assert len(edges) == 6
    assert edges["tpch.top_segments"] == {"tpch.customer_totals"}


def test_many_tables_are_a_task_for_each_level() -> None:
    dag = bag(EXAMPLES).dags["tpch_many"]
    waves = {task.task_id: task.stream_tables for task in dag.tasks if task.task_id != "open_run"}
    assert {name: [len(wave) for wave in found] for name, found in waves.items()} == {
        "level_1": [66],
        "level_2": [132],
        "level_3": [1],
        "level_4": [1],
    }
    assert dag.get_task("level_4").upstream_task_ids == {"level_3"}
    assert len(dag.get_task("open_run").definitions) == 200


def test_mistake_in_a_mapping_is_named_with_the_line_of_the_call(tmp_path: Path) -> None:
    (tmp_path / "made.py").write_text(
        "from airflow.providers.pgtrickle import pgtrickle_dag_factory\n\n"
        "pgtrickle_dag_factory({'version': 1, 'dag': {'dag_id': 'x'}, 'stream_tables': [{'name': 'a'}]})\n"
    )
    (message,) = bag(tmp_path).import_errors.values()
    assert f"{tmp_path}/made.py:3: a needs a query or a query_file" in message


def test_examples_follow_the_published_schema() -> None:
    document = yaml.safe_load((EXAMPLES / "tpch.yaml").read_text())
    assert {table["name"] for table in document["stream_tables"]} == {
        f"tpch.{name}"
        for name in (
            "urgent_orders",
            "pricing_summary",
            "revenue_by_nation",
            "customer_totals",
            "top_segments",
        )
    }
