"""One refresh, from the locks to the commit.

The locks come first, because LOCK TABLE takes no snapshot while it waits: the transaction's one snapshot is
then taken when no other refresh of the stream table runs and no source can be truncated or rewritten under
it. Everything else (what changed, what the catalog says, the sources' rows) is read in that snapshot.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import datetime
from typing import Any, Protocol

from airflow.providers.pgtrickle.engine import catalog
from airflow.providers.pgtrickle.engine.capture import (
    Fingerprint,
    difference,
    ensure_capture,
    fingerprint,
    partitions_changed,
    pending,
    release_capture,
)
from airflow.providers.pgtrickle.engine.catalog import StreamTable
from airflow.providers.pgtrickle.engine.db import Session, compose, load, retrying
from airflow.providers.pgtrickle.engine.definitions import Definition
from airflow.providers.pgtrickle.engine.errors import PgTrickleError, RefreshFailed, StreamTableSuspended
from airflow.providers.pgtrickle.engine.frontier import Frontier
from airflow.providers.pgtrickle.engine.names import storage_name
from airflow.providers.pgtrickle.engine.refresh.afterwards import Afterwards
from airflow.providers.pgtrickle.engine.refresh.apply import apply_plan
from airflow.providers.pgtrickle.engine.refresh.cache import DefinitionCache, Known
from airflow.providers.pgtrickle.engine.refresh.interruptions import (
    CaptureGap,
    DefinitionMoved,
    DeltaFailed,
    LayoutMoved,
    StorageMismatch,
)
from airflow.providers.pgtrickle.engine.refresh.moment import Clock, Moment, read_moment
from airflow.providers.pgtrickle.engine.refresh.plan import (
    SMALL_CHANGE,
    Facts,
    Plan,
    decide,
    nothing_crossed,
)
from airflow.providers.pgtrickle.engine.refresh.stopwatch import Stopwatch
from airflow.providers.pgtrickle.engine.refresh.target import (
    intervals,
    nothing_left,
    present,
    target_frontier,
)
from airflow.providers.pgtrickle.engine.refresh.values import RefreshResult, RunFrontier
from airflow.providers.pgtrickle.engine.settings import Settings

#: SQLSTATEs by which PostgreSQL says that a cached definition no longer fits: a name in it is gone.
_STALE_DEFINITION = frozenset({"42703", "42P01", "42883", "42704", "0A000"})

#: Classes of SQLSTATEs by which PostgreSQL says that an expression cannot be computed for some row.
_DATA_ERRORS = frozenset({"21", "22"})

#: The statements that look before a refresh are always the same: planning them costs more than running them.
_PLAN_ONCE = "SET LOCAL plan_cache_mode = force_generic_plan"


class Rebuild(Protocol):
    """Builds a stream table's storage anew, in the layout that its query asks for now."""

    def __call__(self, refresher: Refresher, table: StreamTable, reason: str) -> RefreshResult:
        """Rebuild ``table`` at the present; ``reason`` goes into the history."""


