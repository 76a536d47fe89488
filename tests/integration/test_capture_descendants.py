"""Partitioned tables and inheritance: every way in which a part of a source can change."""

from __future__ import annotations

import psycopg
import pytest

from airflow.providers.pgtrickle.engine import capture
from airflow.providers.pgtrickle.engine.errors import UnsupportedQuery
from tests.integration.capture_support import Captured, query, run

#: The second partition was a table before, with its columns in another order and a dropped one; the third is
#: partitioned itself.
PARTITIONED = """
CREATE SCHEMA "D";
CREATE TABLE "D".events (id int, kind text, v numeric(8,2), day int,
    doubled int GENERATED ALWAYS AS (day * 2) STORED) PARTITION BY LIST (kind);
CREATE TABLE "D".e_a PARTITION OF "D".events FOR VALUES IN ('a');
CREATE TABLE "D"."E b" (gone int, day int, doubled int GENERATED ALWAYS AS (day * 2) STORED,
    v numeric(8,2), kind text, id int);
ALTER TABLE "D"."E b" DROP COLUMN gone;
ALTER TABLE "D".events ATTACH PARTITION "D"."E b" FOR VALUES IN ('b');
CREATE TABLE "D".e_c PARTITION OF "D".events FOR VALUES IN ('c', 'd') PARTITION BY RANGE (day);
CREATE TABLE "D".e_c1 PARTITION OF "D".e_c FOR VALUES FROM (0) TO (10);
CREATE TABLE "D".e_c2 PARTITION OF "D".e_c DEFAULT;
INSERT INTO "D".events
SELECT g, (ARRAY['a', 'b', 'c', 'd'])[1 + g % 4], g / 3.0, g FROM generate_series(1, 24) g;
"""


@pytest.fixture
def events(database: str) -> tuple[str, Captured]:
    run(database, PARTITIONED)
    return database, Captured(database, '"D".events')


THROUGH_THE_ROOT = (
    "INSERT INTO \"D\".events VALUES (100, 'a', 1, 1), (101, 'b', 2, 2), (102, 'c', 3, 3), (103, 'd', 4, 44)",
    'UPDATE "D".events SET v = v + 1 WHERE id % 3 = 0',
    "UPDATE \"D\".events SET kind = 'b' WHERE kind = 'a' AND id > 10",
    "UPDATE \"D\".events SET day = day + 8, kind = 'c' WHERE kind IN ('b', 'd')",
    'DELETE FROM "D".events WHERE id % 7 = 0',
    (
        "MERGE INTO \"D\".events t USING (VALUES (1, 'a'), (2, 'd'), (500, 'b')) s (id, kind) ON t.id = s.id"
        " WHEN MATCHED THEN UPDATE SET v = 8 WHEN NOT MATCHED THEN INSERT VALUES (s.id, s.kind, 0, 0)"
    ),
    (
        "BEGIN; UPDATE \"D\".events SET kind = 'a' WHERE kind = 'b'; SAVEPOINT s; DELETE FROM \"D\".events;"
        ' ROLLBACK TO s; MERGE INTO "D".events t USING (VALUES (3), (4)) s (id) ON t.id = s.id'
        " WHEN MATCHED AND t.id = 3 THEN DELETE; COMMIT"
    ),
)
TO_THE_PARTS = (
    "INSERT INTO \"D\".e_a VALUES (200, 'a', 1, 1)",
    "INSERT INTO \"D\".\"E b\" (id, kind, v, day) VALUES (201, 'b', 9, 5), (202, 'b', NULL, 6)",
    'UPDATE "D"."E b" SET v = 77 WHERE id = 201',
    'DELETE FROM "D"."E b" WHERE v IS NULL',
    "INSERT INTO \"D\".e_c VALUES (203, 'c', 1, 5), (204, 'd', 1, 50)",
    'UPDATE "D".e_c SET day = day + 5',
    'UPDATE "D".e_c2 SET v = -1',
    'TRUNCATE "D".e_c1',
    "INSERT INTO \"D\".e_c1 VALUES (205, 'c', 1, 5)",
)


def test_changes_through_the_root_are_captured(events: tuple[str, Captured]) -> None:
    dsn, source = events
    run(dsn, *THROUGH_THE_ROOT)
    assert len(source.changes()) > 30
    source.assert_exact()


