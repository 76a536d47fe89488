"""Operators against a real database, executed as a worker would, but for the worker."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import DAG, AssetAlias, task
from airflow.sdk.exceptions import AirflowSkipException

from airflow.providers.pgtrickle import asset_for
from airflow.providers.pgtrickle.engine.api import PgTrickle
from airflow.providers.pgtrickle.engine.errors import (
    FreshnessExceeded,
    InvalidOption,
    InvalidQuery,
    NotExact,
    StreamTableExists,
)
from airflow.providers.pgtrickle.factory.schedules import Schedule
from airflow.providers.pgtrickle.operators.pgtrickle import (
    OpenRunOperator,
    StreamTableAlterOperator,
    StreamTableFreshnessCheckOperator,
    StreamTableGroupRefreshOperator,
    StreamTableRefreshOperator,
    StreamTablesApplyOperator,
    StreamTablesPlanOperator,
    StreamTableVerifyOperator,
)
from airflow.providers.pgtrickle.runs import DueTables, RunAsked
from tests.airflow import shop

TOTAL = asset_for("shop.total", connection="shop_db")


class Events(defaultdict[Any, Any]):
    """What a task says of its outlets."""

    def __init__(self) -> None:
        super().__init__(lambda: SimpleNamespace(extra={}, added=[]))

    def __missing__(self, key: Any) -> Any:
        accessor = SimpleNamespace(extra={}, added=[])
        accessor.add = lambda asset, extra: accessor.added.append((asset, extra))
        self[key] = accessor
        return accessor


def context(try_number: int = 1) -> Any:
    ti = SimpleNamespace(dag_id="shop", run_id="manual", try_number=try_number)
    return {"ti": ti, "outlet_events": Events()}


@pytest.fixture
def engine(shop_dsn: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[PgTrickle]:
    monkeypatch.setenv("AIRFLOW_CONN_SHOP_DB", shop_dsn)
    with PgTrickle.connect(shop_dsn) as trickle:
        trickle.install()
        for name, query in shop.QUERIES.items():
            trickle.create_stream_table(name, query)
        yield trickle
        for table in trickle.stream_tables():
            assert trickle.verify_stream_table(table.name.display)


def refresh(told: Any | None = None, **arguments: Any) -> tuple[StreamTableRefreshOperator, dict[str, Any]]:
    operator = StreamTableRefreshOperator(
        task_id="t", pgtrickle_conn_id="shop_db", stream_table="shop.total", **arguments
    )
    return operator, operator.execute(told or context())


def test_event_says_what_changed_and_is_left_out_otherwise(engine: PgTrickle, shop_dsn: str) -> None:
    told = context()
    operator, result = refresh(told, asset=TOTAL)
    assert result["action"] == "NO_DATA"
    assert operator.outlets == []
    shop.write(shop_dsn, 1)
    told = context()
    operator, result = refresh(told, asset=TOTAL)
    assert operator.outlets == [TOTAL]
    assert told["outlet_events"][TOTAL].extra == {
        "stream_table": "shop.total",
        "action": "DIFFERENTIAL",
        "rows_changed": 2,
        **{key: result[key] for key in ("rows_inserted", "rows_deleted", "frontier", "data_timestamp")},
        "lag_seconds": result["lag_seconds"],
    }


@pytest.mark.parametrize(
    ("emit", "try_number", "expected"),
    [("changed", 1, False), ("changed", 2, True), ("always", 1, True), ("never", 2, False)],
)
def test_event_without_a_change(engine: PgTrickle, emit: Any, try_number: int, expected: bool) -> None:
    """A second try announces what the first may have committed and not announced."""
    operator, _ = refresh(context(try_number), asset=TOTAL, emit=emit)
    assert operator.outlets == ([TOTAL] if expected else [])


def test_asset_behind_an_alias_is_added_by_hand(engine: PgTrickle, shop_dsn: str) -> None:
    alias = AssetAlias("shop.stream_tables")
    shop.write(shop_dsn, 1)
    told = context()
    operator = StreamTableGroupRefreshOperator(
        task_id="t",
        pgtrickle_conn_id="shop_db",
        stream_tables=[["shop.total", "shop.by_customer"]],
        assets={"shop.total": TOTAL},
        asset_alias=alias,
    )
    assert operator.outlets == [alias]
    operator.execute(told)
    ((asset, extra),) = told["outlet_events"][alias].added
    assert (asset, extra["stream_table"]) == (TOTAL, "shop.total")
    assert operator.outlets == [alias]


def test_group_announces_those_that_changed(engine: PgTrickle, shop_dsn: str) -> None:
    assets = {name: asset_for(name, connection="shop_db") for name in ("shop.total", "shop.by_customer")}
    shop.write(shop_dsn, 1)
    engine.refresh_stream_table("shop.by_customer")
    operator = StreamTableGroupRefreshOperator(
        task_id="t", pgtrickle_conn_id="shop_db", stream_tables=[list(assets)], assets=assets
    )
    assert len(operator.outlets) == 2
    operator.execute(context())
    assert operator.outlets == [TOTAL]


def test_what_readers_saw_is_judged_by_the_sla(engine: PgTrickle, capsys: pytest.CaptureFixture[str]) -> None:
    observed = engine.stream_table("shop.total").data_timestamp
    assert observed is not None
    while datetime.now(UTC) - observed < timedelta(seconds=0.3):
        pass
    refresh(freshness_sla=timedelta(seconds=0.2))
    assert "0:00:00.200000 is its freshness SLA" in capsys.readouterr().out
    refresh(freshness_sla=timedelta(hours=1))
    assert "freshness SLA" not in capsys.readouterr().out


def check(**limits: timedelta) -> Any:
    operator = StreamTableFreshnessCheckOperator(
        task_id="t",
        pgtrickle_conn_id="shop_db",
        freshness_sla={f"SHOP.{name}": limit for name, limit in limits.items()},
    )
    return operator.execute(context())


def test_check_names_what_is_too_stale(engine: PgTrickle) -> None:
    hour, nothing = timedelta(hours=1), timedelta(0)
    found = check(total=hour, big=hour)
    assert set(found) == {"shop.total", "shop.big"}
    assert all(0 <= seconds < 3600 for seconds in found.values())
    engine.create_stream_table("shop.empty", "SELECT 1 AS one FROM shop.orders", initialize=False)
    with pytest.raises(FreshnessExceeded) as caught:
        check(total=nothing, big=hour, absent=hour, empty=hour)
    text = str(caught.value)
    assert "shop.total (" in text
    assert "shop.absent (there is none)" in text
    assert "shop.empty (not populated)" in text
    assert "shop.big" not in text
    engine.drop_stream_table("shop.empty")


def test_verify_compares_all_and_fails_for_one(engine: PgTrickle, shop_dsn: str) -> None:
    operator = StreamTableVerifyOperator(task_id="t", pgtrickle_conn_id="shop_db")
    found = operator.execute(context())
    assert {each["stream_table"] for each in found} == set(shop.QUERIES)
    assert all(each["exact"] and each["rows"] for each in found)
    storage = f"pgtrickle_data.st_{engine.stream_table('shop.big').id}_1"
    shop.execute(shop_dsn, f"CREATE TABLE kept AS TABLE {storage}; DELETE FROM {storage}")
    with pytest.raises(NotExact, match=r"shop\.big .* rows missing, 0 unexpected"):
        operator.execute(context())
    one = StreamTableVerifyOperator(task_id="u", pgtrickle_conn_id="shop_db", stream_tables=["shop.total"])
    assert len(one.execute(context())) == 1
    shop.execute(shop_dsn, f"INSERT INTO {storage} TABLE kept")


def test_alter_changes_what_is_given(engine: PgTrickle) -> None:
    operator = StreamTableAlterOperator(
        task_id="t", pgtrickle_conn_id="shop_db", stream_table="shop.total", refresh_mode="FULL"
    )
    assert operator.execute(context()) == {
        "stream_table": "shop.total",
        "effective_mode": "FULL",
        "reason": "the refresh mode is FULL",
    }
    assert engine.stream_table("shop.total").query == shop.QUERIES["shop.total"]


def test_run_refreshes_what_is_due_and_skips_the_rest(engine: PgTrickle, shop_dsn: str) -> None:
    upstream = {
        "shop.total": (),
        "shop.by_customer": (),
        "shop.big": ("shop.by_customer",),
        "shop.summary": ("shop.big",),
    }
    schedules = {
        "shop.total": Schedule.parse("52w"),
        "shop.by_customer": Schedule.parse("CALCULATED"),
        "shop.summary": Schedule.parse("52w"),
    }
    shop.write(shop_dsn, 1)
    run = OpenRunOperator(
        task_id="open_run",
        pgtrickle_conn_id="shop_db",
        stream_tables=list(shop.QUERIES),
        due=DueTables(schedules, upstream),
    ).execute(context())
    # `big` has no schedule: each run refreshes it, and what it reads.
    assert RunAsked.read(run).due == {"shop.by_customer", "shop.big"}
    with pytest.raises(AirflowSkipException, match="not due"):
        refresh(run=run)
    group = StreamTableGroupRefreshOperator(
        task_id="t",
        pgtrickle_conn_id="shop_db",
        stream_tables=[["shop.total", "shop.by_customer"], ["shop.big"], ["shop.summary"]],
        run=run,
    )
    results = group.execute(context())
    assert [each["stream_table"] for each in results] == ["shop.by_customer", "shop.big"]
    assert {each["action"] for each in results} == {"DIFFERENTIAL"}


def test_template_may_say_full(engine: PgTrickle) -> None:
    assert refresh(full="True")[1]["action"] == "FULL"
    assert refresh(full="False")[1]["action"] == "NO_DATA"
    with pytest.raises(InvalidOption):
        refresh(full="perhaps")


def test_decorated_function_is_a_stream_table(engine: PgTrickle, shop_dsn: str) -> None:
    with DAG("decorated", schedule=None):

        @task.stream_table(stream_table="shop.made", pgtrickle_conn_id="shop_db", refresh_mode="DIFFERENTIAL")
        def made(least: int) -> str:
            return f"SELECT id FROM shop.orders WHERE amount > {least}"

        first, second, nothing = (made(least).operator for least in (90, 91, 0))
    assert first.execute(context())["stream_table"] == "shop.made"
    shop.write(shop_dsn, 1)
    assert first.execute(context())["action"] == "DIFFERENTIAL"
    with pytest.raises(StreamTableExists):
        second.execute(context())
    nothing.python_callable = lambda least: " " * least
    with pytest.raises(InvalidOption, match="returned"):
        nothing.execute(context())


def test_plan_and_apply_follow_the_file_beside_the_dag(engine: PgTrickle, tmp_path: Path) -> None:
    shop.write_dag(tmp_path)
    with DAG("converging", schedule=None) as dag:
        dag.fileloc = str(tmp_path / "converging.py")
        arguments = {"config": "shop.yaml", "pgtrickle_conn_id": "shop_db"}
        plan = StreamTablesPlanOperator(task_id="plan", **arguments)
        apply = StreamTablesApplyOperator(task_id="apply", **arguments)
    steps = plan.execute(context())
    assert {step["action"] for step in steps} == {"alter"}, "the file asks for DIFFERENTIAL"
    assert {step["stream_table"] for step in apply.execute(context())} == set(shop.QUERIES)
    assert {step["action"] for step in plan.execute(context())} == {"keep"}
    assert apply.execute(context()) == []
    shop.write_dag(
        tmp_path,
        stream_tables=[{"name": "shop.total", "query": "SELECT nothing FROM shop.orders"}],
        groups={},
    )
    with pytest.raises(InvalidQuery):
        plan.execute(context())
    assert engine.stream_table("shop.total").refresh_mode == "DIFFERENTIAL"
