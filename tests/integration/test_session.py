"""The session: borrowed politely, explicit transactions, errors of our own, types as PostgreSQL has them."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import psycopg
import pytest

from airflow.providers.pgtrickle.engine.db import (
    Session,
    as_query_error,
    compose,
    connect,
    retrying,
    union_all,
)
from airflow.providers.pgtrickle.engine.errors import ConnectionInUse, InvalidQuery, RefreshFailed
from airflow.providers.pgtrickle.engine.names import QualifiedName


@pytest.fixture
def session(database: str) -> Iterator[Session]:
    connection = connect(database)
    yield Session(connection)
    connection.close()


@pytest.mark.parametrize("autocommit", [False, True])
def test_the_owners_setting_is_back_after_every_call(database: str, autocommit: bool) -> None:
    with psycopg.connect(database, autocommit=autocommit) as connection:
        session = Session(connection)
        session.execute("CREATE TABLE t (a int)")
        assert connection.autocommit is autocommit
        with session.transaction():
            assert connection.autocommit
            session.execute("INSERT INTO t VALUES (1)")
        assert connection.autocommit is autocommit
        with session, session:
            assert session.value("SELECT count(*) FROM t") == 1
        with pytest.raises(RefreshFailed):
            session.execute("nonsense")
        assert connection.autocommit is autocommit
        assert connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE


def test_a_connection_in_a_transaction_is_refused(database: str) -> None:
    with psycopg.connect(database) as connection:
        session = Session(connection)
        connection.execute("SELECT 1")
        with pytest.raises(ConnectionInUse):
            Session(connection)
        with pytest.raises(ConnectionInUse):
            session.execute("SELECT 1")
        connection.rollback()
        assert session.value("SELECT 1") == 1


def test_a_closed_connection_is_a_transient_failure(database: str) -> None:
    connection = connect(database)
    session = Session(connection)
    connection.close()
    with pytest.raises(RefreshFailed) as failure:
        session.execute("SELECT 1")
    assert failure.value.transient
    with pytest.raises(RefreshFailed) as failure:
        connect("host=/nowhere dbname=none")
    assert failure.value.transient


def test_a_transaction_commits_or_leaves_nothing(session: Session) -> None:
    session.execute("CREATE TABLE t (a int)")
    with session.transaction("repeatable read"):
        assert session.value("SHOW transaction_isolation") == "repeatable read"
        assert session.in_transaction
        session.execute("INSERT INTO t VALUES (1)")
        with pytest.raises(RefreshFailed), session.savepoint():
            session.execute("INSERT INTO t VALUES (2); SELECT 1/0")
        with session.savepoint():
            session.execute("INSERT INTO t VALUES (3)")
        with pytest.raises(RuntimeError), session.transaction():
            pass
    assert session.rows("SELECT a FROM t ORDER BY a") == [(1,), (3,)]
    with suppress(KeyError), session.transaction():
        session.execute("DELETE FROM t")
        raise KeyError
    assert session.value("SELECT count(*) FROM t") == 2
    assert not session.in_transaction
    with pytest.raises(RuntimeError), session.savepoint():
        pass


def test_a_failure_that_was_swallowed_does_not_pass_for_a_commit(session: Session) -> None:
    session.execute("CREATE TABLE t (a int)")
    with pytest.raises(RefreshFailed, match="rolled back"), session.transaction(), suppress(RefreshFailed):
        session.execute("INSERT INTO t VALUES (1); SELECT 1/0")
    assert session.value("SELECT count(*) FROM t") == 0


def test_a_read_only_default_does_not_stop_the_engine(session: Session) -> None:
    session.execute(
        "SET default_transaction_read_only = on; SET default_transaction_isolation = serializable"
    )
    with session.transaction():
        session.execute("CREATE TABLE t (a int)")
        assert session.value("SHOW transaction_isolation") == "read committed"


def terminate(session: Session, backend_pid: int) -> bool:
    return bool(session.value("SELECT pg_terminate_backend(%s, 5000)", (backend_pid,)))


def test_a_backend_that_is_terminated_is_a_transient_failure(database: str, session: Session) -> None:
    other = Session(connect(database))
    with pytest.raises(RefreshFailed) as failure, session.transaction():
        terminate(other, session.backend_pid) and session.value("SELECT 1")
    assert failure.value.transient
    assert session.closed


def test_native_text_keeps_its_percent_signs(session: Session) -> None:
    assert session.native("SELECT $1::int % 4, 'a%s' LIKE $2", [7, "a%"]) == [(3, True)]
    assert session.native("CREATE TABLE t (a int)") == []
    assert session.native_count("INSERT INTO t SELECT generate_series(1, $1)", [3]) == 3
    assert session.execute("DELETE FROM t WHERE a %% 2 = %s", (1,)) == 2
    assert session.row("SELECT a FROM t") == (2,)
    assert session.row("SELECT a FROM t WHERE a = %(a)s", {"a": 9}) is None
    assert session.value("SELECT a FROM t WHERE false") is None


def test_a_query_is_described_without_being_run(session: Session) -> None:
    session.execute("CREATE DOMAIN cents AS numeric(10,2)")
    described = session.describe("SELECT 1/0 AS a, 'x'::varchar(3) AS \"B b\", 1::cents AS c")
    assert [(name, typmod) for name, _, typmod in described] == [("a", -1), ("B b", 7), ("c", 655366)]
    assert session.describe("CREATE TABLE t (a int)") == []
    assert session.value("SELECT to_regclass('t')") is None
    with pytest.raises(InvalidQuery) as error, as_query_error("shop.revenue"):
        session.describe("SELECT nothing FROM pg_class")
    assert (error.value.position, error.value.sqlstate, error.value.subject) == (8, "42703", "shop.revenue")
    assert session.value("SELECT 1") == 1


def test_a_position_is_told_from_the_start_of_the_query(session: Session) -> None:
    prefix = "CREATE VIEW v AS "
    with pytest.raises(InvalidQuery) as error, as_query_error(offset=len(prefix)):
        session.execute(prefix + "SELECT lenght('a')")
    assert error.value.position == 8
    assert "does not exist" in error.value.message
    with pytest.raises(RefreshFailed) as failure, as_query_error():
        session.execute("DO $$ BEGIN RAISE lock_not_available; END $$")
    assert failure.value.transient


TYPES = """
CREATE SCHEMA "T t";
CREATE TYPE "T t".colour AS ENUM ('red');
CREATE DOMAIN "T t".cents AS numeric(10,2);
CREATE DOMAIN "T t".dollars AS "T t".cents CHECK (VALUE > 0);
CREATE TYPE "T t".good AS (a int, b text);
CREATE TYPE "T t".bad AS (a int, b json);
CREATE TYPE "T t".span AS RANGE (subtype = "T t".colour);
CREATE TABLE "T t"."plain" (a int, n numeric(5,1));
SET search_path = "T t";
"""


@pytest.mark.parametrize(
    ("text", "typmod", "expected"),
    [
        ("int4", -1, ("integer", "integer", "N", True, True, True)),
        ("text", -1, ("text", "text", "S", True, True, True)),
        ("varchar", 14, ("character varying(10)", "character varying", "S", True, True, True)),
        ("bpchar", 7, ("character(3)", "character", "S", True, True, True)),
        ("bpchar", -1, ("bpchar", "character", "S", True, True, False)),
        ("numeric", -1, ("numeric", "numeric", "N", True, True, False)),
        ("numeric", 655366, ("numeric(10,2)", "numeric", "N", True, True, True)),
        ("float8", -1, ("double precision", "double precision", "N", True, True, False)),
        ("jsonb", -1, ("jsonb", "jsonb", "U", True, True, False)),
        ("json", -1, ("json", "json", "U", False, False, False)),
        ("json[]", -1, ("json[]", "json[]", "A", False, False, False)),
        ("point", -1, ("point", "point", "G", False, False, False)),
        ("money", -1, ("money", "money", "N", True, False, True)),
        ("interval", -1, ("interval", "interval", "T", True, True, False)),
        (
            "timestamptz",
            3,
            ("timestamp(3) with time zone", "timestamp with time zone", "D", True, True, True),
        ),
        ("numrange", -1, ("numrange", "numrange", "R", True, True, False)),
        ("int8multirange", -1, ("int8multirange", "int8multirange", "R", True, True, True)),
        ("colour", -1, ('"T t".colour', '"T t".colour', "E", True, True, True)),
        ("colour[]", -1, ('"T t".colour[]', '"T t".colour[]', "A", True, True, True)),
        ("cents", -1, ('"T t".cents', "numeric", "N", True, True, True)),
        ("dollars", -1, ('"T t".dollars', "numeric", "N", True, True, True)),
        ("good", -1, ('"T t".good', '"T t".good', "C", True, True, True)),
        ("bad", -1, ('"T t".bad', '"T t".bad', "C", False, False, False)),
        ("bad[]", -1, ('"T t".bad[]', '"T t".bad[]', "A", False, False, False)),
        ("span", -1, ('"T t".span', '"T t".span', "R", True, True, True)),
        ("plain", -1, ('"T t".plain', '"T t".plain', "C", True, True, True)),
    ],
)
def test_what_there_is_to_know_about_a_type(
    session: Session, text: str, typmod: int, expected: tuple[object, ...]
) -> None:
    session.execute(TYPES)
    oid = session.value("SELECT %s::regtype::oid::int8", (text,))
    described = session.describe_types([(oid, typmod), (0, -1)])
    assert list(described) == [(oid, typmod)]
    known = described[oid, typmod]
    assert (
        known.name,
        known.base,
        known.category,
        known.has_equality,
        known.has_hash,
        known.equal_image,
    ) == expected
    assert session.value("SHOW search_path") == '"T t"'


def test_equality_and_hashing_are_those_of_postgresql(session: Session) -> None:
    """For every type of the server: PostgreSQL is asked to group by it, and to hash a row of it."""
    oids = [row[0] for row in session.rows("SELECT oid::int8 FROM pg_type WHERE typtype <> 'p'")]
    types = session.describe_types((oid, -1) for oid in oids)
    assert len(types) == len(oids) > 400
    wrong = []
    hashed = 0
    for known in types.values():
        if known.has_equality != accepts(session, f"SELECT DISTINCT NULL::{known.name}"):
            wrong.append(("equality", known))
        if known.category not in "CPZ":
            hashed += 1
            query = f"SELECT hash_record_extended(ROW(x), 0) FROM (SELECT NULL::{known.name}) AS r (x)"
            if known.has_hash != accepts(session, query, run=True):
                wrong.append(("hash", known))
    assert not wrong
    assert hashed > 80


def accepts(session: Session, query: str, *, run: bool = False) -> bool:
    try:
        if run:
            session.rows(query)
        else:
            session.describe(query)
    except RefreshFailed as failure:
        return failure.sqlstate != "42883"
    return True


def test_statements_are_composed_with_quoted_names(session: Session) -> None:
    name = QualifiedName('Odd "schema"', "T {1} %s")
    session.execute(compose("CREATE SCHEMA {schema}", schema=name.schema))
    type_ = session.describe_types([(1700, 655366)])[1700, 655366]
    columns = [compose("{name} {type}", name=column, type=type_) for column in ("a b", 'c"')]
    session.execute(compose("CREATE TABLE {table} ({columns})", table=name, columns=columns))
    insert = compose(
        "INSERT INTO {table} ({columns}) VALUES (%s, {number})", table=name, columns=["a b", 'c"'], number=7
    )
    assert session.execute(insert, (1,)) == 1
    select = compose('SELECT "a b" + {number} FROM {table}', table=name, number=-3)
    assert session.rows(union_all([select, select])) == [(-2,), (-2,)]
    with pytest.raises(KeyError):
        compose("SELECT {missing}")


def test_transient_errors_are_tried_again(database: str, session: Session) -> None:
    session.execute("CREATE TABLE t (a int); SET lock_timeout = '20ms'")
    blocker = psycopg.connect(database)
    blocker.execute("LOCK TABLE t")
    release = threading.Timer(0.3, blocker.rollback)
    attempts = []

    def work() -> int:
        attempts.append(time.monotonic())
        with session.transaction():
            return session.execute("INSERT INTO t VALUES (1)")

    release.start()
    assert retrying(50, longest_wait=0.1)(work) == 1
    release.join()
    assert len(attempts) > 1
    blocker.execute("LOCK TABLE t")
    with pytest.raises(RefreshFailed):
        retrying(2, longest_wait=0.01)(work)
    with pytest.raises(ZeroDivisionError):
        retrying(5)(lambda: 1 // 0)
    blocker.close()
