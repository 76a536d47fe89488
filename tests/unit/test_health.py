"""Judging stream tables, finding remedies, and turning facts into checks."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from airflow.providers.pgtrickle.engine.monitor.checks import checks
from airflow.providers.pgtrickle.engine.monitor.health import Standing, freshness_limit, judge, settled
from airflow.providers.pgtrickle.engine.monitor.overview import (
    Overview,
    SourceOverview,
    TableOverview,
    TrendPoint,
)
from airflow.providers.pgtrickle.engine.monitor.remedies import remedy
from airflow.providers.pgtrickle.engine.monitor.system import Buffer, ServerFacts, Slot, SystemFacts

MINUTE = timedelta(minutes=1)
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
WELL = Standing(
    status="ACTIVE",
    is_populated=True,
    consecutive_errors=0,
    staleness=2 * MINUTE,
    limit=MINUTE,
    settled=True,
)


@pytest.mark.parametrize(
    ("standing", "expected"),
    [
        (WELL, "fresh"),
        (replace(WELL, settled=False), "late"),
        (replace(WELL, settled=False, staleness=MINUTE / 2), "fresh"),
        (replace(WELL, settled=False, limit=None), "pending"),
        (replace(WELL, is_populated=False, staleness=None), "empty"),
        (replace(WELL, consecutive_errors=2), "failing"),
        (replace(WELL, status="SUSPENDED", consecutive_errors=2), "suspended"),
    ],
)
def test_the_worst_is_said(standing: Standing, expected: str) -> None:
    assert judge(standing) == expected


@pytest.mark.parametrize(
    ("schedule", "seconds"),
    [("30s", 30), ("1m", 60), ("1h 30m", 5400), (" 2D ", 172_800), ("1.5h", 5400)],
)
def test_a_schedule_limits_staleness(schedule: str, seconds: float) -> None:
    assert freshness_limit(schedule) == timedelta(seconds=seconds)


@pytest.mark.parametrize("schedule", [None, "", "*/5 * * * *", "CALCULATED", "1x", "m", "1m x"])
def test_other_schedules_have_no_limit(schedule: str | None) -> None:
    assert freshness_limit(schedule) is None


def test_what_lacks_nothing_is_settled_only_over_settled_ones() -> None:
    pending = {1: 0, 2: 3, 3: 0, 4: 0, 5: None}
    assert settled(pending, {3: [1], 4: [2, 1]}) == {1, 3}
    assert settled({1: 0, 2: 0}, {1: [2], 2: [1]}) == frozenset()


def test_the_nearest_remedy_is_given() -> None:
    assert "NULLIF(divisor" in remedy("22012")
    assert "cast" in remedy("22P02")
    assert remedy("XX000") == remedy(None)


TABLE = TableOverview(
    name="s.t",
    health="fresh",
    status="ACTIVE",
    is_refreshing=False,
    refresh_mode="AUTO",
    effective_mode="DIFFERENTIAL",
    mode_reason=None,
    schedule="1m",
    freshness_limit=MINUTE,
    data_timestamp=NOW,
    staleness=MINUTE,
    pending_changes=0,
    rows=1,
    bytes=8192,
    last_refresh_at=NOW,
    last_action="DIFFERENTIAL",
    last_reason="1 change to follow.",
    last_duration_ms=1.0,
    last_rows_inserted=1,
    last_rows_deleted=0,
    last_run_id=None,
    consecutive_errors=0,
    last_error=None,
    trend=(),
)
SOURCE = SourceOverview(
    oid=1,
    name="s.base",
    kind="table",
    exists=True,
    rows=5,
    bytes=8192,
    readers=1,
    capture="trigger",
    captured_columns=2,
    problem=None,
    pending_changes=0,
    buffer_rows=0,
    buffer_bytes=8192,
)
SERVER = ServerFacts("18.0", 10**6, 100, 5, None, None, 7, NOW)
BUFFER = Buffer(
    source="s.base",
    upstream=False,
    rows=0,
    bytes=8192,
    readers=1,
    pending_changes=0,
    held_by="s.t",
    problem=None,
)
FACTS = SystemFacts(Overview(NOW, "db", (TABLE,), (SOURCE,), (), {}), SERVER, (BUFFER,), (), ())


def changed(**table: object) -> SystemFacts:
    return replace(FACTS, overview=replace(FACTS.overview, stream_tables=(replace(TABLE, **table),)))  # type: ignore[arg-type]


def titles(facts: SystemFacts) -> list[tuple[str, str]]:
    return [(check.level, check.title) for check in checks(facts)]


def test_where_all_is_well_each_area_says_so() -> None:
    assert [level for level, _ in titles(FACTS)] == ["ok"] * 4


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (changed(health="failing", consecutive_errors=3), ("error", "Refreshes fail")),
        (changed(health="suspended"), ("warning", "Suspended")),
        (changed(health="empty"), ("warning", "Not filled yet")),
        (changed(health="late"), ("warning", "Later than its schedule")),
        (changed(effective_mode="FULL", mode_reason="it sorts"), ("advice", "Recomputed as a whole")),
        (
            changed(trend=tuple(TrendPoint(NOW, "COMPLETED", "FULL", 1.0, 1) for _ in range(6))),
            ("advice", "Often recomputed"),
        ),
        (
            replace(FACTS, overview=replace(FACTS.overview, sources=(replace(SOURCE, exists=False),))),
            ("error", "Source is gone"),
        ),
        (
            replace(FACTS, overview=replace(FACTS.overview, sources=(replace(SOURCE, problem="A gap."),))),
            ("warning", "Gap in capture"),
        ),
        (replace(FACTS, buffers=(replace(BUFFER, bytes=2**30),)), ("warning", "Large change buffer")),
        (
            replace(FACTS, server=replace(SERVER, oldest_transaction=timedelta(hours=1))),
            ("warning", "Long transaction"),
        ),
        (
            replace(FACTS, server=replace(SERVER, oldest_prepared=timedelta(hours=1))),
            ("warning", "Long prepared transaction"),
        ),
        (
            replace(FACTS, slots=(Slot("s", "pgoutput", active=False, retained_bytes=2**40),)),
            ("warning", "Slot holds back the log"),
        ),
        (replace(FACTS, server=replace(SERVER, connections=95)), ("warning", "Few connections left")),
    ],
)
def test_each_trouble_is_found_alone_and_first(facts: SystemFacts, expected: tuple[str, str]) -> None:
    found = titles(facts)
    assert found[0] == expected
    assert {level for level, _ in found[1:]} == {"ok"}
    assert all(check.remedy for check in checks(facts) if check.level != "ok")
