"""Which failures are worth another try."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest
from airflow.sdk import RetryAction
from psycopg import errors

from airflow.providers.pgtrickle.engine.errors import (
    InvalidQuery,
    PgTrickleError,
    RefreshFailed,
    StreamTableSuspended,
)
from airflow.providers.pgtrickle.retries import SqlStateRetryPolicy

POLICY = SqlStateRetryPolicy()


def decide(error: BaseException, try_number: int = 1) -> RetryAction:
    return POLICY.evaluate(error, try_number, max_tries=3).action


@pytest.mark.parametrize("sqlstate", ["40001", "40P01", "55P03", "57P01", "57014", "53300", "08006"])
def test_transient_refresh_is_tried_again(sqlstate: str) -> None:
    assert decide(RefreshFailed("stopped", sqlstate=sqlstate)) is RetryAction.RETRY


@pytest.mark.parametrize(
    "error",
    [
        RefreshFailed("stopped", sqlstate="22012"),
        RefreshFailed("stopped", sqlstate="42501"),
        InvalidQuery("no such table", sqlstate="42P01"),
        StreamTableSuspended("suspended"),
        errors.UndefinedTable("no such table"),
    ],
)
def test_permanent_error_fails_at_once(error: BaseException) -> None:
    assert decide(error) is RetryAction.FAIL


@pytest.mark.parametrize(
    "error", [errors.DeadlockDetected("deadlock"), psycopg.OperationalError("connection refused")]
)
def test_transient_error_of_the_driver_is_tried_again(error: BaseException) -> None:
    assert decide(error) is RetryAction.RETRY


def test_error_of_another_origin_follows_the_task() -> None:
    assert decide(ValueError("no")) is RetryAction.DEFAULT


def test_cause_decides_when_the_error_itself_says_nothing() -> None:
    wrapped = ValueError("wrapped")
    wrapped.__cause__ = RefreshFailed("stopped", sqlstate="40001")
    assert decide(wrapped) is RetryAction.RETRY


def test_circular_causes_end() -> None:
    first, second = ValueError("first"), ValueError("second")
    first.__cause__, second.__cause__ = second, first
    assert decide(first) is RetryAction.DEFAULT


def test_delay_doubles_up_to_the_limit() -> None:
    error = RefreshFailed("stopped", sqlstate="40001")
    delays = [POLICY.evaluate(error, number, max_tries=99).retry_delay for number in (1, 2, 3, 90)]
    assert delays == [
        timedelta(seconds=2),
        timedelta(seconds=4),
        timedelta(seconds=8),
        timedelta(minutes=2),
    ]


def test_policy_survives_serialization() -> None:
    policy = SqlStateRetryPolicy(delay=timedelta(seconds=1), max_delay=timedelta(seconds=9))
    assert SqlStateRetryPolicy.deserialize(policy.serialize()) == policy


def test_every_error_of_the_engine_is_decided() -> None:
    def kinds(kind: type[PgTrickleError]) -> list[type[PgTrickleError]]:
        return [kind, *(found for child in kind.__subclasses__() for found in kinds(child))]

    def bare(kind: type[PgTrickleError]) -> PgTrickleError:
        error = kind.__new__(kind)
        error.__dict__.update(message="", hint=None, subject=None, sqlstate=None)
        return error

    decisions = {kind.__name__: decide(bare(kind)) for kind in kinds(PgTrickleError)}
    assert len(decisions) > 15
    assert RetryAction.DEFAULT not in decisions.values()
