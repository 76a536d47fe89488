"""The command line on a real database, from installation to drop."""

from __future__ import annotations

import json
from typing import Any

import psycopg
import pytest

from airflow.providers.pgtrickle.engine.cli import Exit, main


class Terminal:
    """Runs commands on one database and reads what they print."""

    def __init__(self, dsn: str, capsys: pytest.CaptureFixture[str]) -> None:
        self.dsn = dsn
        self._capsys = capsys

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        code = main(["--dsn", self.dsn, *arguments])
        printed = self._capsys.readouterr()
        return code, printed.out, printed.err

    def json(self, *arguments: str) -> Any:
        code, out, err = self("--json", *arguments)
        assert code == Exit.OK, err
        return json.loads(out)

    def sql(self, statement: str) -> None:
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            connection.execute(statement.encode())


@pytest.fixture
def terminal(database18: str, capsys: pytest.CaptureFixture[str]) -> Terminal:
    terminal = Terminal(database18, capsys)
    terminal.sql(
        "CREATE TABLE orders (id integer PRIMARY KEY, customer text, amount numeric(10,2));"
        "INSERT INTO orders SELECT i, 'c' || i % 10, i FROM generate_series(1, 100) AS i"
    )
    return terminal


REVENUE = "SELECT customer, sum(amount) AS total FROM orders GROUP BY customer"
BIG = "SELECT customer FROM revenue WHERE total > 500"


def test_before_installation_says_what_to_do(terminal: Terminal) -> None:
    code, out, err = terminal("list")
    assert (code, out) == (Exit.STATE, "")
    assert "pgtrickle install" in err


def test_life_of_two_stream_tables(terminal: Terminal) -> None:
    assert terminal("install")[0] == Exit.OK
    assert terminal("install")[0] == Exit.OK
    assert terminal.json("create", "revenue", "--query", REVENUE)["effective_mode"] == "DIFFERENTIAL"
    assert terminal.json("create", "big", "--query", BIG, "--refresh-mode", "differential")["is_populated"]

    terminal.sql("INSERT INTO orders VALUES (1000, 'anna', 700); DELETE FROM orders WHERE customer = 'c3'")
    assert [row["pending_changes"] > 0 for row in terminal.json("status", "revenue")] == [True]
    # Upstream goes first, however they are named.
    results = terminal.json("refresh", "big", "revenue")
    assert [(row["stream_table"], row["action"]) for row in results] == [
        ("public.revenue", "DIFFERENTIAL"),
        ("public.big", "DIFFERENTIAL"),
    ]
    assert all(row["exact"] and row["rows"] > 0 for row in terminal.json("verify", "--all"))
    assert {row["action"] for row in terminal.json("refresh", "--all")} == {"NO_DATA"}
    assert terminal("status", "--max-staleness", "3600")[0] == Exit.OK

    edges = {(row["stream_table"], row["source"]) for row in terminal.json("dependencies")}
    assert edges == {("public.revenue", "public.orders"), ("public.big", "public.revenue")}
    assert {row["status"] for row in terminal.json("history", "big")} == {"COMPLETED"}
    assert len(terminal.json("history", "--limit", "2")) == 2

    assert terminal("drop", "revenue")[0] == Exit.STATE
    assert terminal("drop", "revenue", "--cascade")[0] == Exit.OK
    assert terminal.json("list") == []
    assert terminal("drop", "revenue", "--if-exists")[0] == Exit.OK


def test_alteration_of_a_stream_table_and_of_its_source(terminal: Terminal) -> None:
    terminal("install")
    terminal("create", "revenue", "--query", REVENUE)
    altered = terminal.json("alter", "revenue", "--schedule", "5m", "--query", REVENUE.replace("sum", "max"))
    assert (altered["schedule"], altered["effective_mode"]) == ("5m", "DIFFERENTIAL")
    code, out, err = terminal("alter-source", "--query", "ALTER TABLE orders ALTER amount TYPE numeric(12,2)")
    assert code == Exit.OK, err
    assert "revenue" in out
    terminal.sql("INSERT INTO orders VALUES (1000, 'anna', 7000000000)")
    terminal("refresh", "revenue")
    assert [row["exact"] for row in terminal.json("verify", "revenue")] == [True]
    assert terminal("uninstall")[0] == Exit.STATE
    assert terminal("uninstall", "--cascade")[0] == Exit.OK
    assert terminal("list")[0] == Exit.STATE


def test_verify_notices_a_difference(terminal: Terminal) -> None:
    terminal("install")
    created = terminal.json("create", "revenue", "--query", REVENUE)
    storage = f"pgtrickle_data.st_{created['id']}_{created['generation']}"
    terminal.sql(f"DELETE FROM {storage} WHERE ctid = (SELECT min(ctid) FROM {storage})")
    code, out, _ = terminal("--json", "verify", "revenue")
    assert code == Exit.NO
    assert [(row["exact"], row["missing"], row["unexpected"]) for row in json.loads(out)] == [(False, 1, 0)]


def test_explain_shows_every_stage_without_creating_anything(terminal: Terminal) -> None:
    terminal("install")
    stages = terminal.json("explain", "--query", REVENUE)
    assert stages["refresh_mode"] == "DIFFERENTIAL"
    assert all(stages[stage] for stage in ("ops", "rewritten", "delta", "sql", "stages"))
    assert terminal.json("list") == []
    code, out, _ = terminal("explain", "--query", REVENUE, "--stage", "ops")
    assert code == Exit.OK
    assert "orders" in out


def test_wrong_query_is_pointed_at(terminal: Terminal) -> None:
    terminal("install")
    code, _, err = terminal("create", "t", "--query", "SELECT id,\n  nope\nFROM orders")
    assert code == Exit.USAGE
    assert err.splitlines()[1:3] == ["LINE 2:   nope", "          ^"]


def test_suspended_is_refused_until_resumed(terminal: Terminal) -> None:
    terminal("install")
    terminal("create", "revenue", "--query", REVENUE)
    assert terminal("suspend", "revenue")[0] == Exit.OK
    assert terminal("refresh", "revenue")[0] == Exit.STATE
    assert terminal.json("refresh", "--all") == []
    assert terminal("resume", "revenue")[0] == Exit.OK
    assert terminal("refresh", "revenue")[0] == Exit.OK


def test_no_server_may_be_tried_again(terminal: Terminal) -> None:
    terminal.dsn = "host=/nonexistent connect_timeout=2"
    assert terminal("list")[0] == Exit.TRANSIENT
