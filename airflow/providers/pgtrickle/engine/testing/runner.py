"""Running a case against the engine: create, change, refresh, and compare after every round."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from airflow.providers.pgtrickle.engine.errors import InputError, RunFrontierPassed
from airflow.providers.pgtrickle.engine.names import quote_identifier
from airflow.providers.pgtrickle.engine.testing.cases import Case, Round, StreamTableDefinition
from airflow.providers.pgtrickle.engine.testing.oracle import compare

if TYPE_CHECKING:
    import psycopg


#: What a stream table's plain counterpart shows when a run opens.
_FROZEN = """
    DROP TABLE IF EXISTS pg_temp.frozen_{table};
    CREATE TEMP TABLE frozen_{table} AS SELECT * FROM {shadow}.{table}"""

#: What the reason of a rebuild says after a delta that did not fit what is stored.
_MISFIT = "were not those that the changes belong to"

_STATE = "SELECT md5(coalesce(string_agg(q::text, ',' ORDER BY q::text), '')) FROM {table} AS q"


class Engine(Protocol):
    """The part of ``PgTrickle`` that a case needs."""

    def create_stream_table(
        self, name: str, query: str, *, schedule: str | None = ..., refresh_mode: str = ...
    ) -> Any:
        """Create and fill a stream table."""

    def refresh_stream_table(self, name: str, *, run: Any = ...) -> Any:
        """Refresh to now, or to a run's frontier."""

    def verify_stream_table(self, name: str) -> Any:
        """Compare with the defining query at the stream table's frontier."""

    def drop_stream_table(self, name: str, *, if_exists: bool = ..., cascade: bool = ...) -> None:
        """Drop it."""

    def open_run(self, members: Sequence[str] = ...) -> Any:
        """Capture one frontier for several refreshes."""