class Refresher:
    """Refreshes stream tables over one session; keeps compiled definitions between calls.

    ``clock`` tells the present in the place of the server's clock.
    """

    def __init__(
        self, session: Session, settings: Settings, rebuild: Rebuild, clock: Clock | None = None
    ) -> None:
        self.session = session
        self.clock = clock
        self.settings = settings
        self.rebuild = rebuild
        self.cache = DefinitionCache(session)
        self.afterwards = Afterwards(session, settings)

    def refresh(
        self, table: StreamTable, *, run: RunFrontier | None = None, full: bool = False
    ) -> RefreshResult:
        """Bring a stream table to the run's frontier, or to the present.

        Transient errors are tried again. Raises StreamTableSuspended, RunFrontierPassed, UpstreamNotReady and
        RefreshFailed; what failed is in the history, and the stream table is as it was.
        """
        watch = Stopwatch()
        if table.status == "SUSPENDED":
            raise StreamTableSuspended(
                f"Stream table {table.name.display} is suspended.",
                hint="Resume it with resume_stream_table().",
                subject=table.name.display,
            )
        try:
            attempt = retrying(self.settings.refresh_attempts)
            return attempt(
                self._attempts, table, run, "A full refresh was asked for." if full else None, watch
            )
        except PgTrickleError as error:
            self.afterwards.record_failure(table, error, run, watch)
            raise

    # -- attempts -----------------------------------------------------------------------------------------

    def _attempts(
        self, table: StreamTable, run: RunFrontier | None, full: str | None, watch: Stopwatch
    ) -> RefreshResult:
        """Try until nothing stands in the way that this session can clear away itself."""
        rebuild: str | None = None
        stale = False
        for _ in range(5):
            with watch.stage("compile"):
                known = self.cache.get(table)
            try:
                result = self._once(table, known, run, full, rebuild, watch)
            except CaptureGap:
                self._mend_capture(table, known)
            except LayoutMoved as moved:
                return self.rebuild(self, table, str(moved))
            except DefinitionMoved:
                self.cache.forget(table.id)
                table = catalog.by_id(self.session, table.id)
            except StorageMismatch as error:
                rebuild = error.message
            except DeltaFailed as failure:
                # The row may be gone again: a delta meets it all the same, coming and going.
                full = f"By deltas it failed: {failure}"
            except RefreshFailed as error:
                if stale or error.sqlstate not in _STALE_DEFINITION:
                    raise
                # Once more, unless nothing was cached that could be stale.
                stale = True
                self.cache.forget(table.id)
                table = catalog.by_id(self.session, table.id)
            else:
                self.afterwards.prune(known, result)
                return result
        raise RefreshFailed(
            f"The definition or the capture of {table.name.display} kept changing during its refresh.",
            sqlstate="40001",
            subject=table.name.display,
        )

    def _mend_capture(self, table: StreamTable, known: Known) -> None:
        """Have the sources of the definition captured, and registered as what the stream table reads."""

        def register() -> list[int]:
            with self.session.transaction():
                before = catalog.dependencies(self.session, table.id)
                for item in known.definition.dependencies:
                    ensure_capture(self.session, item.source_oid, item.columns, settings=self.settings)
                catalog.set_dependencies(self.session, table.id, known.definition.dependencies)
            return [item.source_oid for item in before if item.source_oid not in known.definition.sources]

        given_up = retrying(self.settings.lock_attempts)(register)
        known.registered = True
        self.release(given_up)

    def release(self, sources: Iterable[int]) -> None:
        """Stop capturing those of the sources that nobody reads any more, if their locks can be had."""
        for source in sources:
            with suppress(PgTrickleError), self.session.transaction():
                release_capture(self.session, source, settings=self.settings)

    def _once(
        self,
        table: StreamTable,
        known: Known,
        run: RunFrontier | None,
        full: str | None,
        rebuild: str | None,
        watch: Stopwatch,
    ) -> RefreshResult:
        session, definition = self.session, known.definition
        with ExitStack() as transaction:
            with watch.stage("lock"):
                transaction.enter_context(session.transaction("repeatable read", *_locks(table, known)))
            with watch.stage("look"):
                moment = read_moment(session, table, definition, self.clock)
                live, rebuild = self._require_current(table, known, moment, rebuild)
                if rebuild is not None and run is not None:
                    # What passed capture by cannot be taken off the present rows either.
                    rebuild += " The run's frontier is out of reach: the rows are those of the present."
                    run = None
                if run is not None and (reason := nothing_left(session, table, definition, moment, run)):
                    reached = table.data_timestamp or moment.clock
                    return _result(table, Plan("NO_DATA", reason), (0, 0), moment.current, reached, watch)
                target = target_frontier(session, table, definition, moment, run)
                facts = self._facts(table, definition, moment, target, rebuild, full)
                plan = decide(facts, self.settings)
            counts = self._apply(table, known, plan, moment, target, facts.pending, watch)
            changes = _reached(moment, target, live)
            if plan.action == "REINITIALIZE":
                changes |= _mode_now(table, definition)
            if plan.by_time_alone and counts == (0, 0):
                plan = nothing_crossed(plan)
            if plan.action != "NO_DATA" or run is not None:
                catalog.add_version(session, table.id, target.snapshot)
            result = _result(table, plan, counts, target, moment.reached(run), watch)
            self.afterwards.record(table, result, facts, run, watch, changes)
        return replace(result, duration_ms=watch.milliseconds)

    def _require_current(
        self, table: StreamTable, known: Known, moment: Moment, rebuild: str | None
    ) -> tuple[Fingerprint, str | None]:
        """The capture as it is, and why what is stored cannot be built upon, if so.

        Raises DefinitionMoved, CaptureGap and LayoutMoved.
        """
        if moment.generation != table.generation or moment.names != known.names:
            raise DefinitionMoved
        live = fingerprint(self.session, known.definition.sources)
        if not known.registered or any(state["problem"] is not None for state in live.values()):
            raise CaptureGap
        if moment.recorded.get("restored"):
            rebuild = "The database was carried here from another server."
        if list(moment.meaning) != list(moment.recorded.get("meaning", ())):
            rebuild = rebuild or "A view or function that the query uses was changed."
            if known.meaning != moment.meaning:
                raise DefinitionMoved
        if not known.fits:
            raise LayoutMoved(
                rebuild or "The keys, the NOT NULL constraints or the columns of the sources were changed."
            )
        return live, rebuild or difference(moment.recorded.get("capture"), live)

    def populate(
        self,
        table: StreamTable,
        fresh: StreamTable,
        known: Known,
        reason: str,
        watch: Stopwatch,
    ) -> RefreshResult:
        """Fill the empty storage of ``fresh``, the next generation of ``table``, from the query ``known``.

        In the transaction of the caller's, which has the locks of a refresh. Raises DefinitionMoved when the
        stream table or the query changed before the locks were there, CaptureGap when a source's capture did.
        """
        definition = known.definition
        moment = read_moment(self.session, table, definition, self.clock)
        if (moment.generation, moment.meaning, moment.names) != (
            table.generation,
            known.meaning,
            known.names,
        ):
            raise DefinitionMoved
        live = fingerprint(self.session, definition.sources)
        if any(state["problem"] is not None for state in live.values()):
            raise CaptureGap
        moment = replace(moment, current=None)
        target = target_frontier(self.session, table, definition, moment, None)
        plan = Plan("REINITIALIZE", reason)
        empty = replace(fresh, is_populated=False)
        counts = self._apply(empty, known, plan, moment, target, {}, watch)
        catalog.add_version(self.session, table.id, target.snapshot)
        result = _result(table, plan, counts, target, moment.reached(None), watch)
        facts = self._facts(table, definition, moment, target, reason, full=None)
        self.afterwards.record(table, result, facts, None, watch, _reached(moment, target, live))
        return result

    def lock(self, table: StreamTable, known: Known) -> None:
        """Keep others from refreshing the stream table, and its sources from being truncated or altered."""
        self.session.execute("; ".join(_locks(table, known)))

    # -- deciding and doing -------------------------------------------------------------------------------

    def _facts(
        self,
        table: StreamTable,
        definition: Definition,
        moment: Moment,
        target: Frontier,
        rebuild: str | None,
        full: str | None,
    ) -> Facts:
        session = self.session
        counted: dict[int, int] = {}
        if moment.current is not None and rebuild is None:
            counted = pending(session, intervals(definition, moment.current, target))
        late: frozenset[int] = frozenset()
        if target.snapshot != moment.now:
            after = pending(session, intervals(definition, target, present(definition, moment)), limit=1)
            late = frozenset(source for source, count in after.items() if count)
        rows: float | None = None
        if sum(counted.values()) > SMALL_CHANGE:
            changed = [source for source, count in counted.items() if count]
            rows = session.value(load(__package__, "source_rows"), {"sources": changed})
        compiled = definition.compiled
        reason = compiled.reason
        if table.effective_mode == "FULL" and reason is None:
            reason = "the refresh mode is FULL"
        if definition.uncapturable:
            counted[0] = 1
        return Facts(
            table.is_populated and moment.current is not None,
            compiled.differential and table.effective_mode == "DIFFERENTIAL",
            reason,
            moment.current,
            target,
            counted,
            late,
            rows,
            rebuild,
            full,
            compiled.unsteady or (compiled.reads_clock and moment.last != target.time),
        )

    def _apply(
        self,
        table: StreamTable,
        known: Known,
        plan: Plan,
        moment: Moment,
        target: Frontier,
        counted: Mapping[int, int],
        watch: Stopwatch,
    ) -> tuple[int, int]:
        """Do what is planned; rows inserted and deleted."""
        if plan.action == "NO_DATA":
            return 0, 0
        try:
            counts = apply_plan(
                self.session, self.settings, table, known, plan, moment, target, counted, watch
            )
        except RefreshFailed as error:
            if plan.action == "DIFFERENTIAL" and (error.sqlstate or "")[:2] in _DATA_ERRORS:
                raise DeltaFailed(error.message) from error
            raise
        partitioned = known.definition.partitioned
        if partitioned and partitions_changed(self.session, partitioned):
            # One that was attached after the snapshot may have been read.
            raise CaptureGap
        return counts


