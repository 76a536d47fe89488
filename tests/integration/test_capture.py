"""Capture follows every way in which a table can change."""

from __future__ import annotations

import psycopg
import pytest

from airflow.providers.pgtrickle.engine import capture, catalog
from airflow.providers.pgtrickle.engine.db import Session, connect
from airflow.providers.pgtrickle.engine.errors import RefreshFailed, UnsupportedQuery
from airflow.providers.pgtrickle.engine.frontier import Snapshot
from airflow.providers.pgtrickle.engine.names import QualifiedName
from airflow.providers.pgtrickle.engine.settings import Settings
from tests.integration.capture_support import Captured, query, run

ITEMS = """
CREATE SCHEMA shop;
CREATE TABLE shop.items (id int GENERATED ALWAYS AS IDENTITY, name text, price numeric(10,2), note text);
INSERT INTO shop.items (name, price) VALUES ('a', 1), ('a', 1), (NULL, NULL);
"""


@pytest.fixture
def items(database: str) -> tuple[str, Captured]:
    run(database, ITEMS)
    return database, Captured(database, "shop.items")


def test_every_kind_of_statement_is_captured(items: tuple[str, Captured]) -> None:
    dsn, source = items
    run(
        dsn,
        "INSERT INTO shop.items (name, price) SELECT 'x' || g, g FROM generate_series(1, 5) g",
        "UPDATE shop.items SET price = price + 1 WHERE price > 2",
        "UPDATE shop.items SET note = 'n'",
        "DELETE FROM shop.items WHERE name = 'a' AND id = 1",
        "CREATE UNIQUE INDEX ON shop.items (id)",
        "INSERT INTO shop.items OVERRIDING SYSTEM VALUE VALUES (2, 'conflict', 9), (77, 'new', 8)"
        " ON CONFLICT (id) DO UPDATE SET price = excluded.price",
        "MERGE INTO shop.items t USING (VALUES (77, 1), (3, 2), (99, 3)) v (id, p) ON t.id = v.id"
        " WHEN MATCHED AND v.p = 1 THEN DELETE WHEN MATCHED THEN UPDATE SET price = v.p"
        " WHEN NOT MATCHED THEN INSERT (name, price) VALUES ('merged', v.p)",
        "UPDATE shop.items t SET name = s.name FROM shop.items s WHERE s.id = t.id + 1",
        "WITH gone AS (DELETE FROM shop.items WHERE price = 3 RETURNING name)"
        " INSERT INTO shop.items (name) SELECT name FROM gone",
    )
    with (
        psycopg.connect(dsn, autocommit=True) as connection,
        connection.cursor().copy("COPY shop.items (name, price) FROM STDIN") as copy,
    ):
        for number in range(20):
            copy.write_row((f"copied {number % 3}", number % 2))
    assert source.buffered() > 40
    source.assert_exact()


def test_truncate_is_captured_as_deletes(items: tuple[str, Captured]) -> None:
    dsn, source = items
    run(dsn, "TRUNCATE shop.items RESTART IDENTITY", "INSERT INTO shop.items (name) VALUES ('again')")
    assert sum(source.changes().values()) == -2
    source.assert_exact()


def test_truncate_in_a_snapshot_transaction_is_a_gap(items: tuple[str, Captured]) -> None:
    dsn, source = items
    with psycopg.connect(dsn) as truncating:
        truncating.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        truncating.execute("SELECT 1")
        run(dsn, "INSERT INTO shop.items (name) VALUES ('unseen by the transaction that removes it')")
        truncating.execute("TRUNCATE shop.items")
    assert "truncated by a repeatable read transaction" in str(source.problem())
    assert source.ensure()
    assert source.problem() is None


def test_rolled_back_changes_leave_nothing(items: tuple[str, Captured]) -> None:
    dsn, source = items
    with psycopg.connect(dsn) as connection:
        connection.execute("INSERT INTO shop.items (name) VALUES ('kept')")
        with connection.transaction(force_rollback=True):
            connection.execute("DELETE FROM shop.items")
        connection.execute("UPDATE shop.items SET note = 'x' WHERE name = 'kept'")
        connection.commit()
        connection.execute("TRUNCATE shop.items")
        connection.rollback()
    assert sum(source.changes().values()) == 1
    source.assert_exact()


