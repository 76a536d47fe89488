"""A DAG that runs when a stream table of another DAG has changed rows.

Its asset is known by name; nothing has to be asked. Events coalesce, so the stream table is what to look at.
"""

from typing import Any

from airflow.sdk import DAG, task

from airflow.providers.pgtrickle import asset_for
from airflow.providers.pgtrickle.hooks.pgtrickle import PgTrickleHook

SEGMENTS = asset_for("tpch.segment_revenue", connection="tpch_db")

with DAG("tpch_consumer", schedule=[SEGMENTS], tags=["pgtrickle", "example"]):

    @task
    def report(triggering_asset_events: Any = None) -> dict[str, Any]:
        """The best segment, and how many rows had changed."""
        events = (triggering_asset_events or {}).get(SEGMENTS, [])
        best = PgTrickleHook("tpch_db").get_first(
            "SELECT c_mktsegment FROM tpch.segment_revenue ORDER BY revenue DESC, c_mktsegment LIMIT 1"
        )
        return {"best": best[0], "rows_changed": sum(event.extra["rows_changed"] for event in events)}

    report()
