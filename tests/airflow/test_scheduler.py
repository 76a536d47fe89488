"""The factory's DAGs executed by a real scheduler with LocalExecutor, and what is left when a task fails."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from psycopg.conninfo import conninfo_to_dict

from airflow.providers.pgtrickle.engine.api import PgTrickle
from tests.airflow import shop
from tests.airflow.conftest import ScheduledShop

pytestmark = [
    pytest.mark.scheduler,
    pytest.mark.airflow,
    pytest.mark.slow,
    pytest.mark.timeout(420),
]

DAG = "shop_table"
#: One refresh task: for what does not depend on the number of tasks.
SMALL = "shop_graph"


def run(scheduled: ScheduledShop, dag_id: str = DAG) -> tuple[str, str]:
    run_id = scheduled.airflow.trigger(dag_id)
    return run_id, scheduled.airflow.wait_for_run(dag_id, run_id)


def states(scheduled: ScheduledShop, run_id: str, dag_id: str = DAG) -> dict[str, str | None]:
    return {name: task.state for name, task in scheduled.airflow.task_instances(dag_id, run_id).items()}


def wait_until(condition: Callable[[], bool], what: str, timeout: float = 120.0) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.2)


@pytest.fixture(scope="module")
def filled(scheduled_shop: ScheduledShop) -> ScheduledShop:
    """The shop after a first run has created and filled its stream tables."""
    run_id, state = run(scheduled_shop, SMALL)
    assert state == "success", scheduled_shop.airflow.task_log(SMALL, run_id, "*")
    assert shop.stored(scheduled_shop.dsn) == shop.expected(scheduled_shop.dsn)
    return scheduled_shop


@pytest.mark.parametrize("granularity", shop.GRANULARITIES[1:])
def test_changes_are_followed_by_deltas(filled: ScheduledShop, granularity: str) -> None:
    dag_id = f"shop_{granularity}"
    before = shop.stored(filled.dsn)
    shop.write(filled.dsn, seed=10 + shop.GRANULARITIES.index(granularity))
    run_id, state = run(filled, dag_id)
    assert state == "success", states(filled, run_id, dag_id)
    results = []
    for name in states(filled, run_id, dag_id):
        if name != "open_run":
            result = filled.airflow.result(dag_id, run_id, name)
            results += result if isinstance(result, list) else [result]
    assert {result["stream_table"] for result in results} == set(shop.QUERIES)
    assert {result["action"] for result in results} == {"DIFFERENTIAL"}, results
    assert len({result["frontier"] for result in results}) == 1
    after = shop.stored(filled.dsn)
    assert all(after[name] != before[name] for name in shop.QUERIES)
    assert after == shop.expected(filled.dsn)


def test_graph_tab_shows_groups_and_edges(filled: ScheduledShop) -> None:
    structure = filled.airflow.get(f"/ui/structure/structure_data?dag_id={DAG}")
    groups = {node["id"]: {child["id"] for child in node["children"] or []} for node in structure["nodes"]}
    assert groups["marts"] >= {"shop.summary"}
    assert groups["shop"] >= {"shop.total", "shop.by_customer", "shop.big"}
    assert {(edge["source_id"], edge["target_id"]) for edge in structure["edges"]} >= {
        ("open_run", "shop.total"),
        ("shop.by_customer", "shop.big"),
        ("shop.big", "shop.summary"),
    }


def test_failed_middle_leaves_descendants_whole_and_its_retry_ends_consistent(filled: ScheduledShop) -> None:
    airflow, dsn = filled.airflow, filled.dsn
    before = shop.stored(dsn)
    shop.write(dsn, seed=20)
    at_frontier = shop.expected(dsn)
    assert all(at_frontier[name] != before[name] for name in shop.QUERIES)

    with PgTrickle.connect(dsn) as engine:
        engine.suspend_stream_table("shop.big")
    run_id, state = run(filled)
    assert state == "failed"
    assert states(filled, run_id) == {
        "open_run": "success",
        "shop.total": "success",
        "shop.by_customer": "success",
        "shop.big": "failed",
        "shop.summary": "upstream_failed",
    }
    assert airflow.task_instances(DAG, run_id)["shop.big"].try_number == 1, "a permanent error is not retried"
    left = shop.stored(dsn)
    assert {name: left[name] for name in ("shop.total", "shop.by_customer")} == {
        name: at_frontier[name] for name in ("shop.total", "shop.by_customer")
    }
    assert {name: left[name] for name in ("shop.big", "shop.summary")} == {
        name: before[name] for name in ("shop.big", "shop.summary")
    }

    # Writers go on; the sources are now ahead of the run.
    shop.write(dsn, seed=21)
    assert shop.expected(dsn) != at_frontier
    with PgTrickle.connect(dsn) as engine:
        assert all(engine.verify_stream_table(name) for name in shop.QUERIES)
        engine.resume_stream_table("shop.big")
    airflow.clear(DAG, run_id, "shop.big")
    wait_until(lambda: airflow.run_state(DAG, run_id) != "failed", "the run is taken up again")
    assert airflow.wait_for_run(DAG, run_id) == "success", airflow.task_log(DAG, run_id, "shop.big")
    assert shop.stored(dsn) == at_frontier
    assert airflow.result(DAG, run_id, "shop.big")["action"] == "DIFFERENTIAL"
    with PgTrickle.connect(dsn) as engine:
        assert all(engine.verify_stream_table(name) for name in shop.QUERIES)

    assert run(filled)[1] == "success"
    assert shop.stored(dsn) == shop.expected(dsn)


def test_retry_of_an_overtaken_run_takes_nothing_back(filled: ScheduledShop) -> None:
    airflow, dsn = filled.airflow, filled.dsn
    shop.write(dsn, seed=30)
    overtaken, _ = run(filled, SMALL)
    shop.write(dsn, seed=31)
    with PgTrickle.connect(dsn) as engine:
        for name in shop.QUERIES:
            engine.refresh_stream_table(name)
    newest = shop.stored(dsn)
    airflow.clear(SMALL, overtaken, "refresh_all")
    wait_until(lambda: airflow.run_state(SMALL, overtaken) != "success", "the run is taken up again")
    assert airflow.wait_for_run(SMALL, overtaken) == "success"
    assert {result["action"] for result in airflow.result(SMALL, overtaken, "refresh_all")} == {"NO_DATA"}
    assert shop.stored(dsn) == newest == shop.expected(dsn)


def test_connection_form_has_our_fields_and_tests_the_connection(scheduled_shop: ScheduledShop) -> None:
    airflow = scheduled_shop.airflow
    form = next(
        hook for hook in airflow.get("/ui/connections/hook_meta") if hook["connection_type"] == "pgtrickle"
    )
    assert form["standard_fields"]["url_schema"]["title"] == "Database"
    assert form["extra_fields"]["sslmode"]["schema"]["enum"][2] == "prefer"
    parts = conninfo_to_dict(scheduled_shop.watched_dsn)
    connection = {
        "connection_id": "tried",
        "conn_type": "pgtrickle",
        "host": parts["host"],
        "port": int(str(parts.get("port", 5432))),
        "login": parts["user"],
        "schema": parts["dbname"],
        "extra": '{"sslmode": "prefer"}',
    }
    answer = airflow.post("/api/v2/connections/test", connection)
    assert answer["status"], answer
    assert "Connection successfully tested" in answer["message"]
    answer = airflow.post("/api/v2/connections/test", {**connection, "schema": "nothing"})
    assert not answer["status"]
    assert 'database "nothing" does not exist' in answer["message"]


def events_of(scheduled: ScheduledShop) -> list[dict[str, Any]]:
    uri = quote("pgtrickle://shop_db/shop/summary", safe="")
    assets = scheduled.airflow.get(f"/api/v2/assets?uri_pattern={uri}")["assets"]
    (asset,) = (asset for asset in assets if asset["uri"] == "pgtrickle://shop_db/shop/summary")
    path = f"/api/v2/assets/events?asset_id={asset['id']}&limit=100&order_by=timestamp"
    found: list[dict[str, Any]] = scheduled.airflow.get(path)["asset_events"]
    return found


def test_event_starts_a_consumer_only_when_rows_changed(filled: ScheduledShop) -> None:
    airflow = filled.airflow
    airflow.unpause("consumer")
    before = len(events_of(filled))
    run_id, state = run(filled, SMALL)
    assert state == "success"
    assert {each["action"] for each in airflow.result(SMALL, run_id, "refresh_all")} == {"NO_DATA"}
    assert len(events_of(filled)) == before

    shop.write(filled.dsn, seed=50)
    run_id, state = run(filled, DAG)
    assert state == "success"
    result = airflow.result(DAG, run_id, "shop.summary")

    def heard() -> list[dict[str, Any]]:
        """What consumers were told of this refresh; they hear of those before they were unpaused, too."""
        return [
            extra
            for consumer in airflow.runs("consumer")
            if consumer["state"] == "success"
            for extra in airflow.result("consumer", consumer["dag_run_id"], "read")
            if extra["frontier"] == result["frontier"]
        ]

    wait_until(lambda: bool(heard()), "a consumer is started and told")
    (extra,) = heard()
    assert extra["rows_changed"] == result["rows_inserted"] + result["rows_deleted"] > 0
    assert (extra["action"], extra["frontier"]) == ("DIFFERENTIAL", result["frontier"])
    assert len(events_of(filled)) == before + 1
    link = airflow.get(f"/api/v2/dags/{DAG}/dagRuns/{quote(run_id)}/taskInstances/shop.summary/links")
    assert link["extra_links"]["Stream table"].endswith("/pgtrickle/stream-tables/shop_db/shop.summary")


def test_changed_sources_start_a_run_and_what_waits_ends(scheduled_shop: ScheduledShop) -> None:
    airflow, dsn = scheduled_shop.airflow, scheduled_shop.watched_dsn
    run_id = airflow.trigger("watching")
    airflow.unpause("watching")
    assert airflow.wait_for_run("watching", run_id) == "success", airflow.task_log("watching", run_id, "*")
    assert airflow.result("watching", run_id, "check_freshness").keys() == set(shop.QUERIES)
    with PgTrickle.connect(dsn) as engine:
        engine.create_stream_table("shop.late", shop.QUERIES["shop.total"], initialize=False)
    waiting = airflow.trigger("waiting")
    wait_until(
        lambda: airflow.task_instances("waiting", waiting)["wait"].state == "deferred", "the sensor defers"
    )

    assert len(airflow.runs("watching")) == 1
    shop.write(dsn, seed=60)
    wait_until(lambda: len(airflow.runs("watching")) == 2, "the change starts a run")
    run_id = airflow.runs("watching")[1]["dag_run_id"]
    assert airflow.wait_for_run("watching", run_id) == "success"
    assert {each["action"] for each in airflow.result("watching", run_id, "refresh_all")} == {"DIFFERENTIAL"}
    assert shop.stored(dsn) == shop.expected(dsn)
    with PgTrickle.connect(dsn) as engine:
        assert all(engine.verify_stream_table(name) for name in shop.QUERIES)
        engine.refresh_stream_table("shop.late")
        assert engine.verify_stream_table("shop.late")
    assert airflow.wait_for_run("waiting", waiting) == "success", airflow.task_log("waiting", waiting, "*")
    assert airflow.result("waiting", waiting, "wait")["staleness_seconds"] < 3600
    # The runs took longer than their deadline of a second.
    missed = airflow.get("/ui/dags/watching/dagRuns/~/deadlines?missed=true")["deadlines"]
    assert len(missed) >= 1


def test_transient_error_is_retried_soon(filled: ScheduledShop) -> None:
    """The database takes no connections for a while: the default delay of Airflow would be five minutes."""
    airflow, dsn = filled.airflow, filled.dsn
    name = dsn.partition("@/")[2].partition("?")[0]
    maintenance = dsn.replace(f"@/{name}?", "@/postgres?")
    shop.write(dsn, seed=40)
    shop.execute(maintenance, f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
    try:
        run_id = airflow.trigger(SMALL)
        wait_until(
            lambda: states(filled, run_id, SMALL).get("open_run") == "up_for_retry",
            "the first task fails for now",
        )
    finally:
        shop.execute(maintenance, f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
    assert airflow.wait_for_run(SMALL, run_id, timeout=180) == "success"
    assert airflow.task_instances(SMALL, run_id)["open_run"].try_number > 1
    assert shop.stored(dsn) == shop.expected(dsn)