def test_a_prepared_transaction_counts_when_it_commits(items: tuple[str, Captured]) -> None:
    dsn, source = items
    low = Snapshot.parse(source.session.value("SELECT pg_current_snapshot()::text"))
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("BEGIN")
        connection.execute("DELETE FROM shop.items WHERE id = 3")
        connection.execute("PREPARE TRANSACTION 'late'")
        run(dsn, "INSERT INTO shop.items (name) VALUES ('early')")
        middle = Snapshot.parse(source.session.value("SELECT pg_current_snapshot()::text"))
        connection.execute("COMMIT PREPARED 'late'")
    high = Snapshot.parse(source.session.value("SELECT pg_current_snapshot()::text"))
    assert capture.pending(source.session, {source.oid: (low, middle)}) == {source.oid: 1}
    assert capture.pending(source.session, {source.oid: (middle, high)}) == {source.oid: 1}
    assert capture.pending(source.session, {source.oid: (low, high)}) == {source.oid: 2}
    assert capture.pending(source.session, {source.oid: (low, high)}, limit=1) == {source.oid: 1}
    assert capture.pending(source.session, {source.oid: (high, high)}) == {source.oid: 0}
    source.assert_exact()


def test_foreign_key_actions_are_captured(database: str) -> None:
    run(
        database,
        "CREATE TABLE parent (id int PRIMARY KEY)",
        "CREATE TABLE child (id int, parent_id int REFERENCES parent ON DELETE CASCADE ON UPDATE CASCADE)",
        "CREATE TABLE loose (id int, parent_id int REFERENCES parent ON DELETE SET NULL)",
        "INSERT INTO parent SELECT generate_series(1, 9)",
        "INSERT INTO child SELECT g, g % 9 + 1 FROM generate_series(1, 50) g",
        "INSERT INTO loose SELECT g, g % 9 + 1 FROM generate_series(1, 50) g",
    )
    child, loose = Captured(database, "child"), Captured(database, "loose")
    run(
        database,
        "DELETE FROM parent WHERE id IN (1, 2)",
        "UPDATE parent SET id = id + 100 WHERE id NOT IN (SELECT parent_id FROM loose WHERE parent_id > 0)",
        "DELETE FROM loose WHERE parent_id = 5",
        "UPDATE parent SET id = id + 100 WHERE id = 5",
        "TRUNCATE parent CASCADE",
    )
    child.assert_exact()
    loose.assert_exact()
    assert sum(child.changes().values()) == -50


def test_a_source_without_captured_columns_counts_its_rows(database: str) -> None:
    run(database, "CREATE TABLE t (a int)", "INSERT INTO t VALUES (1), (2)")
    source = Captured(database, "t", [])
    run(
        database,
        "INSERT INTO t VALUES (3)",
        "UPDATE t SET a = 0",
        "DELETE FROM t WHERE a = 0",
        "INSERT INTO t VALUES (4)",
    )
    source.assert_exact()
    assert source.changes() == {("1",): -1}


ODD_TYPES = '''
CREATE SCHEMA "Odd schema";
SET search_path = "Odd schema";
CREATE COLLATION "mixed case" (locale = 'C');
CREATE TYPE colour AS ENUM ('red', 'green');
CREATE TYPE pair AS (x int, "Y" text);
CREATE DOMAIN positive AS int CHECK (VALUE > 0) NOT NULL;
CREATE DOMAIN label AS varchar(5) COLLATE "C";
CREATE TABLE "Select ""from"" ünï" (
    "order" bigint GENERATED BY DEFAULT AS IDENTITY,
    "inserted" int, "deleted" int, "c" text, "weight" real, "c_1" text COLLATE "mixed case",
    "Ünï ""q""" colour, pairs pair[], p positive DEFAULT 1, l label, r int4range, mr int8multirange,
    j json, jb jsonb, x xml, pt point, b bit(3), vb varbit, ch char(4), n numeric(8,3), iv interval(3),
    ts timestamptz(2), m money, u uuid, ip inet, ba bytea, tsv tsvector, "1%s {hole}" int,
    plus int GENERATED ALWAYS AS ("inserted" + "deleted") STORED
);
'''
ODD_ROW = '''
INSERT INTO "Odd schema"."Select ""from"" ünï" (
    "inserted", "deleted", "c", "weight", "c_1", "Ünï ""q""", pairs, l, r, mr, j, jb, x, pt, b, vb, ch,
    n, iv, ts, m, u, ip, ba, tsv, "1%s {hole}")
VALUES (1, 2, 'c', 'NaN', 'Straße', 'red', '{"(1,a)","(,)"}', 'l', '[1,4)', '{[1,2),[5,)}', '{"a":  1}',
    '{"a": 1}', NULL, '(1,2)', '101', '1', 'a', 1.5, '1 day', '2020-01-01 12:34:56.789', 3,
    gen_random_uuid(), '::1/64', '\\x00ff', 'a b', 7)
'''


