"""Computing stream tables anew by hand, chosen by the parameters of the run.

Deltas make this needless in the ordinary course of things. It is there for the day on which somebody wants to
see with their own eyes that a stream table holds what its query gives.
"""

from typing import Any

from airflow.sdk import DAG, Param, task

from airflow.providers.pgtrickle.operators.pgtrickle import (
    OpenRunOperator,
    StreamTableRefreshOperator,
    StreamTableVerifyOperator,
)

with DAG(
    "tpch_backfill",
    schedule=None,
    default_args={"pgtrickle_conn_id": "tpch_db"},
    params={
        "stream_tables": Param(["tpch.customer_revenue"], type="array", items={"type": "string"}),
        "full": Param(default=True, type="boolean", description="Compute the whole query, not its changes."),
    },
    tags=["pgtrickle", "example"],
):

    @task
    def choose(params: dict[str, Any]) -> list[str]:
        """Upstream first, as they are written."""
        return list(params["stream_tables"])

    chosen = choose()  # type: ignore[call-arg]  # Airflow gives the parameters
    open_run = OpenRunOperator(task_id="open_run", stream_tables=chosen)
    refresh = StreamTableRefreshOperator.partial(
        task_id="refresh",
        run=open_run.output,
        full="{{ params.full }}",
        max_active_tis_per_dagrun=1,
    ).expand(stream_table=chosen)
    refresh >> StreamTableVerifyOperator(task_id="verify", stream_tables=chosen)
