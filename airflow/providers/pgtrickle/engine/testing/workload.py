"""Random schemas, data and transactions.

Keys are unique by construction: inserted ids stay below 500 and keep their remainder modulo 1000 when they
are changed, so that key updates never collide.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from airflow.providers.pgtrickle.engine.testing.expressions import Expressions, Value
from airflow.providers.pgtrickle.engine.testing.joins import ODD_NAMES, Output, Source, quote_name
from airflow.providers.pgtrickle.engine.testing.sqltypes import SQL_TYPES, Kind, SqlType

_UNDONE = (
    "DO $$ BEGIN {statement} RAISE EXCEPTION 'undone'; EXCEPTION WHEN raise_exception THEN NULL; END $$;"
)
COLUMN_NAMES = ("a", "b", "c", "d", "g", "k", "v")


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A column of a random table; ``generated`` columns are never written."""

    name: str
    type: SqlType
    nullable: bool = True
    generated: str = ""

    @property
    def ddl(self) -> str:
        """The column in CREATE TABLE."""
        return " ".join(
            part
            for part in (
                quote_name(self.name),
                self.type.name,
                "" if self.nullable else "NOT NULL",
                self.generated,
            )
            if part
        )


@dataclass(frozen=True, slots=True)
class Table:
    """A random table; ``key`` says whether it has an ``id`` as primary key."""

    name: str
    columns: tuple[TableColumn, ...]
    key: bool
    partitioned: bool
    rows: int

    @property
    def sql(self) -> str:
        """The table's name in SQL."""
        return quote_name(self.name)

    @property
    def written(self) -> tuple[TableColumn, ...]:
        """The columns that INSERT and UPDATE may name, without the key."""
        return tuple(column for column in self.columns if not column.generated)

    def source(self) -> Source:
        """The table as queries see it."""
        made = [Output("id", Kind.INT, 7)] if self.key else []
        made += [Output(column.name, column.type.kind, 4) for column in self.columns]
        return Source(self.sql, tuple(made), float(max(self.rows, 3)))


