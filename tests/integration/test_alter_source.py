"""DDL on sources: what follows by itself, what alter_source carries through, what is refused."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import psycopg
import pytest

from airflow.providers.pgtrickle.engine.api import PgTrickle
from airflow.providers.pgtrickle.engine.errors import DependentObjects, InvalidQuery, PgTrickleError
from airflow.providers.pgtrickle.engine.settings import Settings
from tests.integration.capture_support import query, run

SHOP = """
CREATE SCHEMA shop;
CREATE TABLE shop.orders
    (id int PRIMARY KEY, customer int NOT NULL, amount numeric(10,2), note text, extra int);
CREATE TABLE shop.customers (id int PRIMARY KEY, region varchar(20));
INSERT INTO shop.customers SELECT g, 'r' || g % 3 FROM generate_series(1, 9) g;
INSERT INTO shop.orders SELECT g, 1 + g % 9, g, 'n' || g % 2, g FROM generate_series(1, 40) g;
"""
WRITES = (
    "INSERT INTO shop.orders (id, customer) SELECT g, 1 + g % 9 FROM generate_series(100, 120) g",
    "DELETE FROM shop.orders WHERE id % 7 = 0",
    "UPDATE shop.orders SET customer = 1 + (customer + 1) % 9 WHERE id % 5 = 0",
    "UPDATE shop.customers SET id = id + 100 WHERE id % 4 = 0",
)
TOTALS = "SELECT customer, sum(amount) AS total FROM shop.orders GROUP BY customer"
NOTES = "SELECT id, note FROM shop.orders WHERE note <> 'n0'"
REGIONS = (
    "SELECT c.region, count(*) AS n FROM shop.orders o JOIN shop.customers c ON c.id = o.customer"
    " GROUP BY c.region"
)
NAMES = ("shop.totals", "shop.notes", "shop.regions")


@pytest.fixture
def pgt(database: str) -> Iterator[PgTrickle]:
    run(database, SHOP)
    with PgTrickle.connect(database, settings=Settings(lock_timeout=0.3)) as door:
        door.install()
        for name, text in zip(NAMES, (TOTALS, NOTES, REGIONS), strict=True):
            door.create_stream_table(name, text)
        yield door


def assert_followed(pgt: PgTrickle, dsn: str) -> None:
    """Exact now, and after more writes, which are followed by deltas."""
    for name in NAMES:
        assert pgt.verify_stream_table(name).exact, name
    run(dsn, *WRITES)
    for name in NAMES:
        assert pgt.refresh_stream_table(name).action == "DIFFERENTIAL", name
        verification = pgt.verify_stream_table(name)
        assert verification.exact, name
        assert verification.rows


def state(pgt: PgTrickle, dsn: str) -> tuple[object, ...]:
    """All that a refused statement must leave as it was."""
    return (
        pgt.stream_tables(),
        pgt.dependencies(),
        query(dsn, "SELECT relname, pg_get_viewdef(oid) FROM pg_class WHERE relkind = 'v' AND oid > 16384"),
        query(dsn, "SELECT oid::int8 FROM pg_proc WHERE proname LIKE 'capture%' ORDER BY 1"),
        query(dsn, "SELECT source_oid::int8, epoch FROM pgtrickle.pgt_capture ORDER BY 1"),
    )


@pytest.mark.parametrize(
    "ddl",
    [
        "ALTER TABLE shop.orders RENAME COLUMN amount TO price",
        'ALTER TABLE shop.orders RENAME COLUMN customer TO "Who, ""exactly"""',
        "ALTER TABLE shop.orders RENAME TO purchases",
        "ALTER TABLE shop.customers SET SCHEMA public",
        "ALTER TABLE shop.orders ADD COLUMN more int DEFAULT 7",
        "ALTER TABLE shop.orders DROP COLUMN extra",
        "ALTER TABLE shop.orders ALTER extra TYPE bigint",
    ],
)
@pytest.mark.parametrize("through", ["alter_source", "plain"])
def test_ddl_that_means_nothing_to_the_queries(pgt: PgTrickle, database: str, ddl: str, through: str) -> None:
    if through == "plain":
        run(database, ddl)
    else:
        result = pgt.alter_source(ddl)
        assert result.reinitialized == ()
        concerned = {"shop.regions"} if "customers" in ddl else set(NAMES)
        assert set(result.unchanged) == concerned
    for name in NAMES:
        assert pgt.refresh_stream_table(name).action == "NO_DATA"
        assert pgt.verify_stream_table(name).exact, name
    renamed = {
        "TO purchases": ("shop.orders", "shop.purchases"),
        "customer TO": ("customer", '"Who, ""exactly"""'),
        "SET SCHEMA": ("shop.customers", "public.customers"),
    }
    writes = list(WRITES)
    for sign, (old, new) in renamed.items():
        if sign in ddl:
            writes = [
                text.replace(old, new) if old != "customer" else text.replace("customer ", f"{new} ")
                .replace("customer)", f"{new})").replace("(customer", f"({new}")
                for text in writes
            ]  # fmt: skip
    run(database, *writes)
    for name in NAMES:
        assert pgt.refresh_stream_table(name).action == "DIFFERENTIAL", name
        assert pgt.verify_stream_table(name).exact, name