def _result(
    table: StreamTable,
    plan: Plan,
    counts: tuple[int, int],
    target: Frontier | None,
    reached: datetime,
    watch: Stopwatch,
) -> RefreshResult:
    frontier = "" if target is None else str(target.snapshot)
    stages = {name: round(milliseconds, 3) for name, milliseconds in watch.stages.items()}
    return RefreshResult(
        table.name.display, plan.action, plan.reason, *counts, watch.milliseconds, frontier, reached, stages
    )


def _locks(table: StreamTable, known: Known) -> list[str]:
    """The statements that open the transaction of a refresh."""
    storage = storage_name(table.id, table.generation)
    statements = [_PLAN_ONCE, compose(load(__package__, "lock"), storage=storage).as_string()]
    if known.source_names:
        lock_sources = compose(load(__package__, "lock_sources"), sources=list(known.source_names))
        statements.append(lock_sources.as_string())
    return statements


def _reached(moment: Moment, target: Frontier, live: Fingerprint) -> dict[str, Any]:
    """What the catalog says of a stream table that has come to ``target``."""
    return {
        "frontier": target,
        "is_populated": True,
        "status": "SUSPENDED" if moment.status == "SUSPENDED" else "ACTIVE",
        "fingerprint": {"capture": live, "meaning": list(moment.meaning)},
        "consecutive_errors": 0,
        "last_error": None,
    }


def _mode_now(table: StreamTable, definition: Definition) -> dict[str, Any]:
    """The effective mode, for the catalog, of a query that may mean something else than at its creation."""
    if table.refresh_mode == "FULL":
        return {}
    reason = definition.compiled.reason
    return {"effective_mode": "DIFFERENTIAL" if reason is None else "FULL", "reason": reason}