def test_odd_names_and_types_are_captured(database: str) -> None:
    run(database, ODD_TYPES, ODD_ROW)
    source = Captured(database, '"Odd schema"."Select ""from"" ünï"')
    table = source.name
    run(
        database,
        ODD_ROW,
        f"UPDATE {table} SET \"order\" = 9, weight = '-0', r = 'empty', inserted = NULL WHERE \"order\" = 2",
        f"INSERT INTO {table} DEFAULT VALUES",
        f'DELETE FROM {table} WHERE "order" = 1',
        f"TRUNCATE {table}",
        ODD_ROW,
    )
    assert source.buffered() == 8
    source.assert_exact()
    facts = (
        "SELECT {}, format_type(atttypid, atttypmod), attcollation::regcollation::text FROM pg_attribute"
        " WHERE attrelid = {} AND attnum > {} ORDER BY 1"
    )
    buffer = f"'pgtrickle_changes.changes_{source.oid}'::regclass"
    captured = query(database, facts.format("replace(attname, 'c_', '')::int", buffer, 2))
    assert captured == query(database, facts.format("attnum::int", source.oid, 0))


def test_virtual_generated_columns_are_captured(database18: str) -> None:
    run(
        database18,
        'CREATE TABLE t (a int, "B b" text, v text GENERATED ALWAYS AS (upper("B b") || a) VIRTUAL,'
        " w int GENERATED ALWAYS AS (a * 2) VIRTUAL, n int)",
        "INSERT INTO t (a, \"B b\") VALUES (1, 'x'), (NULL, 'y')",
    )
    source = Captured(database18, "t", ["v", "n"])
    both = Captured(database18, "t")
    run(
        database18,
        "INSERT INTO t (a, \"B b\", n) VALUES (3, 'z', 1), (4, 'q', 2)",
        'ALTER TABLE t RENAME COLUMN "B b" TO b',
        "UPDATE t SET b = 'zz' WHERE a = 3",
        "DELETE FROM t WHERE a = 1",
    )
    for observed in (source, both):
        observed.assert_exact()
        assert len(observed.changes()) == 3
    run(database18, "TRUNCATE t")
    both.assert_exact()
    run(database18, "ALTER TABLE t ALTER COLUMN v SET EXPRESSION AS (b)")
    assert "generated by another expression" in str(both.problem())
    both.ensure()
    both.before = both.rows()
    run(
        database18,
        "TRUNCATE pgtrickle_changes.changes_" + str(both.oid),
        "INSERT INTO t (a, b) VALUES (1, 'new')",
    )
    both.assert_exact()
    assert ("1", "new", "new", "2", None) in both.changes()


