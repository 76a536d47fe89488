"""One refresh, from the locks to the commit.

The locks come first, because LOCK TABLE takes no snapshot while it waits: the transaction's one snapshot is
then taken when no other refresh of the stream table runs and no source can be truncated or rewritten under
it. Everything else (what changed, what the catalog says, the sources' rows) is read in that snapshot.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import MappingProxyType
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
from airflow.providers.pgtrickle.engine.emit.relations import Statement
from airflow.providers.pgtrickle.engine.errors import (
    PgTrickleError,
    RefreshFailed,
    RunFrontierPassed,
    StreamTableSuspended,
    UpstreamNotReady,
)
from airflow.providers.pgtrickle.engine.frontier import Frontier, Snapshot
from airflow.providers.pgtrickle.engine.names import storage_name
from airflow.providers.pgtrickle.engine.refresh.afterwards import Afterwards
from airflow.providers.pgtrickle.engine.refresh.cache import DefinitionCache, Known
from airflow.providers.pgtrickle.engine.refresh.plan import Facts, Plan, decide, nothing_crossed
from airflow.providers.pgtrickle.engine.refresh.rewound import rewound_query
from airflow.providers.pgtrickle.engine.refresh.values import RefreshResult, RunFrontier
from airflow.providers.pgtrickle.engine.settings import Settings

#: SQLSTATEs by which PostgreSQL says that a cached definition no longer fits: a name in it is gone.
_STALE_DEFINITION = frozenset({"42703", "42P01", "42883", "42704", "0A000"})

#: Numbers of changes from here on are the planner's own to estimate; counting may have stopped short of them.
_EXACT_COUNT = 100_000

#: The statements that look before a refresh are always the same: planning them costs more than running them.
_PLAN_ONCE = "SET LOCAL plan_cache_mode = force_generic_plan"

#: Delta statements join many small relations: let the planner see them whole, and compile nothing.
_PLANNER = {
    "plan_cache_mode": "force_custom_plan",
    "jit": "off",
    "from_collapse_limit": "12",
    "join_collapse_limit": "12",
    "geqo_threshold": "13",
}


#: Tells the present, as a time with a time zone.
Clock = Callable[[], datetime]

#: A delta looks rows up by their keys, many of them written a moment ago: pages that are in memory. With the
#: default, made for disks, the planner would rather read a table than find a few thousand of its rows.
_PLANNER_OF_DELTAS = {"random_page_cost": "1.1"}


class StorageMismatch(RefreshFailed):
    """Storage does not hold the rows that a change should have met: it is then rebuilt from the query."""

    code = "PGT-303"


class CaptureGap(Exception):
    """Capture has to be made whole before this refresh can go on."""


class DefinitionMoved(Exception):
    """The stream table was altered or dropped while this refresh waited for its lock."""


class LayoutMoved(Exception):
    """Storage is not laid out for the query as it is understood now; the message says why."""


class Rebuild(Protocol):
    """Builds a stream table's storage anew, in the layout that its query asks for now."""

    def __call__(self, refresher: Refresher, table: StreamTable, reason: str) -> RefreshResult:
        """Rebuild ``table`` at the present; ``reason`` goes into the history."""


