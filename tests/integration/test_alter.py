"""Altering a stream table: its query, its mode, what it reads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import psycopg
import pytest

from airflow.providers.pgtrickle.engine.api import PgTrickle
from airflow.providers.pgtrickle.engine.errors import (
    DependentObjects,
    InvalidQuery,
    RefreshFailed,
    StateError,
    UnsupportedQuery,
)
from airflow.providers.pgtrickle.engine.settings import Settings
from tests.integration.capture_support import query, run

SHOP = """
CREATE SCHEMA shop;
CREATE TABLE shop.orders (id int PRIMARY KEY, customer int NOT NULL, amount numeric(10,2), note text);
CREATE TABLE shop.customers (id int PRIMARY KEY, region text);
INSERT INTO shop.customers SELECT g, 'r' || g % 3 FROM generate_series(1, 9) g;
INSERT INTO shop.orders SELECT g, 1 + g % 9, g, 'n' || g % 2 FROM generate_series(1, 40) g;
"""
WRITES = """
INSERT INTO shop.orders SELECT g, 1 + g % 9, g, NULL FROM generate_series(100, 120) g;
DELETE FROM shop.orders WHERE id % 7 = 0;
UPDATE shop.orders SET amount = amount + 1, customer = 1 + (customer + 1) % 9 WHERE id % 5 = 0;
UPDATE shop.customers SET region = 'moved' WHERE id % 4 = 0;
"""
TOTALS = "SELECT customer, sum(amount) AS total FROM shop.orders GROUP BY customer"


@pytest.fixture
def pgt(database: str) -> Iterator[PgTrickle]:
    run(database, SHOP)
    with PgTrickle.connect(database, settings=Settings(lock_timeout=0.2)) as door:
        door.install()
        yield door


def assert_exact(pgt: PgTrickle, *names: str) -> None:
    """After more writes and a refresh, each shows what its query gives; some rows, not none."""
    for name in names:
        pgt.refresh_stream_table(name)
        assert pgt.verify_stream_table(name).exact, name
        assert pgt.verify_stream_table(name).rows


def own_objects(dsn: str) -> set[str]:
    """Everything in the engine's schemas but what the catalog itself is made of."""
    return {
        name
        for (name,) in query(
            dsn,
            "SELECT relnamespace::regnamespace || '.' || relname FROM pg_class WHERE relkind IN ('r', 'v')"
            " AND relnamespace::regnamespace::text IN"
            " ('pgtrickle_data', 'pgtrickle_defs', 'pgtrickle_changes') AND relname <> 'survivors'"
            " UNION ALL SELECT 'trigger ' || tgname FROM pg_trigger WHERE NOT tgisinternal",
        )
    }


