"""Every construct that PostgreSQL accepts in a view comes back from our parser and generator unchanged."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from airflow.providers.pgtrickle.engine.db import Session
from airflow.providers.pgtrickle.engine.definitions.bind import bind
from airflow.providers.pgtrickle.engine.names import QualifiedName
from airflow.providers.pgtrickle.engine.parse import inline_views, rewind, table_references

DATA = Path(__file__).parents[1] / "data"
DEFINITION = QualifiedName("pgtrickle_defs", "def_1")


def constructs(major: int) -> list[str]:
    names = ["parse_constructs.sql", *(f"parse_constructs_{version}.sql" for version in range(16, major + 1))]
    lines = (line for name in names for line in (DATA / name).read_text().splitlines())
    return [line.removesuffix(";") for line in lines if line and not line.startswith("--")]


def tpch_queries() -> list[str]:
    return [path.read_text().strip().removesuffix(";") for path in sorted(DATA.glob("tpch_queries/q*.sql"))]


@pytest.fixture
def connection(database: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA pgtrickle_defs; CREATE SCHEMA tpch")
        connection.execute((DATA / "parse_constructs.schema.sql").read_text())
        connection.execute("SET search_path = tpch")
        connection.execute((DATA / "tpch_queries" / "schema.sql").read_text())
        yield connection


def create(connection: psycopg.Connection, query: str) -> None:
    """The definition view of a query, its columns numbered where the query names two alike."""
    connection.execute("DROP VIEW IF EXISTS pgtrickle_defs.def_1")
    try:
        connection.execute(f"CREATE VIEW pgtrickle_defs.def_1 AS {query}")
    except psycopg.errors.DuplicateColumn:
        cursor = connection.execute(query.replace("for update", "")) if "from" not in query else None
        width = len((cursor or connection.execute(f"SELECT * FROM ({query}) q LIMIT 0")).description or ())
        names = ", ".join(f"c{number}" for number in range(width))
        connection.execute(f"CREATE VIEW pgtrickle_defs.def_1 ({names}) AS {query}")


def test_constructs_survive_the_round_trip(connection: psycopg.Connection) -> None:
    connection.execute("SET search_path = shop")
    cases = constructs(connection.info.server_version // 10000)
    lost = []
    for query in cases:
        create(connection, query)
        binding = bind(Session(connection), DEFINITION)
        if binding.obstacle is not None:
            lost.append(f"{query}\n    {binding.obstacle}")
        # What the text alone shows of its relations is what PostgreSQL found.
        if set(binding.relations) != table_references(query, default_schema="shop"):
            lost.append(f"{query}\n    reads {[str(name) for name in binding.relations]}")
    assert not lost, "\n".join(lost)
    assert len(cases) >= 235


def test_tpch_queries_survive_the_round_trip(connection: psycopg.Connection) -> None:
    queries = tpch_queries()
    for query in queries:
        create(connection, query)
        binding = bind(Session(connection), DEFINITION)
        assert binding.obstacle is None
        assert binding.relations
    assert len(queries) == 22


def test_the_servers_own_views_survive_the_round_trip(connection: psycopg.Connection) -> None:
    """A body of SQL that nobody wrote for this test."""
    found = connection.execute("""
        SELECT format('%I.%I', n.nspname, c.relname)
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind = 'v' AND n.nspname IN ('pg_catalog', 'information_schema')""").fetchall()
    lost, checked = [], 0
    for (name,) in found:
        connection.execute("DROP VIEW IF EXISTS pgtrickle_defs.def_1; SET search_path = ''")
        text = connection.execute("SELECT pg_get_viewdef(%s::regclass)", [name]).fetchone()[0].rstrip("; ")
        cursor = connection.execute(f"SELECT * FROM {name} LIMIT 0")
        columns = ", ".join(f'"{column.name}"' for column in cursor.description or ())
        try:
            connection.execute(f"CREATE VIEW pgtrickle_defs.def_1 ({columns}) AS {text}")
        except psycopg.errors.InvalidTableDefinition:
            continue  # a column of pseudo-type anyarray, allowed to the server alone
        obstacle = bind(Session(connection), DEFINITION).obstacle
        checked += 1
        if obstacle is not None:
            lost.append(f"{name}: {obstacle}")
    assert not lost, "\n".join(lost)
    assert checked >= 130


def test_what_postgresql_prints_and_cannot_read_is_mended(connection: psycopg.Connection) -> None:
    connection.execute("SET search_path = shop")
    # PostgreSQL prints CYCLE … TO 'Y'::text, which it cannot read itself.
    create(
        connection,
        "with recursive r(s, d) as (select src, dst from edge union all select e.src, e.dst from edge e, r "
        "where e.src = r.d) cycle s set mark to date '2020-01-01' default date '2021-01-01' using path"
        " select s, d from r",
    )
    binding = bind(Session(connection), DEFINITION)
    assert binding.obstacle is None
    assert "TO date '2020-01-01' DEFAULT date '2021-01-01' USING path" in binding.text
    connection.execute(f"SELECT * FROM ({binding.text}) AS q".encode())


def test_rewound_and_inlined_texts_mean_the_same(connection: psycopg.Connection) -> None:
    """Every table behind a view, and behind a subquery, that has all its columns: the answer stays."""
    tables = ["region", "nation", "part", "supplier", "partsupp", "customer", "orders", "lineitem"]
    connection.execute("CREATE SCHEMA views")
    for table in tables:
        connection.execute(f'CREATE VIEW views."{table}" AS SELECT * FROM tpch.{table}')
    seed(connection)
    checked = 0
    for query in tpch_queries():
        connection.execute("SET search_path = views")
        create(connection, query)
        binding = bind(Session(connection), DEFINITION)
        inlined = inline_views(binding.text, binding.relations)
        assert "views." not in inlined
        replacements = {}
        for relation in binding.relations.values():
            if relation.kind == "table":
                columns = ", ".join(column.name for column in relation.columns)
                replacements[relation.name] = f"SELECT {columns} FROM {relation.name} WHERE true"
        rewound = rewind(inlined, replacements)
        assert rewound.count("WHERE true") >= len(replacements)
        expected = connection.execute("TABLE pgtrickle_defs.def_1").fetchall()
        connection.execute("SET search_path = ''")
        for text in (inlined, rewound):
            assert sorted(connection.execute(text).fetchall(), key=repr) == sorted(expected, key=repr)
        checked += bool(expected)
    assert checked >= 6


def seed(connection: psycopg.Connection) -> None:
    """A few rows, enough for some queries to have an answer."""
    connection.execute("""
        insert into region values (0, 'ASIA'), (1, 'EUROPE'), (2, 'AMERICA');
        insert into nation values (0, 'GERMANY', 1), (1, 'FRANCE', 1), (2, 'INDIA', 0), (3, 'BRAZIL', 2);
        insert into part select i, 'forest green ' || i, 'm', 'Brand#12', 'PROMO BRASS', 15, 'SM CASE', i, ''
            from generate_series(1, 8) i;
        insert into supplier select i, 's' || i, 'a', i % 4, '13-1', 10 * i, '' from generate_series(1, 6) i;
        insert into partsupp select p, s, 5, p + s, '' from generate_series(1, 8) p, generate_series(1, 6) s;
        insert into customer select i, 'c' || i, 'a', i % 4, '13-' || i, i * 7 - 20, 'BUILDING', ''
            from generate_series(1, 9) i;
        insert into orders select i, 1 + i % 7, 'F', i * 100, date '1993-01-01' + i * 40, '1-URGENT', '',
                0, ''
            from generate_series(1, 40) i;
        insert into lineitem select o, 1 + o % 8, 1 + o % 6, n, 5 * n, 100 * n, 0.06, 0.01, 'R', 'F',
            date '1993-02-01' + o * 40, date '1993-02-11' + o * 40, date '1993-02-15' + o * 40,
            'DELIVER IN PERSON', 'MAIL', '' from generate_series(1, 40) o, generate_series(1, 3) n;
    """)
