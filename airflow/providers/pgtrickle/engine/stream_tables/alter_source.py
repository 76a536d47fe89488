"""DDL on sources."""

from __future__ import annotations

from dataclasses import dataclass

from airflow.providers.pgtrickle.engine.db import Session
from airflow.providers.pgtrickle.engine.refresh.execute import Refresher
from airflow.providers.pgtrickle.engine.settings import Settings


@dataclass(frozen=True, slots=True)
class AlterSourceResult:
    """What DDL on a source did to the stream tables that read it."""

    reinitialized: tuple[str, ...]
    unchanged: tuple[str, ...]


def alter_source(session: Session, refresher: Refresher, settings: Settings, sql: str) -> AlterSourceResult:
    """Run DDL."""
    raise NotImplementedError
