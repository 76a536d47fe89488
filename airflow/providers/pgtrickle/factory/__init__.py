"""The DAG factory: a configuration file becomes a DAG.

    file ─config─▶ Config ─plan─▶ DagPlan ─build─▶ DAG

``entities``, ``config`` and ``plan`` know nothing of Airflow, and none of the three touches a database.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow.providers.pgtrickle.factory.dags import PgTrickleDag as PgTrickleDag
    from airflow.providers.pgtrickle.factory.dags import PgTrickleTaskGroup as PgTrickleTaskGroup
    from airflow.providers.pgtrickle.factory.dags import pgtrickle_dag_factory as pgtrickle_dag_factory

__all__ = ["PgTrickleDag", "PgTrickleTaskGroup", "pgtrickle_dag_factory"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from airflow.providers.pgtrickle.factory import dags

        return getattr(dags, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
