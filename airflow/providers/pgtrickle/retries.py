"""When a failed task is worth another try: PostgreSQL's SQLSTATE decides."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg
from airflow.sdk import Context, RetryDecision, RetryPolicy

from airflow.providers.pgtrickle.engine.errors import PgTrickleError, is_transient_sqlstate


class SqlStateRetryPolicy(RetryPolicy):
    """Retries what may go away by itself, soon; fails at once what cannot.

    Transient are lost connections, serialization failures, deadlocks, lock time-outs, a server that restarts
    or is out of resources, and cancelled statements (``engine.errors.TRANSIENT_SQLSTATES``): the task is
    tried again after ``delay``, doubled at each further try up to ``max_delay``. Every other error of
    PostgreSQL or of the engine (a wrong query, a missing table, a permission) fails the task with its
    retries left, because the same call would fail again. Errors of another origin follow the task's own
    ``retries`` and ``retry_delay``.

    The number of tries is the task's ``retries``; a policy cannot exceed it.
    """

    def __init__(
        self,
        *,
        delay: timedelta = timedelta(seconds=2),
        max_delay: timedelta = timedelta(minutes=2),
    ) -> None:
        self.delay = delay
        self.max_delay = max_delay

    def evaluate(
        self,
        exception: BaseException,
        try_number: int,
        max_tries: int,  # noqa: ARG002
        context: Context | None = None,  # noqa: ARG002
    ) -> RetryDecision:
        """Decide about a failed try; ``try_number`` counts from 1."""
        for error in _chain(exception):
            if isinstance(error, PgTrickleError | psycopg.Error):
                what = f"{type(error).__name__} {getattr(error, 'sqlstate', None) or ''}".rstrip()
                if not _transient(error):
                    return RetryDecision.fail(f"{what} would fail again")
                doublings = min(max(try_number, 1) - 1, 30)
                return RetryDecision.retry(min(self.delay * 2**doublings, self.max_delay), f"{what} may pass")
        return RetryDecision.default()

    def serialize(self) -> dict[str, Any]:
        """The policy as JSON values, in seconds."""
        return {"delay": self.delay.total_seconds(), "max_delay": self.max_delay.total_seconds()}

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> SqlStateRetryPolicy:
        """The policy that ``serialize`` wrote."""
        return cls(delay=timedelta(seconds=data["delay"]), max_delay=timedelta(seconds=data["max_delay"]))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SqlStateRetryPolicy) and self.serialize() == other.serialize()

    def __hash__(self) -> int:
        return hash((self.delay, self.max_delay))


def _chain(exception: BaseException) -> Iterator[BaseException]:
    """The exception and what it was raised from, outermost first."""
    seen: set[int] = set()
    current: BaseException | None = exception
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__


def _transient(error: PgTrickleError | psycopg.Error) -> bool:
    if isinstance(error, PgTrickleError):
        return error.transient
    # libpq's own connection failures carry no SQLSTATE.
    lost = error.sqlstate is None and isinstance(error, psycopg.OperationalError)
    return lost or is_transient_sqlstate(error.sqlstate)
