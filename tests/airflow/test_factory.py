"""What a configuration can say beyond its stream tables: selection, assets, deadlines, mixed DAGs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG, Asset, AssetAlias, AssetOrTimeSchedule
from airflow.serialization.serialized_objects import DagSerialization

from airflow.providers.pgtrickle import asset_for
from airflow.providers.pgtrickle.engine.errors import InvalidConfig
from airflow.providers.pgtrickle.factory.build import MOST_OUTLETS, build_dag
from airflow.providers.pgtrickle.factory.config import load
from airflow.providers.pgtrickle.factory.plan import plan
from tests.airflow import shop

Build = Callable[..., DAG]


@pytest.fixture
def build(tmp_path: Path) -> Build:
    def built(**values: Any) -> DAG:
        shop.write_dag(tmp_path, **values)
        return build_dag(plan(load(tmp_path / "shop.yaml", {})))

    return built


def tables(**of: dict[str, Any]) -> list[dict[str, Any]]:
    """The shop's stream tables, with further values for some of them."""
    return [
        {"name": name, "query": query, **of.get(name.partition(".")[2], {})}
        for name, query in shop.QUERIES.items()
    ]


def refreshes(dag: DAG) -> set[str]:
    return {task.task_id for task in dag.tasks} - {"open_run", "check_freshness"}


def bag(folder: Path) -> DagBag:
    return DagBag(folder, bundle_path=folder, bundle_name="test")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"select": "shop.big"}, {"shop.big"}),
        ({"select": "+shop.big"}, {"shop.by_customer", "shop.big"}),
        ({"select": ["shop.by_customer+"]}, {"shop.by_customer", "shop.big", "shop.summary"}),
        ({"select": ["tag:daily", "group:marts"]}, {"shop.total", "shop.summary"}),
        ({"exclude": "tag:daily"}, {"shop.by_customer", "shop.big", "shop.summary"}),
        ({"select": "shop.*", "exclude": ["+shop.summary"]}, {"shop.total"}),
    ],
)
def test_selectors_choose_what_the_dag_refreshes(
    build: Build, values: dict[str, Any], expected: set[str]
) -> None:
    dag = build(stream_tables=tables(total={"tags": ["daily"]}, summary={"group": "marts"}), **values)
    assert refreshes(dag) == expected
    assert set(dag.get_task("open_run").stream_tables) == expected


def test_tags_of_default_group_and_table_add_up(tmp_path: Path) -> None:
    shop.write_dag(
        tmp_path,
        default={"tags": ["all"]},
        groups={"marts": {"tags": ["mart"]}},
        stream_tables=tables(summary={"group": "marts", "tags": ["top"]}),
    )
    entries = {entry.definition.name: entry for entry in load(tmp_path / "shop.yaml", {}).entries}
    assert entries["shop.summary"].tags == {"all", "mart", "top"}
    assert entries["shop.big"].tags == {"all"}


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"select": ["shop.big", "shop.nothing"]}, "chooses no stream table"),
        ({"select": "shop.big", "exclude": "shop.*"}, "Nothing that is selected is left"),
        ({"select": "a b c"}, "is no selector"),
        ({"exclude": "a b c"}, "is no selector"),
    ],
)
def test_selectors_that_mean_nothing_are_named(build: Build, values: dict[str, Any], text: str) -> None:
    with pytest.raises(InvalidConfig, match=text) as caught:
        build(**values)
    assert caught.value.line


def test_group_may_have_a_granularity_of_its_own(build: Build) -> None:
    dag = build(
        groups={"core": {"granularity": "group"}},
        stream_tables=tables(by_customer={"group": "core"}, big={"group": "core"}),
    )
    assert refreshes(dag) == {"shop.total", "refresh_core", "shop.summary"}
    assert dag.get_task("refresh_core").stream_tables == [["shop.by_customer"], ["shop.big"]]
    assert dag.get_task("shop.summary").upstream_task_ids == {"refresh_core"}
    dag = build(
        granularity="graph",
        groups={"marts": {"granularity": "level"}},
        stream_tables=tables(big={"group": "marts"}, summary={"group": "marts"}),
    )
    assert refreshes(dag) == {"refresh_all", "marts_level_2", "marts_level_3"}
    assert dag.get_task("marts_level_3").upstream_task_ids == {"marts_level_2"}


def test_schedules_make_the_first_task_choose(build: Build) -> None:
    assert build().get_task("open_run").due is None
    dag = build(stream_tables=tables(summary={"schedule": "1h"}, by_customer={"schedule": "CALCULATED"}))
    due = dag.get_task("open_run").due
    assert set(due.schedules) == {"shop.summary", "shop.by_customer"}
    assert due.upstream["shop.summary"] == ("shop.big",)