def test_renaming_moving_and_altering_leave_writers_working(items: tuple[str, Captured]) -> None:
    dsn, source = items
    source_price_only = Captured(dsn, "shop.items", ["name", "price"])
    run(
        dsn,
        "INSERT INTO shop.items (name, price) VALUES ('one', 1)",
        'ALTER TABLE shop.items RENAME COLUMN name TO "New Name"',
        "UPDATE shop.items SET \"New Name\" = 'renamed' WHERE price = 1",
        "ALTER TABLE shop.items ADD COLUMN extra jsonb DEFAULT '{}'",
        "INSERT INTO shop.items (\"New Name\", extra) VALUES ('two', '[]')",
        "ALTER TABLE shop.items ADD COLUMN again int",
        "ALTER TABLE shop.items DROP COLUMN extra",
        "ALTER TABLE shop.items ALTER COLUMN again TYPE text",
        "INSERT INTO shop.items (\"New Name\", again) VALUES ('three', 'z')",
        'ALTER TABLE shop.items RENAME TO "Goods"',
        "CREATE SCHEMA elsewhere",
        'ALTER TABLE shop."Goods" SET SCHEMA elsewhere',
        'DELETE FROM elsewhere."Goods" WHERE "New Name" = \'two\'',
        'INSERT INTO elsewhere."Goods" ("New Name") VALUES (\'four\')',
    )
    source.assert_exact()
    source_price_only.assert_exact()
    assert source.problem() is None
    run(dsn, 'TRUNCATE elsewhere."Goods"')
    source.assert_exact()
    for statement in (
        'ALTER TABLE elsewhere."Goods" DROP COLUMN price',
        'ALTER TABLE elsewhere."Goods" ALTER COLUMN price TYPE text',
        'DROP TABLE elsewhere."Goods"',
    ):
        with pytest.raises(psycopg.errors.DatabaseError, match=r"depends? on|used by a function"):
            run(dsn, statement)


def test_a_captured_column_dropped_by_force_breaks_no_writer(items: tuple[str, Captured]) -> None:
    dsn, source = items
    run(
        dsn,
        "ALTER TABLE shop.items DROP COLUMN note CASCADE",
        "INSERT INTO shop.items (name) VALUES ('still')",
        "UPDATE shop.items SET name = 'works'",
        "TRUNCATE shop.items",
    )
    assert source.problem() is not None
    source.attnums.remove(4)
    source.ensure()
    assert source.problem() is None
    source.before = source.rows()
    run(
        dsn, f"TRUNCATE pgtrickle_changes.changes_{source.oid}", "INSERT INTO shop.items (name) VALUES ('on')"
    )
    source.assert_exact()


def test_row_security_hides_nothing_from_capture(database: str) -> None:
    run(
        database,
        "CREATE TABLE t (owner text, v int)",
        "ALTER TABLE t ENABLE ROW LEVEL SECURITY",
        "ALTER TABLE t FORCE ROW LEVEL SECURITY",
        "CREATE POLICY own ON t USING (owner = current_user)",
        "DO $$ BEGIN CREATE ROLE tenant; EXCEPTION WHEN duplicate_object THEN NULL; END $$",
        "GRANT ALL ON t TO tenant",
        "INSERT INTO t VALUES ('tenant', 1), ('other', 2)",
    )
    source = Captured(database, "t")
    run(database, "SET ROLE tenant; INSERT INTO t VALUES ('tenant', 3); DELETE FROM t WHERE v < 3")
    source.assert_exact()
    run(database, "SET ROLE tenant; TRUNCATE t")
    source.assert_exact()
    assert source.changes() == {("tenant", "1"): -1, ("other", "2"): -1}