@dataclass(frozen=True, slots=True)
class _Moment:
    """What the refresh's snapshot shows.

    ``clock`` is the present; ``last``, the time up to which the stream table was maintained before.
    """

    now: Snapshot
    clock: datetime
    generation: int
    status: str
    current: Frontier | None
    last: datetime | None
    recorded: Mapping[str, Any]
    versions: Mapping[int, int]
    meaning: tuple[str | None, str | None]
    names: str | None

    def reached(self, run: RunFrontier | None) -> datetime:
        """The time of the frontier that a refresh goes to; it never goes back."""
        time = self.clock if run is None else run.opened_at.astimezone(UTC)
        return time if self.last is None else max(time, self.last)


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
        started, clock = datetime.now(UTC), time.perf_counter()
        if table.status == "SUSPENDED":
            raise StreamTableSuspended(
                f"Stream table {table.name.display} is suspended.",
                hint="Resume it with resume_stream_table().",
                subject=table.name.display,
            )
        try:
            attempt = retrying(self.settings.refresh_attempts)
            return attempt(self._attempts, table, run, full, started, clock)
        except PgTrickleError as error:
            self.afterwards.record_failure(table, error, run, started, clock)
            raise

    # -- attempts -----------------------------------------------------------------------------------------

    def _attempts(
        self, table: StreamTable, run: RunFrontier | None, full: bool, started: datetime, clock: float
    ) -> RefreshResult:
        """Try until nothing stands in the way that this session can clear away itself."""
        rebuild: str | None = None
        stale = False
        for _ in range(5):
            known = self.cache.get(table)
            try:
                result = self._once(table, known, run, full, rebuild, started, clock)
            except CaptureGap:
                self._mend_capture(table, known)
            except LayoutMoved as moved:
                return self.rebuild(self, table, str(moved))
            except DefinitionMoved:
                self.cache.forget(table.id)
                table = catalog.by_id(self.session, table.id)
            except StorageMismatch as error:
                rebuild = error.message
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
        full: bool,
        rebuild: str | None,
        started: datetime,
        clock: float,
    ) -> RefreshResult:
        session, definition = self.session, known.definition
        with session.transaction("repeatable read", *_locks(table, known)):
            moment = self._moment(table, definition)
            if moment.generation != table.generation or moment.names != known.names:
                raise DefinitionMoved
            live = fingerprint(session, definition.sources)
            gap = difference(moment.recorded.get("capture"), live)
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
                    rebuild or "The keys or the NOT NULL constraints of the sources were changed."
                )
            rebuild = rebuild or gap
            if rebuild is not None and run is not None:
                # What passed capture by cannot be taken off the present rows either.
                rebuild += " The run's frontier is out of reach: the rows are those of the present."
                run = None
            done = self._at_run_frontier(table, definition, moment, run, clock)
            if done is not None:
                return done
            target = self._target(table, definition, moment, run)
            facts = self._facts(table, definition, moment, target, rebuild, full)
            plan = decide(facts, self.settings)
            inserted, deleted = self._execute(table, known, plan, moment, target, facts.pending)
            if plan.action != "NO_DATA":
                self._require_same_partitions(definition)
            changes = _reached(moment, target, live)
            if plan.action == "REINITIALIZE":
                changes |= _mode_now(table, definition)
            if plan.by_time_alone and not inserted and not deleted:
                plan = nothing_crossed(plan)
            if plan.action != "NO_DATA" or run is not None:
                catalog.add_version(session, table.id, target.snapshot)
            result = RefreshResult(
                table.name.display,
                plan.action,
                plan.reason,
                inserted,
                deleted,
                (time.perf_counter() - clock) * 1000,
                str(target.snapshot),
                moment.reached(run),
            )
            self.afterwards.record(table, result, facts, run, started, changes)
        return replace(result, duration_ms=(time.perf_counter() - clock) * 1000)

    def populate(
        self,
        table: StreamTable,
        fresh: StreamTable,
        known: Known,
        reason: str,
        started: datetime,
        clock: float,
    ) -> RefreshResult:
        """Fill the empty storage of ``fresh``, the next generation of ``table``, from the query ``known``.

        In the transaction of the caller's, which has the locks of a refresh. Raises DefinitionMoved when the
        stream table or the query changed before the locks were there, CaptureGap when a source's capture did.
        """
        definition = known.definition
        moment = self._moment(table, definition)
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
        target = self._target(table, definition, moment, None)
        filled, _ = self._execute(
            replace(fresh, is_populated=False), known, Plan("REINITIALIZE", reason), moment, target
        )
        self._require_same_partitions(definition)
        catalog.add_version(self.session, table.id, target.snapshot)
        result = RefreshResult(
            table.name.display,
            "REINITIALIZE",
            reason,
            filled,
            0,
            (time.perf_counter() - clock) * 1000,
            str(target.snapshot),
            moment.reached(None),
        )
        facts = self._facts(table, definition, moment, target, reason, full=False)
        changes = _reached(moment, target, live)
        self.afterwards.record(table, result, facts, None, started, changes)
        return result

    def lock(self, table: StreamTable, known: Known) -> None:
        """Keep others from refreshing the stream table, and its sources from being truncated or altered."""
        self.session.execute("; ".join(_locks(table, known)))

    def _moment(self, table: StreamTable, definition: Definition) -> _Moment:
        row = self.session.row(
            load(__package__, "facts"),
            {
                "pgt_id": table.id,
                "upstream": list(definition.upstream),
                "views": list(definition.views),
                "functions": list(definition.functions),
                "sources": list(definition.sources),
            },
        )
        if row is None:
            raise DefinitionMoved
        now, clock, generation, status, frontier, versions, last, recorded, upstream, *meaning, names = row
        current = None
        last = None if last is None else last.astimezone(UTC)
        if frontier is not None:
            parsed = {int(key): Snapshot.parse(value) for key, value in versions.items()}
            current = Frontier(Snapshot.parse(frontier), parsed, last)
        views, functions = meaning
        return _Moment(
            Snapshot.parse(now),
            # In UTC: Python compares times of one zone by the clock on the wall, which can go back.
            (clock if self.clock is None else self.clock()).astimezone(UTC),
            generation,
            status,
            current,
            last,
            recorded or {},
            {int(key): int(value) for key, value in (upstream or {}).items()},
            (views, functions),
            names,
        )

    def _at_run_frontier(
        self,
        table: StreamTable,
        definition: Definition,
        moment: _Moment,
        run: RunFrontier | None,
        clock: float,
    ) -> RefreshResult | None:
        """The result for a table that is at the run's frontier already, or past it."""
        if run is None or moment.current is None or not moment.current.snapshot.contains(run.snapshot):
            return None
        at_it = moment.current.snapshot == run.snapshot
        if at_it and not self._same_time(definition, moment.current, run):
            return None
        if not at_it and catalog.version_at(self.session, table.id, run.snapshot) is None:
            return None
        reason = (
            "The stream table is at the run's frontier already."
            if at_it
            else "The stream table is past the run's frontier already."
        )
        return RefreshResult(
            table.name.display,
            "NO_DATA",
            reason,
            0,
            0,
            (time.perf_counter() - clock) * 1000,
            str(moment.current.snapshot),
            table.data_timestamp or moment.clock,
        )

    def _same_time(self, definition: Definition, current: Frontier, run: RunFrontier) -> bool:
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
            version = catalog.version_at(self.session, upstream, run.snapshot)
            if version is not None and current.versions.get(upstream) != Snapshot.through(version.xid):
                return False
        return True

    def _target(
        self, table: StreamTable, definition: Definition, moment: _Moment, run: RunFrontier | None
    ) -> Frontier:
        """The frontier to reach.

        The run's snapshot or the present, and for each upstream the version at it.
        """
        if run is None:
            versions = {
                upstream: Snapshot.through(moment.versions.get(upstream, 0))
                for upstream in definition.upstream
            }
            return Frontier(moment.now, versions, moment.reached(None))
        opened = catalog.run(self.session, run.run_id)
        members = frozenset(opened.members) if opened is not None else frozenset()
        found: dict[int, Snapshot] = {}
        for upstream in definition.upstream:
            version = catalog.version_at(self.session, upstream, run.snapshot)
            if version is None:
                raise UpstreamNotReady(
                    f"Stream table {self._name_of(upstream)}, which {table.name.display} reads, has no "
                    "version at or before the run's frontier.",
                    hint="Refresh it in the same run first.",
                    subject=table.name.display,
                )
            if upstream in members and version.snapshot != run.snapshot:
                self._refuse_upstream(table, upstream, run)
            found[upstream] = Snapshot.through(version.xid)
        current = moment.current
        if current is not None and not run.snapshot.contains(current.snapshot):
            raise RunFrontierPassed(
                f"Stream table {table.name.display} is past the run's frontier.",
                hint="Another refresh overtook this run; the next run is consistent again.",
                subject=table.name.display,
            )
        return Frontier(run.snapshot, found, moment.reached(run))

    def _refuse_upstream(self, table: StreamTable, upstream: int, run: RunFrontier) -> None:
        name = self._name_of(upstream)
        frontier = catalog.by_id(self.session, upstream).frontier
        if frontier is not None and not run.snapshot.contains(frontier.snapshot):
            raise RunFrontierPassed(
                f"Stream table {name}, which {table.name.display} reads, is past the run's frontier.",
                hint="The next run is consistent again.",
                subject=table.name.display,
            )
        raise UpstreamNotReady(
            f"Stream table {name}, which {table.name.display} reads, has not reached the run's frontier.",
            hint="Refresh it in this run first; a table whose upstream failed stays whole at its frontier.",
            subject=table.name.display,
        )

    def _name_of(self, stream_table_id: int) -> str:
        return catalog.by_id(self.session, stream_table_id).name.display

    # -- deciding and doing -------------------------------------------------------------------------------

    def _facts(
        self,
        table: StreamTable,
        definition: Definition,
        moment: _Moment,
        target: Frontier,
        rebuild: str | None,
        full: bool,
    ) -> Facts:
        session = self.session
        counted: dict[int, int] = {}
        if moment.current is not None and rebuild is None:
            counted = pending(session, self._intervals(definition, moment.current, target))
        late: frozenset[int] = frozenset()
        if target.snapshot != moment.now:
            after = pending(
                session, self._intervals(definition, target, _present(definition, moment)), limit=1
            )
            late = frozenset(source for source, count in after.items() if count)
        rows: float | None = None
        if sum(counted.values()) > 5_000:
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

    def _intervals(
        self, definition: Definition, low: Frontier, high: Frontier
    ) -> dict[int, tuple[Snapshot, Snapshot]]:
        before, after = snapshots_at(definition, low), snapshots_at(definition, high)
        return {source: (before[source], after[source]) for source in before}

    def _execute(
        self,
        table: StreamTable,
        known: Known,
        plan: Plan,
        moment: _Moment,
        target: Frontier,
        counted: Mapping[int, int] = MappingProxyType({}),
    ) -> tuple[int, int]:
        """Run the plan's statement; rows inserted and deleted. ``counted`` are the changes of each source."""
        if plan.action == "NO_DATA":
            return 0, 0
        definition = known.definition
        self.configure(table, _PLANNER_OF_DELTAS if plan.action == "DIFFERENTIAL" else {})
        storage = storage_name(table.id, table.generation)
        oid = table.storage_oid or 0
        query = None
        if not definition.compiled.differential:
            at = snapshots_at(definition, target)
            query = rewound_query(definition, plan.late, at, moment.now, target.time)
        current = moment.current
        if plan.action == "DIFFERENTIAL":
            statement = known.delta(storage, oid, plan.changed, plan.late)
        elif current is None and not table.is_populated:
            statement = definition.compiled.fill(storage, plan.late, query)
            arguments = self._arguments(definition, statement, current, target, moment)
            filled = self.session.native_count(statement.text, arguments)
            self.session.execute(compose("ANALYZE {storage}", storage=storage))
            return filled, 0
        else:
            statement = definition.compiled.recompute(storage, oid, plan.late, query)
        arguments = self._arguments(definition, statement, current, target, moment, counted)
        ((new, changed, gone, expected, whole),) = self.session.native(statement.text, arguments)
        if not whole:
            raise StorageMismatch(
                f"The refresh of {table.name.display} did not read all changes that it had counted.",
                sqlstate="XX001",
                subject=table.name.display,
            )
        if gone != expected:
            raise StorageMismatch(
                f"The stored rows of {table.name.display} were not those that the changes belong to "
                f"({gone} of {expected} rows found).",
                sqlstate="XX001",
                subject=table.name.display,
            )
        return new + changed, gone + changed

    def configure(self, table: StreamTable, planner: Mapping[str, str] = MappingProxyType({})) -> None:
        """Give the transaction the settings under which the query was defined, and those of a refresh."""
        settings = {
            "search_path": "",
            "row_security": "off",
            **_PLANNER,
            **planner,
            **table.session_settings,
        }
        if self.settings.statement_timeout:
            settings["statement_timeout"] = str(int(self.settings.statement_timeout * 1000))
        calls = ", ".join("pg_catalog.set_config(%s, %s, true)" for _ in settings)
        self.session.row(f"SELECT {calls}", [part for item in settings.items() for part in item])

    def _require_same_partitions(self, definition: Definition) -> None:
        """Raise CaptureGap when a partition attached after the snapshot may have been read."""
        if definition.partitioned and partitions_changed(self.session, definition.partitioned):
            raise CaptureGap

    def _arguments(
        self,
        definition: Definition,
        statement: Statement,
        current: Frontier | None,
        target: Frontier,
        moment: _Moment,
        counted: Mapping[int, int] = MappingProxyType({}),
    ) -> list[str]:
        frontiers = {"hi": target, "now": _present(definition, moment)}
        if current is not None:
            frontiers["lo"] = current
        bounds = {bound: snapshots_at(definition, frontier) for bound, frontier in frontiers.items()}
        values: list[str] = []
        for name in statement.parameters:
            bound, _, source = name.partition(":")
            if source == "time":
                values.append(str(frontiers[bound].time))
            elif bound == "limit":
                values.append(str(_limit(counted[int(source)])))
            else:
                values.append(str(bounds[bound][int(source)]))
        return values


