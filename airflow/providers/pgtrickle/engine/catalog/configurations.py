"""Which configuration declares a stream table."""

from __future__ import annotations

from collections.abc import Iterable

from airflow.providers.pgtrickle.engine.db import Session, load


def declare(session: Session, configuration: str, ids: Iterable[int]) -> None:
    """Note that a configuration declares these stream tables; it takes over those of another one."""
    session.execute(load(__package__, "declare"), {"configuration": configuration, "ids": list(ids)})


def declared(session: Session) -> dict[int, str]:
    """The configuration of each stream table that has one."""
    return dict(session.rows(load(__package__, "declared")))
