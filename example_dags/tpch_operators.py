"""The operators one by one, for DAGs written in Python.

Creates a stream table over TPC-H, refreshes it at the run's frontier, waits until it is fresh, drops it.
"""

from datetime import timedelta

from airflow.sdk import DAG

from airflow.providers.pgtrickle.operators.pgtrickle import (
    OpenRunOperator,
    StreamTableCreateOperator,
    StreamTableDropOperator,
    StreamTableRefreshOperator,
)
from airflow.providers.pgtrickle.retries import SqlStateRetryPolicy
from airflow.providers.pgtrickle.sensors.pgtrickle import StreamTableFreshnessSensor

with DAG(
    "tpch_operators",
    schedule=None,
    tags=["pgtrickle", "example"],
    default_args={
        "pgtrickle_conn_id": "tpch_db",
        "retries": 2,
        "retry_policy": SqlStateRetryPolicy(),
    },
):
    # START create
    create = StreamTableCreateOperator(
        task_id="create",
        stream_table="tpch.open_orders",
        query="""
            SELECT o_custkey, count(*) AS orders, sum(o_totalprice) AS total
            FROM tpch.orders
            WHERE o_orderstatus = 'O'
            GROUP BY o_custkey
        """,
        refresh_mode="DIFFERENTIAL",
        indexes=[["o_custkey"]],
    )
    # END create

    # START refresh
    open_run = OpenRunOperator(task_id="open_run", stream_tables=["tpch.open_orders"])
    refresh = StreamTableRefreshOperator(
        task_id="refresh", stream_table="tpch.open_orders", run=open_run.output
    )
    # END refresh

    # START sensor
    fresh = StreamTableFreshnessSensor(
        task_id="fresh",
        stream_table="tpch.open_orders",
        max_staleness=timedelta(minutes=5),
        poke_interval=5,
        timeout=60,
    )
    # END sensor

    # START drop
    drop = StreamTableDropOperator(task_id="drop", stream_table="tpch.open_orders")
    # END drop

    create >> open_run >> refresh >> fresh >> drop
