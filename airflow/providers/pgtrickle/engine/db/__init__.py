"""The only door to PostgreSQL: one connection, wrapped; statements loaded by name; errors translated."""

from __future__ import annotations

from airflow.providers.pgtrickle.engine.db.errors import as_query_error, translate
from airflow.providers.pgtrickle.engine.db.retry import retrying
from airflow.providers.pgtrickle.engine.db.session import Session, connect
from airflow.providers.pgtrickle.engine.db.statements import Hole, compose, load, union_all, verbatim

__all__ = [
    "Hole",
    "Session",
    "as_query_error",
    "compose",
    "connect",
    "load",
    "retrying",
    "translate",
    "union_all",
    "verbatim",
]