def columns(dsn: str, relation: str) -> list[tuple[str, str]]:
    return query(
        dsn,
        "SELECT attname::text, format_type(atttypid, atttypmod) FROM pg_attribute"
        f" WHERE attrelid = '{relation}'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (TOTALS, "SELECT customer, sum(amount) AS total FROM shop.orders WHERE id > 10 GROUP BY customer"),
        (TOTALS, "SELECT customer, sum(amount) AS total, count(*) AS n FROM shop.orders GROUP BY customer"),
        (TOTALS, "SELECT id, note FROM shop.orders"),
        (
            "SELECT note FROM shop.orders",
            "SELECT note FROM shop.orders UNION SELECT region FROM shop.customers",
        ),
        ("SELECT id, amount FROM shop.orders", "SELECT id, amount::text AS amount FROM shop.orders"),
        ("SELECT count(*) AS n FROM shop.orders", "SELECT count(*) AS n FROM shop.customers"),
    ],
    ids=["same columns", "more columns", "other columns", "other sources", "other type", "only other source"],
)
def test_new_query_is_swapped_in(pgt: PgTrickle, database: str, before: str, after: str) -> None:
    created = pgt.create_stream_table("shop.t", before)
    run(database, WRITES)
    altered = pgt.alter_stream_table("shop.t", query=after)
    assert (altered.query, altered.generation, altered.id) == (after, created.generation + 1, created.id)
    assert pgt.verify_stream_table("shop.t").exact
    assert pgt.refresh_history("shop.t")[0].reason == "The defining query was altered."
    run(database, "INSERT INTO shop.orders SELECT g, 1, g, 'later' FROM generate_series(200, 205) g")
    result = pgt.refresh_stream_table("shop.t")
    assert result.action in ("DIFFERENTIAL", "NO_DATA")
    assert_exact(pgt, "shop.t")
    # Nothing of the old generation is left, and nothing of what only it read.
    pgt.drop_stream_table("shop.t")
    assert own_objects(database) == set()


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        ("SELECT nothing FROM shop.orders", InvalidQuery),
        ("SELECT random() AS r FROM shop.orders", UnsupportedQuery),
        ("SELECT id, total FROM shop.t, shop.customers", UnsupportedQuery),
        (TOTALS.replace("amount", "amount / (id - 40)"), RefreshFailed),
        ("SELECT customer, max(amount)::text AS total FROM shop.orders GROUP BY customer", DependentObjects),
    ],
    ids=["invalid", "volatile", "reads itself", "fails while filled", "does not fit what depends on it"],
)
def test_failed_alteration_leaves_everything_as_it_was(
    pgt: PgTrickle, database: str, bad: str, error: type[Exception]
) -> None:
    pgt.create_stream_table("shop.t", TOTALS)
    run(database, "CREATE VIEW shop.reader AS SELECT total FROM shop.t")
    before = pgt.stream_table("shop.t"), pgt.dependencies("shop.t"), own_objects(database)
    with pytest.raises(error):
        pgt.alter_stream_table("shop.t", query=bad, schedule="7m")
    after = pgt.stream_table("shop.t"), pgt.dependencies("shop.t"), own_objects(database)
    assert after == before
    run(database, WRITES)
    assert pgt.refresh_stream_table("shop.t").action == "DIFFERENTIAL"
    assert_exact(pgt, "shop.t")


def test_circle_through_another_stream_table_is_refused(pgt: PgTrickle) -> None:
    pgt.create_stream_table("shop.t", TOTALS)
    pgt.create_stream_table("shop.big", "SELECT customer, total FROM shop.t WHERE total > 10")
    with pytest.raises(UnsupportedQuery, match=r"reads shop\.big, which reads shop\.t"):
        pgt.alter_stream_table("shop.t", query="SELECT customer, total FROM shop.big")


def test_rights_comments_options_and_indexes_are_carried_over(pgt: PgTrickle, database: str) -> None:
    rows = "SELECT customer, amount AS total FROM shop.orders WHERE id > "
    pgt.create_stream_table("shop.t", rows + "0", indexes=[["total"], ["customer", "total"]])
    run(
        database,
        "DROP ROLE IF EXISTS pgt_reader",
        "CREATE ROLE pgt_reader",
        "GRANT SELECT ON shop.t TO pgt_reader WITH GRANT OPTION",
        "GRANT UPDATE (customer) ON shop.t TO PUBLIC",
        "COMMENT ON VIEW shop.t IS 'what they owe; 100% ''sure'''",
        "COMMENT ON COLUMN shop.t.customer IS 'who'",
        "COMMENT ON COLUMN shop.t.total IS 'gone with its column'",
        "ALTER VIEW shop.t SET (security_barrier = true)",
    )
    facts = (
        "SELECT relacl::text, reloptions::text, obj_description(oid), col_description(oid, 1),"
        " (SELECT attacl::text FROM pg_attribute WHERE attrelid = c.oid AND attname = 'customer')"
        " FROM pg_class c WHERE oid = 'shop.t'::regclass"
    )
    try:
        before = query(database, facts)
        pgt.alter_stream_table("shop.t", query=rows + "3")
        assert query(database, facts) == before
        indexes = query(database, "SELECT indexdef FROM pg_indexes WHERE schemaname = 'pgtrickle_data'")
        assert len(indexes) == 3
        pgt.alter_stream_table("shop.t", query="SELECT customer, max(id) AS last FROM shop.orders GROUP BY 1")
        assert query(database, facts) == before
        indexes = query(database, "SELECT indexdef FROM pg_indexes WHERE schemaname = 'pgtrickle_data'")
        assert len(indexes) == 1  # those on the column that is gone went with it
        assert pgt.stream_table("shop.t").layout["indexes"] == []
        assert_exact(pgt, "shop.t")
    finally:
        pgt.drop_stream_table("shop.t")
        run(database, "DROP ROLE pgt_reader")