def test_changes_to_a_part_are_captured(events: tuple[str, Captured]) -> None:
    dsn, source = events
    run(dsn, *TO_THE_PARTS)
    assert len(source.changes()) > 10
    source.assert_exact()
    run(dsn, 'TRUNCATE "D"."E b"', 'TRUNCATE "D".events')
    source.assert_exact()
    assert sum(source.changes().values()) == -24


def test_a_part_captured_for_itself_too_has_both_buffers(events: tuple[str, Captured]) -> None:
    dsn, root = events
    leaf, middle = Captured(dsn, '"D"."E b"'), Captured(dsn, '"D".e_c', ["id", "v"])
    run(dsn, *TO_THE_PARTS, *THROUGH_THE_ROOT)
    for source in (root, leaf, middle):
        source.assert_exact()
        assert source.changes()


_MOVE = "MERGE INTO {t} t USING (VALUES (1)) s (id) ON t.id = s.id WHEN MATCHED THEN UPDATE SET kind = 'a'"
_MOVE_AND_DELETE = (
    "MERGE INTO {t} t USING (VALUES (1), (2)) s (id) ON t.id = s.id"
    " WHEN MATCHED AND t.id = 2 THEN DELETE WHEN MATCHED THEN UPDATE SET kind = 'a'"
)
_INSERT = (
    "MERGE INTO {t} t USING (VALUES (800)) s (id) ON t.id = s.id"
    " WHEN NOT MATCHED THEN INSERT VALUES (800, 'a')"
)
MOVING_MERGES = (
    _MOVE,
    f"{_MOVE} WHEN NOT MATCHED THEN INSERT VALUES (s.id, 'a')",
    _MOVE_AND_DELETE,
    f"BEGIN; {_INSERT}; {_MOVE_AND_DELETE}; COMMIT",
    f"DO $$ BEGIN {_MOVE}; END $$",
    f"PREPARE m AS {_MOVE}; EXECUTE m",
    f"CREATE FUNCTION f() RETURNS void LANGUAGE sql BEGIN ATOMIC {_MOVE}; END; SELECT f()",
)


@pytest.mark.parametrize("statement", MOVING_MERGES)
def test_a_merge_that_moves_rows_is_a_gap(events: tuple[str, Captured], statement: str) -> None:
    dsn, source = events
    leaf = Captured(dsn, '"D".e_a')
    run(dsn, statement.format(t=source.name))
    assert "a MERGE moved rows between partitions" in str(source.problem())
    leaf.assert_exact()
    assert source.ensure()
    assert source.problem() is None


def test_a_move_by_update_is_no_gap(events: tuple[str, Captured]) -> None:
    dsn, source = events
    run(
        dsn,
        "UPDATE \"D\".events SET kind = 'a' WHERE id = 1",
        "DO $$ BEGIN UPDATE \"D\".events SET kind = 'b' WHERE id = 1; END $$",
        "DO $do$ BEGIN EXECUTE $$UPDATE \"D\".events SET kind = 'd' WHERE id = 1$$; END $do$",
        'MERGE INTO "D".events t USING (VALUES (1), (2), (3), (9999)) s (id) ON t.id = s.id'
        " WHEN MATCHED AND t.id = 3 THEN DELETE WHEN MATCHED AND t.id = 2 THEN UPDATE SET kind = 'c'"
        " WHEN MATCHED THEN UPDATE SET v = 5 WHEN NOT MATCHED THEN INSERT VALUES (s.id, 'd', 0, 0)",
        'MERGE INTO "D".events t USING (VALUES (4), (5)) s (id) ON t.id = s.id'
        " WHEN MATCHED AND t.id = 4 THEN DELETE WHEN MATCHED THEN UPDATE SET v = 5",
        'MERGE INTO "D".events t USING (VALUES (1)) s (id) ON t.id = s.id WHEN MATCHED THEN UPDATE SET v = 0',
        "UPDATE \"D\".events SET kind = 'c' WHERE id = 1",
        'DELETE FROM "D".events WHERE id = 1',
    )
    source.assert_exact()
    assert source.problem() is None


def test_partitions_that_generate_differently_are_refused(database18: str) -> None:
    run(
        database18,
        "CREATE TABLE t (k int, g int GENERATED ALWAYS AS (k + 1) STORED) PARTITION BY LIST (k)",
        "CREATE TABLE t1 (k int, g int GENERATED ALWAYS AS (k + 2) STORED)",
        "ALTER TABLE t ATTACH PARTITION t1 DEFAULT",
    )
    with pytest.raises(UnsupportedQuery, match="generated by another expression in its partition t1"):
        Captured(database18, "t")
    plain, part = Captured(database18, "t", ["k"]), Captured(database18, "t1")
    run(database18, "INSERT INTO t VALUES (1), (2)", "UPDATE t SET k = 5 WHERE k = 1")
    plain.assert_exact()
    part.assert_exact()


