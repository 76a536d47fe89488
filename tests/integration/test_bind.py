"""What a Binding says about relations, keys, columns, functions; what a user hears about a wrong query."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from airflow.providers.pgtrickle.engine.db import Session
from airflow.providers.pgtrickle.engine.definitions import bind as bind_module
from airflow.providers.pgtrickle.engine.definitions.bind import bind, create_definition
from airflow.providers.pgtrickle.engine.errors import InvalidQuery, UnsupportedQuery
from airflow.providers.pgtrickle.engine.names import QualifiedName
from airflow.providers.pgtrickle.engine.schema import Binding, Relation

DEFINITION = QualifiedName("pgtrickle_defs", "def_1")


@pytest.fixture
def connection(database: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA pgtrickle_defs; CREATE SCHEMA pgtrickle_data; CREATE SCHEMA shop")
        connection.execute("SET search_path = shop, public")
        connection.execute("CREATE TABLE t (id integer PRIMARY KEY, a integer, s text)")
        yield connection


def define(connection: psycopg.Connection, query: str) -> Binding:
    connection.execute("DROP VIEW IF EXISTS pgtrickle_defs.def_1")
    session = Session(connection)
    create_definition(session, DEFINITION, query)
    return bind(session, DEFINITION)


def relation(binding: Binding, schema: str, name: str) -> Relation:
    return binding.relations[QualifiedName(schema, name)]


def rejection(connection: psycopg.Connection, query: str) -> InvalidQuery:
    connection.execute("DROP VIEW IF EXISTS pgtrickle_defs.def_1")
    with pytest.raises(InvalidQuery) as caught:
        create_definition(Session(connection), DEFINITION, query)
    return caught.value


def create_case_insensitive_collation(connection: psycopg.Connection) -> str:
    """Its name; that of a deterministic one where the server was built without ICU."""
    try:
        connection.execute(
            "CREATE COLLATION ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false)"
        )
    except psycopg.errors.FeatureNotSupported:
        return '"POSIX"'
    return "ci"


# -- names


def test_names_resolve_by_the_users_search_path_and_come_back_qualified(
    connection: psycopg.Connection,
) -> None:
    connection.execute(
        'CREATE SCHEMA "Odd One"; CREATE TABLE "Odd One".t (x integer); SET search_path = "Odd One"'
    )
    binding = define(connection, "SELECT x FROM t")
    assert binding.text.endswith('FROM "Odd One".t')
    assert set(binding.relations) == {QualifiedName("Odd One", "t")}
    assert connection.execute("SHOW search_path").fetchone() == ('"Odd One"',)


def test_case_quoting_and_reserved_words_keep_their_names(connection: psycopg.Connection) -> None:
    connection.execute('CREATE TABLE "User" ("Select" integer, "from" integer, "größe" text, "a""b" integer)')
    binding = define(connection, 'SELECT "Select", "from" AS "order", "größe", "a""b" FROM "User"')
    assert [column.name for column in binding.columns] == ["Select", "order", "größe", 'a"b']
    assert binding.obstacle is None
    names = [column.name for column in relation(binding, "shop", "User").columns]
    assert names == ["Select", "from", "größe", 'a"b']


def test_settings_that_change_printed_constants_do_not_change_the_text(
    connection: psycopg.Connection,
) -> None:
    query = "SELECT id, date '2020-03-04' AS d, interval '-1 day 2 hours' AS i, 0.1::float8 AS f FROM t"
    plain = define(connection, query)
    connection.execute(
        "SET datestyle = 'SQL, DMY'; SET intervalstyle = 'iso_8601'; SET extra_float_digits = -10;"
        "SET quote_all_identifiers = on"
    )
    session = Session(connection)
    assert bind(session, DEFINITION).text == plain.text
    assert "2020-03-04" in plain.text
    with session.transaction():
        assert bind(session, DEFINITION).text == plain.text
        assert session.value("SHOW datestyle") == "SQL, DMY"
        assert session.value("SHOW search_path") == "shop, public"
    assert connection.execute("SHOW intervalstyle").fetchone() == ("iso_8601",)


# -- relations


def test_views_are_followed_to_any_depth(connection: psycopg.Connection) -> None:
    connection.execute("CREATE VIEW v1 AS SELECT id, a FROM t; CREATE VIEW v2 (k, b) AS SELECT id, a FROM v1")
    binding = define(connection, "SELECT v2.k, (SELECT max(a) FROM v1) AS m FROM v2")
    assert {name.name: found.kind for name, found in binding.relations.items()} == {
        "t": "table",
        "v1": "view",
        "v2": "view",
    }
    text = relation(binding, "shop", "v2").view_text
    assert text is not None
    assert "AS k" in text
    assert text.endswith("FROM shop.v1")
    assert [column.name for column in relation(binding, "shop", "v2").columns] == ["k", "b"]
    assert binding.obstacle is None


def test_an_obstacle_in_a_view_names_the_view(
    connection: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    # No construct is known that our parser misreads: the comparison is made to say so.
    compare = bind_module.first_difference
    monkeypatch.setattr(
        bind_module,
        "first_difference",
        lambda text, other: "+ 2 instead of + 1" if "+ 1" in text else compare(text, other),
    )
    connection.execute("CREATE VIEW odd AS SELECT id + 1 AS s FROM t")
    assert define(connection, "SELECT id FROM t").obstacle is None
    obstacle = define(connection, "SELECT s FROM odd").obstacle
    assert obstacle is not None
    assert obstacle.startswith("View shop.odd: ")


def test_kinds_of_relations(connection: psycopg.Connection) -> None:
    connection.execute("""
        CREATE TABLE parted (k integer PRIMARY KEY) PARTITION BY RANGE (k);
        CREATE MATERIALIZED VIEW mat AS SELECT id FROM t;
        CREATE TABLE pgtrickle_data.st_7_2 (x integer);
        CREATE SEQUENCE numbers;
        CREATE FOREIGN DATA WRAPPER fdw; CREATE SERVER far FOREIGN DATA WRAPPER fdw;
        CREATE FOREIGN TABLE remote (x integer) SERVER far""")
    binding = define(
        connection,
        "SELECT 1 AS one FROM t, parted, mat, remote, pg_class, information_schema.tables, numbers,"
        " pgtrickle_data.st_7_2",
    )
    assert {name.name: found.kind for name, found in binding.relations.items()} == {
        "t": "table",
        "parted": "partitioned",
        "mat": "materialized_view",
        "remote": "foreign",
        "pg_class": "catalog",
        "tables": "catalog",
        "numbers": "catalog",
        "st_7_2": "table",
    }
    assert relation(binding, "pgtrickle_data", "st_7_2").stream_table_id == 7
    assert relation(binding, "shop", "t").stream_table_id is None
    assert relation(binding, "information_schema", "tables").view_text is None


def test_columns_skip_dropped_ones_and_know_their_types(connection: psycopg.Connection) -> None:
    collation = create_case_insensitive_collation(connection)
    connection.execute(f"""
        CREATE DOMAIN money_amount AS numeric(12, 2);
        CREATE TABLE typed (
            gone integer, n numeric, m money_amount NOT NULL, j json, ci text COLLATE {collation}, e "char");
        ALTER TABLE typed DROP COLUMN gone""")
    binding = define(connection, "SELECT n, m, j, ci, e FROM typed")
    columns = {column.name: column for column in relation(binding, "shop", "typed").columns}
    assert list(columns) == ["n", "m", "j", "ci", "e"]
    assert columns["m"].type.name == "shop.money_amount"
    assert columns["m"].type.base == "numeric"
    assert columns["m"].not_null
    assert columns["n"].number == 2
    assert not columns["n"].type.equal_image
    assert not columns["j"].type.has_equality
    assert columns["ci"].type.equal_image == (collation != "ci")
    assert columns["e"].type.name == '"char"'
    assert [column.type.name for column in binding.columns] == [c.type.name for c in columns.values()]


def test_unique_keys_are_those_that_always_hold(connection: psycopg.Connection) -> None:
    collation = create_case_insensitive_collation(connection)
    connection.execute(f"""
        CREATE TABLE k (
            a integer NOT NULL, b integer NOT NULL, c integer, d integer NOT NULL,
            e integer NOT NULL UNIQUE DEFERRABLE, f text COLLATE {collation} NOT NULL, g text NOT NULL);
        CREATE UNIQUE INDEX ON k (c);                               -- nullable
        CREATE UNIQUE INDEX ON k (d) WHERE d > 0;                   -- partial
        CREATE UNIQUE INDEX ON k (abs(d));                          -- expression
        CREATE UNIQUE INDEX ON k (f COLLATE "C");                   -- finer than the column's own equality
        CREATE UNIQUE INDEX ON k (g text_pattern_ops) INCLUDE (d);
        CREATE UNIQUE INDEX ON k (b, a);
        ALTER TABLE k ADD PRIMARY KEY (a)""")
    keys = relation(define(connection, "SELECT a FROM k"), "shop", "k").unique_keys
    finer = () if collation == "ci" else (("f",),)
    assert keys == (("a",), *finer, ("g",), ("b", "a"))


def test_inheritance_voids_keys_and_not_null_of_the_parent(connection: psycopg.Connection) -> None:
    connection.execute("CREATE TABLE parent (id integer PRIMARY KEY, n integer)")
    query = "SELECT id FROM parent"
    alone = relation(define(connection, query), "shop", "parent")
    assert alone.unique_keys == (("id",),)
    connection.execute("CREATE TABLE child () INHERITS (parent)")
    heir = relation(define(connection, query), "shop", "parent")
    assert heir.unique_keys == ()
    assert heir.column("id").not_null
    assert not heir.column("n").not_null


def test_a_not_null_constraint_that_was_never_validated_is_no_promise(connection: psycopg.Connection) -> None:
    if connection.info.server_version < 180000:
        pytest.skip("NOT NULL … NOT VALID came with PostgreSQL 18")
    connection.execute("INSERT INTO t VALUES (1); ALTER TABLE t ADD CONSTRAINT nn NOT NULL a NOT VALID")
    assert not relation(define(connection, "SELECT a FROM t"), "shop", "t").column("a").not_null


# -- functions and features


def test_functions_are_those_really_called(connection: psycopg.Connection) -> None:
    connection.execute("""
        CREATE FUNCTION lower(integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1';
        CREATE FUNCTION wobble(integer) RETURNS integer LANGUAGE sql VOLATILE AS 'SELECT $1';
        CREATE OPERATOR <~> (leftarg = integer, rightarg = integer, procedure = int4mi);
        CREATE FUNCTION add(integer, integer) RETURNS integer LANGUAGE sql VOLATILE AS 'SELECT $1 + $2';
        CREATE AGGREGATE shaky(integer) (sfunc = add, stype = integer, initcond = '0');
        CREATE VIEW v AS SELECT id, wobble(a) AS w FROM t""")
    binding = define(
        connection,
        "SELECT lower(a) AS l, lower(s) AS m, a <~> 1 AS o, shaky(a) OVER () AS q, row_number() OVER () AS r,"
        " now() AS n FROM t JOIN v USING (id) WHERE random() < 2",
    )
    found = {(f.schema, f.name): (f.kind, f.volatility, f.builtin) for f in binding.functions}
    assert found["shop", "lower"] == ("function", "immutable", False)
    assert found["pg_catalog", "lower"] == ("function", "immutable", True)
    assert found["shop", "wobble"] == ("function", "volatile", False)
    assert found["pg_catalog", "int4mi"] == ("function", "immutable", True)
    assert found["shop", "shaky"] == ("aggregate", "volatile", False)
    assert found["pg_catalog", "row_number"][0] == "window"
    assert found["pg_catalog", "now"] == ("function", "stable", True)
    assert found["pg_catalog", "random"] == ("function", "volatile", True)
    assert ("pg_catalog", "int4eq") in found


@pytest.mark.parametrize(
    ("query", "features"),
    [
        ("SELECT id FROM t", set()),
        ("SELECT id FROM t FOR UPDATE", {"for_update"}),
        ("SELECT id FROM (SELECT id FROM t FOR SHARE) AS s", {"for_update"}),
        ("SELECT id FROM t TABLESAMPLE system (10)", {"tablesample"}),
        (
            "WITH RECURSIVE r AS (SELECT 1 AS n UNION SELECT n + 1 FROM r WHERE n < 3) SELECT n FROM r",
            {"recursive"},
        ),
        (
            "SELECT current_date AS d, CURRENT_USER AS u, localtime(1) AS l",
            {"current_date", "current_user", "localtime"},
        ),
        ("SELECT ':rowMarks ({ {TABLESAMPLECLAUSE :relid 1' AS s FROM t", set()),
        ("SELECT id, a FROM t GROUP BY id", {"functional_dependency"}),
    ],
)
def test_features(connection: psycopg.Connection, query: str, features: set[str]) -> None:
    assert define(connection, query).features == features


def test_binding_leaves_nothing_behind(connection: psycopg.Connection) -> None:
    define(connection, "SELECT id FROM t")
    count = "SELECT count(*) FROM pg_class WHERE relnamespace = 'pgtrickle_defs'::regnamespace"
    assert connection.execute(count).fetchone() == (1,)


def test_binding_what_is_not_there(connection: psycopg.Connection) -> None:
    with pytest.raises(InvalidQuery, match="no definition view"):
        bind(Session(connection), QualifiedName("pgtrickle_defs", "def_9"))


# -- what PostgreSQL rejects


@pytest.mark.parametrize(
    ("query", "sqlstate", "position", "message"),
    [
        ("SELECT nope\nFROM t", "42703", 8, 'column "nope" does not exist (line 1, column 8).'),
        ("SELECT 'größe' AS s,\n  missing(id)\nFROM t", "42883", 24, "(line 2, column 3)"),
        ("SELECT 1 AS a FROM nowhere", "42P01", 20, 'relation "nowhere" does not exist'),
        ("SELECT id FROM", "42601", 15, "syntax error at end of input"),
        ("SELECT id, id FROM t", "42701", None, "Two output columns share a name"),
        ("SELECT 1 + 1, 2 + 2", "42701", None, "Two output columns have no name."),
        ("SELECT 1 AS a; SELECT 2", "42601", 15, "a second statement"),
        ("SELECT 1 AS a; DROP TABLE t", "42601", 15, "a second statement"),
        ("DELETE FROM t", "42601", 1, "a query begins with SELECT"),
        ("SELECT id INTO other FROM t", "0A000", None, "SELECT INTO"),
        ("SELECT id FROM t WITH CHECK OPTION", "42601", 23, "check"),
        ("SELECT $1 AS p", "42P02", 8, "there is no parameter $1"),
        ("SELECT 'open", "42601", 8, "unterminated quoted string"),
        ("SELECT 1 /* open", "42601", 10, "unterminated /* comment"),
        ("  -- nothing\n;", "42601", 1, "The query is empty."),
        ("SELECT 'x'::integer AS i", "22P02", 8, "invalid input syntax"),
    ],
)
def test_rejections_carry_message_sqlstate_and_position(
    connection: psycopg.Connection, query: str, sqlstate: str, position: int | None, message: str
) -> None:
    error = rejection(connection, query)
    assert (error.sqlstate, error.position) == (sqlstate, position)
    assert message in error.message


@pytest.mark.parametrize(
    "query", ["SELECT id FROM t;", "SELECT id FROM t ;; -- done", "/* a */ (TABLE t);", "VALUES (1)"]
)
def test_semicolons_and_comments_around_a_query_do_no_harm(
    connection: psycopg.Connection, query: str
) -> None:
    assert define(connection, query).obstacle is None


def test_percent_signs_and_braces_are_the_querys_own(connection: psycopg.Connection) -> None:
    assert "'%s {x} %'" in define(connection, "SELECT id FROM t WHERE s LIKE '%s {x} %' AND a % 2 = 0").text


def test_a_temporary_table_is_refused_by_name(connection: psycopg.Connection) -> None:
    connection.execute("CREATE TEMPORARY TABLE scratch (x integer)")
    with pytest.raises(UnsupportedQuery, match="temporary table"):
        create_definition(Session(connection), DEFINITION, "SELECT x FROM scratch")