def test_query_is_altered_under_the_settings_it_was_created_with(pgt: PgTrickle, database: str) -> None:
    with PgTrickle.connect(database) as typed:
        typed._session.execute("SET search_path = shop; SET datestyle = 'ISO, DMY'")
        typed.create_stream_table("t", "SELECT id, DATE '1/2/2024' AS day FROM orders")
    pgt.alter_stream_table("shop.t", query="SELECT id, DATE '1/2/2024' + 1 AS day FROM orders")
    assert query(database, "SELECT DISTINCT day::text FROM shop.t") == [("2024-02-02",)]
    assert_exact(pgt, "shop.t")


def test_long_reader_makes_the_alteration_wait_but_nobody_else(pgt: PgTrickle, database: str) -> None:
    pgt.create_stream_table("shop.t", TOTALS)
    failures: list[Exception] = []

    def alter() -> None:
        try:
            with PgTrickle.connect(database, settings=Settings(lock_timeout=0.1, lock_attempts=100)) as door:
                door.alter_stream_table("shop.t", query=TOTALS + " HAVING sum(amount) > 3")
        except Exception as error:  # noqa: BLE001 - handed to the test
            failures.append(error)

    with psycopg.connect(database) as reader:
        reader.execute("SELECT * FROM shop.t")
        thread = threading.Thread(target=alter)
        thread.start()
        slowest = 0.0
        for _ in range(30):
            begun = time.perf_counter()
            query(database, "SELECT count(*) FROM shop.t")
            slowest = max(slowest, time.perf_counter() - begun)
            time.sleep(0.05)
        assert thread.is_alive()
        assert slowest < 1
    thread.join(timeout=30)
    assert not thread.is_alive()
    assert failures == []
    assert_exact(pgt, "shop.t")


def test_reader_that_never_ends_stops_the_alteration(pgt: PgTrickle, database: str) -> None:
    pgt.create_stream_table("shop.t", TOTALS)
    before = pgt.stream_table("shop.t"), own_objects(database)
    impatient = Settings(lock_timeout=0.05, lock_attempts=2, refresh_attempts=1)
    with psycopg.connect(database) as reader, PgTrickle.connect(database, settings=impatient) as door:
        reader.execute("SELECT * FROM shop.t")
        with pytest.raises(RefreshFailed) as caught:
            door.alter_stream_table("shop.t", query=TOTALS + " HAVING sum(amount) > 3")
    assert caught.value.transient
    assert (pgt.stream_table("shop.t"), own_objects(database)) == before


def test_writers_go_on_during_an_alteration(pgt: PgTrickle, database: str) -> None:
    pgt.create_stream_table("shop.t", TOTALS)
    stop = threading.Event()

    def write() -> None:
        with psycopg.connect(database, autocommit=True) as connection:
            number = 1000
            while not stop.is_set():
                number += 1
                connection.execute("INSERT INTO shop.orders VALUES (%s, %s, 1)", (number, 1 + number % 9))
                connection.execute("UPDATE shop.customers SET region = 'w' || %s WHERE id = 3", (number,))

    def refresh() -> None:
        with PgTrickle.connect(database) as door:
            while not stop.is_set():
                door.refresh_stream_table("shop.t")

    threads = [threading.Thread(target=work) for work in (write, refresh)]
    for thread in threads:
        thread.start()
    joined = (
        "SELECT c.region, sum(o.amount) AS total FROM shop.orders o"
        " JOIN shop.customers c ON c.id = o.customer GROUP BY c.region"
    )
    try:
        for number in range(4):
            pgt.alter_stream_table("shop.t", query=(joined, TOTALS)[number % 2])
            pgt.refresh_stream_table("shop.t")
    finally:
        stop.set()
        for thread in threads:
            thread.join(timeout=30)
    assert_exact(pgt, "shop.t")


