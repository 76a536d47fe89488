"""All operators of the provider, the place to import them from."""

from __future__ import annotations

from airflow.providers.pgtrickle.operators.base import StreamTableOperator
from airflow.providers.pgtrickle.operators.checks import StreamTableFreshnessCheckOperator
from airflow.providers.pgtrickle.operators.converge import (
    StreamTablesApplyOperator,
    StreamTablesPlanOperator,
)
from airflow.providers.pgtrickle.operators.manage import (
    StreamTableAlterOperator,
    StreamTableCreateOperator,
    StreamTableDropOperator,
    StreamTableVerifyOperator,
)
from airflow.providers.pgtrickle.operators.refresh import (
    OpenRunOperator,
    StreamTableGroupRefreshOperator,
    StreamTableRefreshOperator,
)

__all__ = [
    "OpenRunOperator",
    "StreamTableAlterOperator",
    "StreamTableCreateOperator",
    "StreamTableDropOperator",
    "StreamTableFreshnessCheckOperator",
    "StreamTableGroupRefreshOperator",
    "StreamTableOperator",
    "StreamTableRefreshOperator",
    "StreamTableVerifyOperator",
    "StreamTablesApplyOperator",
    "StreamTablesPlanOperator",
]