class Workload:
    """Draws tables, rows and transactions; remembers which ids are spent."""

    def __init__(self, rng: random.Random, features: frozenset[str]) -> None:
        self._rng = rng
        self._features = features
        self._expressions = Expressions(rng, frozenset({"expressions"}) | features)
        self._next_id = 1
        self._moves = 0
        self.tables: tuple[Table, ...] = ()

    def schema(self) -> str:
        """DDL and data of two to four tables."""
        rng = self._rng
        usable = [t for t in SQL_TYPES if t.feature in self._features]
        types = dict(
            zip(
                COLUMN_NAMES,
                rng.choices(usable, [t.weight for t in usable], k=len(COLUMN_NAMES)),
                strict=True,
            )
        )
        # Two names always hold small integers, so that joins find partners.
        integer = SQL_TYPES[0]
        types |= {"k": integer, "v": integer if rng.random() < 0.5 else types["v"]}
        self.tables = tuple(
            self._table(number, types) for number in range(1, rng.choice((2, 2, 3, 3, 4)) + 1)
        )
        parts = [self._create(table) for table in self.tables]
        parts += [self._insert(table, table.rows) for table in self.tables if table.rows]
        return "\n".join(parts)

    def _table(self, number: int, types: dict[str, SqlType]) -> Table:
        rng = self._rng
        odd = "odd_names" in self._features
        names = sorted({"k", *rng.sample(COLUMN_NAMES, rng.randint(1, 4))})
        columns = [TableColumn(name, types[name], nullable=rng.random() < 0.75) for name in names]
        if odd and rng.random() < 0.15:
            columns.append(TableColumn(rng.choice(ODD_NAMES), rng.choice(SQL_TYPES[:5])))
        if rng.random() < 0.1:
            columns.append(TableColumn("twice", SQL_TYPES[0], generated="GENERATED ALWAYS AS (k * 2) STORED"))
        name = f"R {number}" if odd and rng.random() < 0.08 else f"r{number}"
        return Table(
            name,
            tuple(columns),
            rng.random() < 0.6,
            rng.random() < 0.08,
            rng.choice((0, 6, 6, 8, 8, 8, 10, 10, 12, 12, 14, 14)),
        )

    def _create(self, table: Table) -> str:
        columns = [column.ddl for column in table.columns]
        if not table.key:
            tail = " PARTITION BY HASH (k)" if table.partitioned else ""
        else:
            columns.insert(0, "id integer PRIMARY KEY")
            tail = " PARTITION BY HASH (id)" if table.partitioned else ""
        sql = f"CREATE TABLE {table.sql} ({', '.join(columns)}){tail};"
        if table.partitioned:
            for remainder in (0, 1):
                sql += (
                    f"\nCREATE TABLE {quote_name(f'{table.name}p{remainder}')} PARTITION OF {table.sql}"
                    f" FOR VALUES WITH (MODULUS 2, REMAINDER {remainder});"
                )
        return sql

    def _row(self, table: Table) -> str:
        values = [str(self._new_id())] if table.key else []
        for column in table.written:
            null = column.nullable and self._rng.random() < 0.2
            values.append("NULL" if null else self._rng.choice(column.type.literals))
        return f"({', '.join(values)})"

    def _new_id(self) -> int:
        self._next_id += 1
        return self._next_id - 1

    def _targets(self, table: Table) -> str:
        return ", ".join(
            (["id"] if table.key else []) + [quote_name(column.name) for column in table.written]
        )

    def _insert(self, table: Table, count: int) -> str:
        rows = [self._row(table) for _ in range(count)]
        if not table.key and len(rows) > 1 and self._rng.random() < 0.6:
            rows.append(rows[0])
        return f"INSERT INTO {table.sql} ({self._targets(table)}) VALUES {', '.join(rows)};"

    # Transactions

    def round(self) -> str:
        """One to four transactions."""
        return "\n".join(self._transaction() for _ in range(self._rng.choice((1, 2, 2, 3, 4))))

    def _transaction(self) -> str:
        rng = self._rng
        statements: list[str] = []
        for _ in range(rng.choice((1, 2, 2, 3, 4, 5))):
            roll = rng.random()
            if roll < 0.1:
                inner = self._statement()
                ending = rng.choice(("ROLLBACK TO SAVEPOINT p;", "RELEASE SAVEPOINT p;"))
                statements += ["SAVEPOINT p;", inner, self._statement(), ending]
            elif roll < 0.13:
                statements.append(_UNDONE.format(statement=self._statement()))
            else:
                statements.append(self._statement())
        ending = "ROLLBACK;" if rng.random() < 0.12 else "COMMIT;"
        return "\n".join(["BEGIN;", *statements, ending])

    def _statement(self) -> str:
        table = self._rng.choice(self.tables)
        forms: list[tuple[int, Callable[[Table], str | None]]] = [
            (22, self._insert_some),
            (14, self._update),
            (8, self._delete),
            (4, self._move_keys),
            (1, self._update_all),
            (2, self._nothing),
            (2, self._there_and_back),
            (2, self._brief_row),
            (2, self._delete_partners),
            (1, self._copy_rows),
            (1, self._upsert),
            (1, self._truncate),
            (1, self._replace),
            (1, self._merge),
            (1, self._update_from),
            (1, self._move_rows),
        ]
        weights = [weight for weight, _ in forms]
        while True:
            made = self._rng.choices(forms, weights)[0][1](table)
            if made is not None:
                return made

    def _where(self, table: Table) -> str:
        columns = [Value(quote_name(c.name), c.type.kind, 4) for c in table.columns]
        if table.key and self._rng.random() < 0.3:
            return f"id % 4 = {self._rng.randint(0, 3)}"
        predicate = self._expressions.predicate(columns, self._rng.choice((0, 0, 1)))
        if self._rng.random() < 0.7:
            part = f"id % 3 = {self._rng.randint(0, 2)}" if table.key else f"k = {self._rng.randint(0, 3)}"
            return f"{part} AND {predicate}"
        return predicate

    def _new_value(self, column: TableColumn) -> str:
        roll = self._rng.random()
        if column.nullable and roll < 0.2:
            return "NULL"
        if column.type.name in {"integer", "bigint"} and roll < 0.45:
            return f"{quote_name(column.name)} + 1"
        return self._rng.choice(column.type.literals)

    def _assignments(self, table: Table) -> str:
        chosen = self._rng.sample(table.written, self._rng.randint(1, min(2, len(table.written))))
        return ", ".join(f"{quote_name(column.name)} = {self._new_value(column)}" for column in chosen)

    def _insert_some(self, table: Table) -> str:
        return self._insert(table, self._rng.choice((1, 2, 3, 4)))

    def _update(self, table: Table) -> str:
        return f"UPDATE {table.sql} SET {self._assignments(table)} WHERE {self._where(table)};"

    def _update_all(self, table: Table) -> str:
        return f"UPDATE {table.sql} SET {self._assignments(table)};"

    def _delete(self, table: Table) -> str:
        return f"DELETE FROM {table.sql} WHERE {self._where(table)};"

    def _move_keys(self, table: Table) -> str | None:
        if not table.key:
            return f"UPDATE {table.sql} SET k = {self._rng.randint(0, 3)} WHERE {self._where(table)};"
        self._moves += 1
        new = f"id + {1000 * self._moves}" if self._rng.random() < 0.6 else "-id"
        return f"UPDATE {table.sql} SET id = {new} WHERE {self._where(table)};"

    def _nothing(self, table: Table) -> str:
        column = quote_name(self._rng.choice(table.written).name)
        return f"UPDATE {table.sql} SET {column} = {column};"

    def _there_and_back(self, table: Table) -> str | None:
        if table.key:
            return f"UPDATE {table.sql} SET id = -id;\nUPDATE {table.sql} SET id = -id;"
        return f"UPDATE {table.sql} SET k = k + 1;\nUPDATE {table.sql} SET k = k - 1;"

    def _brief_row(self, table: Table) -> str | None:
        if not table.key:
            return None
        return f"{self._insert(table, 1)}\nDELETE FROM {table.sql} WHERE id = {self._next_id - 1};"

    def _delete_partners(self, _: Table) -> str:
        value = self._rng.randint(0, 3)
        return "\n".join(f"DELETE FROM {other.sql} WHERE k = {value};" for other in self.tables)

    def _copy_rows(self, table: Table) -> str | None:
        if table.key:
            return None
        listed = self._targets(table)
        some = f"SELECT {listed} FROM {table.sql} WHERE {self._where(table)} LIMIT 4"
        return f"INSERT INTO {table.sql} ({listed}) {some};"

    def _upsert(self, table: Table) -> str | None:
        if not table.key:
            return None
        old = self._rng.randint(1, self._next_id)
        row = self._row(table).replace(f"({self._next_id - 1},", f"({old},", 1)
        column = quote_name(self._rng.choice(table.written).name)
        action = self._rng.choice(("NOTHING", f"UPDATE SET {column} = EXCLUDED.{column}"))
        return f"INSERT INTO {table.sql} ({self._targets(table)}) VALUES {row} ON CONFLICT (id) DO {action};"

    def _truncate(self, table: Table) -> str | None:
        return f"TRUNCATE {table.sql};" if self._rng.random() < 0.4 else None

    def _replace(self, table: Table) -> str:
        return f"DELETE FROM {table.sql};\n{self._insert(table, 3)}"

    def _merge(self, table: Table) -> str | None:
        if not table.key:
            return None
        column = self._rng.choice(table.written)
        assignment = f"{quote_name(column.name)} = {self._rng.choice(column.type.literals)}"
        return (
            f"MERGE INTO {table.sql} AS m USING (SELECT id FROM {table.sql}) AS s ON m.id = s.id"
            f" WHEN MATCHED AND m.id % 3 = 0 THEN DELETE"
            f" WHEN MATCHED AND m.id % 3 = 1 THEN UPDATE SET {assignment};"
        )

    def _update_from(self, table: Table) -> str:
        other = self._rng.choice(self.tables)
        return f"UPDATE {table.sql} AS m SET k = o.k FROM {other.sql} AS o WHERE m.k = o.k + 1;"

    def _move_rows(self, table: Table) -> str | None:
        if table.key:
            return None
        listed = self._targets(table)
        return (
            f"WITH gone AS (DELETE FROM {table.sql} WHERE {self._where(table)} RETURNING *)"
            f" INSERT INTO {table.sql} ({listed}) SELECT {listed} FROM gone;"
        )
