"""Reading the state of stream tables: freshness, pending changes, history."""

from __future__ import annotations

from airflow.providers.pgtrickle.engine.monitor.status import StatusRow, status

__all__ = ["StatusRow", "status"]
