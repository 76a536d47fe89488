"""Query shapes and constructs as stream tables over changing tables: refreshed, they equal their query.

PGTRICKLE_ROUNDS sets the number of rounds of random changes (2 if it is not set).
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from airflow.providers.pgtrickle import PgTrickle
from airflow.providers.pgtrickle.engine.errors import PgTrickleError
from airflow.providers.pgtrickle.engine.settings import Settings

DATA = Path(__file__).parents[1] / "data"
ROUNDS = int(os.environ.get("PGTRICKLE_ROUNDS", "2"))
#: Never recompute for the cost of it: the delta laws are what is tested, on tables where everything changes.
SETTINGS = Settings(full_threshold=1.0)
TABLES = {"r": ("a", "b", "v", "s"), "q": ("a", "b", "w", "s"), "e": ("src", "dst")}


def queries(file: str) -> list[str]:
    lines = (DATA / file).read_text().splitlines()
    return [line.strip().removesuffix(";") for line in lines if line.strip() and not line.startswith("--")]


def with_unique_columns(connection: psycopg.Connection, query: str) -> str:
    """The query, its columns numbered where two have one name."""
    names = [column.name for column in connection.execute(query).description or ()]
    if len(set(names)) == len(names):
        return query
    return f"SELECT * FROM ({query}) AS z({', '.join(f'c{n}' for n in range(len(names)))})"


class Changes:
    """Random statements over small domains: duplicates, NULLs and misses are frequent."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)

    def number(self) -> str:
        return "NULL" if self.rng.random() < 0.15 else str(self.rng.randrange(4))

    def value(self, table: str, column: str) -> str:
        if column == "s":
            return self.rng.choice(["'a'", "'b'", "'ab'", "NULL"])
        if column == "v":
            return self.rng.choice(["1", "2.5", "0", "NULL", "3.75"])
        return str(self.rng.randrange(5)) if table == "e" else self.number()

    def insert(self) -> str:
        table = self.rng.choices(tuple(TABLES), (5, 4, 2))[0]
        columns = list(TABLES[table])
        values = [self.value(table, column) for column in columns]
        if table == "r":
            columns += ["id", "f"]
            values += [str(self.rng.randrange(30)), self.rng.choice(["0.1", "0.2", "1e20", "-1e20", "NULL"])]
        return (
            f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join(values)}) ON CONFLICT DO NOTHING"
        )

    def statement(self) -> str:
        if self.rng.random() < 0.4:
            return self.insert()
        table, columns = self.rng.choice(tuple(TABLES.items()))
        condition = self.rng.choice(
            [
                f"{columns[0]} = {self.rng.randrange(4)}",
                f"{columns[1]} IS NULL",
                f"{columns[0]} = {self.rng.randrange(4)} AND {columns[1]} = {self.rng.randrange(4)}",
                f"ctid = (SELECT ctid FROM {table} OFFSET {self.rng.randrange(4)} LIMIT 1)",
            ]
        )
        if self.rng.random() < 0.4:
            return f"DELETE FROM {table} WHERE {condition}"
        column = self.rng.choice(columns)
        return f"UPDATE {table} SET {column} = {self.value(table, column)} WHERE {condition}"

    def batch(self) -> list[str]:
        """One transaction's statements; now and then a table is emptied, or fills up."""
        if self.rng.random() < 0.1:
            return [self.rng.choice(["TRUNCATE q", "DELETE FROM r", "TRUNCATE e"])]
        if self.rng.random() < 0.2:
            return [self.insert() for _ in range(15)]
        return [self.statement() for _ in range(self.rng.choice([1, 1, 2, 3, 6]))]


@contextmanager
def opened(database: str) -> Iterator[tuple[psycopg.Connection, PgTrickle]]:
    """A user's connection, and the engine on one of its own."""
    with (
        psycopg.connect(database, autocommit=True) as connection,
        PgTrickle.connect(database, settings=SETTINGS) as pgt,
    ):
        pgt.install()
        yield connection, pgt


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.property
def test_shapes_stay_exact(database: str) -> None:
    with opened(database) as (connection, pgt):
        check_shapes(connection, pgt)


