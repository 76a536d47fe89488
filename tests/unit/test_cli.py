"""What the command line prints and with which code it ends, over a front door that answers as told."""

from __future__ import annotations

import io
import json
import sys
import types
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Self

import pytest

from airflow.providers.pgtrickle.engine import errors
from airflow.providers.pgtrickle.engine.cli import Exit, main
from airflow.providers.pgtrickle.engine.cli.output import duration, exit_code
from airflow.providers.pgtrickle.engine.frontier import Snapshot
from airflow.providers.pgtrickle.engine.names import QualifiedName, parse_name


@dataclass(frozen=True)
class Table:
    name: QualifiedName
    status: str = "ACTIVE"
    refresh_mode: str = "AUTO"
    effective_mode: str = "DIFFERENTIAL"
    reason: str | None = None
    schedule: str | None = "1m"
    is_populated: bool = True
    data_timestamp: datetime = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    frontier: Snapshot = field(default_factory=lambda: Snapshot(5, 7, frozenset({6})))


@dataclass(frozen=True)
class Result:
    stream_table: str
    action: str = "DIFFERENTIAL"
    reason: str = "changes in t"
    rows_inserted: int = 1200
    rows_deleted: int = 3
    duration_ms: float = 4.25


@dataclass(frozen=True)
class StatusRow:
    name: QualifiedName
    staleness: timedelta | None
    is_populated: bool = True
    status: str = "ACTIVE"
    effective_mode: str = "DIFFERENTIAL"
    schedule: str | None = "1m"
    pending_changes: int = 0
    last_action: str | None = "NO_DATA"
    last_reason: str | None = None


@dataclass(frozen=True)
class Edge:
    stream_table: str
    upstream: str | None


@dataclass(frozen=True)
class Answer:
    exact: bool
    rows: int = 10
    missing: int = 0
    unexpected: int = 0


@dataclass(frozen=True)
class Explanation:
    ops: str = "Scan t"
    rewritten: str = "Scan t (a)"
    delta: str = "ΔScan t"
    sql: str = "SELECT [bold]1[/bold]"
    stages: str = "1. delta"
    refresh_mode: str = "DIFFERENTIAL"
    reason: str | None = None


@dataclass
class FrontDoor:
    """Stands in for the API; ``answers`` maps a method to what it returns, raises, or computes."""

    answers: dict[str, Any] = field(default_factory=dict)
    calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = field(default_factory=list)

    def connect(self, dsn: str) -> FrontDoor:
        self.calls.append(("connect", (dsn,), {}))
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def __getattr__(self, name: str) -> Any:
        def call(*arguments: Any, **options: Any) -> Any:
            self.calls.append((name, arguments, options))
            answer = self.answers.get(name)
            if isinstance(answer, Exception):
                raise answer
            return answer(*arguments, **options) if callable(answer) else answer

        return call


@pytest.fixture
def door(monkeypatch: pytest.MonkeyPatch) -> FrontDoor:
    door = FrontDoor()
    api = types.ModuleType("airflow.providers.pgtrickle.engine.api")
    api.PgTrickle = door  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, api.__name__, api)
    monkeypatch.delenv("PGTRICKLE_DSN", raising=False)
    return door


def table(name: str, **facts: Any) -> Table:
    return Table(parse_name(name), **facts)


def test_dsn_comes_from_the_option_then_the_variable_then_libpq(
    door: FrontDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["install"]) == Exit.OK
    monkeypatch.setenv("PGTRICKLE_DSN", "dbname=variable")
    assert main(["install"]) == Exit.OK
    assert main(["--dsn", "dbname=before", "install"]) == Exit.OK
    assert main(["install", "--dsn", "dbname=after"]) == Exit.OK
    dsns = [arguments[0] for name, arguments, _ in door.calls if name == "connect"]
    assert dsns == ["", "dbname=variable", "dbname=before", "dbname=after"]


def test_create_passes_what_was_said(
    door: FrontDoor, capsys: pytest.CaptureFixture[str], tmp_path: Any
) -> None:
    door.answers["create_stream_table"] = table('s."T"', effective_mode="FULL", reason="window")
    (tmp_path / "q.sql").write_text("SELECT 1")
    arguments = [
        "create",
        's."T"',
        "--file",
        str(tmp_path / "q.sql"),
        "--refresh-mode",
        "full",
        "--index",
        "a, b",
    ]
    assert main([*arguments, "--no-initialize"]) == Exit.OK
    assert capsys.readouterr().out == 'Created s."T", FULL: window\n'
    assert door.calls[-1][1:] == (
        ('s."T"', "SELECT 1"),
        {"schedule": "1m", "refresh_mode": "FULL", "initialize": False, "indexes": [("a", "b")]},
    )


