"""Trying again what may succeed when tried again: lock time-outs, deadlocks, serialisation failures."""

from __future__ import annotations

import tenacity

from airflow.providers.pgtrickle.engine.errors import PgTrickleError


def retrying(attempts: int, *, first_wait: float = 0.05, longest_wait: float = 2.0) -> tenacity.Retrying:
    """Call a function up to ``attempts`` times while it raises transient errors; the last error is raised.

    Waits grow from ``first_wait`` to at most ``longest_wait`` seconds, with full jitter, so that two sessions
    which collided do not collide again. Use as ``retrying(5)(work, argument)``; the function must leave no
    transaction open.
    """
    return tenacity.Retrying(
        retry=tenacity.retry_if_exception(_transient),
        stop=tenacity.stop_after_attempt(attempts),
        wait=tenacity.wait_random_exponential(multiplier=first_wait, max=longest_wait),
        reraise=True,
    )


def _transient(error: BaseException) -> bool:
    return isinstance(error, PgTrickleError) and error.transient
