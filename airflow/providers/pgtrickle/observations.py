"""What a refresh came to, as the task that ran it observes it: result, lag, service level, metrics."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk.observability import stats

if TYPE_CHECKING:
    from airflow.providers.pgtrickle.engine.api import PgTrickle, RefreshResult


@dataclass(frozen=True, slots=True)
class Observation:
    """A refresh and the freshness around it.

    ``lag`` is the age of what the stream table shows after the refresh. ``peak`` is the age to which what it
    showed before had grown by then, which is as stale as its readers ever saw it; None where no SLA asks.
    """

    result: RefreshResult
    lag: timedelta
    peak: timedelta | None = None
    sla: timedelta | None = None

    @property
    def changed(self) -> bool:
        """Whether rows changed."""
        return bool(self.result.rows_inserted or self.result.rows_deleted)

    @property
    def missed(self) -> bool:
        """Whether the stream table was, or is, staler than its SLA allows."""
        return self.sla is not None and max(self.lag, self.peak or self.lag) > self.sla

    def values(self) -> dict[str, Any]:
        """The observation as JSON values."""
        return {
            **asdict(self.result),
            "data_timestamp": self.result.data_timestamp.isoformat(),
            "lag_seconds": round(self.lag.total_seconds(), 3),
        }


def observed(
    engine: PgTrickle, name: str, *, run: str | None, full: bool = False, sla: timedelta | None = None
) -> Observation:
    """Refresh a stream table and observe it. Raises as ``refresh_stream_table`` does."""
    before = engine.stream_table(name).data_timestamp if sla is not None else None
    result = engine.refresh_stream_table(name, run=run, full=full)
    now = datetime.now(UTC)
    # The server's clock may be ahead of this machine's.
    lag = max(now - result.data_timestamp, timedelta())
    return Observation(result, lag, None if before is None else now - before, sla)


def measure(observation: Observation, log: Any) -> None:
    """Write the observation to the log and to Airflow's metrics."""
    result = observation.result
    log.info(
        "%s %s in %.1f ms: %d rows inserted, %d deleted (%s)",
        result.stream_table,
        result.action,
        result.duration_ms,
        result.rows_inserted,
        result.rows_deleted,
        result.reason,
    )
    tags = {"stream_table": result.stream_table}
    stats.timing("pgtrickle.refresh.duration", result.duration_ms, tags={**tags, "action": result.action})
    stats.incr("pgtrickle.refresh.rows_changed", count=result.rows_inserted + result.rows_deleted, tags=tags)
    stats.gauge("pgtrickle.freshness_lag_seconds", observation.lag.total_seconds(), tags=tags)
    if observation.missed:
        log.warning(
            "%s was %s behind its sources, %s is its freshness SLA.",
            result.stream_table,
            max(observation.lag, observation.peak or observation.lag),
            observation.sla,
        )
        stats.incr("pgtrickle.freshness_sla_missed", tags=tags)