def test_leaves_and_exported_tables_have_assets(build: Build) -> None:
    dag = build(stream_tables=tables(by_customer={"export": True}))
    outlets = {task.task_id: task.outlets for task in dag.tasks}
    assert outlets == {
        "open_run": [],
        "shop.total": [asset_for("shop.total", connection="shop_db")],
        "shop.by_customer": [asset_for("shop.by_customer", connection="shop_db")],
        "shop.big": [],
        "shop.summary": [asset_for("shop.summary", connection="shop_db")],
    }
    assert not any(task.outlets for task in build(emit="never").tasks)


def test_place_of_the_database_makes_the_uris_of_the_postgres_provider(build: Build) -> None:
    dag = build(assets={"host": "db.example.org", "database": "shop"}, granularity="graph")
    (task,) = (task for task in dag.tasks if task.task_id != "open_run")
    assert {outlet.uri for outlet in task.outlets} == {
        "postgres://db.example.org:5432/shop/shop/total",
        "postgres://db.example.org:5432/shop/shop/summary",
    }


def test_no_more_assets_are_drawn_than_airflow_bears(build: Build) -> None:
    many = [{"name": f"shop.t{number}", "query": "SELECT 1 FROM shop.orders"} for number in range(150)]
    many.append({"name": "shop.exported", "query": "SELECT 1 FROM shop.orders", "export": True})
    dag = build(stream_tables=many, groups={})
    outlets = [outlet for task in dag.tasks for outlet in task.outlets]
    assert sum(isinstance(outlet, Asset) for outlet in outlets) == MOST_OUTLETS
    assert len({outlet.name for outlet in outlets if isinstance(outlet, AssetAlias)}) == 1
    assert len(outlets) == 151
    assert isinstance(dag.get_task("shop.exported").outlets[0], Asset)


def test_freshness_is_judged_after_everything(build: Build) -> None:
    dag = build(default={"freshness_sla": "10m"}, stream_tables=tables(total={"freshness_sla": "1h"}))
    check = dag.get_task("check_freshness")
    assert check.freshness_sla == {
        "shop.total": timedelta(hours=1),
        **dict.fromkeys(("shop.by_customer", "shop.big", "shop.summary"), timedelta(minutes=10)),
    }
    assert check.upstream_task_ids == {"shop.total", "shop.summary"}
    assert check.trigger_rule == "all_done"
    assert dag.get_task("shop.big").freshness_sla == timedelta(minutes=10)
    assert "check_freshness" not in build().task_ids


def test_run_deadline_is_a_deadline_of_the_dag(build: Build) -> None:
    dag = build(dag={"dag_id": "shop", "schedule": None, "run_deadline": "4m"})
    (alert,) = dag.deadline
    assert alert.interval == timedelta(minutes=4)
    assert alert.callback.path.endswith("report_missed_deadline")
    encoded = DagSerialization.to_dict(dag)
    assert encoded["dag"]["deadline"]
    own = "airflow.providers.pgtrickle.notifications.pgtrickle.PgTrickleNotifier"
    dag = build(dag={"dag_id": "shop", "run_deadline": 60, "run_deadline_callback": own})
    assert dag.deadline[0].callback.path == own


def conditions(build: Build, schedule: dict[str, Any]) -> Any:
    dag = build(
        dag={"dag_id": "shop", "schedule": schedule}, assets={"host": "db.example.org", "database": "shop"}
    )
    DagSerialization.to_dict(dag)
    return dag.timetable


def assets_in(condition: Any) -> Iterator[Asset]:
    if isinstance(condition, Asset):
        yield condition
    else:
        for part in condition.objects:
            yield from assets_in(part)


def test_dag_may_wait_for_assets(build: Build) -> None:
    upstream = asset_for("crm.customers", host="db.example.org", database="shop")
    one = conditions(build, {"assets": "crm.customers"})
    assert list(assets_in(one.asset_condition)) == [upstream]
    nested = conditions(build, {"assets": [{"any": ["crm.customers", "s3://bucket/orders"]}, "crm.regions"]})
    assert type(nested.asset_condition).__name__ == "AssetAll"
    assert len(list(assets_in(nested.asset_condition))) == 3
    timed = conditions(build, {"assets": "crm.customers", "cron": "0 6 * * *"})
    assert isinstance(timed, AssetOrTimeSchedule)


def test_dag_may_wait_for_changed_sources(build: Build) -> None:
    timetable = conditions(build, {"sources": ["shop.orders", "SHOP.customers"], "poll_interval": "2s"})
    (asset,) = assets_in(timetable.asset_condition)
    (watcher,) = asset.watchers
    assert watcher.trigger.serialize()[1] == {
        "sources": ["shop.customers", "shop.orders"],
        "pgtrickle_conn_id": "shop_db",
        "poll_interval": 2.0,
        "repeat_after": 600.0,
    }


