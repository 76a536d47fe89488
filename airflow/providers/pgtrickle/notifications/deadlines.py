"""What happens when a run misses its deadline; called in the triggerer, which can import this."""

from __future__ import annotations

import logging
from typing import Any

from airflow.sdk.observability import stats

log = logging.getLogger(__name__)


async def report_missed_deadline(context: dict[str, Any] | None = None, **_: Any) -> None:
    """Write the missed deadline to the log of the triggerer and count it.

    Airflow itself shows it on the home page, in the run's header and in the grid.
    """
    run = (context or {}).get("dag_run") or {}
    dag_id, run_id = run.get("dag_id"), run.get("dag_run_id")
    log.warning("Run %s of %s has missed its deadline.", run_id, dag_id)
    stats.incr("pgtrickle.run_deadline_missed", tags={"dag_id": str(dag_id)})