@dataclass
class Report:
    """What running cases found. A check is one stream table compared after one round."""

    checks: int = 0
    changed: int = 0
    not_empty: int = 0
    at_frontier: int = 0
    created: int = 0
    differential: int = 0
    refused: int = 0
    actions: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    def add(self, other: Report) -> None:
        """Take the numbers of another report into this one."""
        for name in ("checks", "changed", "not_empty", "at_frontier", "created", "differential", "refused"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for mine, theirs in ((self.actions, other.actions), (self.reasons, other.reasons)):
            for key, count in theirs.items():
                mine[key] = mine.get(key, 0) + count
        self.failures += other.failures

    def summary(self) -> str:
        """One line of numbers."""
        actions = ", ".join(f"{action} {count}" for action, count in sorted(self.actions.items()))
        return (
            f"{self.checks} checks, {self.changed} changed, {self.not_empty} not empty,"
            f" {self.at_frontier} at a run's frontier, {len(self.failures)} wrong;"
            f" {self.created} stream tables, {self.differential} DIFFERENTIAL, {self.refused} refused;"
            f" refreshes: {actions}"
        )


class SetClock:
    """A clock that shows what it was set to; an engine is made with it as its ``clock``."""

    def __init__(self) -> None:
        self.time = datetime.now(UTC)

    def __call__(self) -> datetime:
        """What it was set to."""
        return self.time


#: What reads the clock in a query, and what the oracle puts in its place.
_CLOCK = {
    r"\b(?:now|transaction_timestamp|statement_timestamp)\(\)|\bCURRENT_TIMESTAMP\b(?!\()": "{}",
    r"\bCURRENT_TIMESTAMP\((\d)\)": "{}::timestamptz(\\1)",
    r"\bage\(([\w:]+)\)": "age({}::date, \\1)",
    r"\bCURRENT_DATE\b": "{}::date",
    r"\bLOCALTIMESTAMP\b(?!\()": "{}::timestamp",
    r"\bLOCALTIMESTAMP\((\d)\)": "{}::timestamp(\\1)",
    r"\bLOCALTIME\b": "{}::time",
    r"\bCURRENT_TIME\b": "{}::timetz",
}


@dataclass(frozen=True, slots=True)
class Checker:
    """Runs cases on one connection, which the engine borrows. Names without a schema belong to ``schema``.

    ``clock`` is the engine's, for cases that say what it shows.
    """

    connection: psycopg.Connection[Any]
    engine: Engine
    schema: str = "public"
    clock: SetClock | None = None

    def run(
        self, case: Case, *, runs: Callable[[int], bool] = lambda _: False, shadow: bool = False
    ) -> Report:
        """Run a case in the current database; its failures are in the report, setup errors are raised.

        ``runs`` says for which rounds the refreshes go to a run frontier that later changes must not touch.
        ``shadow`` compares with plain views over base tables alone as well, which needs unqualified names.
        """
        report = Report()
        self._set_clock(case.at)
        self.connection.execute(case.setup.encode())
        live = [d for d in case.stream_tables if self._create(case, d, report)]
        if shadow:
            self._make_shadows(live)
        states = {d.name: self._state(d) for d in live}
        for d in live:
            self._check(d, report, "after creation", shadow=shadow)
        following = 0
        while following < len(case.rounds):
            step = case.rounds[following]
            following += 1
            title = f"round {following}" + (f" ({step.title})" if step.title else "")
            self._change(step)
            if following < len(case.rounds) and runs(following):
                self._follow_run(
                    live, case.rounds[following], f"run after {title}", report, states, shadow=shadow
                )
                following += 1
                title = f"round {following}, after a run"
            for d in live:
                self._refresh(d, report)
            for d in live:
                self._check(d, report, title, shadow=shadow)
                self._count(d, report, states)
        return report

    def _change(self, step: Round) -> None:
        self.connection.execute(step.sql.encode())
        self._set_clock(step.at)

    def _set_clock(self, text: str) -> None:
        if not text:
            return
        if self.clock is None:
            raise ValueError("a case that sets the clock needs an engine with a clock that can be set")
        row = self.connection.execute("SELECT %s::timestamptz", [text]).fetchone()
        assert row is not None
        self.clock.time = row[0]

    def _at(self, query: str) -> str:
        """The query as it was at the time that the clock was set to."""
        if self.clock is not None:
            now = f"('{self.clock.time.astimezone(UTC).isoformat()}'::timestamptz)"
            for pattern, form in _CLOCK.items():
                query = re.sub(pattern, form.format(now), query, flags=re.IGNORECASE)
        return query

    def _follow_run(
        self,
        live: list[StreamTableDefinition],
        later: Round,
        title: str,
        report: Report,
        states: dict[str, str],
        *,
        shadow: bool,
    ) -> None:
        """Open a run, let later changes commit, then refresh to the run's frontier and compare there."""
        run = self.engine.open_run([self._name(d) for d in live])
        if shadow:
            for d in live:
                frozen = _FROZEN.format(table=d.name, shadow=self._shadow)
                self.connection.execute(frozen.encode())
        self._change(later)
        rebuilt = False
        for d in live:
            try:
                rebuilt |= self._refresh(d, report, run=run) == "REINITIALIZE"
            except RunFrontierPassed:
                if not rebuilt:
                    raise
        if rebuilt:
            # What passed capture by is only to be had from the present: such a run has no common state.
            return
        for d in live:
            self._verify(d, report, title)
            report.at_frontier += 1
            if shadow:
                self._compare(
                    d, report, f"{title}, from base tables", f"SELECT * FROM pg_temp.frozen_{d.name}"
                )
            self._count(d, report, states)

    def clean(self, case: Case) -> None:
        """Drop the case's stream tables."""
        for definition in reversed(case.stream_tables):
            self.engine.drop_stream_table(self._name(definition), if_exists=True, cascade=True)

    @property
    def _shadow(self) -> str:
        return quote_identifier(f"{self.schema}_shadow")

    def _name(self, definition: StreamTableDefinition) -> str:
        return (
            definition.name
            if "." in definition.name
            else f"{quote_identifier(self.schema)}.{definition.name}"
        )

    def _create(self, case: Case, definition: StreamTableDefinition, report: Report) -> bool:
        try:
            made = self.engine.create_stream_table(self._name(definition), definition.query, schedule=None)
        except InputError as error:
            report.refused += 1
            if case.mode != "REFUSED":
                self._fail(report, f"{definition.name}: refused: {error}")
            return False
        report.created += 1
        report.differential += made.effective_mode == "DIFFERENTIAL"
        if made.reason:
            report.reasons[made.reason] = report.reasons.get(made.reason, 0) + 1
        if case.mode not in {"ANY", made.effective_mode}:
            self._fail(report, f"{definition.name}: is {made.effective_mode}, not {case.mode}: {made.reason}")
        return True

    def _make_shadows(self, live: list[StreamTableDefinition]) -> None:
        self.connection.execute(f"CREATE SCHEMA {self._shadow}".encode())
        path = self.connection.execute("SHOW search_path").fetchone()
        assert path is not None
        try:
            self.connection.execute(f"SET search_path = {self._shadow}, {path[0]}".encode())
            for d in live:
                self.connection.execute(f"CREATE VIEW {self._shadow}.{d.name} AS {d.query}".encode())
        finally:
            self.connection.execute(f"SET search_path = {path[0]}".encode())

    def _refresh(self, definition: StreamTableDefinition, report: Report, run: Any = None) -> str:
        result = self.engine.refresh_stream_table(self._name(definition), run=run)
        action: str = result.action
        report.actions[action] = report.actions.get(action, 0) + 1
        if _MISFIT in result.reason:
            # The engine helped itself: the stream table is exact, the law that made the delta is not.
            self._fail(report, f"{definition.name}: {result.reason}")
        return action

    def _verify(self, definition: StreamTableDefinition, report: Report, title: str) -> None:
        report.checks += 1
        found = self.engine.verify_stream_table(self._name(definition))
        report.not_empty += bool(found.rows)
        if not found:
            numbers = f"{found.missing} missing, {found.unexpected} unexpected"
            self._fail(report, f"{definition.name}, {title}: verify_stream_table says {numbers}")

    def _check(self, definition: StreamTableDefinition, report: Report, title: str, *, shadow: bool) -> None:
        failures = len(report.failures)
        self._verify(definition, report, title)
        verified = len(report.failures) == failures
        exact = self._compare(definition, report, title, self._at(definition.expected))
        if verified and not exact:
            self._fail(report, f"{definition.name}, {title}: verify_stream_table found nothing")
        if shadow:
            self._compare(
                definition,
                report,
                f"{title}, from base tables",
                f"SELECT * FROM {self._shadow}.{definition.name}",
            )

    def _compare(self, definition: StreamTableDefinition, report: Report, title: str, query: str) -> bool:
        found = compare(self.connection, self._name(definition), query)
        if not found:
            self._fail(
                report,
                f"{definition.name}, {title}: {found.missing} missing, {found.unexpected} unexpected:"
                f" {'  '.join(found.samples)}",
            )
        return found.exact

    def _count(self, definition: StreamTableDefinition, report: Report, states: dict[str, str]) -> None:
        state = self._state(definition)
        report.changed += state != states[definition.name]
        states[definition.name] = state

    def _state(self, definition: StreamTableDefinition) -> str:
        row = self.connection.execute(_STATE.format(table=self._name(definition)).encode()).fetchone()
        return str(row[0]) if row else ""

    def _fail(self, report: Report, text: str) -> None:
        report.failures.append(text)
