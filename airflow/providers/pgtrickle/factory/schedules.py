"""Which stream tables a run of a DAG refreshes, when they have schedules of their own.

A DAG's schedule says when runs begin; the schedule of a stream table says which of the runs refresh it:

    1h           the first run in each hour: periods are counted from the epoch, not from the last refresh, so
                 that a run which begins a second earlier than the one an hour ago is not left out
    0 6 * * *    the first run after each of these times, in the time zone of the DAG
    CALCULATED   the runs that refresh something which reads it: as tight as its tightest consumer
    none         every run

A stream table that is due brings along all it waits for. Otherwise it would show its own sources at the run's
frontier and its upstream stream tables at an older one, and the tables of a run would not show one version of
the sources. So the tables that are not due are closed downstream: none of them is read by one that is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Literal

from croniter import croniter

CALCULATED = "CALCULATED"

_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d|w)")
_DURATIONS = re.compile(rf"(?:{_DURATION.pattern})+")
_UNITS = {
    "ms": "milliseconds",
    "s": "seconds",
    "m": "minutes",
    "h": "hours",
    "d": "days",
    "w": "weeks",
}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def duration(value: str | float) -> timedelta:
    """A number of seconds, or a text such as ``1h30m``; ValueError for anything else."""
    if not isinstance(value, str):
        return timedelta(seconds=value)
    if not is_duration(value):
        raise ValueError(f"{value!r} is not a duration")
    return sum(
        (timedelta(**{_UNITS[unit]: float(number)}) for number, unit in _DURATION.findall(value)),
        timedelta(),
    )


def is_duration(text: str) -> bool:
    """Whether a text is a duration such as ``5m``."""
    return _DURATIONS.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a stream table is due: ``period`` (a timedelta), ``cron`` (its expression), or ``CALCULATED``."""

    kind: Literal["period", "cron", "calculated"]
    period: timedelta = timedelta()
    cron: str = ""

    @classmethod
    def parse(cls, text: str) -> Schedule:
        """Read what a configuration says; ValueError for what is no schedule."""
        if text.upper() == CALCULATED:
            return cls("calculated")
        if is_duration(text):
            period = duration(text)
            if period <= timedelta():
                raise ValueError(f"{text!r} is no time")
            return cls("period", period=period)
        if not croniter.is_valid(text):
            raise ValueError(f"{text!r} is neither a duration, nor a cron expression, nor CALCULATED")
        return cls("cron", cron=text)

    def is_due(self, shown: datetime | None, now: datetime, zone: tzinfo) -> bool:
        """Whether a table that shows the sources of ``shown`` is to be refreshed by itself."""
        if self.kind == "calculated":
            return False
        if shown is None:
            return True
        if self.kind == "period":
            return (now - _EPOCH) // self.period > (shown - _EPOCH) // self.period
        following: datetime = croniter(self.cron, shown.astimezone(zone)).get_next(datetime)
        return following <= now


def due(
    schedules: Mapping[str, Schedule],
    upstream: Mapping[str, Iterable[str]],
    shown: Mapping[str, datetime | None],
    now: datetime,
    zone: tzinfo = UTC,
) -> frozenset[str]:
    """The stream tables that a run refreshes: those that are due, and all that they wait for.

    ``upstream`` has an entry for each stream table: what it waits for. ``schedules`` lacks those that each
    run refreshes; ``shown`` gives data timestamps. A CALCULATED table that nothing reads is refreshed by each
    run.
    """
    read = {name for names in upstream.values() for name in names}
    pending = []
    for name in upstream:
        schedule = schedules.get(name)
        alone = schedule is not None and schedule.kind == "calculated" and name not in read
        if schedule is None or alone or schedule.is_due(shown.get(name), now, zone):
            pending.append(name)
    found: set[str] = set()
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            pending.extend(upstream[name])
    return frozenset(found)
