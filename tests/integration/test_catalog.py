"""The catalog: installed once, read and written as values."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from airflow.providers.pgtrickle.engine import catalog
from airflow.providers.pgtrickle.engine.db import Session, connect
from airflow.providers.pgtrickle.engine.errors import (
    NotInstalled,
    RefreshFailed,
    StateError,
    StreamTableExists,
    StreamTableNotFound,
)
from airflow.providers.pgtrickle.engine.frontier import Frontier, Snapshot
from airflow.providers.pgtrickle.engine.names import QualifiedName

NOW = datetime(2024, 2, 29, 12, 34, 56, 789012, tzinfo=UTC)


@pytest.fixture
def session(database: str) -> Iterator[Session]:
    connection = connect(database)
    session = Session(connection)
    catalog.install(session)
    yield session
    connection.close()


def insert(session: Session, name: str, **others: Any) -> catalog.StreamTable:
    return catalog.insert(
        session,
        name=QualifiedName("Shop", name),
        query="SELECT '100%' AS \"{a}\"",
        search_path='"$user", public',
        schedule="5m",
        refresh_mode="AUTO",
        effective_mode="DIFFERENTIAL",
        **others,
    )


def test_installing_is_needed_once_and_harmless_twice(database: str) -> None:
    session = Session(connect(database))
    with pytest.raises(NotInstalled):
        catalog.require_installed(session)
    with session.transaction(), pytest.raises(NotInstalled):
        catalog.require_installed(session)
    assert catalog.install(session) == len(catalog.known_migrations())
    catalog.require_installed(session)
    assert catalog.install(session) == 0


def test_migrations_are_numbered_without_a_hole() -> None:
    assert [migration.version for migration in catalog.known_migrations()] == list(
        range(1, len(catalog.known_migrations()) + 1)
    )


def test_an_older_catalog_is_told_from_none(session: Session) -> None:
    session.execute("DELETE FROM pgtrickle.pgt_migrations")
    with pytest.raises(NotInstalled, match="is at version 0"):
        catalog.require_installed(session)


def test_a_newer_catalog_serves(session: Session) -> None:
    session.execute("INSERT INTO pgtrickle.pgt_migrations (version, name) VALUES (9999, 'of tomorrow')")
    catalog.require_installed(session)
    assert catalog.install(session) == 0


def test_two_at_once_install_one_catalog(database: str) -> None:
    def install(_: int) -> int:
        with connect(database) as connection:
            return catalog.install(Session(connection))

    with ThreadPoolExecutor(4) as pool:
        applied = list(pool.map(install, range(4)))
    assert sorted(applied) == [0, 0, 0, len(catalog.known_migrations())]


def test_a_role_without_the_privilege_is_told_so(database: str) -> None:
    session = Session(connect(database))
    session.execute(
        "DO $$ BEGIN CREATE ROLE nobody_special; EXCEPTION WHEN duplicate_object THEN NULL; END $$;"
        " SET ROLE nobody_special"
    )
    with pytest.raises(RefreshFailed, match="permission denied for database"):
        catalog.install(session)


def test_schemas_made_beforehand_are_used(database: str) -> None:
    session = Session(connect(database))
    session.execute(
        "DO $$ BEGIN CREATE ROLE tenant_owner; EXCEPTION WHEN duplicate_object THEN NULL; END $$;"
        " CREATE SCHEMA pgtrickle AUTHORIZATION tenant_owner;"
        " CREATE SCHEMA pgtrickle_changes AUTHORIZATION tenant_owner;"
        " CREATE SCHEMA pgtrickle_defs AUTHORIZATION tenant_owner;"
        " CREATE SCHEMA pgtrickle_data AUTHORIZATION tenant_owner;"
        " SET ROLE tenant_owner"
    )
    assert catalog.install(session) == len(catalog.known_migrations())


def test_a_schema_of_an_extension_is_left_alone(database: str) -> None:
    session = Session(connect(database))
    session.execute(
        "CREATE SCHEMA pgtrickle; INSERT INTO pg_depend SELECT 'pg_namespace'::regclass,"
        " 'pgtrickle'::regnamespace, 0, 'pg_extension'::regclass, oid, 0, 'e' FROM pg_extension"
        " WHERE extname = 'plpgsql'"
    )
    with pytest.raises(StateError, match="belongs to the extension plpgsql"):
        catalog.install(session)


def test_a_stream_table_is_read_back_as_written(session: Session) -> None:
    created = insert(
        session, "Rev enue", layout={"keys": [["a"], None]}, session_settings={"TimeZone": "UTC"}
    )
    assert created.frontier is None
    assert (created.status, created.is_populated, created.generation) == ("INITIALIZING", False, 1)
    frontier = Frontier(Snapshot.parse("10:20:11,15"), {7: Snapshot.through(5)}, NOW)
    catalog.update(
        session,
        created.id,
        frontier=frontier,
        status="ACTIVE",
        is_populated=True,
        data_timestamp=NOW,
        view_oid=4_000_000_000,
        fingerprint={"1": {"epoch": 1}},
        reason=None,
    )
    read = catalog.get(session, created.name)
    assert (read.frontier, read.status, read.data_timestamp) == (frontier, "ACTIVE", NOW)
    assert (read.layout, read.session_settings) == ({"keys": [["a"], None]}, {"TimeZone": "UTC"})
    assert (read.view_oid, read.storage_oid, read.fingerprint) == (4_000_000_000, None, {"1": {"epoch": 1}})
    assert read.query == created.query == "SELECT '100%' AS \"{a}\""
    assert read.updated_at > created.updated_at
    catalog.update(session, created.id, frontier=None, layout=None, name=QualifiedName("public", "other"))
    moved = catalog.by_id(session, created.id)
    assert (moved.name, moved.frontier, moved.layout) == (QualifiedName("public", "other"), None, None)
    assert catalog.find(session, created.name) is None
    assert catalog.all_stream_tables(session) == [moved]


def test_names_are_unique_and_unknown_ones_are_told(session: Session) -> None:
    created = insert(session, "one")
    with pytest.raises(StreamTableExists):
        insert(session, "one")
    with pytest.raises(StreamTableNotFound):
        catalog.get(session, QualifiedName("shop", "one"))
    with pytest.raises(StreamTableNotFound):
        catalog.update(session, created.id + 1, reason="x")
    with pytest.raises(TypeError):
        catalog.update(session, created.id, id=3)
    catalog.delete(session, created.id)
    with pytest.raises(StreamTableNotFound):
        catalog.by_id(session, created.id)


def test_dependencies_lead_downstream(session: Session) -> None:
    a, b, c, d = (insert(session, name) for name in "abcd")

    def reads(reader: catalog.StreamTable, *upstream: catalog.StreamTable) -> None:
        sources = [
            catalog.Dependency(reader.id, 100 + table.id, table.name.display, "table", table.id, (1, 3))
            for table in upstream
        ]
        base = catalog.Dependency(reader.id, 4_000_000_000, "public.base", "table", None, (2,))
        with session.transaction():
            catalog.set_dependencies(session, reader.id, [*sources, base])

    reads(b, a)
    reads(c, a, b)
    reads(d, c)
    assert catalog.downstream(session, a.id) == [b.id, c.id]
    assert catalog.downstream(session, a.id, transitive=True) == [b.id, c.id, d.id]
    assert catalog.downstream(session, d.id) == []
    assert [item.stream_table_id for item in catalog.consumers(session, 4_000_000_000)] == [b.id, c.id, d.id]
    assert {item.source_oid for item in catalog.dependencies(session, c.id)} == {
        100 + a.id,
        100 + b.id,
        4_000_000_000,
    }
    with pytest.raises(RefreshFailed, match="foreign key"):
        catalog.delete(session, a.id)
    reads(d)
    assert catalog.downstream(session, c.id) == []
    assert len(catalog.dependencies(session)) == 6


def test_history_is_newest_first_and_keeps_the_last(session: Session) -> None:
    one, other = insert(session, "one"), insert(session, "other")
    for number in range(3):
        catalog.record_refresh(
            session,
            one.id,
            action="DIFFERENTIAL",
            reason=f"number {number}",
            status="COMPLETED",
            started_at=NOW - timedelta(days=90 - number),
            ended_at=NOW,
            rows_inserted=number,
            rows_deleted=0,
            duration_ms=1.5,
            stages=[{"name": "apply"}],
            frontier=Snapshot.parse("5:9:7"),
        )
    failed = catalog.record_refresh(
        session,
        other.id,
        action=None,
        reason=None,
        status="FAILED",
        started_at=datetime.now(UTC),
        sqlstate="40001",
        error_message="could not serialize",
        run_id="run 1",
    )
    rows = catalog.history(session, one.id)
    assert [row.reason for row in rows] == ["number 2", "number 1", "number 0"]
    assert (rows[0].stages, rows[0].frontier) == ([{"name": "apply"}], Snapshot.parse("5:9:7"))
    latest = catalog.history(session, limit=1)[0]
    assert (latest.id, latest.stream_table, latest.sqlstate) == (failed, other.name, "40001")
    status = session.rows(
        "SELECT name, last_action, last_reason, last_status FROM pgtrickle.pgt_status ORDER BY name"
    )
    assert status == [
        ("Shop.one", "DIFFERENTIAL", "number 2", "COMPLETED"),
        ("Shop.other", None, None, "FAILED"),
    ]
    assert catalog.prune_history(session, 86_400.0) == 2
    assert [row.reason for row in catalog.history(session, one.id)] == ["number 2"]


def test_the_version_at_a_snapshot_is_the_latest_within_it(session: Session) -> None:
    table, other = insert(session, "one"), insert(session, "other")
    catalog.add_version(session, other.id, Snapshot.parse("1:1:"), xid=500)
    for xid, text in ((12, "10:10:"), (14, "12:14:13"), (20, "18:18:")):
        catalog.add_version(session, table.id, Snapshot.parse(text), xid=xid)

    def at(text: str) -> int | None:
        version = catalog.version_at(session, table.id, Snapshot.parse(text))
        return None if version is None else version.xid

    assert at("30:30:") == 20
    assert at("17:17:") == 14
    assert at("14:14:") == 14
    assert at("12:14:12") == 12  # 12 is visible at 12:14:13, but not here
    assert at("12:14:13") == 14
    assert at("9:9:") is None


def test_the_version_is_found_among_many(session: Session) -> None:
    table = insert(session, "one")
    for xid in range(100, 170):
        # All could lie within 50:1000:60 by their bounds; those that show 60 do not.
        catalog.add_version(session, table.id, Snapshot.parse("40:40:" if xid < 103 else "61:61:"), xid=xid)
    version = catalog.version_at(session, table.id, Snapshot.parse("60:1000:60"))
    assert version is not None
    assert version.xid == 102


def test_a_version_is_noted_under_the_current_transaction(session: Session) -> None:
    table = insert(session, "one")
    with session.transaction():
        version = catalog.add_version(session, table.id, Snapshot.parse("5:5:"))
        assert version.xid == int(session.value("SELECT pg_current_xact_id()::text"))


def test_pruned_versions_leave_what_open_runs_ask_for(session: Session) -> None:
    table = insert(session, "one")
    for xid in (1, 2, 3):
        catalog.add_version(session, table.id, Snapshot.through(xid), xid=xid)
    session.execute(
        "UPDATE pgtrickle.pgt_versions SET created_at = now() - interval '8 days' WHERE xid IN ('1', '2')"
    )
    catalog.prune_runs(session, 7 * 86_400.0)
    assert session.rows("SELECT xid::text FROM pgtrickle.pgt_versions ORDER BY xid") == [("2",), ("3",)]


def test_a_run_keeps_its_first_frontier(session: Session) -> None:
    first = catalog.open_run(session, "manual__2024", [3, 1])
    again = catalog.open_run(session, "manual__2024", [5])
    assert again == first
    assert catalog.run(session, "manual__2024") == first
    assert first.members == (3, 1)
    assert catalog.run(session, "another") is None
    given = catalog.open_run(session, "given", snapshot=Snapshot.parse("3:4:3"))
    assert given.snapshot == Snapshot.parse("3:4:3")
    assert catalog.prune_runs(session, 1e-9) == 2


def test_two_openers_of_a_run_get_one_frontier(database: str, session: Session) -> None:
    def open_run(_: int) -> catalog.Run:
        with connect(database) as connection:
            return catalog.open_run(Session(connection), "shared")

    with ThreadPoolExecutor(4) as pool:
        assert len({run.snapshot for run in pool.map(open_run, range(8))}) == 1
