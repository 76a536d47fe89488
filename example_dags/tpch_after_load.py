"""Stream tables after a task that loads, and a data-quality check after them.

The check operators of the common-sql provider work on stream tables as on any table.
"""

from airflow.providers.common.sql.operators.sql import SQLColumnCheckOperator, SQLTableCheckOperator
from airflow.sdk import DAG, task

from airflow.providers.pgtrickle import PgTrickleTaskGroup
from airflow.providers.pgtrickle.hooks.pgtrickle import PgTrickleHook

with DAG("tpch_after_load", schedule=None, tags=["pgtrickle", "example"]):

    @task
    def load() -> None:
        """Whatever brings new rows: here, each order of a day once more under a new key."""
        PgTrickleHook("tpch_db").run(
            """
            INSERT INTO tpch.orders
            SELECT o_orderkey + 100000000 * (1 + (SELECT max(o_orderkey) FROM tpch.orders) / 100000000),
                   o_custkey, o_orderstatus, o_totalprice, o_orderdate, o_orderpriority, o_clerk,
                   o_shippriority, o_comment
            FROM tpch.orders
            WHERE o_orderdate = date '1996-01-02' AND o_orderkey < 100000000
            """
        )

    stream_tables = PgTrickleTaskGroup("tpch_after_load.yaml", group_id="stream_tables")

    check_columns = SQLColumnCheckOperator(
        task_id="check_columns",
        conn_id="tpch_db",
        table="tpch.customer_revenue",
        column_mapping={
            "o_custkey": {"null_check": {"equal_to": 0}, "unique_check": {"equal_to": 0}},
            "revenue": {"min": {"geq_to": 0}},
        },
    )
    check_tables = SQLTableCheckOperator(
        task_id="check_tables",
        conn_id="tpch_db",
        table="tpch.segment_revenue",
        checks={"segments": {"check_statement": "count(*) BETWEEN 1 AND 5"}},
    )

    load() >> stream_tables >> [check_columns, check_tables]