def test_writers_need_no_privilege_of_ours(items: tuple[str, Captured]) -> None:
    dsn, source = items
    run(
        dsn,
        "DO $$ BEGIN CREATE ROLE writer; EXCEPTION WHEN duplicate_object THEN NULL; END $$",
        "GRANT USAGE ON SCHEMA shop TO writer",
        "GRANT INSERT, UPDATE, DELETE, TRUNCATE, SELECT ON shop.items TO writer",
        "SET ROLE writer; SET search_path = nowhere; INSERT INTO shop.items (name) VALUES ('w');"
        " UPDATE shop.items SET name = 'v'; DELETE FROM shop.items WHERE id = 1; TRUNCATE shop.items",
    )
    source.assert_exact()
    for text in (
        f"SELECT * FROM pgtrickle_changes.changes_{source.oid}",
        "SELECT * FROM pgtrickle.pgt_capture",
        f"SELECT pgtrickle_changes.note_gap({source.oid}, 'x')",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            run(dsn, f"SET ROLE writer; {text}")


def test_replica_mode_is_captured(items: tuple[str, Captured]) -> None:
    dsn, source = items
    run(
        dsn,
        "SET session_replication_role = replica; INSERT INTO shop.items (name) VALUES ('r');"
        " UPDATE shop.items SET name = 's'; DELETE FROM shop.items WHERE id = 1",
        "SET session_replication_role = replica; TRUNCATE shop.items",
    )
    source.assert_exact()
    assert source.buffered() > 5


def test_triggers_of_the_user_see_and_make_further_changes(database: str) -> None:
    run(
        database,
        "CREATE TABLE t (id int PRIMARY KEY, v int, touched int DEFAULT 0)",
        "CREATE FUNCTION before() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN NEW.v := NEW.v + 1; IF NEW.v > 50 THEN RETURN NULL; END IF; RETURN NEW; END $$",
        "CREATE TRIGGER b BEFORE INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION before()",
        "CREATE FUNCTION after() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN UPDATE t SET touched = touched + 1 WHERE id = NEW.id - 1; RETURN NULL; END $$",
        "CREATE TRIGGER a AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION after()",
        "INSERT INTO t SELECT g, g FROM generate_series(1, 5) g",
    )
    source = Captured(database, "t")
    run(
        database,
        "INSERT INTO t SELECT g, g * 10 FROM generate_series(6, 9) g",
        "UPDATE t SET v = v * 2",
        "DELETE FROM t WHERE v > 20",
    )
    source.assert_exact()


@pytest.mark.parametrize(
    ("definition", "name", "reason"),
    [
        ("CREATE VIEW v AS SELECT 1 AS a", "v", "is a view"),
        ("CREATE MATERIALIZED VIEW v AS SELECT 1 AS a", "v", "is a materialized view"),
        ("CREATE SEQUENCE v", "v", "is a sequence"),
        (
            (
                "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w;"
                " CREATE FOREIGN TABLE v (a int) SERVER s"
            ),
            "v",
            "is a foreign table",
        ),
        (
            (
                "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w;"
                " CREATE TABLE v (a int) PARTITION BY LIST (a);"
                " CREATE FOREIGN TABLE f PARTITION OF v DEFAULT SERVER s"
            ),
            "v",
            "a part of public.v, is a foreign table",
        ),
        ("SELECT", "pg_catalog.pg_class", "is a system catalog"),
        ("SELECT", "information_schema.tables", "is a system catalog"),
    ],
)
def test_what_cannot_be_captured_is_refused_by_name(
    database: str, definition: str, name: str, reason: str
) -> None:
    run(database, definition)
    with pytest.raises(UnsupportedQuery, match=reason):
        Captured(database, name, ["a"])


def test_a_temporary_table_is_refused(database: str) -> None:
    session = Session(connect(database))
    catalog.install(session)
    session.execute("CREATE TEMP TABLE mine (a int)")
    oid = session.value("SELECT 'mine'::regclass::oid::int8")
    with session.transaction(), pytest.raises(UnsupportedQuery, match="temporary"):
        capture.ensure_capture(session, oid, [1])


def test_the_table_of_another_role_is_refused(database: str) -> None:
    run(
        database,
        "CREATE TABLE t (a int)",
        "DO $$ BEGIN CREATE ROLE plain LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$",
        "GRANT ALL ON t TO plain",
        "DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO plain', current_database()); END $$",
    )
    session = Session(connect(database))
    oid = session.value("SELECT 't'::regclass::oid::int8")
    session.execute("SET ROLE plain")
    catalog.install(session)
    with session.transaction(), pytest.raises(UnsupportedQuery, match="belongs to another role"):
        capture.ensure_capture(session, oid, [1])


def test_a_system_column_is_refused(items: tuple[str, Captured]) -> None:
    _, source = items
    with source.session.transaction(), pytest.raises(UnsupportedQuery, match="system column"):
        capture.ensure_capture(source.session, source.oid, [1, -1])


def test_widening_keeps_what_is_captured(items: tuple[str, Captured]) -> None:
    dsn, _ = items
    run(dsn, "CREATE TABLE t (a int, b text, c int)", "INSERT INTO t VALUES (1, 'x', 1)")
    narrow = Captured(dsn, "t", ["a"])
    run(dsn, "INSERT INTO t VALUES (2, 'y', 2)")
    before = capture.fingerprint(narrow.session, [narrow.oid])
    wide = Captured(dsn, "t", ["a", "b"])
    assert capture.fingerprint(narrow.session, [narrow.oid]) == before
    assert wide.ensure() is False
    run(dsn, "DELETE FROM t WHERE a = 1", "INSERT INTO t VALUES (3, 'z', 3)")
    narrow.assert_exact()
    assert wide.changes() == {("1", "x"): -1, ("2", None): 1, ("3", "z"): 1}


def test_widening_by_a_type_that_refuses_null_starts_anew(database: str) -> None:
    run(
        database,
        "CREATE DOMAIN positive AS int NOT NULL CHECK (VALUE > 0)",
        "CREATE TABLE t (a int, p positive)",
    )
    narrow = Captured(database, "t", ["a"])
    run(database, "INSERT INTO t VALUES (1, 1)")
    before = capture.fingerprint(narrow.session, [narrow.oid])
    wide = Captured(database, "t")
    after = capture.fingerprint(narrow.session, [narrow.oid])
    assert "had to be emptied" in str(capture.difference(before, after))
    run(database, "UPDATE t SET p = 5")
    wide.assert_exact()


def test_release_waits_for_the_last_consumer(items: tuple[str, Captured]) -> None:
    dsn, source = items
    session = source.session
    reader = catalog.insert(
        session,
        name=QualifiedName("public", "reader"),
        query="SELECT",
        search_path="public",
        schedule=None,
        refresh_mode="AUTO",
        effective_mode="DIFFERENTIAL",
    )
    with session.transaction():
        dependency = catalog.Dependency(reader.id, source.oid, "shop.items", "table", None, (1,))
        catalog.set_dependencies(session, reader.id, [dependency])
    with session.transaction():
        assert capture.release_capture(session, source.oid) is False
    catalog.delete(session, reader.id)
    with session.transaction():
        assert capture.release_capture(session, source.oid) is True
    run(dsn, "INSERT INTO shop.items (name) VALUES ('free')", "DROP TABLE shop.items")
    left = "SELECT count(*) FROM pg_proc WHERE proname ~ '_[0-9]+$' AND prosrc ~ 'pgtrickle'"
    assert query(dsn, left) == [(0,)]
    assert query(dsn, "SELECT count(*) FROM pgtrickle.pgt_capture") == [(0,)]
    with session.transaction():
        assert capture.release_capture(session, source.oid) is False


def test_a_lock_not_granted_is_transient_and_leaves_nothing(database: str) -> None:
    run(database, "CREATE TABLE t (a int)")
    session = Session(connect(database))
    catalog.install(session)
    oid = session.value("SELECT 't'::regclass::oid::int8")
    with psycopg.connect(database) as writer:
        writer.execute("INSERT INTO t VALUES (1)")
        with pytest.raises(RefreshFailed) as failure, session.transaction():
            capture.ensure_capture(session, oid, [1], settings=Settings(lock_timeout=0.05))
        assert failure.value.transient
    assert query(database, "SELECT count(*) FROM pg_trigger WHERE tgname ~ 'pgtrickle'") == [(0,)]
    with session.transaction():
        assert capture.ensure_capture(session, oid, [1])
        assert session.value("SHOW lock_timeout") == "0"


def test_pruning_is_planned_for_the_buffer_as_it_is(items: tuple[str, Captured]) -> None:
    dsn, source = items
    for number in range(12):
        run(dsn, f"INSERT INTO shop.items (name) VALUES ('{number}')")
        border = Snapshot.parse(source.session.value("SELECT pg_current_snapshot()::text")).xmin
        assert capture.prune_buffers(source.session, source.oid, border) == 1
    kept = "SELECT statement FROM pg_prepared_statements WHERE statement LIKE '%SKIP LOCKED%'"
    assert source.session.rows(kept) == []


def test_pruning_takes_what_is_below_and_nothing_else(items: tuple[str, Captured]) -> None:
    dsn, source = items
    run(dsn, "INSERT INTO shop.items (name) SELECT 'x' FROM generate_series(1, 25)")
    border = Snapshot.parse(source.session.value("SELECT pg_current_snapshot()::text")).xmin
    run(dsn, "DELETE FROM shop.items WHERE name = 'x'")
    assert capture.prune_buffers(source.session, source.oid, border, batch=10) == 25
    assert source.buffered() == 25
    with psycopg.connect(dsn) as other:
        other.execute(f"SELECT FROM pgtrickle_changes.changes_{source.oid} LIMIT 5 FOR UPDATE")
        assert capture.prune_buffers(source.session, source.oid, border + 100_000, batch=10) == 20
