"""Every aggregate that the server has, and the digits of those that are maintained by addition."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import psycopg
import pytest

from airflow.providers.pgtrickle import PgTrickle
from airflow.providers.pgtrickle.engine.errors import UnsupportedQuery
from airflow.providers.pgtrickle.engine.settings import Settings

#: Never recompute for the cost of it.
SETTINGS = Settings(full_threshold=1.0)

#: For each type that an aggregate may take: the type of a column, and an expression of i for its value.
#: Floating point values are sums of powers of two, whose sums do not depend on an order.
VALUES = {
    "smallint": ("smallint", "i % 5 - 2"),
    "integer": ("integer", "i % 7 - 3"),
    "bigint": ("bigint", "(i % 4) * 5000000000"),
    "numeric": ("numeric(10, 3)", "(i % 6) * 1.125"),
    "real": ("real", "(i % 4) * 0.25"),
    "double precision": ("double precision", "(i % 5) * 0.5"),
    "interval": ("interval", "i % 4 * interval '1 day 1 hour'"),
    "money": ("money", "(i % 4)::text::money"),
    "boolean": ("boolean", "i % 3 = 0"),
    "bit": ("bit(4)", "(i % 16)::bit(4)"),
    "text": ("text", "'t' || i % 3"),
    "character": ("character(3)", "'c' || i % 3"),
    "bytea": ("bytea", r"('\x0' || i % 4)::bytea"),
    "date": ("date", "date '2024-01-01' + i % 4"),
    "time without time zone": ("time", "time '10:00' + i % 4 * interval '1 hour'"),
    "time with time zone": ("timetz", "('10:00+0' || i % 3)::timetz"),
    "timestamp without time zone": ("timestamp", "timestamp '2024-01-01' + i % 4 * interval '1 hour'"),
    "timestamp with time zone": ("timestamptz", "timestamptz '2024-01-01+00' + i % 4 * interval '1 day'"),
    "inet": ("inet", "('10.0.0.' || i % 4)::inet"),
    "oid": ("oid", "(i % 4)::oid"),
    "pg_lsn": ("pg_lsn", "('0/' || i % 4)::pg_lsn"),
    "tid": ("tid", "('(0,' || 1 + i % 4 || ')')::tid"),
    "xid8": ("xid8", "(i % 4)::text::xid8"),
    "record": ("pair", "ROW(i % 3, 'p')::pair"),
    "anyenum": ("mood", "(ARRAY['sad', 'ok', 'happy'])[1 + i % 3]::mood"),
    "anyarray": ("int[]", "ARRAY[i % 3, 1]"),
    "anyrange": ("int4range", "int4range(i % 3, i % 3 + 4)"),
    "anymultirange": ("int4multirange", "int4multirange(int4range(i % 3, i % 3 + 4))"),
    "xml": ("xml", "('<a>' || i % 3 || '</a>')::xml"),
    "double precision[]": ("float8[]", "ARRAY[0.25, 0.5]::float8[]"),
}
#: Polymorphic arguments take a column of this type.
STANDS_FOR = {"anyelement": "integer", "anynonarray": "integer", '"any"': "integer"}
#: Their result depends on the order of the rows, unless the call has one.
ORDERED = {
    "any_value",
    "array_agg",
    "json_agg",
    "json_agg_strict",
    "json_object_agg",
    "json_object_agg_strict",
    "json_object_agg_unique",
    "json_object_agg_unique_strict",
    "jsonb_agg",
    "jsonb_agg_strict",
    "jsonb_object_agg",
    "jsonb_object_agg_strict",
    "string_agg",
    "xmlagg",
}
#: PostgreSQL computes these of floating point numbers row by row, with divisions: the order shows.
DEPEND_ON_ORDER = ("var", "stddev", "covar", "corr", "regr")

AGGREGATES = """
    SELECT p.proname::text, a.aggkind::text, a.aggnumdirectargs,
        ARRAY(SELECT pg_catalog.format_type(t, NULL) FROM unnest(p.proargtypes) AS t)
    FROM pg_catalog.pg_aggregate AS a
    JOIN pg_catalog.pg_proc AS p ON p.oid = a.aggfnoid
    WHERE p.pronamespace = 'pg_catalog'::regnamespace
    ORDER BY 1, 4"""


@dataclass(frozen=True)
class Builtin:
    """An aggregate of the server, with a column for each of its arguments."""

    name: str
    kind: str
    direct: int
    arguments: tuple[str, ...]

    @property
    def floating(self) -> bool:
        return any(argument in ("real", "double precision") for argument in self.arguments)

    @property
    def wants_order(self) -> bool:
        return self.floating and self.name.startswith(DEPEND_ON_ORDER) and self.name != "regr_count"

    def columns(self) -> list[str]:
        """The columns that stand for the arguments; a key of an object is the row's own."""
        names = [column_of(argument) for argument in self.arguments]
        return ["id", *names[1:]] if "object_agg" in self.name else names

    def calls(self) -> list[str]:
        """The call as it stands, with a condition, and with DISTINCT where that may be."""
        names = self.columns()
        if self.kind == "h":
            plain = [f"{self.name}(1) WITHIN GROUP (ORDER BY {names[0]})"]
        elif self.kind == "o":
            direct = {"double precision": "0.25", "double precision[]": "ARRAY[0.25, 0.5]::float8[]"}
            given = ", ".join(direct[argument] for argument in self.arguments[: self.direct])
            plain = [f"{self.name}({given}) WITHIN GROUP (ORDER BY {names[-1]})"]
        else:
            order = " ORDER BY id" if self.name in ORDERED or self.wants_order else ""
            plain = [f"{self.name}({', '.join(names) or '*'}{order})"]
            if names and column_of("xml") not in names and "object_agg" not in self.name:
                order = f" ORDER BY {', '.join(names)}" if order else ""
                plain.append(f"{self.name}(DISTINCT {', '.join(names)}{order})")
        calls = [*plain, f"{plain[0]} FILTER (WHERE h = 1)"]
        # A view has no column of the type record.
        return [f"({call})::text" for call in calls] if "record" in self.arguments else calls


