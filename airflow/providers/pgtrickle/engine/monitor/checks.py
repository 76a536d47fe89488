"""Health checks and advice: from what the system looks like to what somebody should do. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from airflow.providers.pgtrickle.engine.monitor.overview import TableOverview
from airflow.providers.pgtrickle.engine.monitor.system import SystemFacts

Level = Literal["error", "warning", "advice", "ok"]

#: A buffer is worth a word from here on.
LARGE_BUFFER = 256 * 1024 * 1024
#: A transaction open for longer keeps the vacuum, and the pruning of buffers, from doing their work.
LONG_TRANSACTION = timedelta(minutes=15)
#: Log kept for a slot from here on is a danger to the disk.
LARGE_RETENTION = 4 * 1024**3
#: Share of the trend's refreshes that were full from which on somebody should know why.
OFTEN_FULL = 0.5
#: Refreshes below which a trend tells nothing.
SHORT_TREND = 6


@dataclass(frozen=True, slots=True)
class Check:
    """One finding; ``subject`` names what it is about, ``remedy`` says what to do, None when nothing is."""

    level: Level
    title: str
    detail: str
    remedy: str | None = None
    subject: str | None = None


def checks(facts: SystemFacts) -> tuple[Check, ...]:
    """All findings, the gravest first; where a whole area is well, one line that says so."""
    areas = (
        ("Stream tables", "Every stream table is maintained.", _tables(facts.overview.stream_tables)),
        ("Capture", "Every source's changes are captured without a gap.", _capture(facts)),
        ("Change buffers", "No buffer is large.", _buffers(facts)),
        ("Server", "No transaction, slot or shortage of connections is in the way.", _server(facts)),
    )
    found: list[Check] = []
    for title, well, findings in areas:
        listed = list(findings)
        if all(check.level == "advice" for check in listed):
            listed.append(Check("ok", title, well))
        found += listed
    order: tuple[Level, ...] = ("error", "warning", "advice", "ok")
    return tuple(sorted(found, key=lambda check: order.index(check.level)))


def _tables(tables: Iterable[TableOverview]) -> Iterator[Check]:
    for table in tables:
        match table.health:
            case "failing":
                times = (
                    "once" if table.consecutive_errors == 1 else f"{table.consecutive_errors} times in a row"
                )
                yield Check(
                    "error",
                    "Refreshes fail",
                    f"{table.name} failed {times}: {table.last_error or 'no message'}",
                    "Its page has the remedy; it stays whole at its last good state meanwhile.",
                    table.name,
                )
            case "suspended":
                yield Check(
                    "warning",
                    "Suspended",
                    f"{table.name} is not refreshed, and its sources' changes are kept for it.",
                    "Resume it, or drop it when nobody reads it any more.",
                    table.name,
                )
            case "empty":
                yield Check(
                    "warning",
                    "Not filled yet",
                    f"{table.name} has never been refreshed.",
                    "Refresh it once; readers see no rows until then.",
                    table.name,
                )
            case "late":
                yield Check(
                    "warning",
                    "Later than its schedule",
                    f"{table.name} shows a state older than its schedule of {table.schedule} allows.",
                    "See whether what refreshes it runs, and often enough.",
                    table.name,
                )
        yield from _advice(table)


def _advice(table: TableOverview) -> Iterator[Check]:
    if table.effective_mode == "FULL" and table.refresh_mode != "FULL":
        yield Check(
            "advice",
            "Recomputed as a whole",
            f"{table.name} is not maintained by deltas: {table.mode_reason or 'its query has no delta'}.",
            "Rewrite that part of the query, or put it into a stream table of its own above the rest.",
            table.name,
        )
        return
    did = [point for point in table.trend if point.action not in (None, "NO_DATA")]
    full = [point for point in did if point.action == "FULL"]
    if table.refresh_mode != "FULL" and len(did) >= SHORT_TREND and len(full) >= OFTEN_FULL * len(did):
        yield Check(
            "advice",
            "Often recomputed",
            f"{len(full)} of the last {len(did)} refreshes of {table.name} that did something recomputed it: "
            "too much of its sources had changed.",
            "Refresh it more often, so that each time less has changed.",
            table.name,
        )


def _capture(facts: SystemFacts) -> Iterator[Check]:
    for source in facts.overview.sources:
        if not source.exists:
            yield Check(
                "error",
                "Source is gone",
                f"{source.name}, which {source.readers} stream tables read, does not exist any more.",
                "Drop or alter the stream tables that read it.",
                source.name,
            )
        elif source.problem is not None:
            yield Check(
                "warning",
                "Gap in capture",
                source.problem,
                "Nothing to do: the next refresh captures it anew and recomputes what reads it.",
                source.name,
            )


def _buffers(facts: SystemFacts) -> Iterator[Check]:
    for buffer in facts.buffers:
        if buffer.bytes >= LARGE_BUFFER:
            yield Check(
                "warning",
                "Large change buffer",
                f"The changes of {buffer.source} take {buffer.bytes / 1024**2:,.0f} MiB.",
                f"{buffer.held_by} has consumed the least of them: refresh it, resume it or drop it."
                if buffer.held_by
                else "Vacuum the buffer.",
                buffer.held_by or buffer.source,
            )


def _server(facts: SystemFacts) -> Iterator[Check]:
    server = facts.server
    for age, what in (
        (server.oldest_transaction, "transaction"),
        (server.oldest_prepared, "prepared transaction"),
    ):
        if age is not None and age >= LONG_TRANSACTION:
            yield Check(
                "warning",
                f"Long {what}",
                f"A {what} has been open for {age.total_seconds() / 60:,.0f} minutes; what it may still "
                f"see cannot be "
                "removed from tables and change buffers.",
                "End it: pg_stat_activity and pg_prepared_xacts name it.",
            )
    for slot in facts.slots:
        if slot.retained_bytes is not None and slot.retained_bytes >= LARGE_RETENTION:
            yield Check(
                "warning",
                "Slot holds back the log",
                f"Slot {slot.name} keeps {slot.retained_bytes / 1024**3:,.1f} GiB of write-ahead log.",
                "Let its consumer catch up, or drop the slot.",
                slot.name,
            )
    if server.connections >= 0.9 * server.max_connections:
        yield Check(
            "warning",
            "Few connections left",
            f"{server.connections} of {server.max_connections} connections are in use.",
            "Lower the parallelism of what refreshes, or raise max_connections.",
        )