@pytest.mark.parametrize(
    ("ddl", "changed"),
    [
        ("ALTER TABLE shop.orders ALTER amount TYPE numeric(12,4)", {"shop.totals"}),
        ("ALTER TABLE shop.orders ALTER amount TYPE int USING amount::int * 2", {"shop.totals"}),
        ("ALTER TABLE shop.orders ALTER note TYPE varchar(9)", {"shop.notes"}),
        ("ALTER TABLE shop.customers ALTER region TYPE text", {"shop.regions"}),
        ("ALTER TABLE shop.orders ALTER id TYPE bigint", {"shop.notes"}),
        ("ALTER TABLE shop.orders ALTER customer TYPE bigint", {"shop.totals", "shop.regions"}),
    ],
)
def test_type_of_a_column_in_use(pgt: PgTrickle, database: str, ddl: str, changed: set[str]) -> None:
    with pytest.raises(psycopg.errors.FeatureNotSupported):
        run(database, ddl)
    result = pgt.alter_source(ddl)
    # Capture of the source had to begin anew, so all that read it are recomputed.
    assert changed <= set(result.reinitialized)
    assert set(result.reinitialized) | set(result.unchanged) <= set(NAMES)
    types = {name: query(database, f"SELECT * FROM {name} LIMIT 0") for name in NAMES}
    assert len(types) == 3
    assert_followed(pgt, database)


def test_new_type_shows_in_the_stream_table(pgt: PgTrickle, database: str) -> None:
    pgt.alter_source("ALTER TABLE shop.orders ALTER amount TYPE bigint USING amount::bigint;  -- whole ones")
    assert query(
        database,
        "SELECT format_type(atttypid, atttypmod) FROM pg_attribute"
        " WHERE attrelid = 'shop.totals'::regclass AND attname = 'total'",
    ) == [("numeric",)]
    pgt.alter_source("ALTER TABLE shop.orders ALTER amount TYPE int")
    assert query(
        database,
        "SELECT format_type(atttypid, atttypmod) FROM pg_attribute"
        " WHERE attrelid = 'shop.totals'::regclass AND attname = 'total'",
    ) == [("bigint",)]
    assert_followed(pgt, database)


def test_captured_column_that_nobody_reads_any_more_can_be_dropped(pgt: PgTrickle, database: str) -> None:
    pgt.alter_stream_table("shop.notes", query="SELECT id, extra FROM shop.orders")
    with pytest.raises(psycopg.errors.DependentObjectsStillExist):
        run(database, "ALTER TABLE shop.orders DROP COLUMN note")
    result = pgt.alter_source("ALTER TABLE shop.orders DROP COLUMN note")
    assert set(result.reinitialized) == set(NAMES)
    assert_followed(pgt, database)


def test_renamed_before_retyped(pgt: PgTrickle, database: str) -> None:
    run(database, "ALTER TABLE shop.orders RENAME COLUMN amount TO price")
    pgt.alter_source("ALTER TABLE shop.orders ALTER price TYPE numeric(20,3)")
    assert_followed(pgt, database)


@pytest.mark.parametrize(
    ("ddl", "error", "said"),
    [
        ("ALTER TABLE shop.orders DROP COLUMN amount", DependentObjects, "shop.totals cannot follow"),
        ("ALTER TABLE shop.orders DROP COLUMN note CASCADE", DependentObjects, "shop.notes reads"),
        ("ALTER TABLE shop.orders ALTER note TYPE date USING '2024-01-01'", DependentObjects, "shop.notes"),
        ("DROP TABLE shop.customers", DependentObjects, "shop.regions"),
        ("DROP TABLE shop.customers CASCADE", DependentObjects, "shop.regions"),
        ("ALTER TABLE shop.orders ALTER extra TYPE date", PgTrickleError, "cannot be cast"),
        ("ALTER TABLE shop.nothing ADD COLUMN x int", InvalidQuery, "does not exist"),
        ("ALTER TABLE shop.orders ADD COLUMN x no_such_type", InvalidQuery, "does not exist"),
        ("ALTER TABEL shop.orders ADD COLUMN x int", InvalidQuery, "not DDL on a relation"),
        ("DELETE FROM shop.orders", InvalidQuery, "not DDL on a relation"),
        ("ALTER TABLE shop.orders ADD x int; COMMIT", InvalidQuery, "second statement"),
        ("COMMIT", InvalidQuery, "not DDL on a relation"),
        ("", InvalidQuery, "not DDL on a relation"),
        ("ALTER VIEW shop.totals RENAME TO other", DependentObjects, "is a stream table"),
        ("DROP VIEW shop.totals", DependentObjects, "is a stream table"),
    ],
)
def test_refused_statement_changes_nothing(
    pgt: PgTrickle, database: str, ddl: str, error: type[Exception], said: str
) -> None:
    before = state(pgt, database)
    with pytest.raises(error, match=said):
        pgt.alter_source(ddl)
    assert state(pgt, database) == before
    assert_followed(pgt, database)