@pytest.mark.parametrize(
    ("schedule", "text"),
    [
        ({}, "waits for nothing"),
        ({"cron": "0 6 * * *"}, "waits for nothing"),
        ({"assets": "a.b.c"}, "more than two parts"),
        ({"sources": ["a b"]}, "does not name"),
        ({"assets": {"some": ["a"]}}, "not valid|not known"),
        ({"asset": "a"}, "not known here"),
    ],
)
def test_conditions_that_are_none_are_named(build: Build, schedule: dict[str, Any], text: str) -> None:
    with pytest.raises(InvalidConfig, match=text) as caught:
        build(dag={"dag_id": "shop", "schedule": schedule})
    assert caught.value.line


MIXED = """
from airflow.providers.pgtrickle import PgTrickleTaskGroup
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

with DAG("mixed", schedule=None):
    tables = PgTrickleTaskGroup("shop.yaml", group_id="tables", select="+shop.big")
    EmptyOperator(task_id="load") >> tables >> EmptyOperator(task_id="report")
    tables.stream_table_tasks["shop.by_customer"] >> EmptyOperator(task_id="early")
"""

EXTENDED = """
from airflow.providers.pgtrickle import PgTrickleDag
from airflow.providers.standard.operators.empty import EmptyOperator

with PgTrickleDag("shop.yaml", dag_id="extended", tags=["mine"]) as dag:
    EmptyOperator(task_id="load") >> dag.first_task
    dag.stream_table_tasks["shop.summary"] >> EmptyOperator(task_id="report")
"""


def test_stream_tables_stand_between_other_tasks(tmp_path: Path) -> None:
    shop.write_dag(tmp_path)
    (tmp_path / "shop.py").unlink()
    text = (tmp_path / "shop.yaml").read_text()
    (tmp_path / "shop.yaml").write_text(text.replace("dag:\n  dag_id: shop\n  schedule: null\n", ""))
    assert "dag_id" not in (tmp_path / "shop.yaml").read_text()
    (tmp_path / "mixed.py").write_text(MIXED)
    found = bag(tmp_path)
    assert found.import_errors == {}
    edges = {task.task_id: task.upstream_task_ids for task in found.dags["mixed"].tasks}
    assert edges == {
        "load": set(),
        "tables.open_run": {"load"},
        "tables.shop.by_customer": {"tables.open_run"},
        "tables.shop.big": {"tables.shop.by_customer"},
        "report": {"tables.shop.big"},
        "early": {"tables.shop.by_customer"},
    }
    assert "tables.open_run" in found.dags["mixed"].get_task("tables.shop.big").run
    DagSerialization.to_dict(found.dags["mixed"])


def test_dag_of_a_file_takes_tasks_of_its_own(tmp_path: Path) -> None:
    shop.write_dag(tmp_path)
    (tmp_path / "extended.py").write_text(EXTENDED)
    found = bag(tmp_path)
    assert found.import_errors == {}
    dag = found.dags["extended"]
    assert dag.get_task("open_run").upstream_task_ids == {"load"}
    assert dag.get_task("report").upstream_task_ids == {"shop.summary"}
    assert dag.tags == {"mine"}
    assert dag.fileloc == str(tmp_path / "extended.py")
    assert set(DagSerialization.from_dict(DagSerialization.to_dict(dag)).task_dict) == set(dag.task_dict)


def test_file_without_a_dag_makes_none(tmp_path: Path) -> None:
    shop.write_dag(tmp_path, dag={"schedule": None, "dag_id": "x"})
    text = (tmp_path / "shop.yaml").read_text()
    (tmp_path / "shop.yaml").write_text(text.replace("dag:\n  schedule: null\n  dag_id: x\n", ""))
    (message,) = bag(tmp_path).import_errors.values()
    assert "There is no dag_id" in message


def test_configuration_may_lie_in_object_storage(tmp_path: Path) -> None:
    bucket = tmp_path / "bucket"
    bucket.mkdir()
    shop.write_dag(bucket)
    (bucket / "total.sql").write_text(shop.QUERIES["shop.total"])
    (bucket / "shop.py").unlink()
    text = (bucket / "shop.yaml").read_text()
    query = f"query: {shop.QUERIES['shop.total']}"
    assert query in text
    (bucket / "shop.yaml").write_text(text.replace(query, "query_file: total.sql"))
    dags = tmp_path / "dags"
    dags.mkdir()
    (dags / "shop.py").write_text(
        "from airflow.providers.pgtrickle import pgtrickle_dag_factory\n"
        f'pgtrickle_dag_factory("file://{bucket}/shop.yaml", exclude="shop.big+")\n'
    )
    found = bag(dags)
    assert found.import_errors == {}
    assert refreshes(found.dags["shop"]) == {"shop.total", "shop.by_customer"}
