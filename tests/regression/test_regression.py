"""The ground of PostgreSQL's own regression files: after each batch, stream tables equal their queries.

Every query of the files beside this one is a stream table over the tables of ``schema.sql``; ``rounds.sql``
changes those, one transaction a round. A query is maintained by deltas unless a line ``-- recomputed: why``
stands before it. The oldest server follows every third query; all of them if PGTRICKLE_REGRESSION is ``all``.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

from airflow.providers.pgtrickle import PgTrickle
from airflow.providers.pgtrickle.engine.errors import PgTrickleError
from airflow.providers.pgtrickle.engine.settings import Settings

HERE = Path(__file__).parent
FILES = sorted(path for path in HERE.glob("*.sql") if path.name not in ("schema.sql", "rounds.sql"))
RECOMPUTED = "-- recomputed:"
#: Never recompute for the cost of it: the delta laws are what is tested, on tables where everything changes.
SETTINGS = Settings(full_threshold=1.0)


EVERY = 1 if os.environ.get("PGTRICKLE_REGRESSION") == "all" else 3


@dataclass(frozen=True)
class Query:
    text: str
    recomputed: bool


@dataclass
class Followed:
    """A stream table with what was seen of it."""

    query: Query
    mode: str
    reason: str | None
    state: str = ""
    changed: int = 0
    not_empty: int = 0
    actions: Counter[str] = field(default_factory=Counter)


def queries(path: Path) -> list[Query]:
    found: list[Query] = []
    recomputed = False
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("--"):
            recomputed = line.startswith(RECOMPUTED)
        elif line.strip():
            found.append(Query(line.strip().removesuffix(";"), recomputed))
            recomputed = False
    return found


def rounds() -> list[tuple[str, str]]:
    """Title and statements of each round."""
    parts = (HERE / "rounds.sql").read_text(encoding="utf-8").split("-- round: ")[1:]
    return [(part.partition("\n")[0], part.partition("\n")[2]) for part in parts]


def test_there_are_enough_queries() -> None:
    texts = [query.text for path in FILES for query in queries(path)]
    assert len(texts) >= 550
    assert len(set(texts)) == len(texts)
    assert len(rounds()) >= 5


@pytest.mark.slow
@pytest.mark.property
@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_queries_stay_exact(path: Path, database: str) -> None:
    with (
        psycopg.connect(database, autocommit=True, options="-c jit=off") as connection,
        PgTrickle.connect(database, settings=SETTINGS) as pgt,
    ):
        pgt.install()
        connection.execute((HERE / "schema.sql").read_text(encoding="utf-8"))
        newest = connection.info.server_version // 10000 >= 18
        follow(path, queries(path)[:: 1 if newest else EVERY], connection, pgt)


def follow(path: Path, chosen: list[Query], connection: psycopg.Connection, pgt: PgTrickle) -> None:
    wrong: list[str] = []
    tables: dict[str, Followed] = {}
    for position, query in enumerate(chosen, 1):
        name = f"q{position}"
        try:
            made = pgt.create_stream_table(name, with_unique_columns(connection, query.text))
        except (PgTrickleError, psycopg.Error) as error:
            wrong.append(f"not created: {query.text}\n    {error}")
            continue
        tables[name] = Followed(query, made.effective_mode, made.reason, state_of(connection, name))
    for title, statements in rounds():
        with connection.transaction():
            connection.execute(statements)
        for name, table in tables.items():
            try:
                result = pgt.refresh_stream_table(name)
                table.actions[result.action] += 1
                if result.action == "REINITIALIZE":  # a delta that does not fit makes the engine rebuild
                    wrong.append(f"{title}: {table.query.text}\n    {result.reason}")
                verification = pgt.verify_stream_table(name)
            except PgTrickleError as error:
                wrong.append(f"{title}: {table.query.text}\n    {error}")
                continue
            if not verification:
                wrong.append(f"{title}, {table.mode}: {table.query.text}\n    {verification}")
            state = state_of(connection, name)
            table.changed += state != table.state
            table.not_empty += bool(verification.rows)
            table.state = state
    recomputed = [table for table in tables.values() if table.mode != "DIFFERENTIAL"]
    wrong += [
        f"recomputed: {table.query.text}\n    {table.reason}"
        for table in recomputed
        if not table.query.recomputed
    ]
    checks = sum(table.actions.total() for table in tables.values())
    changed = sum(table.changed for table in tables.values())
    not_empty = sum(table.not_empty for table in tables.values())
    by_deltas = sum(table.actions["DIFFERENTIAL"] for table in tables.values())
    print(
        f"{path.stem}: {len(tables)} queries, {len(tables) - len(recomputed)} by deltas; {checks} checks,"
        f" {changed} changed, {not_empty} not empty, {by_deltas} refreshed by deltas, {len(wrong)} wrong"
    )
    assert not wrong, "\n".join(wrong)
    assert checks == len(chosen) * len(rounds())
    assert changed >= checks * 0.6
    assert not_empty >= checks * 0.7
    assert by_deltas >= (len(tables) - len(recomputed)) * len(rounds()) * 0.85


def with_unique_columns(connection: psycopg.Connection, query: str) -> str:
    """The query, its columns numbered where two have one name."""
    names = [column.name for column in connection.execute(query).description or ()]
    if len(set(names)) == len(names):
        return query
    return f"SELECT * FROM ({query}) AS z({', '.join(f'c{n}' for n in range(len(names)))})"


def state_of(connection: psycopg.Connection, name: str) -> str:
    """A digest of the rows of a stream table."""
    row = connection.execute(
        f"SELECT md5(coalesce(string_agg(q::text, ',' ORDER BY q::text), '')) FROM {name} AS q"
    ).fetchone()
    assert row is not None
    return str(row[0])