def test_view_of_the_users_own_is_theirs_to_change(pgt: PgTrickle, database: str) -> None:
    run(database, "CREATE VIEW shop.v AS SELECT id, amount FROM shop.orders")
    pgt.create_stream_table("shop.t", "SELECT id, amount FROM shop.v")
    before = state(pgt, database)
    with pytest.raises(DependentObjects, match=r"view shop\.v depends on"):
        pgt.alter_source("ALTER TABLE shop.orders ALTER amount TYPE bigint")
    assert state(pgt, database) == before
    pgt.alter_source("CREATE OR REPLACE VIEW shop.v AS SELECT id, amount FROM shop.orders WHERE id > 5")
    assert pgt.verify_stream_table("shop.t").exact
    assert_followed(pgt, database)


def test_reader_of_the_stream_table_that_cannot_follow(pgt: PgTrickle, database: str) -> None:
    run(database, "CREATE VIEW shop.reader AS SELECT region FROM shop.regions")
    before = state(pgt, database)
    with pytest.raises(DependentObjects, match=r"shop\.regions cannot follow.*shop\.reader"):
        pgt.alter_source("ALTER TABLE shop.customers ALTER region TYPE text")
    assert state(pgt, database) == before
    assert_followed(pgt, database)


def test_stream_table_on_a_retyped_one(pgt: PgTrickle, database: str) -> None:
    pgt.create_stream_table("shop.above", "SELECT count(*) AS n, sum(total) AS everything FROM shop.totals")
    pgt.alter_source("ALTER TABLE shop.orders ALTER amount TYPE numeric(20,3)")
    assert_followed(pgt, database)
    pgt.refresh_stream_table("shop.above")
    assert pgt.verify_stream_table("shop.above").exact


def test_star_follows_the_columns_there_were(pgt: PgTrickle, database: str) -> None:
    pgt.create_stream_table("shop.all", "SELECT * FROM shop.customers")
    run(database, "ALTER TABLE shop.customers ADD COLUMN later int")
    pgt.alter_source("ALTER TABLE shop.customers ALTER region TYPE text")
    shown = "SELECT string_agg(attname, ' ') FROM pg_attribute WHERE attrelid = 'shop.all'::regclass"
    assert query(database, shown) == [("id region",)]
    assert pgt.verify_stream_table("shop.all").exact
    assert_followed(pgt, database)


def test_suspended_stream_table_is_recomputed_when_resumed(pgt: PgTrickle, database: str) -> None:
    pgt.suspend_stream_table("shop.totals")
    result = pgt.alter_source("ALTER TABLE shop.orders ALTER amount TYPE numeric(20,3)")
    assert "shop.totals" in result.reinitialized
    pgt.resume_stream_table("shop.totals")
    assert pgt.refresh_stream_table("shop.totals").action == "REINITIALIZE"
    assert_followed(pgt, database)


def test_statement_waits_for_writers_and_loses_none(pgt: PgTrickle, database: str) -> None:
    failures: list[BaseException] = []

    def alter() -> None:
        try:
            with PgTrickle.connect(database, settings=Settings(lock_timeout=0.2, lock_attempts=50)) as door:
                door.alter_source("ALTER TABLE shop.orders ALTER amount TYPE numeric(20,3)")
        except BaseException as error:  # noqa: BLE001 - handed to the test
            failures.append(error)

    with psycopg.connect(database) as writer:
        writer.execute("INSERT INTO shop.orders (id, customer, amount) VALUES (900, 3, 5)")
        thread = threading.Thread(target=alter)
        thread.start()
        thread.join(timeout=1)
        assert thread.is_alive()
        writer.execute("UPDATE shop.orders SET amount = 6 WHERE id = 900")
    thread.join(timeout=30)
    assert not thread.is_alive()
    assert failures == []
    assert query(database, "SELECT count(*) FROM shop.orders WHERE amount = 6 AND id = 900") == [(1,)]
    assert_followed(pgt, database)
