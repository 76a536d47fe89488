"""Whether a stream table does what it is there for, in one word. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from graphlib import CycleError, TopologicalSorter
from typing import Literal

#: ``failing``: its last refreshes failed. ``suspended``. ``empty``: not filled yet. ``late``: it lacks
#: changes, and is older than its schedule allows. ``pending``: it lacks changes, and nothing says how old it
#: may be. ``fresh``: it shows everything, or is as fresh as its schedule asks for.
Health = Literal["failing", "suspended", "empty", "late", "pending", "fresh"]

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?\s*[smhdw]\s*)+")
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*([smhdw])")


@dataclass(frozen=True, slots=True)
class Standing:
    """What the judgement of one stream table rests on.

    ``settled``: neither it nor anything upstream of it lacks a captured change.
    """

    status: str
    is_populated: bool
    consecutive_errors: int
    staleness: timedelta | None
    limit: timedelta | None
    settled: bool


def judge(standing: Standing) -> Health:
    """The worst that can be said of a stream table."""
    if standing.status == "SUSPENDED":
        return "suspended"
    if standing.consecutive_errors:
        return "failing"
    if not standing.is_populated or standing.staleness is None:
        return "empty"
    if standing.settled:
        return "fresh"
    if standing.limit is None:
        return "pending"
    return "late" if standing.staleness > standing.limit else "fresh"


def freshness_limit(schedule: str | None) -> timedelta | None:
    """How old a schedule such as ``30s`` or ``1h 30m`` lets a stream table become; None for any other."""
    text = (schedule or "").strip().lower()
    if not _DURATION.fullmatch(text):
        return None
    return timedelta(seconds=sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text)))


def settled(pending: Mapping[int, int | None], upstream: Mapping[int, Iterable[int]]) -> frozenset[int]:
    """The stream tables, by id, that show all captured changes, as does everything upstream of them.

    ``pending`` has the number of changes that each lacks itself, None while it is not filled. What could
    only be there by a circle is not settled.
    """
    found: set[int] = set()
    try:
        order = tuple(
            TopologicalSorter({key: tuple(upstream.get(key, ())) for key in pending}).static_order()
        )
    except CycleError:
        return frozenset()
    for key in order:
        if pending.get(key) == 0 and all(each in found for each in upstream.get(key, ())):
            found.add(key)
    return frozenset(found)