def _limit(counted: int) -> int:
    """What the planner may take for the number of changes, as long as they are few: one more."""
    return counted + 1 if counted < _EXACT_COUNT else 2**62


def _locks(table: StreamTable, known: Known) -> list[str]:
    """The statements that open the transaction of a refresh."""
    storage = storage_name(table.id, table.generation)
    statements = [_PLAN_ONCE, compose(load(__package__, "lock"), storage=storage).as_string()]
    if known.source_names:
        lock_sources = compose(load(__package__, "lock_sources"), sources=list(known.source_names))
        statements.append(lock_sources.as_string())
    return statements


def _reached(moment: _Moment, target: Frontier, live: Fingerprint) -> dict[str, Any]:
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


def snapshots_at(definition: Definition, frontier: Frontier) -> dict[int, Snapshot]:
    """For each source the snapshot that a frontier holds for it."""
    return {item.source_oid: _of_source(frontier, item.upstream_id) for item in definition.dependencies}


def _of_source(frontier: Frontier, upstream: int | None) -> Snapshot:
    if upstream is None:
        return frontier.snapshot
    return frontier.versions.get(upstream, Snapshot.through(0))


def _present(definition: Definition, moment: _Moment) -> Frontier:
    return Frontier(moment.now, dict.fromkeys(definition.upstream, moment.now))