def test_alter_changes_only_what_is_given(door: FrontDoor, capsys: pytest.CaptureFixture[str]) -> None:
    door.answers["alter_stream_table"] = table("t")
    assert main(["alter", "t", "--schedule", "5m"]) == Exit.OK
    assert door.calls[-1][1:] == (("t",), {"query": None, "schedule": "5m", "refresh_mode": None})
    assert main(["alter", "t"]) == Exit.USAGE


def test_query_is_read_from_standard_input(door: FrontDoor, monkeypatch: pytest.MonkeyPatch) -> None:
    door.answers["create_stream_table"] = table("t")
    monkeypatch.setattr(sys, "stdin", io.StringIO("SELECT 1"))
    assert main(["create", "t", "--file", "-"]) == Exit.OK
    assert door.calls[-1][1] == ("t", "SELECT 1")


def test_file_that_cannot_be_read_is_a_usage_error(
    door: FrontDoor, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["create", "t", "--file", "/nonexistent.sql"]) == Exit.USAGE
    assert "/nonexistent.sql" in capsys.readouterr().err


def test_json_is_one_value_with_names_as_typed(door: FrontDoor, capsys: pytest.CaptureFixture[str]) -> None:
    door.answers["create_stream_table"] = table('s."T"')
    assert main(["--json", "create", "x", "--query", "SELECT 1"]) == Exit.OK
    value = json.loads(capsys.readouterr().out)
    assert value["name"] == 's."T"'
    assert value["data_timestamp"] == "2026-01-02T03:04:05+00:00"
    assert value["frontier"] == "5:7:6"


def test_invalid_query_is_pointed_at(door: FrontDoor, capsys: pytest.CaptureFixture[str]) -> None:
    error = errors.InvalidQuery("column x does not exist", position=15, hint="Fix it.")
    error.excerpt = "LINE 2:     xx\n            ^"
    door.answers["create_stream_table"] = error
    assert main(["create", "t", "--query", "SELECT a,\n    xx\nFROM t"]) == Exit.USAGE
    assert capsys.readouterr().err.splitlines() == [
        "PGT-102 column x does not exist",
        "LINE 2:     xx",
        "            ^",
        "Hint: Fix it.",
    ]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.InvalidName("no"), Exit.USAGE),
        (errors.UnsupportedQuery("no"), Exit.USAGE),
        (errors.StreamTableNotFound("no"), Exit.STATE),
        (errors.NotInstalled("no"), Exit.STATE),
        (errors.RefreshFailed("no", sqlstate="40P01"), Exit.TRANSIENT),
        (errors.RefreshFailed("no", sqlstate="08006"), Exit.TRANSIENT),
        (errors.RefreshFailed("no", sqlstate="22012"), Exit.FAILED),
    ],
)
def test_errors_have_their_exit_code(
    door: FrontDoor, capsys: pytest.CaptureFixture[str], error: errors.PgTrickleError, code: Exit
) -> None:
    door.answers["suspend_stream_table"] = error
    assert exit_code(error) == code
    assert main(["suspend", "t", "--json"]) == code
    printed = capsys.readouterr()
    assert printed.out == ""
    assert json.loads(printed.err)["error"]["code"] == error.code


def test_one_stream_table_is_refreshed_to_the_present(
    door: FrontDoor, capsys: pytest.CaptureFixture[str]
) -> None:
    door.answers["refresh_stream_table"] = lambda name, **_: Result(name)
    assert main(["refresh", "s.t", "--full"]) == Exit.OK
    assert door.calls[-1] == ("refresh_stream_table", ("s.t",), {"run": None, "full": True})
    header, row = capsys.readouterr().out.splitlines()
    assert header.split() == [
        "stream",
        "table",
        "action",
        "rows",
        "inserted",
        "rows",
        "deleted",
        *header.split()[7:],
    ]
    assert row.split()[:5] == ["s.t", "DIFFERENTIAL", "1,200", "3", "4.2"]


def test_all_are_refreshed_to_one_frontier_upstream_first(
    door: FrontDoor, capsys: pytest.CaptureFixture[str]
) -> None:
    door.answers |= {
        "stream_tables": [table("a"), table("b"), table("c"), table("d", status="SUSPENDED")],
        "stream_table": table,
        "dependencies": [
            Edge("public.a", "public.d"),
            Edge("public.d", "public.c"),
            Edge("public.c", "public.b"),
        ],
        "refresh_stream_table": lambda name, **_: Result(name),
        "open_run": "frontier",
    }
    assert main(["refresh", "--all"]) == Exit.OK
    refreshed = [
        (arguments, options) for name, arguments, options in door.calls if name == "refresh_stream_table"
    ]
    assert [arguments[0] for arguments, _ in refreshed] == ["public.b", "public.c", "public.a"]
    assert all(options["run"] == "frontier" for _, options in refreshed)


