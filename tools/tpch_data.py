"""TPC-H in a database: the tables with data, keys and indexes, and batches of changes to them."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import psycopg
from psycopg import sql

TABLES = ("region", "nation", "supplier", "customer", "part", "partsupp", "orders", "lineitem")

_HERE = Path(__file__).parent
_GENERATOR = Path(sys.executable).with_name("tpchgen-cli")
_GENERATOR_TIMEOUT = 600
_BLOCK = 1 << 18


def is_loaded(connection: psycopg.Connection) -> bool:
    """Whether ``load`` has been done in this database."""
    row = connection.execute("SELECT to_regclass('tpch.lineitem')").fetchone()
    return row is not None and row[0] is not None


def load(connection: psycopg.Connection, scale: float) -> None:
    """Generate the tables at a scale factor into schema tpch, in one transaction."""
    with tempfile.TemporaryDirectory() as directory, connection.transaction():
        subprocess.run(
            [_GENERATOR, "csv", "-s", str(scale), "-o", directory, "--quiet"],
            check=True,
            timeout=_GENERATOR_TIMEOUT,
        )
        connection.execute((_HERE / "tpch_schema.sql").read_text())
        for table in TABLES:
            copy = sql.SQL("COPY {} FROM STDIN (FORMAT csv, HEADER)").format(sql.Identifier("tpch", table))
            with (
                Path(directory, f"{table}.csv").open("rb") as data,
                connection.cursor() as cursor,
                cursor.copy(copy) as target,
            ):
                while block := data.read(_BLOCK):
                    target.write(block)
        connection.execute((_HERE / "tpch_keys.sql").read_text())


def change(connection: psycopg.Connection) -> int:
    """Commit a batch of changes to orders, lineitem, customer and supplier; the number of rows changed."""
    with connection.transaction():
        before = rows_changed(connection).total()
        connection.execute((_HERE / "tpch_batch.sql").read_text())
        return rows_changed(connection).total() - before


def mutate(connection: psycopg.Connection, share: float, number: int) -> int:
    """Commit changes to all eight tables, ``share`` of the rows of each; the number of rows changed.

    ``number`` numbers the rounds, from 1 on.
    """
    with connection.transaction():
        before = rows_changed(connection).total()
        connection.execute(
            "SELECT set_config('tpch.share', %s, true), set_config('tpch.round', %s, true), setseed(%s)",
            [str(share), str(number), number / 1000],
        )
        connection.execute((_HERE / "tpch_mutations.sql").read_text())
        return rows_changed(connection).total() - before


def rows_changed(connection: psycopg.Connection) -> Counter[tuple[str, str]]:
    """Rows that the transaction in progress has inserted, updated and deleted, by table and kind."""
    found = connection.execute(
        "SELECT relname, kind, number FROM pg_stat_xact_user_tables, LATERAL (VALUES"
        " ('inserted', n_tup_ins), ('updated', n_tup_upd), ('deleted', n_tup_del)) AS k (kind, number)"
        " WHERE schemaname = 'tpch' AND number > 0"
    )
    return Counter({(table, kind): int(number) for table, kind, number in found})