def column_of(argument: str) -> str:
    kind = STANDS_FOR.get(argument, argument)
    return "c_" + "".join(letter if letter.isalnum() else "_" for letter in kind)


@pytest.mark.slow
@pytest.mark.property
def test_every_aggregate_stays_exact(database: str) -> None:
    with (
        psycopg.connect(database, autocommit=True, options="-c jit=off") as connection,
        PgTrickle.connect(database, settings=SETTINGS) as pgt,
    ):
        pgt.install()
        every_aggregate(connection, pgt)


def every_aggregate(connection: psycopg.Connection, pgt: PgTrickle) -> None:
    builtins = [
        Builtin(name, kind, direct, tuple(types))
        for name, kind, direct, types in connection.execute(AGGREGATES).fetchall()
    ]
    connection.execute("CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy'); CREATE TYPE pair AS (x int, y text)")
    usable = usable_types(connection)
    left_out = [item for item in builtins if not {STANDS_FOR.get(a, a) for a in item.arguments} <= usable]
    assert {item.name for item in left_out} <= {"xmlagg"}  # a server that was built without libxml
    columns = {column_of(kind): VALUES[kind] for kind in VALUES if kind in usable}
    listed = ", ".join(f"{name} {kind}" for name, (kind, _) in columns.items())
    # An array among the arguments of array_agg may not be NULL.
    values = ", ".join(
        value if kind == "int[]" else f"CASE WHEN i % 9 < 8 THEN {value} END"
        for kind, value in columns.values()
    )
    connection.execute(f"CREATE TABLE v (id int PRIMARY KEY, g int, h int, {listed})")
    connection.execute(
        "CREATE FUNCTION seed(int, int) RETURNS void LANGUAGE sql AS $$ INSERT INTO v"
        f" SELECT i, nullif(i % 4, 3), i % 2, {values} FROM generate_series($1, $2) AS i $$;"
        " SELECT seed(1, 25)"
    )
    # One stream table for each name; apart, the overloads that have their group read again.
    together: dict[str, list[Builtin]] = {}
    for item in builtins:
        if item not in left_out:
            suffix = "_of_records" if "record" in item.arguments else "_of_floats" if item.floating else ""
            together.setdefault(item.name + suffix, []).append(item)
    for name, items in together.items():
        calls = [call for item in items for call in item.calls()]
        listed = ", ".join(f"{call} AS v{number}" for number, call in enumerate(calls))
        made = pgt.create_stream_table(f"s_{name}", f"SELECT g, {listed} FROM v GROUP BY g")
        mode = "FULL" if name.endswith("_of_records") else "DIFFERENTIAL"
        assert made.effective_mode == mode, (name, made.reason)
    actions, changed, wrong = Counter[str](), 0, []
    for change in (
        "DELETE FROM v WHERE id IN (1, 2, 3, 8); SELECT seed(30, 34)",
        "UPDATE v SET g = 1 WHERE id % 5 = 0; UPDATE v SET h = 1 - h WHERE id % 3 = 0",
        "DELETE FROM v WHERE g = 2",
    ):
        connection.execute(change)
        for name in together:
            result = pgt.refresh_stream_table(f"s_{name}")
            actions[result.action] += 1
            changed += bool(result.rows_inserted + result.rows_deleted)
            verification = pgt.verify_stream_table(f"s_{name}")
            if not verification:
                wrong.append(f"{name}: {change}: {verification}")
    followed = sum(map(len, together.values()))
    print(f"{followed} aggregates, {len(together)} stream tables, {dict(actions)}, {changed} changed")
    assert not wrong, "\n".join(wrong)
    assert followed == len(builtins) - len(left_out) >= 140
    assert actions["DIFFERENTIAL"] >= 3 * (len(together) - 2)
    assert changed >= 2 * len(together)


