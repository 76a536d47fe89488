"""Frontiers: up to where a stream table is maintained, as PostgreSQL snapshots and a time.

A snapshot is the set of transactions whose effects are visible. PostgreSQL writes it as
``xmin:xmax:xip1,xip2,…`` (type pg_snapshot): every transaction below xmin is visible, none from xmax
on, and between them all but those listed. Snapshots of one server are ordered by inclusion, so the
interval between two of them is a set of transactions: exactly those whose changes a refresh consumes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A value of PostgreSQL's type pg_snapshot."""

    xmin: int
    xmax: int
    in_progress: frozenset[int] = frozenset()

    @classmethod
    def parse(cls, text: str) -> Snapshot:
        """Read PostgreSQL's text form; ValueError when it is not one."""
        try:
            xmin, xmax, xip = text.split(":")
            listed = frozenset(int(xid) for xid in xip.split(",") if xid)
            snapshot = cls(int(xmin), int(xmax), listed)
        except ValueError:
            raise ValueError(f"{text!r} is not a snapshot") from None
        if not 0 < snapshot.xmin <= snapshot.xmax or any(
            not snapshot.xmin <= xid < snapshot.xmax for xid in listed
        ):
            raise ValueError(f"{text!r} is not a snapshot")
        return snapshot

    @classmethod
    def through(cls, xid: int) -> Snapshot:
        """The snapshot in which exactly the transactions up to and including ``xid`` are visible."""
        return cls(xid + 1, xid + 1)

    def visible(self, xid: int) -> bool:
        """Whether the effects of transaction ``xid`` (if it committed) belong to this snapshot."""
        return xid < self.xmin or (xid < self.xmax and xid not in self.in_progress)

    def contains(self, other: Snapshot) -> bool:
        """Whether everything visible in ``other`` is visible here."""
        if other.xmax > self.xmax:
            return all(
                not other.visible(xid) or self.visible(xid) for xid in range(self.xmax, other.xmax)
            ) and self._contains_below(other)
        return self._contains_below(other)

    def _contains_below(self, other: Snapshot) -> bool:
        return all(not other.visible(xid) for xid in self.in_progress)

    def __str__(self) -> str:
        return f"{self.xmin}:{self.xmax}:{','.join(str(xid) for xid in sorted(self.in_progress))}"


@dataclass(frozen=True, slots=True)
class Frontier:
    """The state of all sources that a stream table shows.

    ``snapshot`` holds for base tables. ``versions`` maps the catalog id of an upstream stream table to the
    snapshot that selects its version: the refreshes of one stream table are serial, so a version is the
    transaction of the refresh that made it, and the snapshot is ``Snapshot.through(that transaction)``.
    ``time`` is what the clock says to queries that read it, None in a frontier that nothing is evaluated at.
    """

    snapshot: Snapshot
    versions: Mapping[int, Snapshot] = field(default_factory=dict)
    time: datetime | None = None
