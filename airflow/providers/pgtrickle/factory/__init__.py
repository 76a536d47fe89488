"""The DAG factory: a configuration file becomes a DAG.

    file ─config─▶ Config ─plan─▶ DagPlan ─build─▶ DAG

``entities``, ``config`` and ``plan`` know nothing of Airflow, and none of the three touches a database.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow.providers.pgtrickle.factory.build import pgtrickle_dag_factory as pgtrickle_dag_factory

__all__ = ["pgtrickle_dag_factory"]


def __getattr__(name: str) -> Any:
    if name == "pgtrickle_dag_factory":
        from airflow.providers.pgtrickle.factory.build import pgtrickle_dag_factory

        return pgtrickle_dag_factory
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