def usable_types(connection: psycopg.Connection) -> set[str]:
    """The types of VALUES that this server can make a value of."""
    found = set()
    for kind, (_, value) in VALUES.items():
        try:
            connection.execute(f"SELECT {value} FROM generate_series(1, 1) AS i")
            found.add(kind)
        except psycopg.errors.FeatureNotSupported:
            continue
    return found


#: A column of exact numbers each, and an expression of i and the group g for its values, of all magnitudes.
EXACT = {
    "i2": ("smallint", "(i * 7919 + g * 31) % 3001 - 1500"),
    "i4": (
        "integer",
        "((i * 104729 + g * 7) % 100003) * (CASE g % 3 WHEN 0 THEN 1 WHEN 1 THEN 100 ELSE 20000 END)",
    ),
    "i8": (
        "bigint",
        "(i * 15485863 + g) % 1000003 + CASE g % 4 WHEN 0 THEN 0 ELSE (10::numeric ^ (g % 17))::bigint END",
    ),
    "fixed": ("numeric(12, 2)", "((i * 7919 + g * 13) % 100003) / 100.0"),
    "tiny": ("numeric(30, 20)", "((i * 7919 + g) % 997) / (10::numeric ^ (4 + g % 16))"),
    "long": ("numeric(60, 10)", "((i * 7919 + g) % 997) * (10::numeric ^ (g % 40)) + i / 7.0"),
    "same": ("numeric(8, 3)", "g / 8.0"),
    "nan": ("numeric(8, 3)", "CASE WHEN (i + g) % 11 = 0 THEN 'NaN' ELSE (i % 5)::numeric END"),
}
DEVIATIONS = ("var_pop", "var_samp", "variance", "stddev_pop", "stddev_samp", "stddev")


def test_deviations_have_the_digits_of_postgresql(database: str) -> None:
    with (
        psycopg.connect(database, autocommit=True, options="-c jit=off") as connection,
        PgTrickle.connect(database, settings=SETTINGS) as pgt,
    ):
        pgt.install()
        connection.execute(
            f"CREATE TABLE n (i int, g int, {', '.join(f'{n} {t}' for n, (t, _) in EXACT.items())})"
        )
        listed = ", ".join(value for _, value in EXACT.values())
        add = (
            f"INSERT INTO n SELECT i, g, {listed} FROM generate_series(1, 300) AS g, LATERAL generate_series"
        )
        connection.execute(f"{add} (1, 1 + g % 7) AS i")
        calls = [(f, c) for f in DEVIATIONS for c in EXACT]
        query = "SELECT g, " + ", ".join(f"{f}({c}) AS {f}_{c}" for f, c in calls) + " FROM n GROUP BY g"
        made = pgt.create_stream_table("deviations", query)
        assert made.effective_mode == "DIFFERENTIAL"
        kept = pgt.explain_stream_table("deviations")
        assert "whole" not in str(kept)
        shown = ", ".join(f"{f}_{c}::text" for f, c in calls)
        for change in (
            "",
            "DELETE FROM n WHERE (i + g) % 11 = 0",
            "UPDATE n SET i4 = i4 + 1, fixed = fixed * 2, nan = 1 WHERE i = 2",
        ):
            if change:
                connection.execute(change)
                connection.execute(f"{add} (40, 40 + g % 7) AS i")
                result = pgt.refresh_stream_table("deviations")
                assert result.action == "DIFFERENTIAL", result
            assert pgt.verify_stream_table("deviations")
            stored = shown_by_group(connection, f"SELECT g, {shown} FROM deviations")
            fresh = shown_by_group(connection, f"SELECT g, {shown} FROM ({query}) AS q")
            assert len(fresh) == 300
            differing = [
                (g, f"{f}({c})", mine, theirs)
                for g in fresh
                for (f, c), mine, theirs in zip(calls, stored[g], fresh[g], strict=True)
                if mine != theirs
            ]
            assert not differing, f"{len(differing)}: {differing[:5]}"


def shown_by_group(connection: psycopg.Connection, query: str) -> dict[int, tuple[str, ...]]:
    return {row[0]: row[1:] for row in connection.execute(query)}


def test_too_many_grouping_sets_are_refused(database18: str) -> None:
    with (
        psycopg.connect(database18, autocommit=True) as connection,
        PgTrickle.connect(database18, settings=SETTINGS) as pgt,
    ):
        pgt.install()
        columns = [f"c{number}" for number in range(8)]
        connection.execute(f"CREATE TABLE t ({', '.join(f'{c} int' for c in columns)})")
        query = f"SELECT {', '.join(columns)}, count(*) AS n FROM t GROUP BY CUBE ({', '.join(columns)})"
        with pytest.raises(UnsupportedQuery, match="256 grouping sets"):
            pgt.create_stream_table("cubed", query, refresh_mode="DIFFERENTIAL")
        made = pgt.create_stream_table("cubed", query)
        assert made.effective_mode == "FULL"
        assert "256 grouping sets" in (made.reason or "")
        connection.execute("INSERT INTO t VALUES (1, 2, 3, 4, 5, 6, 7, 8)")
        pgt.refresh_stream_table("cubed")
        assert pgt.verify_stream_table("cubed").rows == 256
