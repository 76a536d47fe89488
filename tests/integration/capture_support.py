"""The oracle of capture: the table now = the table before + the weights in its buffer, row by row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import psycopg

from airflow.providers.pgtrickle.engine import capture, catalog
from airflow.providers.pgtrickle.engine.db import Session, connect

#: A row as text, so that values compare as what they look like; None for NULL.
Row = tuple[str | None, ...]


class Captured:
    """One source under capture, on a connection of its own, observed from outside of what writers do."""

    def __init__(self, dsn: str, table: str, columns: Iterable[str] | None = None) -> None:
        self.connection = connect(dsn)
        self.session = Session(self.connection)
        catalog.install(self.session)
        self.table = table
        self.oid = self.session.value("SELECT %s::regclass::oid::int8", (table,))
        attributes = self.session.rows(
            "SELECT attnum::int4, quote_ident(attname) FROM pg_attribute"
            " WHERE attrelid = %s::oid AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
            (self.oid,),
        )
        wanted = None if columns is None else set(columns)
        self.attnums = [number for number, name in attributes if wanted is None or name in wanted]
        self.ensure()
        self.before = self.rows()

    def ensure(self) -> bool:
        with self.session.transaction():
            return capture.ensure_capture(self.session, self.oid, self.attnums)

    @property
    def name(self) -> str:
        return str(self.session.value("SELECT %s::oid::regclass::text", (self.oid,)))

    def select(self) -> str:
        """A query for the captured columns, each as text."""
        names = dict(
            self.session.rows(
                "SELECT attnum::int4, quote_ident(attname) FROM pg_attribute WHERE attrelid = %s::oid",
                (self.oid,),
            )
        )
        columns = ", ".join(f"({names[number]})::text" for number in self.attnums) or "1::text"
        return f"SELECT {columns} FROM {self.name}"

    def rows(self) -> Counter[Row]:
        return Counter(self.session.rows(self.select()))

    def changes(self) -> Counter[Row]:
        """The buffer's rows with their weights added up; those of weight zero are left out."""
        columns = ", ".join(f"c_{number}::text" for number in self.attnums) or "1::text"
        total: Counter[Row] = Counter()
        for weight, *row in self.session.rows(
            f"SELECT weight, {columns} FROM pgtrickle_changes.changes_{self.oid}"
        ):
            total[tuple(row)] += weight
        return Counter({row: weight for row, weight in total.items() if weight})

    def buffered(self) -> int:
        """How many rows the buffer holds."""
        return int(self.session.value(f"SELECT count(*) FROM pgtrickle_changes.changes_{self.oid}"))

    def assert_exact(self) -> None:
        expected = self.rows()
        expected.subtract(self.before)
        expected = Counter({row: weight for row, weight in expected.items() if weight})
        changes = self.changes()
        missing = {row: weight for row, weight in expected.items() if changes.get(row) != weight}
        assert changes == expected, f"{self.name}: expected {missing} among {changes}"

    def problem(self) -> str | None:
        fingerprint = capture.fingerprint(self.session, [self.oid])
        return fingerprint[str(self.oid)]["problem"]  # type: ignore[no-any-return]


def run(dsn: str, *statements: str) -> None:
    """Run each statement in a transaction of its own, as an application would."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)  # type: ignore[call-overload]


def query(dsn: str, text: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(dsn, autocommit=True) as connection:
        return connection.execute(text).fetchall()  # type: ignore[call-overload,no-any-return]
