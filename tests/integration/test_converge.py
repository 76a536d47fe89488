"""``pgtrickle plan`` and ``apply``: from a configuration file to the database that it declares."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from airflow.providers.pgtrickle.cli import main
from airflow.providers.pgtrickle.converge import Convergence, apply_plan, converge_plan
from airflow.providers.pgtrickle.definitions import StreamTableDefinition
from airflow.providers.pgtrickle.engine.api import PgTrickle
from airflow.providers.pgtrickle.engine.errors import (
    DependentObjects,
    NotInstalled,
    RefreshFailed,
    StreamTableNotFound,
)

SCHEMA = """
CREATE SCHEMA shop;
CREATE TABLE shop.orders (id int PRIMARY KEY, customer int NOT NULL, amount int NOT NULL);
INSERT INTO shop.orders SELECT n, n % 20, n % 97 FROM generate_series(1, 500) AS n;
"""
TOTALS = "SELECT customer, sum(amount) AS amount FROM shop.orders GROUP BY customer"
BIG = "SELECT customer FROM shop.totals WHERE amount > 1000"
COUNT = "SELECT count(*) AS big FROM shop.big"
QUERIES = {"shop.totals": TOTALS, "shop.big": BIG, "shop.big_count": COUNT}


@pytest.fixture
def shop(database18: str) -> str:
    with psycopg.connect(database18, autocommit=True) as connection:
        connection.execute(SCHEMA)
    return database18


@pytest.fixture
def engine(shop: str) -> Any:
    with PgTrickle.connect(shop) as trickle:
        trickle.install()
        yield trickle


def planned(engine: PgTrickle, queries: Mapping[str, str], name: str = "shop", **options: Any) -> Convergence:
    definitions = [StreamTableDefinition(name, query) for name, query in queries.items()]
    return converge_plan(engine, name, definitions, **options)


def actions(plan: Convergence) -> dict[str, str]:
    return {step.stream_table: step.action for step in plan.steps}


def assert_exact(engine: PgTrickle, names: Mapping[str, str]) -> None:
    found = {table.name.display for table in engine.stream_tables()}
    assert found == set(names)
    for name in names:
        engine.refresh_stream_table(name)
        assert engine.verify_stream_table(name)
        assert engine.stream_table(name).query == names[name]


def test_absent_catalog_counts_as_nothing_there(shop: str) -> None:
    with PgTrickle.connect(shop) as engine:
        plan = planned(engine, QUERIES)
        assert actions(plan) == dict.fromkeys(QUERIES, "create")
        with pytest.raises(NotInstalled):
            engine.stream_tables()
        engine.install()
        assert len(apply_plan(engine, plan)) == 3
        assert_exact(engine, QUERIES)
        assert actions(planned(engine, QUERIES)) == dict.fromkeys(QUERIES, "keep")
        assert planned(engine, QUERIES).changes == ()


def test_old_catalog_is_not_taken_for_an_absent_one(engine: PgTrickle, shop: str) -> None:
    with psycopg.connect(shop, autocommit=True) as connection:
        connection.execute("DELETE FROM pgtrickle.pgt_migrations WHERE version = 1")
    with PgTrickle.connect(shop) as outdated, pytest.raises(NotInstalled):
        planned(outdated, QUERIES)


def test_plan_says_what_a_query_costs_and_how_it_is_kept(engine: PgTrickle) -> None:
    recomputed = "SELECT customer, now() AS read_at FROM shop.orders"
    plan = planned(engine, {"shop.totals": TOTALS, "shop.big": BIG, "shop.clock": recomputed})
    totals, big, clock = plan.steps
    assert totals.estimate is not None
    assert (totals.estimate.refresh_mode, totals.estimate.cost > 0) == ("DIFFERENTIAL", True)
    assert big.estimate is None, "what it reads is not there yet"
    assert clock.estimate is not None
    assert clock.estimate.refresh_mode == "FULL"
    assert clock.estimate.reason
    assert plan.problems == ()
    assert engine.stream_tables() == []


def test_changed_query_is_rebuilt_and_its_readers_follow(engine: PgTrickle) -> None:
    apply_plan(engine, planned(engine, QUERIES))
    changed = QUERIES | {"shop.totals": TOTALS.replace("sum(amount)", "sum(amount * 2)")}
    plan = planned(engine, changed)
    assert actions(plan) == {"shop.totals": "rebuild", "shop.big": "keep", "shop.big_count": "keep"}
    (step,) = plan.changes
    assert any("shop.big" in loss for loss in step.lost)
    assert [step.action for step in apply_plan(engine, plan)] == ["rebuild"]
    assert_exact(engine, changed)


def test_refresh_mode_alone_is_altered(engine: PgTrickle) -> None:
    apply_plan(engine, planned(engine, QUERIES))
    full = [StreamTableDefinition(name, query, refresh_mode="FULL") for name, query in QUERIES.items()]
    plan = converge_plan(engine, "shop", full)
    assert set(actions(plan).values()) == {"alter"}
    apply_plan(engine, plan)
    assert {table.refresh_mode for table in engine.stream_tables()} == {"FULL"}


def test_nothing_is_dropped_unasked(engine: PgTrickle) -> None:
    apply_plan(engine, planned(engine, QUERIES))
    engine.create_stream_table("shop.by_hand", TOTALS)
    apply_plan(engine, planned(engine, {"shop.others": TOTALS}, name="other"))
    fewer = {"shop.totals": TOTALS}
    plan = planned(engine, fewer)
    assert actions(plan) == {"shop.totals": "keep", "shop.big": "leave", "shop.big_count": "leave"}
    assert apply_plan(engine, plan) == ()
    assert len(engine.stream_tables()) == 5
    plan = planned(engine, fewer, drop=True)
    assert [(step.stream_table, step.action) for step in plan.changes] == [
        ("shop.big_count", "drop"),
        ("shop.big", "drop"),
    ]
    assert all(step.lost for step in plan.changes)
    apply_plan(engine, plan)
    assert {table.name.display for table in engine.stream_tables()} == {
        "shop.totals",
        "shop.by_hand",
        "shop.others",
    }
    assert engine.declared() == {"shop.totals": "shop", "shop.others": "other"}


def test_what_is_declared_elsewhere_in_the_file_is_no_removal(engine: PgTrickle) -> None:
    apply_plan(engine, planned(engine, QUERIES))
    plan = planned(engine, {"shop.totals": TOTALS}, others={"shop.big", "shop.big_count"}, drop=True)
    assert actions(plan) == {"shop.totals": "keep"}


def test_what_was_made_by_hand_is_taken_over_once(engine: PgTrickle, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, query in QUERIES.items():
        engine.create_stream_table(name, query)
    noted: list[list[str]] = []
    declare = engine.declare

    def record(configuration: str, names: Iterable[str]) -> None:
        noted.append(list(names))
        declare(configuration, noted[-1])

    monkeypatch.setattr(engine, "declare", record)
    assert apply_plan(engine, planned(engine, QUERIES)) == ()
    assert engine.declared() == dict.fromkeys(QUERIES, "shop")
    apply_plan(engine, planned(engine, QUERIES))
    assert noted == [list(QUERIES), []]
    (taken, *_) = planned(engine, QUERIES, name="other").steps
    assert "The configuration shop loses it" in taken.reason
    with pytest.raises(StreamTableNotFound):
        engine.declare("shop", ["shop.totals", "shop.nothing"])


def test_removed_reader_goes_before_what_it_reads_changes(engine: PgTrickle) -> None:
    apply_plan(engine, planned(engine, QUERIES))
    changed = {"shop.totals": "SELECT customer, count(*) AS orders FROM shop.orders GROUP BY customer"}
    with pytest.raises(DependentObjects):
        apply_plan(engine, planned(engine, changed))
    assert engine.stream_table("shop.totals").query == TOTALS
    plan = planned(engine, changed, drop=True)
    assert [step.action for step in plan.steps] == ["drop", "drop", "rebuild"]
    apply_plan(engine, plan)
    assert_exact(engine, changed)


def test_removed_upstream_goes_after_its_reader_has_left_it(engine: PgTrickle) -> None:
    apply_plan(engine, planned(engine, QUERIES))
    changed = {
        "shop.big": f"SELECT customer FROM ({TOTALS}) AS t WHERE amount > 1000",
        "shop.big_count": COUNT,
    }
    plan = planned(engine, changed, drop=True)
    assert [(step.action, step.stream_table) for step in plan.changes] == [
        ("rebuild", "shop.big"),
        ("drop", "shop.totals"),
    ]
    apply_plan(engine, plan)
    assert_exact(engine, changed)


def test_renaming_is_named_as_such(engine: PgTrickle) -> None:
    apply_plan(engine, planned(engine, {"shop.totals": TOTALS}))
    plan = planned(engine, {"shop.sums": TOTALS}, drop=True)
    assert actions(plan) == {"shop.sums": "create", "shop.totals": "drop"}
    (created,) = (step for step in plan.steps if step.action == "create")
    assert "shop.totals, which is declared no more, has the same query" in created.reason
    apply_plan(engine, plan)
    assert_exact(engine, {"shop.sums": TOTALS})


def test_readers_that_cannot_follow_are_created_again_if_that_is_allowed(engine: PgTrickle) -> None:
    apply_plan(engine, planned(engine, QUERIES))
    changed = {
        "shop.totals": TOTALS.replace("AS amount", "AS total"),
        "shop.extra": "SELECT 1000 AS least FROM shop.orders WHERE id = 1",
        "shop.big": "SELECT t.customer FROM shop.totals AS t, shop.extra AS e WHERE t.total > e.least",
        "shop.big_count": COUNT,
    }
    plan = planned(engine, changed)
    assert plan.problems == ()
    with pytest.raises(DependentObjects, match=r"Allow to create again what reads it: shop\.big"):
        apply_plan(engine, plan)
    assert {table.name.display for table in engine.stream_tables()} == set(QUERIES)
    assert engine.stream_table("shop.totals").query == TOTALS
    apply_plan(engine, planned(engine, changed), recreate=True)
    assert_exact(engine, changed)
    assert engine.declared() == dict.fromkeys(changed, "shop")


def test_readers_of_others_are_not_touched(engine: PgTrickle) -> None:
    apply_plan(engine, planned(engine, {"shop.totals": TOTALS}))
    engine.create_stream_table("shop.by_hand", BIG)
    changed = {"shop.totals": TOTALS.replace("AS amount", "AS total")}
    with pytest.raises(DependentObjects):
        apply_plan(engine, planned(engine, changed), recreate=True)
    assert engine.verify_stream_table("shop.by_hand")


def test_cut_short_is_taken_up_again(engine: PgTrickle) -> None:
    queries = QUERIES | {"shop.big_count": "SELECT customer / (customer - customer) AS big FROM shop.big"}
    with pytest.raises(RefreshFailed):
        apply_plan(engine, planned(engine, queries))
    assert {table.name.display for table in engine.stream_tables()} == {"shop.totals", "shop.big"}
    assert [step.stream_table for step in apply_plan(engine, planned(engine, QUERIES))] == ["shop.big_count"]
    assert_exact(engine, QUERIES)


def config(folder: Path, queries: Mapping[str, str], **values: Any) -> str:
    path = folder / "shop.yaml"
    document = {
        "version": 1,
        "dag": {"dag_id": "shop"},
        "stream_tables": [{"name": name, "query": query} for name, query in queries.items()],
        **values,
    }
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    return str(path)


def test_commands_plan_and_apply(
    shop: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PGTRICKLE_DSN", raising=False)
    path = config(tmp_path, dict(reversed(QUERIES.items())))
    assert main(["plan", path, "--dsn", shop, "--check"]) == 1
    shown = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in shown[1:]] == [["create", name] for name in QUERIES]
    assert main(["apply", path, "--dsn", shop, "--json"]) == 0
    assert [step["action"] for step in json.loads(capsys.readouterr().out)] == ["create"] * 3
    assert main(["plan", path, "--dsn", shop, "--check"]) == 0
    assert main(["apply", path, "--dsn", shop]) == 0
    assert "Nothing had to be changed." in capsys.readouterr().out

    # A misspelt query is told by the plan; applying it changes nothing.
    wrong = config(tmp_path, QUERIES | {"shop.totals": TOTALS.replace("customer", "costumer")})
    assert main(["plan", wrong, "--dsn", shop]) == 2
    assert 'column "costumer" does not exist' in capsys.readouterr().err
    assert main(["apply", wrong, "--dsn", shop]) == 2

    # Without --dsn the database is that of the file's Airflow connection.
    monkeypatch.setenv("AIRFLOW_CONN_SHOP_DB", shop)
    fewer = config(tmp_path, {"shop.totals": TOTALS}, connection="shop_db")
    assert main(["plan", fewer, "--drop"]) == 0
    captured = capsys.readouterr()
    assert "drop shop.big: shop.big_count reads it" in captured.err
    assert main(["apply", fewer, "--drop", "--json"]) == 0
    assert [step["stream_table"] for step in json.loads(capsys.readouterr().out)] == [
        "shop.big_count",
        "shop.big",
    ]