def test_becoming_a_part_is_noticed(database: str) -> None:
    run(
        database,
        "CREATE TABLE t (k int)",
        "CREATE TABLE whole (k int) PARTITION BY LIST (k)",
        "INSERT INTO t VALUES (1)",
    )
    source = Captured(database, "t")
    run(database, "ALTER TABLE whole ATTACH PARTITION t DEFAULT")
    assert "became a part of another table" in str(source.problem())
    assert source.ensure()
    run(database, "INSERT INTO whole VALUES (2)", "UPDATE t SET k = k + 1", "TRUNCATE whole")
    source.assert_exact()
    run(database, "ALTER TABLE whole DETACH PARTITION t")
    assert source.ensure()
    run(database, "INSERT INTO t VALUES (2)")
    source.assert_exact()
    assert query(database, "SELECT count(*) FROM pg_trigger WHERE tgname ~ '_row$'") == [(0,)]


def test_what_is_renamed_in_the_root_stays_captured_in_its_parts(events: tuple[str, Captured]) -> None:
    dsn, source = events
    run(
        dsn,
        'ALTER TABLE "D".events RENAME COLUMN v TO "the V"',
        'ALTER TABLE "D".events ADD COLUMN extra text',
        'INSERT INTO "D"."E b" (id, kind, "the V", day) VALUES (201, \'b\', 9, 5)',
        'ALTER TABLE "D"."E b" RENAME TO eb',
        'UPDATE "D".eb SET "the V" = 1',
        "UPDATE \"D\".events SET extra = 'x'",
        'ALTER TABLE "D".events DROP COLUMN extra',
        'DELETE FROM "D".eb WHERE id = 201',
        'TRUNCATE "D".eb',
    )
    source.assert_exact()
    assert source.problem() is None


@pytest.mark.parametrize(
    "statement",
    [
        'CREATE TABLE "D".e_z PARTITION OF "D".events FOR VALUES IN (\'z\')',
        'ALTER TABLE "D".events DETACH PARTITION "D".e_a',
        'ALTER TABLE "D".events DETACH PARTITION "D".e_a CONCURRENTLY',
        'DROP TABLE "D"."E b"',
        'CREATE TABLE "D".e_y PARTITION OF "D".e_c FOR VALUES FROM (10) TO (20)',
    ],
)
def test_a_change_of_the_parts_is_noticed_and_made_good(events: tuple[str, Captured], statement: str) -> None:
    dsn, source = events
    if "e_y" in statement:
        run(dsn, 'DELETE FROM "D".e_c2')
    run(dsn, statement)
    assert "attached or detached" in str(source.problem())
    assert source.ensure()
    assert source.problem() is None
    source.before = source.rows()
    run(
        dsn,
        f"TRUNCATE pgtrickle_changes.changes_{source.oid}",
        'UPDATE "D".events SET v = 9',
        "INSERT INTO \"D\".events VALUES (300, 'c', 1, 15)",
        "INSERT INTO \"D\".e_c VALUES (301, 'c', 1, 16)",
    )
    source.assert_exact()


def test_a_detached_part_is_free(events: tuple[str, Captured]) -> None:
    dsn, source = events
    run(
        dsn,
        'ALTER TABLE "D".events DETACH PARTITION "D".e_a',
        'ALTER TABLE "D".e_a ADD COLUMN mine int',
        'INSERT INTO "D".e_a (id, mine) VALUES (1, 1)',
        'UPDATE "D".e_a SET v = 1',
        'TRUNCATE "D".e_a',
    )
    assert source.buffered() == 0
    source.ensure()
    assert query(dsn, "SELECT count(*) FROM pg_trigger WHERE tgrelid = '\"D\".e_a'::regclass") == [(0,)]
    run(dsn, 'ALTER TABLE "D".e_a DROP COLUMN v', 'DROP TABLE "D".e_a')


INHERITED = """
CREATE TABLE base (id int, v text);
CREATE TABLE child (extra int) INHERITS (base);
CREATE TABLE grandchild (more text, v text, id int) INHERITS (child);
CREATE TABLE second (z int);
CREATE TABLE both_of () INHERITS (base, second);
INSERT INTO base VALUES (1, 'base');
INSERT INTO child VALUES (2, 'child', 2);
INSERT INTO grandchild (id, v, extra, more) VALUES (3, 'grand', 3, 'm');
INSERT INTO both_of VALUES (4, 'both', 4);
"""


