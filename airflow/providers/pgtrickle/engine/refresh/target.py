"""Where a refresh goes: the present, or the frontier of a run, and for each upstream the version at it."""

from __future__ import annotations

from datetime import UTC

from airflow.providers.pgtrickle.engine import catalog
from airflow.providers.pgtrickle.engine.catalog import StreamTable
from airflow.providers.pgtrickle.engine.db import Session
from airflow.providers.pgtrickle.engine.definitions import Definition
from airflow.providers.pgtrickle.engine.errors import RunFrontierPassed, UpstreamNotReady
from airflow.providers.pgtrickle.engine.frontier import Frontier, Snapshot
from airflow.providers.pgtrickle.engine.refresh.moment import Moment
from airflow.providers.pgtrickle.engine.refresh.values import RunFrontier


def target_frontier(
    session: Session, table: StreamTable, definition: Definition, moment: Moment, run: RunFrontier | None
) -> Frontier:
    """The frontier to reach: the run's snapshot or the present, and for each upstream the version at it.

    Raises UpstreamNotReady and RunFrontierPassed.
    """
    if run is None:
        versions = {
            upstream: Snapshot.through(moment.versions.get(upstream, 0)) for upstream in definition.upstream
        }
        return Frontier(moment.now, versions, moment.reached(None))
    opened = catalog.run(session, run.run_id)
    members = frozenset(opened.members) if opened is not None else frozenset()
    found: dict[int, Snapshot] = {}
    for upstream in definition.upstream:
        version = catalog.version_at(session, upstream, run.snapshot)
        if version is None:
            raise UpstreamNotReady(
                f"Stream table {_name_of(session, upstream)}, which {table.name.display} reads, has no "
                "version at or before the run's frontier.",
                hint="Refresh it in the same run first.",
                subject=table.name.display,
            )
        if upstream in members and version.snapshot != run.snapshot:
            raise _refusal(session, table, upstream, run)
        found[upstream] = Snapshot.through(version.xid)
    current = moment.current
    if current is not None and not run.snapshot.contains(current.snapshot):
        raise RunFrontierPassed(
            f"Stream table {table.name.display} is past the run's frontier.",
            hint="Another refresh overtook this run; the next run is consistent again.",
            subject=table.name.display,
        )
    return Frontier(run.snapshot, found, moment.reached(run))


def nothing_left(
    session: Session, table: StreamTable, definition: Definition, moment: Moment, run: RunFrontier
) -> str | None:
    """Why there is nothing to do for a table that is at the run's frontier already, or past it; else None."""
    if moment.current is None or not moment.current.snapshot.contains(run.snapshot):
        return None
    at_it = moment.current.snapshot == run.snapshot
    if at_it and not _same_time(session, definition, moment.current, run):
        return None
    if not at_it and catalog.version_at(session, table.id, run.snapshot) is None:
        return None
    place = "at" if at_it else "past"
    return f"The stream table is {place} the run's frontier already."


def _same_time(session: Session, definition: Definition, current: Frontier, run: RunFrontier) -> bool:
    """Whether time stands still between a frontier and that of a run, which have the same snapshot.

    It moves where the query reads the clock, and where an upstream stream table has moved with it.
    """
    if (
        definition.compiled.reads_clock
        and current.time is not None
        and current.time < run.opened_at.astimezone(UTC)
    ):
        return False
    for upstream in definition.upstream:
        version = catalog.version_at(session, upstream, run.snapshot)
        if version is not None and current.versions.get(upstream) != Snapshot.through(version.xid):
            return False
    return True


def _refusal(
    session: Session, table: StreamTable, upstream: int, run: RunFrontier
) -> RunFrontierPassed | UpstreamNotReady:
    name = _name_of(session, upstream)
    frontier = catalog.by_id(session, upstream).frontier
    if frontier is not None and not run.snapshot.contains(frontier.snapshot):
        return RunFrontierPassed(
            f"Stream table {name}, which {table.name.display} reads, is past the run's frontier.",
            hint="The next run is consistent again.",
            subject=table.name.display,
        )
    return UpstreamNotReady(
        f"Stream table {name}, which {table.name.display} reads, has not reached the run's frontier.",
        hint="Refresh it in this run first; a table whose upstream failed stays whole at its frontier.",
        subject=table.name.display,
    )


def _name_of(session: Session, stream_table_id: int) -> str:
    return catalog.by_id(session, stream_table_id).name.display


def intervals(definition: Definition, low: Frontier, high: Frontier) -> dict[int, tuple[Snapshot, Snapshot]]:
    """For each source the snapshots between which its changes lie."""
    before, after = snapshots_at(definition, low), snapshots_at(definition, high)
    return {source: (before[source], after[source]) for source in before}


def snapshots_at(definition: Definition, frontier: Frontier) -> dict[int, Snapshot]:
    """For each source the snapshot that a frontier holds for it."""
    return {item.source_oid: _of_source(frontier, item.upstream_id) for item in definition.dependencies}


def _of_source(frontier: Frontier, upstream: int | None) -> Snapshot:
    if upstream is None:
        return frontier.snapshot
    return frontier.versions.get(upstream, Snapshot.through(0))


def present(definition: Definition, moment: Moment) -> Frontier:
    """The frontier of what the refresh's snapshot shows."""
    return Frontier(moment.now, dict.fromkeys(definition.upstream, moment.now))
