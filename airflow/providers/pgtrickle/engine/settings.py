"""The engine's settings: one frozen value, checked when it is made, optionally read from the environment."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Self

from airflow.providers.pgtrickle.engine.errors import InvalidOption

ENVIRONMENT_PREFIX = "PGTRICKLE_"


@dataclass(frozen=True, slots=True)
class Settings:
    """How the engine waits, retries, keeps and decides. No setting changes what a stream table holds.

    Attributes
    ----------
    lock_timeout:           seconds that a request for a strong lock on a user's table may queue, and hold up
                            others behind it, before it is given up and made again
    lock_attempts:          how often such a request is made in all
    refresh_attempts:       how often a refresh is made in all when PostgreSQL reports a transient error
    statement_timeout:      seconds that one statement of a refresh may run; 0 for no limit
    full_threshold:         share of a source's rows, between 0 and 1, that may change before recomputing the
                            whole query is taken to be cheaper than following the changes
    history_retention:      seconds for which finished refreshes stay in the history
    run_retention:          seconds for which the frontiers of runs, and the versions they ask for, are kept
    prune_batch:            rows of a change buffer that one statement deletes at most
    """

    lock_timeout: float = 2.0
    lock_attempts: int = 10
    refresh_attempts: int = 3
    statement_timeout: float = 0.0
    full_threshold: float = 0.25
    history_retention: float = 30 * 86_400.0
    run_retention: float = 7 * 86_400.0
    prune_batch: int = 10_000

    def __post_init__(self) -> None:
        for name in ("lock_timeout", "history_retention", "run_retention"):
            _require(0 < getattr(self, name) < math.inf, name, "must be a positive number of seconds")
        for name in ("lock_attempts", "refresh_attempts", "prune_batch"):
            _require(getattr(self, name) >= 1, name, "must be at least 1")
        _require(
            0 <= self.statement_timeout < math.inf,
            "statement_timeout",
            "must be a number of seconds, 0 for none",
        )
        _require(0 <= self.full_threshold <= 1, "full_threshold", "must lie between 0 and 1")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Self:
        """The defaults, overridden by variables such as ``PGTRICKLE_LOCK_TIMEOUT``.

        Raises InvalidOption for a value that is not a number of the kind asked for, or is out of range.
        """
        environment = os.environ if environment is None else environment
        given: dict[str, Any] = {}
        for field in fields(cls):
            text = environment.get(ENVIRONMENT_PREFIX + field.name.upper())
            if text is not None:
                given[field.name] = _number(field.name, text, integer=isinstance(field.default, int))
        return replace(cls(), **given)


def _number(name: str, text: str, *, integer: bool) -> float:
    try:
        return int(text) if integer else float(text)
    except ValueError:
        kind = "a whole number" if integer else "a number"
        raise InvalidOption(
            f"{ENVIRONMENT_PREFIX}{name.upper()} is {text!r}, which is not {kind}.", subject=name
        ) from None


def _require(condition: bool, name: str, rule: str) -> None:
    if not condition:
        raise InvalidOption(f"Setting {name} {rule}.", subject=name)
