"""The oracle: whether a stream table holds exactly the rows of its defining query.

It shares nothing with the engine. Both sides are read by one SQL statement, thus at one snapshot, and
compared as multisets. A second, stronger reading replaces every stream table below by a plain view of the
same name in a schema that stands first in the search_path, so that a whole chain is recomputed from its
base tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow.providers.pgtrickle.engine.names import quote_identifier

if TYPE_CHECKING:
    import psycopg

#: Types without an equality operator, alone or as elements: their values are compared as text.
_NO_EQUALITY = frozenset(
    (
        "json",
        "xml",
        "point",
        "box",
        "circle",
        "lseg",
        "line",
        "path",
        "polygon",
        "txid_snapshot",
        "pg_snapshot",
    )
)


@dataclass(frozen=True, slots=True)
class Difference:
    """What a comparison found: rows of the query that the stream table lacks, and rows it has too many.

    ``rows`` counts the query's rows; ``samples`` holds up to ten rows as text, '-' lacking and '+' too many.
    """

    missing: int
    unexpected: int
    rows: int
    samples: tuple[str, ...] = ()

    @property
    def exact(self) -> bool:
        """Whether nothing differs."""
        return not (self.missing or self.unexpected)

    def __bool__(self) -> bool:
        return self.exact


def compare(connection: psycopg.Connection[Any], stream_table: str, query: str) -> Difference:
    """Compare a relation, given as SQL text of its name, with a query, row by row and copy by copy."""
    actual = _comparable(connection, f"SELECT * FROM {stream_table}")
    expected = _comparable(connection, query)
    text = f"""
        WITH expected AS MATERIALIZED ({expected}),
             actual AS MATERIALIZED ({actual}),
             missing AS (TABLE expected EXCEPT ALL TABLE actual),
             unexpected AS (TABLE actual EXCEPT ALL TABLE expected)
        SELECT (SELECT count(*) FROM missing), (SELECT count(*) FROM unexpected),
               (SELECT count(*) FROM expected),
               ARRAY(SELECT '-' || missing::text FROM missing LIMIT 5)
               || ARRAY(SELECT '+' || unexpected::text FROM unexpected LIMIT 5)"""
    row = connection.execute(text.encode()).fetchone()
    assert row is not None
    return Difference(row[0], row[1], row[2], tuple(row[3]))


def recompute(connection: psycopg.Connection[Any], stream_table: str, schema: str, shadow: str) -> Difference:
    """Compare ``schema.stream_table`` with the plain view of the same name in the schema ``shadow``."""
    name = quote_identifier(stream_table)
    return compare(
        connection, f"{quote_identifier(schema)}.{name}", f"SELECT * FROM {quote_identifier(shadow)}.{name}"
    )


def _comparable(connection: psycopg.Connection[Any], query: str) -> str:
    """The query with numbered columns, those that have no equality as text."""
    described = connection.execute(f"SELECT * FROM ({query}) AS q LIMIT 0".encode()).description or ()
    names = [f"c{position}" for position, _ in enumerate(described, 1)]
    shown = _needs_text(connection, [column.type_code for column in described])
    listed = ", ".join(
        f"{name}::text" if as_text else name for name, as_text in zip(names, shown, strict=True)
    )
    return f"SELECT {listed} FROM ({query}) AS q ({', '.join(names)})"


def _needs_text(connection: psycopg.Connection[Any], oids: Sequence[int]) -> list[bool]:
    rows = connection.execute(
        """SELECT t.oid, coalesce(e.typname, b.typname, t.typname)::text
           FROM pg_type AS t
           LEFT JOIN pg_type AS e ON e.oid = t.typelem AND t.typcategory = 'A'
           LEFT JOIN pg_type AS b ON b.oid = t.typbasetype
           WHERE t.oid = ANY (%s)""",
        [list(oids)],
    ).fetchall()
    names = dict(rows)
    return [names[oid] in _NO_EQUALITY for oid in oids]
