"""Which runs refresh a stream table that has a schedule of its own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from airflow.providers.pgtrickle.factory.schedules import Schedule, due
from airflow.providers.pgtrickle.runs import RunAsked

SIX = datetime(2026, 1, 31, 6, tzinfo=UTC)


def at(hour: int, minute: int = 0, second: int = 0) -> datetime:
    return datetime(2026, 1, 31, hour, minute, second, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "shown", "now", "expected"),
    [
        ("1h", at(6, 0, 3), at(6, 55), False),
        ("1h", at(6, 0, 3), at(7, 0, 1), True),  # a second earlier in its hour than the last refresh
        ("1h", at(6, 59), at(7, 0), True),
        ("1d", at(6), at(23, 59), False),
        ("1h30m", at(6), at(7, 29), False),
        ("1h30m", at(6), at(7, 30), True),
        ("0 6 * * *", at(5, 59), at(6), True),
        ("0 6 * * *", at(6, 0, 1), at(23), False),
        ("*/15 * * * *", at(6, 1), at(6, 14), False),
        ("*/15 * * * *", at(6, 1), at(6, 15), True),
        ("@hourly", at(6, 1), at(7), True),
        ("CALCULATED", at(1), at(23), False),
        ("calculated", at(1), at(23), False),
        ("1h", None, at(6), True),
        ("0 6 * * *", None, at(6), True),
    ],
)
def test_table_is_due(text: str, shown: datetime | None, now: datetime, expected: bool) -> None:
    assert Schedule.parse(text).is_due(shown, now, UTC) is expected


def test_cron_is_in_the_time_zone_of_the_dag() -> None:
    six_in_berlin = Schedule.parse("0 6 * * *")
    assert six_in_berlin.is_due(at(4, 59), at(5), ZoneInfo("Europe/Berlin"))
    assert not six_in_berlin.is_due(at(4, 59), at(5), UTC)


@pytest.mark.parametrize("text", ["soon", "0s", "* * *", "1 h", "", "99 99 * * *"])
def test_what_is_no_schedule_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is n"):
        Schedule.parse(text)


#: base ← middle ← (hourly, daily); alone
UPSTREAM = {"base": (), "middle": ("base",), "hourly": ("middle",), "daily": ("middle",), "alone": ()}


def chosen(schedules: dict[str, str], now: datetime, shown: datetime = SIX) -> frozenset[str]:
    return due(
        {name: Schedule.parse(text) for name, text in schedules.items()},
        UPSTREAM,
        dict.fromkeys(UPSTREAM, shown),
        now,
    )


def test_without_schedules_each_run_refreshes_all() -> None:
    assert chosen({}, at(6, 1)) == set(UPSTREAM)


def test_due_table_brings_along_what_it_waits_for() -> None:
    schedules = {"base": "1w", "middle": "1w", "hourly": "1h", "daily": "1d", "alone": "1d"}
    assert chosen(schedules, at(6, 30)) == set()
    assert chosen(schedules, at(7)) == {"hourly", "middle", "base"}


def test_calculated_is_as_tight_as_the_tightest_consumer() -> None:
    schedules = {"base": "CALCULATED", "middle": "CALCULATED", "hourly": "1h", "daily": "1d", "alone": "1d"}
    assert chosen(schedules, at(6, 30)) == set()
    assert chosen(schedules, at(7)) == {"hourly", "middle", "base"}
    del schedules["daily"]
    assert chosen(schedules, at(6, 30)) == {"daily", "middle", "base"}


def test_calculated_that_nothing_reads_is_refreshed_by_each_run() -> None:
    assert chosen(
        dict.fromkeys(("base", "middle", "hourly", "daily"), "1w") | {"alone": "CALCULATED"}, at(6, 1)
    ) == {"alone"}


@pytest.mark.parametrize("minutes", range(0, 60 * 26, 7))
def test_what_is_not_due_is_closed_downstream(minutes: int) -> None:
    schedules = {"base": "3h", "middle": "CALCULATED", "hourly": "45m", "daily": "0 12 * * *", "alone": "2h"}
    found = chosen(schedules, SIX + timedelta(minutes=minutes))
    assert all(set(UPSTREAM[name]) <= found for name in found)


def test_run_says_what_it_concerns() -> None:
    run = RunAsked('{"run_id": "1", "snapshot": "5:5:"}', frozenset({"shop.a"}))
    again = RunAsked.read(str(run))
    assert again.concerns("SHOP.a")
    assert not again.concerns("shop.b")
    assert RunAsked.read({"run_id": "1", "due": []}).due == frozenset()
    assert RunAsked.read('{"run_id": "1"}').concerns("shop.b")
    assert RunAsked.read(None).concerns("shop.b")
    assert RunAsked.read("").frontier is None