def test_inheritance_is_captured(database: str) -> None:
    run(database, INHERITED)
    source, second = Captured(database, "base"), Captured(database, "second")
    run(
        database,
        "UPDATE base SET v = v || '!'",
        "INSERT INTO grandchild (id, v, more) VALUES (5, 'g', 'x')",
        "UPDATE grandchild SET more = 'y', id = id + 10",
        "UPDATE child SET extra = 7",
        "UPDATE ONLY child SET v = 'only'",
        "UPDATE second SET z = z + 1",
        "ALTER TABLE child ADD COLUMN yet int DEFAULT 3",
        "INSERT INTO child VALUES (6, 'after', 1, 2)",
        "ALTER TABLE base ADD COLUMN late int",
        "INSERT INTO child (id, v, yet) VALUES (7, 'later', 2)",
        "ALTER TABLE base RENAME COLUMN v TO w",
        "INSERT INTO both_of (id, w, z) VALUES (8, 'b', 8)",
        "UPDATE base SET id = id + 1 WHERE id = 8",
        "DELETE FROM base WHERE id = 6",
        "TRUNCATE ONLY base",
        "TRUNCATE child",
    )
    source.assert_exact()
    second.assert_exact()
    assert source.problem() is None
    run(database, "ALTER TABLE grandchild NO INHERIT child")
    assert "attached or detached" in str(source.problem())
    run(database, "INSERT INTO grandchild (id) VALUES (9)", "DROP TABLE grandchild")


@pytest.mark.parametrize(
    ("statements", "reason"),
    [
        (["ALTER TABLE t DISABLE TRIGGER ALL"], "disabled"),
        (["ALTER TABLE t DISABLE TRIGGER USER", "ALTER TABLE t ENABLE TRIGGER USER"], "enabled anew"),
        (["ALTER TABLE t DISABLE TRIGGER ALL", "{always}"], "exchanged"),
        (["DROP TRIGGER pgtrickle_{oid}_update ON t"], "dropped"),
        (["ALTER TABLE t SET UNLOGGED"], "unlogged"),
        (["DROP TABLE t CASCADE"], "it was dropped"),
        (["DROP TABLE t CASCADE", "CREATE TABLE t (a int, b text)"], "it was dropped"),
        (["ALTER TABLE t DROP COLUMN a CASCADE"], "captured column"),
        (["CREATE TABLE child () INHERITS (t)"], "attached"),
    ],
)
def test_the_fingerprint_notices(database: str, statements: list[str], reason: str) -> None:
    run(database, "CREATE TABLE t (a int, b text)")
    source = Captured(database, "t")
    assert source.problem() is None
    always = "; ".join(
        f"ALTER TABLE t ENABLE ALWAYS TRIGGER pgtrickle_{source.oid}_{event}"
        for event in ("insert", "update", "delete", "truncate")
    )
    run(database, *(text.format(oid=source.oid, always=always) for text in statements))
    assert reason in str(source.problem())


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE t ADD COLUMN c int DEFAULT 3",
        "ALTER TABLE t RENAME COLUMN a TO z",
        "ALTER TABLE t RENAME TO u",
        "CREATE INDEX ON t (a)",
        "VACUUM FULL t",
        "VACUUM FREEZE pg_trigger",
        "VACUUM FULL pg_trigger",
        "CREATE TRIGGER x AFTER INSERT ON t EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "ALTER TABLE t ALTER COLUMN a SET NOT NULL",
        "ALTER TABLE t ALTER COLUMN b SET DEFAULT 'x'",
        "GRANT SELECT ON t TO PUBLIC",
        "ANALYZE t",
        "ALTER TABLE t ENABLE ROW LEVEL SECURITY",
    ],
)
def test_the_fingerprint_overlooks_what_does_not_matter(database18: str, statement: str) -> None:
    run(database18, "CREATE TABLE t (a int, b text)", "INSERT INTO t VALUES (1, 'x')")
    source = Captured(database18, "t")
    run(database18, statement)
    assert source.problem() is None


