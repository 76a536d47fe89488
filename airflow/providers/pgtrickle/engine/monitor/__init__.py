"""Reading the state of stream tables: freshness, pending changes, history, lineage, health."""

from __future__ import annotations

from airflow.providers.pgtrickle.engine.monitor.checks import Check, checks
from airflow.providers.pgtrickle.engine.monitor.detail import TableDetail, detail
from airflow.providers.pgtrickle.engine.monitor.lineage import TableLineage, lineage
from airflow.providers.pgtrickle.engine.monitor.overview import Overview, TableOverview, overview
from airflow.providers.pgtrickle.engine.monitor.status import StatusRow, status
from airflow.providers.pgtrickle.engine.monitor.system import SystemFacts, system

__all__ = [
    "Check",
    "Overview",
    "StatusRow",
    "SystemFacts",
    "TableDetail",
    "TableLineage",
    "TableOverview",
    "checks",
    "detail",
    "lineage",
    "overview",
    "status",
    "system",
]
