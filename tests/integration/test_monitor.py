"""Looking at stream tables: overview, one in full, lineage, the system; nothing of it changes anything."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from airflow.providers.pgtrickle.engine import errors
from airflow.providers.pgtrickle.engine.api import PgTrickle

SCHEMA = """
CREATE SCHEMA shop;
CREATE TABLE shop.customers (id int PRIMARY KEY, region text NOT NULL, note text);
CREATE TABLE shop.orders (id int PRIMARY KEY, customer int NOT NULL, amount int NOT NULL);
CREATE VIEW shop.plain AS SELECT id, customer, amount * 2 AS twice FROM shop.orders;
INSERT INTO shop.customers
    SELECT n, CASE n % 2 WHEN 0 THEN 'east' ELSE 'west' END FROM generate_series(1, 10) n;
INSERT INTO shop.orders SELECT n, 1 + n % 10, n FROM generate_series(1, 100) n;
"""
TABLES = {
    "shop.facts": (
        "SELECT o.id, c.region, o.twice FROM shop.plain o JOIN shop.customers c ON c.id = o.customer"
        " WHERE c.note IS NULL"
    ),
    "shop.revenue": (
        "SELECT region, count(*) AS orders, avg(twice) AS mean, 1 AS one FROM shop.facts GROUP BY region"
    ),
    "shop.ranked": "SELECT region, mean, rank() OVER (ORDER BY mean) AS place FROM shop.revenue",
}


@pytest.fixture
def pgt(database18: str) -> Iterator[PgTrickle]:
    with psycopg.connect(database18, autocommit=True) as connection:
        connection.execute(SCHEMA)
    with PgTrickle.connect(database18) as engine:
        engine.install()
        for name, query in TABLES.items():
            engine.create_stream_table(name, query, schedule="1h")
        yield engine


def execute(pgt: PgTrickle, statement: str) -> None:
    with pgt._session as session:
        session.execute(statement)


def healths(pgt: PgTrickle) -> dict[str, str]:
    return {table.name: table.health for table in pgt.overview().stream_tables}


def test_overview_has_tables_sources_and_edges(pgt: PgTrickle) -> None:
    execute(pgt, "UPDATE shop.orders SET amount = amount + 1 WHERE id <= 7")
    overview = pgt.overview()
    assert [table.name for table in overview.stream_tables] == ["shop.facts", "shop.ranked", "shop.revenue"]
    assert [source.name for source in overview.sources] == ["shop.customers", "shop.orders"]
    assert {(edge.source, edge.reader) for edge in overview.edges} == {
        ("shop.customers", "shop.facts"),
        ("shop.orders", "shop.facts"),
        ("shop.facts", "shop.revenue"),
        ("shop.revenue", "shop.ranked"),
    }
    tables = {table.name: table for table in overview.stream_tables}
    status = {row.name: row for row in pgt.pgt_status()}
    assert tables["shop.facts"].pending_changes == status["shop.facts"].pending_changes == 14
    assert tables["shop.revenue"].pending_changes == status["shop.revenue"].pending_changes == 0
    assert {source.name: source.pending_changes for source in overview.sources} == {
        "shop.customers": 0,
        "shop.orders": 14,
    }
    assert {source.capture for source in overview.sources} == {"trigger"}
    assert all(len(table.trend) == 1 and table.trend[0].action == "REINITIALIZE" for table in tables.values())


def test_health_follows_what_happens(pgt: PgTrickle) -> None:
    assert set(healths(pgt).values()) == {"fresh"}
    for name in TABLES:
        pgt.alter_stream_table(name, schedule="")
    execute(pgt, "DELETE FROM shop.orders WHERE id = 3")
    # Those above lack nothing themselves, but show what the lowest lacks.
    assert set(healths(pgt).values()) == {"pending"}
    pgt.suspend_stream_table("shop.ranked")
    for name in ("shop.facts", "shop.revenue"):
        pgt.refresh_stream_table(name)
        assert pgt.verify_stream_table(name)
    assert healths(pgt) == {"shop.facts": "fresh", "shop.revenue": "fresh", "shop.ranked": "suspended"}
    assert [check.subject for check in pgt.health_checks() if check.level == "warning"] == ["shop.ranked"]


def test_a_failure_is_shown_with_its_remedy(pgt: PgTrickle) -> None:
    pgt.create_stream_table("shop.inverse", "SELECT id, 1000 / amount AS inverse FROM shop.orders")
    execute(pgt, "UPDATE shop.orders SET amount = 0 WHERE id = 5")
    with pytest.raises(errors.RefreshFailed):
        pgt.refresh_stream_table("shop.inverse")
    detail = pgt.stream_table_detail("shop.inverse")
    assert detail.summary.health == "failing"
    (failure,) = detail.errors
    assert failure.sqlstate == "22012"
    assert "NULLIF" in failure.remedy
    assert pgt.health_checks()[0].subject == "shop.inverse"
    execute(pgt, "UPDATE shop.orders SET amount = 5 WHERE id = 5")
    # The buffer still has the row that could not be divided by; the query as a whole does not.
    pgt.refresh_stream_table("shop.inverse", full=True)
    assert pgt.verify_stream_table("shop.inverse")
    assert healths(pgt)["shop.inverse"] == "fresh"


def test_a_table_in_full(pgt: PgTrickle) -> None:
    execute(pgt, "INSERT INTO shop.orders VALUES (1000, 1, 5)")
    detail = pgt.stream_table_detail("shop.facts")
    assert detail.query == TABLES["shop.facts"]
    assert [column.name for column in detail.columns] == ["id", "region", "twice"]
    assert detail.storage is not None
    assert detail.storage.kind == "keyed"
    assert detail.storage.table_bytes > 0
    assert detail.storage.indexes
    assert [(source.name, source.pending_changes, source.columns) for source in detail.sources] == [
        ("shop.customers", 0, ("id", "region", "note")),
        ("shop.orders", 1, ("id", "customer", "amount")),
    ]
    assert detail.readers == ("shop.revenue",)
    assert [row.action for row in detail.history] == ["REINITIALIZE"]
    with pytest.raises(errors.StreamTableNotFound):
        pgt.stream_table_detail("shop.absent")


def test_column_lineage_names_what_the_query_names(pgt: PgTrickle) -> None:
    def origins(name: str) -> dict[str, tuple[list[str], str]]:
        found = pgt.column_lineage(name)
        assert found.unknown is None
        return {
            item.column: (
                [f"{origin.relation.display}.{origin.column}" for origin in item.origins],
                item.derivation,
            )
            for item in found.columns
        }

    # Views are looked through, stream tables are not.
    assert origins("shop.facts") == {
        "id": (["shop.orders.id"], "identity"),
        "region": (["shop.customers.region"], "identity"),
        "twice": (["shop.orders.amount"], "expression"),
    }
    assert origins("shop.revenue") == {
        "region": (["shop.facts.region"], "identity"),
        "orders": ([], "aggregate"),
        "mean": (["shop.facts.twice"], "aggregate"),
        "one": ([], "expression"),
    }
    assert origins("shop.ranked")["place"] == (["shop.revenue.mean"], "aggregate")
    conditions = pgt.column_lineage("shop.facts").conditions
    assert {f"{origin.relation.display}.{origin.column}" for origin in conditions} == {
        "shop.customers.id",
        "shop.customers.note",
        "shop.orders.customer",
    }


def test_lineage_of_what_has_no_tree_says_why(pgt: PgTrickle) -> None:
    pgt.create_stream_table(
        "shop.recursive",
        "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 3) SELECT n FROM r",
    )
    lineage = pgt.column_lineage("shop.recursive")
    assert (lineage.columns == ()) == (lineage.unknown is not None)


def test_the_system_shows_buffers_and_runs(pgt: PgTrickle) -> None:
    execute(pgt, "INSERT INTO shop.orders VALUES (2000, 1, 5)")
    run = pgt.open_run(list(TABLES), run_id="shop/manual/1")
    for name in TABLES:
        pgt.refresh_stream_table(name, run=run)
        assert pgt.verify_stream_table(name)
    execute(pgt, "INSERT INTO shop.orders VALUES (2001, 1, 5)")
    facts = pgt.system()
    buffers = {buffer.source: buffer for buffer in facts.buffers}
    assert buffers.keys() == {"shop.customers", "shop.orders", "shop.facts", "shop.revenue"}
    assert buffers["shop.facts"].upstream
    assert buffers["shop.orders"].held_by == "shop.facts"
    assert buffers["shop.orders"].pending_changes == 1
    (shown,) = facts.runs
    assert (shown.run_id, shown.members, shown.completed, shown.failed) == ("shop/manual/1", 3, 3, 0)
    assert shown.rows_changed > 0
    assert facts.server.database_bytes > 0
    assert [check.level for check in pgt.health_checks()] == ["ok"] * 4


def test_a_lost_buffer_does_not_hide_the_rest(pgt: PgTrickle) -> None:
    oid = next(source.oid for source in pgt.overview().sources if source.name == "shop.orders")
    execute(pgt, f"DROP TABLE pgtrickle_changes.changes_{oid} CASCADE")
    overview = pgt.overview()
    assert len(overview.stream_tables) == 3
    assert {source.name: source.capture for source in overview.sources}["shop.orders"] == "none"
    assert len(pgt.pgt_status()) == 3
