"""The column types that random schemas use, each with a small domain of literals.

Small domains make duplicates, equal join keys and vanishing groups frequent. Values that are equal but not
identical (1 and 1.00, -0 and 0) are only offered where SQL itself is deterministic about them.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Kind(enum.Enum):
    """What an expression's value is, as far as the generator needs to know."""

    INT = "integer"
    BIGINT = "bigint"
    FIXED = "numeric(8,2)"
    NUMERIC = "numeric"
    FLOAT = "float8"
    TEXT = "text"
    BOOL = "boolean"
    DATE = "date"
    TIMESTAMP = "timestamp"
    TIMESTAMPTZ = "timestamptz"
    INTERVAL = "interval"
    JSONB = "jsonb"
    JSON = "json"
    ENUM = "mood"
    INTS = "integer[]"
    RANGE = "int4range"
    UUID = "uuid"

    @property
    def has_equality(self) -> bool:
        """Whether values can be compared, grouped and made distinct."""
        return self is not Kind.JSON

    @property
    def has_extremes(self) -> bool:
        """Whether MIN and MAX accept values, in every supported version of PostgreSQL."""
        return self not in {Kind.BOOL, Kind.JSON, Kind.JSONB, Kind.RANGE, Kind.UUID}


@dataclass(frozen=True, slots=True)
class SqlType:
    """A column type: how DDL spells it, the kind of its values, literals, how often schemas use it."""

    name: str
    kind: Kind
    literals: tuple[str, ...]
    weight: int
    feature: str = "plain_types"


SQL_TYPES = (
    SqlType("integer", Kind.INT, ("0", "1", "2", "3", "(-1)"), 12),
    SqlType("bigint", Kind.BIGINT, ("0::bigint", "1::bigint", "2::bigint", "(-7)::bigint"), 5),
    SqlType(
        "numeric(8,2)",
        Kind.FIXED,
        tuple(f"({v})::numeric(8,2)" for v in ("0", "1.5", "2.25", "-1", "100.1")),
        6,
    ),
    SqlType(
        "numeric",
        Kind.NUMERIC,
        (
            "0::numeric",
            "1::numeric",
            "2.50::numeric",
            "(-3.125)::numeric",
            "0.1234567890123456789012345::numeric",
        ),
        4,
    ),
    SqlType("text", Kind.TEXT, ("'a'::text", "'b'::text", "'B'::text", "''::text", "'é'::text"), 9),
    SqlType("varchar(3)", Kind.TEXT, ("'x'::text", "'yy'::text", "'a'::text"), 2),
    SqlType("boolean", Kind.BOOL, ("true", "false"), 3),
    SqlType("date", Kind.DATE, ("DATE '2024-02-29'", "DATE '2024-03-01'", "DATE '2025-01-01'"), 4),
    SqlType(
        "timestamptz",
        Kind.TIMESTAMPTZ,
        (
            "TIMESTAMPTZ '2024-03-31 01:30:00+00'",
            "TIMESTAMPTZ '2024-03-31 03:30:00+02'",
            "TIMESTAMPTZ '2025-01-01 00:00:00+00'",
        ),
        2,
    ),
    SqlType("timestamp", Kind.TIMESTAMP, ("TIMESTAMP '2024-03-01 12:00'", "TIMESTAMP '2024-03-02 00:00'"), 2),
    SqlType(
        "float8",
        Kind.FLOAT,
        (
            "0::float8",
            "1.5::float8",
            "(-0.25)::float8",
            "2::float8",
            "'-0'::float8",
            "'NaN'::float8",
            "'Infinity'::float8",
        ),
        4,
    ),
    SqlType(
        "jsonb",
        Kind.JSONB,
        (
            """'{"a": 1}'::jsonb""",
            """'{"a": "x", "b": [1, 2]}'::jsonb""",
            "'[1, 2]'::jsonb",
            "'null'::jsonb",
            "'7'::jsonb",
        ),
        2,
        "exotic_types",
    ),
    SqlType("json", Kind.JSON, ("""'{"a": 1}'::json""", """'{"a":1}'::json""", "'[]'::json"), 1, "json"),
    SqlType("mood", Kind.ENUM, ("'sad'::mood", "'ok'::mood", "'happy'::mood"), 2, "exotic_types"),
    SqlType("small", Kind.INT, ("0", "1", "2", "5"), 2, "exotic_types"),
    SqlType("label", Kind.TEXT, ("'l'::text", "'m'::text"), 1, "exotic_types"),
    SqlType(
        "integer[]",
        Kind.INTS,
        ("'{}'::integer[]", "'{1,2}'::integer[]", "'{NULL,1}'::integer[]", "'{2}'::integer[]"),
        2,
        "exotic_types",
    ),
    SqlType(
        "int4range",
        Kind.RANGE,
        ("int4range(1, 5)", "int4range(3, NULL)", "'empty'::int4range"),
        1,
        "exotic_types",
    ),
    SqlType(
        "interval",
        Kind.INTERVAL,
        ("INTERVAL '1 day'", "INTERVAL '24 hours'", "INTERVAL '-1 month'"),
        1,
        "exotic_types",
    ),
    SqlType(
        "uuid",
        Kind.UUID,
        ("'00000000-0000-0000-0000-000000000001'::uuid", "'ffffffff-0000-0000-0000-000000000002'::uuid"),
        1,
        "exotic_types",
    ),
)

#: User-defined types that the literals above need.
TYPE_DDL = """\
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE DOMAIN small AS integer CHECK (VALUE BETWEEN -5 AND 10000);
CREATE DOMAIN label AS varchar(4);"""

#: Literals by kind, for constants in expressions.
LITERALS: dict[Kind, tuple[str, ...]] = {}
for _type in SQL_TYPES:
    LITERALS.setdefault(_type.kind, _type.literals)
