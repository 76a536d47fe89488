"""TPC-H in a database: the tables with data, keys and indexes, and batches of changes to them."""

from __future__ import annotations

import subprocess
import sys
import tempfile
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
        before = _rows_changed(connection)
        connection.execute((_HERE / "tpch_batch.sql").read_text())
        return _rows_changed(connection) - before


def _rows_changed(connection: psycopg.Connection) -> int:
    """Rows that the transaction in progress has written in the tables."""
    row = connection.execute(
        "SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0) FROM pg_stat_xact_user_tables"
        " WHERE schemaname = 'tpch'"
    ).fetchone()
    return int(row[0]) if row else 0