@pytest.mark.parametrize("then", ["alter", "drop"])
def test_alteration_that_is_cut_off_leaves_the_old_one(pgt: PgTrickle, database: str, then: str) -> None:
    """The session dies while it fills the next generation: nobody is there to clear it away."""
    pgt.create_stream_table("shop.t", TOTALS)
    slow = (
        "SELECT o.customer, sum(o.amount) AS total FROM shop.orders o"
        " CROSS JOIN generate_series(1, 3000000) g GROUP BY o.customer"
    )
    failures: list[Exception] = []

    def alter() -> None:
        try:
            with PgTrickle.connect(database) as door:
                door.alter_stream_table("shop.t", query=slow)
        except Exception as error:  # noqa: BLE001 - handed to the test
            failures.append(error)

    thread = threading.Thread(target=alter)
    thread.start()
    filling = (
        "SELECT pid FROM pg_stat_activity WHERE query LIKE 'INSERT INTO%st_1_2%' AND pid <> pg_backend_pid()"
    )
    deadline = time.monotonic() + 30
    while not (found := query(database, filling)) and time.monotonic() < deadline:
        time.sleep(0.02)
    query(database, f"SELECT pg_terminate_backend({found[0][0]})")
    thread.join(timeout=30)
    assert [error.transient for error in failures if isinstance(error, RefreshFailed)] == [True]
    assert any("_next" in name for name in own_objects(database))
    run(database, WRITES)
    assert_exact(pgt, "shop.t")
    if then == "alter":
        pgt.alter_stream_table("shop.t", query=TOTALS + " HAVING sum(amount) > 3")
        assert_exact(pgt, "shop.t")
    pgt.drop_stream_table("shop.t")
    assert own_objects(database) == set()


@pytest.mark.parametrize("how", ["alter", "create"])
def test_changes_are_kept_for_a_reader_that_is_being_filled(pgt: PgTrickle, database: str, how: str) -> None:
    """Another reader of the source goes past the snapshot of the fill, and prunes what it has consumed."""
    pgt.create_stream_table("shop.regions", "SELECT id, region FROM shop.customers")
    slow = (
        "SELECT c.region, count(*) AS total FROM shop.customers c"
        " CROSS JOIN generate_series(1, 100000) g GROUP BY c.region"
    )
    if how == "alter":
        pgt.create_stream_table("shop.t", TOTALS)
    failures: list[Exception] = []

    def fill() -> None:
        try:
            with PgTrickle.connect(database) as door:
                if how == "alter":
                    door.alter_stream_table("shop.t", query=slow)
                else:
                    door.create_stream_table("shop.t", slow)
        except Exception as error:  # noqa: BLE001 - handed to the test
            failures.append(error)

    thread = threading.Thread(target=fill)
    thread.start()
    filling = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'INSERT INTO%st_2_%'"
    rounds = 0
    while thread.is_alive():
        if query(database, filling) != [(1,)]:
            time.sleep(0.01)
            continue
        rounds += 1
        run(database, f"UPDATE shop.customers SET region = 'w{rounds % 5}' WHERE id % 4 = {rounds % 4}")
        assert pgt.refresh_stream_table("shop.regions").action == "DIFFERENTIAL"
    thread.join()
    assert failures == []
    assert rounds
    assert_exact(pgt, "shop.t", "shop.regions")


def test_verification_waits_for_a_refresh_when_the_sources_were_exchanged(
    pgt: PgTrickle, database: str
) -> None:
    pgt.create_stream_table("shop.a", TOTALS)
    pgt.create_stream_table("shop.b", "SELECT customer FROM shop.a WHERE total > 5")
    pgt.alter_stream_table("shop.a", query=TOTALS + " HAVING sum(amount) > 3")
    with pytest.raises(StateError, match="Refresh it first"):
        pgt.verify_stream_table("shop.b")
    assert_exact(pgt, "shop.a", "shop.b")