def test_a_failure_does_not_stop_the_others(door: FrontDoor, capsys: pytest.CaptureFixture[str]) -> None:
    def refresh(name: str, **_: Any) -> Result:
        if name == "public.b":
            raise errors.RefreshFailed("division by zero", sqlstate="22012")
        if name == "public.d":
            raise errors.UpstreamNotReady("waits for b")
        return Result(name)

    door.answers |= {
        "refresh_stream_table": refresh,
        "open_run": "frontier",
        "stream_table": table,
        "dependencies": [Edge("public.d", "public.b"), Edge("public.a", None)],
    }
    assert main(["refresh", "a", "b", "d", "c", "--json"]) == Exit.FAILED
    printed = capsys.readouterr()
    assert {row["stream_table"] for row in json.loads(printed.out)} == {"public.a", "public.c"}
    assert [json.loads(line)["error"]["message"] for line in printed.err.splitlines()] == [
        "division by zero",
        "waits for b",
    ]


@pytest.mark.parametrize("arguments", [["refresh"], ["verify"], ["refresh", "t", "--all"], ["explain"]])
def test_unclear_commands_are_refused(
    door: FrontDoor, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    door.answers["stream_tables"] = []
    assert main(arguments) == Exit.USAGE
    assert "Hint:" in capsys.readouterr().err


def test_verify_ends_with_one_on_a_difference(door: FrontDoor, capsys: pytest.CaptureFixture[str]) -> None:
    door.answers["verify_stream_table"] = lambda name: Answer(exact=name != "b", missing=int(name == "b"))
    assert main(["verify", "a"]) == Exit.OK
    assert main(["verify", "a", "b"]) == Exit.NO
    assert [line.split()[1] for line in capsys.readouterr().out.splitlines()[-2:]] == ["yes", "no"]


def test_status_judges_staleness(door: FrontDoor, capsys: pytest.CaptureFixture[str]) -> None:
    fresh, stale = parse_name("fresh"), parse_name("stale")
    door.answers |= {
        "pgt_status": [StatusRow(fresh, timedelta(seconds=3)), StatusRow(stale, timedelta(hours=2))],
        "stream_table": table,
    }
    assert main(["status"]) == Exit.OK
    assert "2h 0m" in capsys.readouterr().out
    assert main(["status", "--max-staleness", "60"]) == Exit.NO
    assert "public.stale" in capsys.readouterr().err
    assert main(["status", "fresh", "--max-staleness", "60"]) == Exit.OK
    assert "public.stale" not in capsys.readouterr().out


def test_explain_prints_one_stage_bare_and_all_with_titles(
    door: FrontDoor, capsys: pytest.CaptureFixture[str]
) -> None:
    door.answers |= {"explain_stream_table": Explanation(), "explain_query": Explanation()}
    assert main(["explain", "t", "--stage", "sql"]) == Exit.OK
    assert capsys.readouterr().out == "SELECT [bold]1[/bold]\n"
    assert main(["explain", "--query", "SELECT 1"]) == Exit.OK
    printed = capsys.readouterr().out
    titles = [line for line in printed.splitlines() if line.startswith("--")]
    assert titles == ["-- ops", "-- rewritten", "-- delta", "-- sql", "-- stages"]


def test_piped_tables_lose_nothing(door: FrontDoor, capsys: pytest.CaptureFixture[str]) -> None:
    reason = "because " * 60
    door.answers["stream_tables"] = [table("t", reason=reason)]
    assert main(["list"]) == Exit.OK
    assert reason.strip() in capsys.readouterr().out


def test_drop_and_resume(door: FrontDoor, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["drop", "a", "b", "--cascade"]) == Exit.OK
    assert main(["resume", "a"]) == Exit.OK
    assert capsys.readouterr().out == "Dropped a, b.\nResumed a.\n"
    assert ("drop_stream_table", ("b",), {"if_exists": False, "cascade": True}) in door.calls


def test_usage_errors_end_with_two(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in ([], ["no-such-command"], ["create", "t"], ["status", "--max-staleness", "-1"]):
        with pytest.raises(SystemExit) as exit_:
            main(arguments)
        assert exit_.value.code == Exit.USAGE


def test_help_lists_every_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    printed = capsys.readouterr().out
    assert all(code.meaning in printed for code in Exit)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.25, "0.2s"), (59.94, "59.9s"), (61, "1m 1s"), (7200, "2h 0m"), (100_000, "1d 3h")],
)
def test_durations_are_short(seconds: float, text: str) -> None:
    assert duration(timedelta(seconds=seconds)) == text
