"""What follows a refresh: its entry in the history, and the removal of what nobody needs any more."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from airflow.providers.pgtrickle.engine import catalog
from airflow.providers.pgtrickle.engine.capture import prune_buffers
from airflow.providers.pgtrickle.engine.catalog import StreamTable
from airflow.providers.pgtrickle.engine.db import Session, load
from airflow.providers.pgtrickle.engine.errors import PgTrickleError
from airflow.providers.pgtrickle.engine.refresh.cache import Known
from airflow.providers.pgtrickle.engine.refresh.plan import Facts
from airflow.providers.pgtrickle.engine.refresh.stopwatch import Stopwatch
from airflow.providers.pgtrickle.engine.refresh.values import RefreshResult, RunFrontier
from airflow.providers.pgtrickle.engine.settings import Settings

#: History and runs grow slowly: they are pruned at the first refresh of a session, and then now and again.
_REFRESHES_A_PRUNING = 500


class Afterwards:
    """Keeps the books of one session's refreshes."""

    def __init__(self, session: Session, settings: Settings) -> None:
        self.session = session
        self.settings = settings
        self._pruned = 0

    def record(
        self,
        table: StreamTable,
        result: RefreshResult,
        facts: Facts,
        run: RunFrontier | None,
        watch: Stopwatch,
        changes: Mapping[str, Any],
    ) -> None:
        """Note a refresh in its own transaction: in the history, and what it ``changes`` in the catalog."""
        catalog.record_refresh(
            self.session,
            table.id,
            action=result.action,
            reason=result.reason,
            status="COMPLETED",
            started_at=watch.started,
            ended_at=datetime.now(UTC),
            rows_inserted=result.rows_inserted,
            rows_deleted=result.rows_deleted,
            pending_changes=sum(facts.pending.values()),
            duration_ms=result.duration_ms,
            stages=dict(result.stages),
            run_id=run.run_id if run is not None else None,
            frontier=facts.target.snapshot,
            changes=changes,
        )

    def record_failure(
        self,
        table: StreamTable,
        error: PgTrickleError,
        run: RunFrontier | None,
        watch: Stopwatch,
    ) -> None:
        """Note a failure in the history; the error itself matters more than whether that succeeds."""
        if self.session.closed:
            return
        try:
            with self.session.transaction():
                catalog.record_refresh(
                    self.session,
                    table.id,
                    action=None,
                    reason=None,
                    status="FAILED",
                    started_at=watch.started,
                    ended_at=datetime.now(UTC),
                    duration_ms=watch.milliseconds,
                    sqlstate=getattr(error, "sqlstate", None),
                    error_message=str(error),
                    run_id=run.run_id if run is not None else None,
                    changes={
                        "consecutive_errors": table.consecutive_errors + 1,
                        "last_error": str(error),
                    },
                )
        except PgTrickleError:
            return

    def prune(self, known: Known, result: RefreshResult) -> None:
        """Delete what no reader needs any more; what fails here is done by the next refresh."""
        with suppress(PgTrickleError):
            if result.action != "NO_DATA":
                self._prune_changes(known)
            if self._pruned % _REFRESHES_A_PRUNING == 0:
                catalog.prune_history(self.session, self.settings.history_retention)
                catalog.prune_runs(self.session, self.settings.run_retention)
            self._pruned += 1

    def _prune_changes(self, known: Known) -> None:
        sources = list(known.definition.sources)
        if not sources:
            return
        for source, below in self.session.rows(load(__package__, "prunable"), {"sources": sources}):
            if below is not None:
                prune_buffers(self.session, source, int(below), batch=self.settings.prune_batch)
