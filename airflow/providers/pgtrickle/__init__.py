"""Stream tables for Airflow: incremental view maintenance on plain PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow.providers.pgtrickle.assets.pgtrickle import asset_for as asset_for
    from airflow.providers.pgtrickle.engine.api import PgTrickle as PgTrickle
    from airflow.providers.pgtrickle.factory import PgTrickleDag as PgTrickleDag
    from airflow.providers.pgtrickle.factory import PgTrickleTaskGroup as PgTrickleTaskGroup
    from airflow.providers.pgtrickle.factory import pgtrickle_dag_factory as pgtrickle_dag_factory

__version__ = "0.1.0"

__all__ = [
    "PgTrickle",
    "PgTrickleDag",
    "PgTrickleTaskGroup",
    "__version__",
    "asset_for",
    "pgtrickle_dag_factory",
]


def __getattr__(name: str) -> Any:
    if name == "PgTrickle":
        from airflow.providers.pgtrickle.engine.api import PgTrickle

        return PgTrickle
    if name in ("PgTrickleDag", "PgTrickleTaskGroup", "pgtrickle_dag_factory"):
        from airflow.providers.pgtrickle import factory

        return getattr(factory, name)
    if name == "asset_for":
        from airflow.providers.pgtrickle.assets.pgtrickle import asset_for

        return asset_for
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