def check_shapes(connection: psycopg.Connection, pgt: PgTrickle) -> None:
    connection.execute("""
        CREATE TABLE r (id int PRIMARY KEY, a int, b int, v numeric(8, 2), s text, f float8);
        CREATE TABLE q (a int, b int, w int, s text);
        CREATE TABLE e (src int, dst int)""")
    changes = Changes(connection.info.server_version)
    for _ in range(40):
        connection.execute(changes.insert())
    shapes, modes = {}, Counter[str]()
    for position, query in enumerate(queries("query_shapes.sql")):
        shapes[f"shape_{position}"] = text = with_unique_columns(connection, query)
        modes[pgt.create_stream_table(f"shape_{position}", text).effective_mode] += 1
    actions, wrong = Counter[str](), []
    for number in range(ROUNDS):
        with connection.transaction():
            for statement in changes.batch():
                connection.execute(statement)
        for name, text in shapes.items():
            result = pgt.refresh_stream_table(name)
            actions[result.action] += 1
            verification = pgt.verify_stream_table(name)
            if not verification or result.action == "REINITIALIZE":
                wrong.append(f"round {number}, {result.action}, {result.reason}: {text}\n    {verification}")
    print(f"{len(shapes)} shapes, {dict(modes)}, {ROUNDS} rounds: {dict(actions)}, {len(wrong)} wrong")
    assert not wrong, "\n".join(wrong)
    assert modes["DIFFERENTIAL"] >= 155
    assert actions["DIFFERENTIAL"] >= 20 * ROUNDS


#: Queries with more than one right answer, and such as PostgreSQL cannot run over the rows below.
AMBIGUOUS = (
    "offset 1",
    "limit all offset 3",
    "limit 2 + 3",
    "row_number() over ()",
    "ntile(4) over (order by a)",
)

ROUNDS_OF_CONSTRUCTS = {
    "changed": """
        delete from t where id in (2, 5, 9); delete from u where id = 6; delete from edge where src = 2;
        update t set a = a + 1, s = s || 'q', c = c + 1, arr = arr || 7 where id % 3 = 0;
        update t set jb = jsonb_set(jb, '{a}', '9') where id % 4 = 0; select seed(20, 24);
        update u set a = 0, t_id = t_id + 1 where id % 4 = 1; insert into edge values (4, 5), (8, 9);
        update "Mixed Case" set plain = 9 where plain = 3; insert into "Other Place".t values (3, 1, 'n')""",
    "emptied": "delete from u; delete from edge; update t set a = null, s = null where id % 2 = 0",
    "truncated": "truncate t, keywords",
    "refilled": "insert into edge values (1, 2), (2, 3); select seed(20, 24)",
}


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.property
def test_constructs_stay_exact(database18: str) -> None:
    with opened(database18) as (connection, pgt):
        check_constructs(connection, pgt)


def check_constructs(connection: psycopg.Connection, pgt: PgTrickle) -> None:
    connection.execute((DATA / "parse_constructs.schema.sql").read_text())
    connection.execute((DATA / "parse_constructs.rows.sql").read_text())

    major = connection.info.server_version // 10000
    names = ["parse_constructs.sql", *(f"parse_constructs_{version}.sql" for version in range(16, major + 1))]
    tables, skipped, modes = {}, [], Counter[str]()
    with psycopg.connect(connection.info.dsn, autocommit=True) as own:
        own.execute("SET search_path = shop, public")
        with PgTrickle(own, settings=SETTINGS) as creator:
            for position, query in enumerate(query for name in names for query in queries(name)):
                if any(sign in query for sign in AMBIGUOUS):
                    continue
                try:
                    text = with_unique_columns(connection, query)
                except psycopg.Error:
                    skipped.append(query)  # PostgreSQL cannot run it over these rows
                    continue
                try:
                    created = creator.create_stream_table(f"public.construct_{position}", text)
                except PgTrickleError as error:
                    if error.code != "PGT-103":
                        raise AssertionError(f"{text}\n    {error}") from error
                    skipped.append(query)
                    continue
                tables[f"public.construct_{position}"] = text
                modes[created.effective_mode] += 1
    actions, wrong = Counter[str](), []
    for title, change in ROUNDS_OF_CONSTRUCTS.items():
        connection.execute(change)
        for name, text in list(tables.items()):
            try:
                result = pgt.refresh_stream_table(name)
                actions[result.action] += 1
                verification = pgt.verify_stream_table(name)
            except PgTrickleError as error:
                wrong.append(f"{title}: {text}\n    {error}")
                del tables[name]
                continue
            if not verification or result.action == "REINITIALIZE":
                wrong.append(f"{title}, {result.action}, {result.reason}: {text}\n    {verification}")
    print(f"{len(tables)} constructs, {dict(modes)}: {dict(actions)}, left out {len(skipped)}")
    assert not wrong, "\n".join(wrong)
    assert modes["DIFFERENTIAL"] >= 165
    assert actions["DIFFERENTIAL"] >= 400
    assert len(skipped) < 40