def test_a_subscription_is_captured(database: str) -> None:
    """The apply worker fires row triggers only, the initial copy both; it writes to partitions directly."""
    publisher = psycopg.conninfo.conninfo_to_dict(database)
    target = f"{publisher['dbname']}_subscriber"
    definition = (
        "CREATE TABLE t (id int PRIMARY KEY, v text)",
        "CREATE TABLE p (id int, k int, PRIMARY KEY (id, k)) PARTITION BY LIST (k)",
        "CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1)",
        "CREATE TABLE p2 PARTITION OF p DEFAULT",
    )
    run(database, *definition, "INSERT INTO t VALUES (1, 'copied')", f"CREATE DATABASE {target}")
    subscriber = psycopg.conninfo.make_conninfo(database, dbname=target)
    run(
        database,
        "CREATE PUBLICATION pub FOR TABLE t, p WITH (publish_via_partition_root = true)",
        f"SELECT pg_create_logical_replication_slot('{target}', 'pgoutput')",
    )
    try:
        run(
            subscriber,
            *definition,
            f"CREATE SUBSCRIPTION {target} CONNECTION 'host={publisher['host']} port={publisher['port']}"
            f" dbname={publisher['dbname']} user={publisher['user']}' PUBLICATION pub"
            f" WITH (create_slot = false, slot_name = '{target}')",
        )
        plain, partitioned = Captured(subscriber, "t"), Captured(subscriber, "p")
        leaf = Captured(subscriber, "p2")
        run(
            database,
            "INSERT INTO t VALUES (2, 'applied'), (3, 'x')",
            "UPDATE t SET v = 'y' WHERE id = 3",
            "DELETE FROM t WHERE id = 2",
            "INSERT INTO p VALUES (1, 1), (2, 2), (3, 3)",
            "UPDATE p SET k = 7 WHERE id IN (1, 2)",
            "UPDATE p SET id = 30 WHERE id = 3",
            "DELETE FROM p WHERE id = 2",
            "INSERT INTO t VALUES (99, 'last')",
        )
        run(subscriber, "INSERT INTO t VALUES (50, 'local')", "UPDATE p1 SET id = 1")
        for _ in range(200):
            if query(subscriber, "SELECT 1 FROM t WHERE id = 99"):
                break
            query(subscriber, "SELECT pg_sleep(0.05)")
        assert query(subscriber, "SELECT count(*) FROM t") == [(4,)]
        for source in (plain, partitioned, leaf):
            source.assert_exact()
            assert source.changes()
    finally:
        run(subscriber, f"DROP SUBSCRIPTION IF EXISTS {target}")
        for source in (plain, partitioned, leaf):
            source.connection.close()
        run(database, f"DROP DATABASE {target} WITH (FORCE)")


def test_joining_a_subscription_is_noticed(database18: str) -> None:
    run(database18, "CREATE TABLE t (id int PRIMARY KEY)")
    source = Captured(database18, "t")
    run(
        database18,
        "CREATE PUBLICATION pub FOR TABLE t",
        "CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION pub WITH (connect = false, slot_name = NONE)",
    )
    oid = query(database18, "SELECT oid FROM pg_subscription WHERE subname = 's'")[0][0]
    run(database18, f"INSERT INTO pg_subscription_rel VALUES ({oid}, {source.oid}, 'r', NULL)")
    assert "subscription" in str(source.problem())
    assert source.ensure()
    run(
        database18,
        "INSERT INTO t VALUES (1)",
        "SET session_replication_role = replica; INSERT INTO t VALUES (2); DELETE FROM t WHERE id = 1",
    )
    source.assert_exact()
    run(database18, "ALTER SUBSCRIPTION s DISABLE", "DROP SUBSCRIPTION s")


def test_a_partition_attached_after_the_snapshot_is_seen(events: tuple[str, Captured]) -> None:
    dsn, source = events
    run(
        dsn,
        'CREATE TABLE "D".more (LIKE "D".events INCLUDING GENERATED)',
        "INSERT INTO \"D\".more VALUES (1, 'z', 1, 1)",
    )
    with source.session.transaction("repeatable read"):
        rows = sum(source.rows().values())
        assert not capture.partitions_changed(source.session, [source.oid])
        run(dsn, 'ALTER TABLE "D".events ATTACH PARTITION "D".more FOR VALUES IN (\'z\')')
        assert sum(source.rows().values()) == rows + 1
        assert source.problem() is None
        assert capture.partitions_changed(source.session, [source.oid])
    with source.session.transaction("repeatable read"):
        assert source.problem() is not None
        assert not capture.partitions_changed(source.session, [source.oid])
