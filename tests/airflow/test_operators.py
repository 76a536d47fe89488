"""Operators and sensor over an engine that only remembers what it was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowSkipException

from airflow.providers.pgtrickle.definitions import StreamTableDefinition
from airflow.providers.pgtrickle.engine.api import RefreshResult
from airflow.providers.pgtrickle.engine.errors import (
    InvalidOption,
    RefreshFailed,
    RunFrontierPassed,
    StreamTableExists,
    StreamTableNotFound,
    StreamTableSuspended,
)
from airflow.providers.pgtrickle.engine.names import parse_name
from airflow.providers.pgtrickle.hooks.pgtrickle import PgTrickleHook
from airflow.providers.pgtrickle.operators.pgtrickle import (
    OpenRunOperator,
    StreamTableCreateOperator,
    StreamTableDropOperator,
    StreamTableGroupRefreshOperator,
    StreamTableRefreshOperator,
)
from airflow.providers.pgtrickle.sensors.pgtrickle import StreamTableFreshnessSensor

NOW = datetime(2026, 1, 31, 6, tzinfo=UTC)
CONTEXT: Any = {"ti": SimpleNamespace(dag_id="shop", run_id="manual", try_number=1)}


@dataclass(frozen=True)
class Table:
    query: str
    refresh_mode: str = "AUTO"
    schedule: str | None = None
    effective_mode: str = "DIFFERENTIAL"
    reason: str | None = None


class Engine:
    """Remembers its calls; ``failures`` by stream table are raised by refreshes."""

    def __init__(self) -> None:
        self.tables: dict[str, Table] = {}
        self.calls: list[tuple[Any, ...]] = []
        self.failures: dict[str, Exception] = {}
        self.statuses: list[SimpleNamespace] = []
        self.together = 0
        self.most_together = 0
        self._lock = threading.Lock()

    def install(self) -> None:
        self.calls.append(("install",))

    def open_run(self, members: list[str], *, run_id: str) -> str:
        self.calls.append(("open_run", tuple(members), run_id.rpartition("/")[0]))
        return json.dumps({"run_id": run_id})

    def stream_table(self, name: str) -> Table:
        if name not in self.tables:
            raise StreamTableNotFound("no such stream table")
        return self.tables[name]

    def create_stream_table(self, name: str, query: str, **options: Any) -> None:
        self.calls.append(("create", name, options))
        self.tables[name] = Table(query, options["refresh_mode"], options["schedule"])

    def alter_stream_table(self, name: str, **changes: Any) -> None:
        self.calls.append(("alter", name, changes))
        self.tables[name] = replace(self.tables[name], **changes)

    def stream_tables(self) -> list[SimpleNamespace]:
        return [
            SimpleNamespace(**asdict(table), name=parse_name(name), data_timestamp=NOW)
            for name, table in self.tables.items()
        ]

    def declared(self) -> dict[str, str]:
        return {}

    def declare(self, configuration: str, names: list[str]) -> None:
        pass

    def dependencies(self) -> list[Any]:
        return []

    def drop_stream_table(self, name: str, **options: Any) -> None:
        self.calls.append(("drop", name, options))

    def refresh_stream_table(self, name: str, *, run: str | None, full: bool = False) -> RefreshResult:
        with self._lock:
            self.calls.append(("refresh", name, run, full))
            self.together += 1
            self.most_together = max(self.most_together, self.together)
        threading.Event().wait(0.05)
        with self._lock:
            self.together -= 1
        if name in self.failures:
            raise self.failures[name]
        return RefreshResult(
            name, "DIFFERENTIAL", "2 changes to follow.", 2, 1, 4.5, "7:7:", NOW, {"apply": 4.0}
        )

    def pgt_status(self) -> list[SimpleNamespace]:
        return self.statuses


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    remembered = Engine()

    @contextmanager
    def get_engine(self: PgTrickleHook) -> Iterator[Engine]:
        yield remembered

    monkeypatch.setenv("AIRFLOW_CONN_SHOP_DB", "postgres://nobody@127.0.0.1:1/nothing")
    monkeypatch.setattr(PgTrickleHook, "get_engine", get_engine)
    return remembered


def refresh(**arguments: Any) -> Any:
    operator = StreamTableRefreshOperator(
        task_id="t", pgtrickle_conn_id="shop_db", **({"stream_table": "shop.a"} | arguments)
    )
    return operator.execute(CONTEXT)


def test_refresh_returns_json_values(engine: Engine) -> None:
    values = refresh(run='{"run_id": "1"}', full=True)
    assert engine.calls == [("refresh", "shop.a", '{"run_id": "1"}', True)]
    assert values.pop("lag_seconds") > 0
    assert values.pop("stages") == {"apply": 4.0}
    assert json.loads(json.dumps(values)) == {
        "stream_table": "shop.a",
        "action": "DIFFERENTIAL",
        "reason": "2 changes to follow.",
        "rows_inserted": 2,
        "rows_deleted": 1,
        "duration_ms": 4.5,
        "frontier": "7:7:",
        "data_timestamp": "2026-01-31T06:00:00+00:00",
    }


@pytest.mark.parametrize(("run", "asked"), [(None, None), ("", None), ({"run_id": "1"}, '{"run_id": "1"}')])
def test_run_may_be_absent_or_rendered_natively(engine: Engine, run: Any, asked: str | None) -> None:
    refresh(run=run)
    assert engine.calls == [("refresh", "shop.a", asked, False)]


def test_overtaken_refresh_is_skipped_or_fails(engine: Engine) -> None:
    engine.failures["shop.a"] = RunFrontierPassed("past")
    with pytest.raises(AirflowSkipException):
        refresh()
    with pytest.raises(RunFrontierPassed):
        refresh(on_passed="fail")


def group(waves: list[list[str]], **arguments: Any) -> Any:
    operator = StreamTableGroupRefreshOperator(
        task_id="t", pgtrickle_conn_id="shop_db", stream_tables=waves, run="F", **arguments
    )
    return operator.execute(CONTEXT)


def test_group_refreshes_waves_in_turn_and_their_tables_together(engine: Engine) -> None:
    waves = [["shop.a", "shop.b", "shop.c"], ["shop.d"]]
    results = group(waves, parallelism=2)
    assert [result["stream_table"] for result in results] == ["shop.a", "shop.b", "shop.c", "shop.d"]
    assert engine.calls[-1] == ("refresh", "shop.d", "F", False)
    assert engine.most_together == 2


def test_group_finishes_the_wave_of_a_failure_and_stops(engine: Engine) -> None:
    engine.failures["shop.a"] = RefreshFailed("deadlock", sqlstate="40P01")
    with pytest.raises(RefreshFailed):
        group([["shop.a", "shop.b"], ["shop.c"]])
    assert {call[1] for call in engine.calls} == {"shop.a", "shop.b"}


def test_group_raises_the_failure_that_no_retry_cures(engine: Engine) -> None:
    engine.failures |= {
        "shop.a": RunFrontierPassed("past"),
        "shop.b": RefreshFailed("deadlock", sqlstate="40P01"),
        "shop.c": StreamTableSuspended("suspended"),
    }
    with pytest.raises(StreamTableSuspended):
        group([["shop.a", "shop.b", "shop.c"]])
    del engine.failures["shop.b"], engine.failures["shop.c"]
    with pytest.raises(AirflowSkipException):
        group([["shop.a", "shop.b", "shop.c"]])


def create(**arguments: Any) -> Any:
    operator = StreamTableCreateOperator(
        task_id="t",
        pgtrickle_conn_id="shop_db",
        stream_table="shop.a",
        **({"query": "SELECT 1 AS one"} | arguments),
    )
    return operator.execute(CONTEXT)


def test_create_creates_once(engine: Engine) -> None:
    assert create(indexes=[["one"]])["outcome"] == "created"
    assert create()["outcome"] == "unchanged"
    assert create(query="\n SELECT 1 AS one ;\n")["outcome"] == "unchanged"
    assert engine.calls.count(("install",)) == 3
    (call,) = [call for call in engine.calls if call != ("install",)]
    assert call == (
        "create",
        "shop.a",
        {"schedule": None, "refresh_mode": "AUTO", "initialize": True, "indexes": (("one",),)},
    )


def test_other_definition_is_an_error_unless_it_may_be_altered(engine: Engine) -> None:
    create()
    with pytest.raises(StreamTableExists, match="another query and refresh_mode"):
        create(query="SELECT 2 AS two", refresh_mode="FULL")
    assert [call[0] for call in engine.calls] == ["install", "create", "install"]
    assert create(query="SELECT 2 AS two", refresh_mode="FULL", on_change="alter")["outcome"] == "altered"
    assert engine.calls[-1] == ("alter", "shop.a", {"query": "SELECT 2 AS two", "refresh_mode": "FULL"})
    with pytest.raises(InvalidOption):
        create(on_change="ignore")


def test_drop_passes_its_options_on(engine: Engine) -> None:
    StreamTableDropOperator(
        task_id="t", pgtrickle_conn_id="shop_db", stream_table="shop.a", cascade=True
    ).execute(CONTEXT)
    assert engine.calls == [("drop", "shop.a", {"if_exists": True, "cascade": True})]


def test_open_run_creates_what_is_declared_first(engine: Engine) -> None:
    engine.tables["shop.a"] = Table("SELECT 1")
    operator = OpenRunOperator(
        task_id="t",
        pgtrickle_conn_id="shop_db",
        stream_tables=["shop.a", "shop.b"],
        definitions=[
            StreamTableDefinition("shop.a", "SELECT 1"),
            StreamTableDefinition("shop.b", "SELECT * FROM shop.a"),
        ],
    )
    assert json.loads(operator.execute(CONTEXT))["run_id"].startswith("shop/manual/")
    assert [call[:2] for call in engine.calls] == [
        ("install",),
        ("create", "shop.b"),
        ("open_run", ("shop.a", "shop.b")),
    ]


def test_open_run_without_definitions_only_opens(engine: Engine) -> None:
    OpenRunOperator(task_id="t", pgtrickle_conn_id="shop_db", stream_tables=["shop.a"]).execute(CONTEXT)
    assert engine.calls == [("open_run", ("shop.a",), "shop/manual")]


@pytest.mark.parametrize(
    ("limit", "staleness", "done"),
    [
        (60, timedelta(seconds=59), True),
        (60, timedelta(seconds=61), False),
        ("60", timedelta(seconds=1), True),
        (timedelta(minutes=1), timedelta(hours=1), False),
        (60, None, False),
    ],
)
def test_sensor_waits_for_freshness(
    engine: Engine, limit: Any, staleness: timedelta | None, done: bool
) -> None:
    engine.statuses = [SimpleNamespace(name="shop.a", staleness=staleness, data_timestamp=NOW)]
    sensor = StreamTableFreshnessSensor(
        task_id="t", pgtrickle_conn_id="shop_db", stream_table="SHOP.a", max_staleness=limit
    )
    result = sensor.poke(CONTEXT)
    assert bool(result) is done
    if done:
        assert staleness is not None
        assert result.xcom_value == {
            "stream_table": "SHOP.a",
            "data_timestamp": NOW.isoformat(),
            "staleness_seconds": staleness.total_seconds(),
        }


def test_sensor_fails_for_a_stream_table_that_is_not_there(engine: Engine) -> None:
    sensor = StreamTableFreshnessSensor(
        task_id="t", pgtrickle_conn_id="shop_db", stream_table="shop.b", max_staleness=1
    )
    with pytest.raises(StreamTableNotFound):
        sensor.poke(CONTEXT)


def test_killed_task_cancels_each_of_its_connections(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    cancelled: list[PgTrickleHook] = []
    monkeypatch.setattr(PgTrickleHook, "cancel", lambda hook: cancelled.append(hook))
    single = StreamTableRefreshOperator(task_id="t", pgtrickle_conn_id="shop_db", stream_table="shop.a")
    single.on_kill()
    assert cancelled == [single.hook]
    cancelled.clear()
    several = StreamTableGroupRefreshOperator(
        task_id="t", pgtrickle_conn_id="shop_db", stream_tables=[["shop.a", "shop.b"]]
    )
    several.execute(CONTEXT)
    several.on_kill()
    assert len(set(cancelled)) == 2
