"""The DAG factory: a configuration file becomes a DAG.

    file ─config─▶ Config ─plan─▶ DagPlan ─build─▶ DAG

``entities``, ``config`` and ``plan`` know nothing of Airflow, and none of the three touches a database.
"""

from __future__ import annotations

from airflow.providers.pgtrickle.factory.build import pgtrickle_dag_factory

__all__ = ["pgtrickle_dag_factory"]
