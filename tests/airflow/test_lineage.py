"""What OpenLineage is told about refreshes, with its own classes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from airflow.providers.pgtrickle.assets.pgtrickle import asset_for, convert_asset_to_openlineage
from airflow.providers.pgtrickle.engine.api import PgTrickle
from airflow.providers.pgtrickle.lineage import namespace_of
from airflow.providers.pgtrickle.operators.pgtrickle import (
    StreamTableGroupRefreshOperator,
    StreamTableRefreshOperator,
)
from tests.airflow import shop

pytest.importorskip("airflow.providers.openlineage", reason="OpenLineage is not installed")
CONTEXT: Any = {"ti": None}


@pytest.fixture
def engine(shop_dsn: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[PgTrickle]:
    monkeypatch.setenv("AIRFLOW_CONN_SHOP_DB", shop_dsn)
    with PgTrickle.connect(shop_dsn) as trickle:
        trickle.install()
        for name, query in shop.QUERIES.items():
            trickle.create_stream_table(name, query)
        yield trickle


def test_relations_and_columns_are_told(engine: PgTrickle, shop_dsn: str) -> None:
    shop.write(shop_dsn, 1)
    task = StreamTableRefreshOperator(
        task_id="t", stream_table="SHOP.by_customer", pgtrickle_conn_id="shop_db"
    )
    result = task.execute(CONTEXT)
    assert engine.verify_stream_table("shop.by_customer")
    lineage = task.get_openlineage_facets_on_complete(None)
    namespace, database = namespace_of(task.hook)
    assert namespace.startswith("postgres://")
    (read,), (written,) = lineage.inputs, lineage.outputs
    assert (read.namespace, read.name) == (namespace, f"{database}.shop.orders")
    assert (written.namespace, written.name) == (namespace, f"{database}.shop.by_customer")
    assert [field.name for field in written.facets["schema"].fields] == ["customer", "orders", "amount"]
    columns = {
        name: [(each.name, each.field, each.transformations[0].subtype) for each in field.inputFields]
        for name, field in written.facets["columnLineage"].fields.items()
    }
    assert columns["customer"] == [(read.name, "customer", "IDENTITY")]
    assert columns["amount"] == [(read.name, "amount", "AGGREGATION")]
    rows = written.outputFacets["outputStatistics"].rowCount
    assert rows == result["rows_inserted"] + result["rows_deleted"] > 0


def test_stream_table_on_stream_table_joins_up(engine: PgTrickle) -> None:
    task = StreamTableGroupRefreshOperator(
        task_id="t", stream_tables=[["shop.by_customer"], ["shop.big"]], pgtrickle_conn_id="shop_db"
    )
    task.execute(CONTEXT)
    lineage = task.get_openlineage_facets_on_complete(None)
    first, second = lineage.outputs
    assert {each.name for each in lineage.inputs} >= {first.name}
    facet = second.facets["columnLineage"]
    assert {each.name for field in facet.fields.values() for each in field.inputFields} == {first.name}
    assert {(each.name, each.field) for each in facet.dataset} == {(first.name, "amount")}


def test_asset_is_the_same_dataset(engine: PgTrickle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_OTHER", "postgres://u:p@db.example.org:5433/warehouse")
    found = convert_asset_to_openlineage(asset_for('shop."Odd/Name"', connection="other"), None)
    assert (found.namespace, found.name) == ("postgres://db.example.org:5433", "warehouse.shop.Odd/Name")