def test_two_alterations_at_once_leave_one_whole(pgt: PgTrickle, database: str) -> None:
    pgt.create_stream_table("shop.t", TOTALS)
    barrier = threading.Barrier(2)
    done: list[str] = []

    def alter(least: int) -> Callable[[], None]:
        def work() -> None:
            with PgTrickle.connect(database) as door:
                barrier.wait()
                try:
                    door.alter_stream_table("shop.t", query=f"{TOTALS} HAVING sum(amount) > {least}")
                    done.append("altered")
                except RefreshFailed as error:
                    done.append("transient" if error.transient else str(error))

        return work

    threads = [threading.Thread(target=alter(least)) for least in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert set(done) <= {"altered", "transient"}
    assert "altered" in done
    assert_exact(pgt, "shop.t")
    pgt.drop_stream_table("shop.t")
    assert own_objects(database) == set()


# -- stream tables on an altered one ----------------------------------------------------------------------


def test_chain_follows_an_altered_stream_table(pgt: PgTrickle, database: str) -> None:
    pgt.create_stream_table("shop.a", TOTALS)
    pgt.create_stream_table("shop.b", "SELECT customer, total * 2 AS twice FROM shop.a WHERE total > 5")
    pgt.create_stream_table("shop.c", "SELECT count(*) AS n, sum(twice) AS all_of_it FROM shop.b")
    with PgTrickle.connect(database) as other:  # has the definitions compiled before they change
        for name in ("shop.a", "shop.b", "shop.c"):
            other.refresh_stream_table(name)
        pgt.alter_stream_table("shop.a", query=TOTALS.replace("sum(amount)", "sum(amount + 1)"))
        run(database, WRITES)
        for name in ("shop.a", "shop.b", "shop.c"):
            other.refresh_stream_table(name)
            assert other.verify_stream_table(name).exact, name
        assert "REINITIALIZE" in {row.action for row in pgt.refresh_history("shop.b")}
        run(database, "UPDATE shop.orders SET amount = amount * 3 WHERE id % 2 = 0")
        for name in ("shop.a", "shop.b", "shop.c"):
            assert other.refresh_stream_table(name).action == "DIFFERENTIAL", name
    assert_exact(pgt, "shop.a", "shop.b", "shop.c")
    assert [row.upstream for row in pgt.dependencies("shop.b")] == ["shop.a"]
    for name in ("shop.c", "shop.b", "shop.a"):
        pgt.drop_stream_table(name)
    assert own_objects(database) == set()


def test_diamond_follows_an_altered_stream_table(pgt: PgTrickle, database: str) -> None:
    pgt.create_stream_table("shop.a", "SELECT id, customer, amount FROM shop.orders")
    pgt.create_stream_table("shop.l", "SELECT customer, sum(amount) AS total FROM shop.a GROUP BY customer")
    pgt.create_stream_table("shop.r", "SELECT customer, count(*) AS n FROM shop.a GROUP BY customer")
    pgt.create_stream_table("shop.j", "SELECT customer, total, n FROM shop.l JOIN shop.r USING (customer)")
    names = ("shop.a", "shop.l", "shop.r", "shop.j")
    pgt.alter_stream_table("shop.a", query="SELECT id, customer, amount FROM shop.orders WHERE id > 7")
    run(database, WRITES)
    assert_exact(pgt, *names)
    run(database, WRITES.replace("100, 120", "200, 220"))
    opened = pgt.open_run(names)
    for name in names:
        assert pgt.refresh_stream_table(name, run=opened).action == "DIFFERENTIAL", name
    assert len({pgt.stream_table(name).frontier.snapshot for name in names}) == 1
    for name in names:
        assert pgt.verify_stream_table(name).exact, name
    # The key of the middle is another one: so is the layout of what shows its rows.
    pgt.alter_stream_table("shop.l", query="SELECT customer, amount::numeric AS total FROM shop.orders")
    run(database, WRITES.replace("100, 120", "300, 320"))
    assert_exact(pgt, *names)
    run(database, "UPDATE shop.orders SET customer = 2 WHERE id % 3 = 0")
    for name in names:
        assert pgt.refresh_stream_table(name).action == "DIFFERENTIAL", name
    assert_exact(pgt, *names)


# -- what a query rests on, changed behind the engine's back ----------------------------------------------


def test_replaced_view_reinitialises(pgt: PgTrickle, database: str) -> None:
    run(database, "CREATE VIEW shop.v AS SELECT id, customer, amount FROM shop.orders WHERE id > 20")
    pgt.create_stream_table("shop.t", "SELECT customer, sum(amount) AS total FROM shop.v GROUP BY customer")
    run(
        database,
        "CREATE OR REPLACE VIEW shop.v AS SELECT id, customer, amount FROM shop.orders WHERE id < 30",
    )
    assert pgt.refresh_stream_table("shop.t").action == "REINITIALIZE"
    assert pgt.verify_stream_table("shop.t").exact
    run(database, WRITES)
    assert pgt.refresh_stream_table("shop.t").action == "DIFFERENTIAL"
    assert_exact(pgt, "shop.t")


def test_replaced_view_that_reads_another_table(pgt: PgTrickle, database: str) -> None:
    run(database, "CREATE VIEW shop.v AS SELECT id, note FROM shop.orders")
    pgt.create_stream_table("shop.t", "SELECT id, note FROM shop.v")
    run(database, "CREATE OR REPLACE VIEW shop.v AS SELECT id, region AS note FROM shop.customers")
    with PgTrickle.connect(database) as other:
        assert other.refresh_stream_table("shop.t").action == "REINITIALIZE"
        assert [row.source for row in other.dependencies("shop.t")] == ["shop.customers"]
        # Nobody reads the first table any more, so nothing of it is captured.
        assert not [name for name in own_objects(database) if "trigger" in name and _oid(database) in name]
        run(database, "UPDATE shop.customers SET region = 'x' WHERE id < 5")
        assert other.refresh_stream_table("shop.t").action == "DIFFERENTIAL"
    assert_exact(pgt, "shop.t")


def _oid(dsn: str) -> str:
    return str(query(dsn, "SELECT 'shop.orders'::regclass::oid::int8")[0][0])


def test_replaced_view_with_another_layout_is_rebuilt(pgt: PgTrickle, database: str) -> None:
    run(database, "CREATE VIEW shop.v AS SELECT id, note FROM shop.orders")
    created = pgt.create_stream_table("shop.t", "SELECT id, note FROM shop.v")
    run(database, "CREATE OR REPLACE VIEW shop.v AS SELECT customer AS id, note FROM shop.orders")
    assert pgt.refresh_stream_table("shop.t").action == "REINITIALIZE"
    assert pgt.stream_table("shop.t").generation == created.generation + 1
    assert pgt.verify_stream_table("shop.t").exact
    run(database, WRITES)
    assert pgt.refresh_stream_table("shop.t").action == "DIFFERENTIAL"
    assert_exact(pgt, "shop.t")


def test_replaced_view_without_deltas_is_recomputed_from_then_on(pgt: PgTrickle, database: str) -> None:
    run(database, "CREATE VIEW shop.v AS SELECT id, amount FROM shop.orders")
    pgt.create_stream_table("shop.t", "SELECT id, amount FROM shop.v")
    run(
        database,
        "CREATE OR REPLACE VIEW shop.v AS SELECT id, amount FROM shop.orders WHERE current_user IS NOT NULL",
    )
    pgt.refresh_stream_table("shop.t")
    assert pgt.stream_table("shop.t").effective_mode == "FULL"
    run(database, WRITES)
    assert pgt.refresh_stream_table("shop.t").action == "FULL"
    assert_exact(pgt, "shop.t")


def test_mode_follows_a_replaced_view_of_the_same_layout(pgt: PgTrickle, database: str) -> None:
    run(database, "CREATE VIEW shop.v AS SELECT note FROM shop.orders")
    pgt.create_stream_table("shop.t", "SELECT note FROM shop.v", refresh_mode="DIFFERENTIAL")
    view = "CREATE OR REPLACE VIEW shop.v AS SELECT note FROM shop.orders WHERE "
    for condition, mode in (("current_user IS NOT NULL", "FULL"), ("id > 3", "DIFFERENTIAL")):
        run(database, view + condition)
        assert pgt.refresh_stream_table("shop.t").action == "REINITIALIZE"
        assert pgt.stream_table("shop.t").effective_mode == mode
        run(database, "UPDATE shop.orders SET note = note || 'x' WHERE id % 3 = 0")
        assert pgt.refresh_stream_table("shop.t").action == mode
        assert_exact(pgt, "shop.t")


def test_replaced_function_reinitialises(pgt: PgTrickle, database: str) -> None:
    body = (
        "CREATE OR REPLACE FUNCTION shop.f(n numeric) RETURNS numeric IMMUTABLE LANGUAGE sql"
        " AS $$ SELECT n {} $$"
    )
    run(database, body.format("+ 1"))
    pgt.create_stream_table("shop.t", "SELECT id, shop.f(amount) AS x FROM shop.orders")
    run(database, body.format("* 2"), WRITES)
    assert pgt.refresh_stream_table("shop.t").action == "REINITIALIZE"
    assert pgt.verify_stream_table("shop.t").exact
    assert_exact(pgt, "shop.t")


@pytest.mark.parametrize("reconnect", [False, True])
def test_dropped_and_added_keys_change_the_layout(pgt: PgTrickle, database: str, *, reconnect: bool) -> None:
    pgt.create_stream_table("shop.t", "SELECT id, amount FROM shop.orders")
    door = PgTrickle.connect(database) if reconnect else pgt
    run(database, "ALTER TABLE shop.orders DROP CONSTRAINT orders_pkey")
    run(database, "INSERT INTO shop.orders SELECT * FROM shop.orders WHERE id < 10")
    assert door.refresh_stream_table("shop.t").action == "REINITIALIZE"
    assert door.verify_stream_table("shop.t").exact
    run(
        database,
        "UPDATE shop.orders SET amount = 3 WHERE id < 5",
        "DELETE FROM shop.orders WHERE id < 10 AND ctid > '(0,41)'",
    )
    assert door.refresh_stream_table("shop.t").action == "DIFFERENTIAL"
    run(database, "DELETE FROM shop.orders WHERE id < 10", "ALTER TABLE shop.orders ADD PRIMARY KEY (id)")
    assert_exact(door, "shop.t")
    run(database, WRITES)
    assert door.refresh_stream_table("shop.t").action == "DIFFERENTIAL"
    assert_exact(pgt, "shop.t")
    if reconnect:
        door.close()


def test_column_that_becomes_not_null_after_its_nulls_went(pgt: PgTrickle, database: str) -> None:
    run(database, "UPDATE shop.orders SET note = NULL WHERE id % 4 = 0")
    pgt.create_stream_table("shop.t", "SELECT note, count(*) AS n FROM shop.orders GROUP BY note")
    run(
        database,
        "UPDATE shop.orders SET note = 'was null' WHERE note IS NULL",
        "ALTER TABLE shop.orders ALTER note SET NOT NULL",
    )
    assert_exact(pgt, "shop.t")
    run(database, "ALTER TABLE shop.orders ALTER note DROP NOT NULL", WRITES)
    assert_exact(pgt, "shop.t")


# -- the other properties ---------------------------------------------------------------------------------


def test_modes_change_back_and_forth(pgt: PgTrickle, database: str) -> None:
    pgt.create_stream_table("shop.t", TOTALS)
    for number, (mode, effective, action) in enumerate(
        [
            ("FULL", "FULL", "FULL"),
            ("DIFFERENTIAL", "DIFFERENTIAL", "DIFFERENTIAL"),
            ("FULL", "FULL", "FULL"),
            ("auto", "DIFFERENTIAL", "DIFFERENTIAL"),
        ]
    ):
        run(database, f"INSERT INTO shop.orders VALUES ({1000 + number}, 3, 5)")
        altered = pgt.alter_stream_table("shop.t", refresh_mode=mode)
        assert (altered.refresh_mode, altered.effective_mode) == (mode.upper(), effective)
        run(database, f"UPDATE shop.orders SET amount = amount + 1 WHERE id % {number + 2} = 0")
        assert pgt.refresh_stream_table("shop.t").action == action
        assert_exact(pgt, "shop.t")


def test_mode_that_the_query_does_not_allow_is_refused(pgt: PgTrickle, database: str) -> None:
    pgt.create_stream_table("shop.t", "SELECT id FROM shop.orders WHERE current_user IS NOT NULL")
    with pytest.raises(UnsupportedQuery):
        pgt.alter_stream_table("shop.t", refresh_mode="DIFFERENTIAL")
    pgt.alter_stream_table("shop.t", refresh_mode="DIFFERENTIAL", query="SELECT id FROM shop.orders")
    run(database, WRITES)
    assert pgt.refresh_stream_table("shop.t").action == "DIFFERENTIAL"
    assert_exact(pgt, "shop.t")


def test_schedule_is_changed_and_cleared(pgt: PgTrickle) -> None:
    pgt.create_stream_table("shop.t", TOTALS)
    assert pgt.alter_stream_table("shop.t", schedule="5m").schedule == "5m"
    assert pgt.alter_stream_table("shop.t", refresh_mode="FULL").schedule == "5m"
    assert pgt.alter_stream_table("shop.t", schedule="").schedule is None
    assert pgt.alter_stream_table("shop.t", schedule="1m", query=TOTALS).schedule == "1m"


def test_suspended_stream_table_stays_suspended(pgt: PgTrickle) -> None:
    pgt.create_stream_table("shop.t", TOTALS)
    pgt.suspend_stream_table("shop.t")
    assert pgt.alter_stream_table("shop.t", query=TOTALS).status == "SUSPENDED"
    pgt.resume_stream_table("shop.t")
    assert_exact(pgt, "shop.t")
