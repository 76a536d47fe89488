"""What a refresh is going to do, decided from facts alone.

Pure, so that explaining and doing cannot differ.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from airflow.providers.pgtrickle.engine.catalog.values import Action
from airflow.providers.pgtrickle.engine.frontier import Frontier, Snapshot
from airflow.providers.pgtrickle.engine.settings import Settings

#: Below this number of changes no count of the sources' rows is worth asking for.
SMALL_CHANGE = 5_000


@dataclass(frozen=True, slots=True)
class Interval:
    """The changes of one source that a refresh consumes: visible in ``high``, not in ``low``."""

    low: Snapshot
    high: Snapshot


@dataclass(frozen=True, slots=True)
class Facts:
    """What a refresh knows before it decides.

    ``target`` is the frontier to reach, ``pending`` the number of changes of each source on the way there,
    ``late`` the sources that changed after it, ``source_rows`` an estimate of the rows of the changed sources
    (None when not asked for), ``rebuild_reason`` why the stored state cannot be built upon. ``moves``: the
    answer can be another one although no source has changed, because time has passed.
    """

    populated: bool
    differential: bool
    mode_reason: str | None
    current: Frontier | None
    target: Frontier
    pending: Mapping[int, int]
    late: frozenset[int]
    source_rows: float | None
    rebuild_reason: str | None
    full_reason: str | None
    moves: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """The chosen path, why, and over which sources."""

    action: Action
    reason: str
    changed: frozenset[int] = frozenset()
    late: frozenset[int] = frozenset()

    @property
    def by_time_alone(self) -> bool:
        """Whether only the passing of time is to be followed."""
        return self.action == "DIFFERENTIAL" and not self.changed


def nothing_crossed(plan: Plan) -> Plan:
    """The plan for the books when time has passed and no row has entered or left."""
    return replace(plan, action="NO_DATA", reason="No source has changed, and no row came or went with time.")


def decide(facts: Facts, settings: Settings) -> Plan:
    """Choose the path of a refresh."""
    changed = frozenset(source for source, count in facts.pending.items() if count)
    if facts.rebuild_reason is not None:
        return Plan("REINITIALIZE", facts.rebuild_reason, late=facts.late)
    if not facts.populated:
        return Plan("FULL", "The stream table is filled for the first time.", late=facts.late)
    if facts.full_reason is not None:
        return Plan("FULL", facts.full_reason, late=facts.late)
    if not changed and not facts.moves:
        return Plan("NO_DATA", "No source has changed.", late=facts.late)
    if not facts.differential:
        return Plan("FULL", f"Recomputed as a whole: {facts.mode_reason}.", changed, facts.late)
    total = sum(facts.pending.values())
    if facts.source_rows is not None and total > max(
        SMALL_CHANGE, settings.full_threshold * facts.source_rows
    ):
        return Plan(
            "FULL",
            f"{total} changes are more than {settings.full_threshold:.0%} of the changed sources' rows.",
            changed,
            facts.late,
        )
    if not changed:
        return Plan("DIFFERENTIAL", "No source has changed; rows come and go with time.", late=facts.late)
    return Plan(
        "DIFFERENTIAL", f"{total} {'change' if total == 1 else 'changes'} to follow.", changed, facts.late
    )
