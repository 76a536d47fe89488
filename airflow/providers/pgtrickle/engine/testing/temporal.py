"""Random cases over the clock: conditions on the time in every place of a query, while time and rows move."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from airflow.providers.pgtrickle.engine.testing.cases import Case, Round, StreamTableDefinition

#: Moments shortly before local time jumps somewhere, and one that is like any other.
_STARTS = ("2026-03-29 00:20+00", "2026-10-25 00:20+00", "2026-11-01 05:10+00", "2026-06-10 21:50+00")
_ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata")
_STEPS = (0.0, 0.000001, 61.0, 1800.0, 3600.0, 5400.0, 4 * 3600.0, 86_400.0, 3 * 86_400.0)
_COMPARISONS = ("<", "<=", ">", ">=", "=", "<>")
_SPANS = ("10 minutes", "1 hour", "90 minutes", "5 hours", "1 day", "26 hours", "2 days", "1 month")

_SCHEMA = """
SET TIME ZONE '{zone}';
CREATE TABLE e (id int{key}, at timestamptz, loc timestamp, d date, ttl interval, g int, v int);
CREATE TABLE f (id int, at timestamptz, loc timestamp, d date, ttl interval, g int, v int);
CREATE INDEX ON e (at);
CREATE INDEX ON f (loc);"""


class _Temporal:
    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.start = datetime.fromisoformat(self.rng.choice(_STARTS)).astimezone(UTC)
        self.time = self.start
        self.ids = 0

    def case(self, seed: int) -> Case:
        rng = self.rng
        key = " PRIMARY KEY" if rng.random() < 0.5 else ""
        setup = [_SCHEMA.format(zone=rng.choice(_ZONES), key=key)]
        setup += [self.rows(table, 40) for table in ("e", "f")]
        tables = tuple(StreamTableDefinition(f"s{number}", self.query()) for number in range(1, 4))
        rounds = []
        for _ in range(4):
            self.time += timedelta(seconds=rng.choice(_STEPS))
            rounds.append(Round(self.changes(), at=self.time.isoformat()))
        return Case(f"time {seed}", "\n".join(setup), tables, tuple(rounds), "ANY", at=self.start.isoformat())

    # -- data -----------------------------------------------------------------------------------------------

    def rows(self, table: str, count: int) -> str:
        values = []
        for _ in range(count):
            self.ids += 1
            moment = self.time + timedelta(minutes=10 * self.rng.randint(-400, 400))
            at = f"'{moment.isoformat()}'" if self.rng.random() < 0.9 else "NULL"
            at = self.rng.choice(("'infinity'", "'-infinity'")) if self.rng.random() < 0.03 else at
            local = f"'{(moment + timedelta(hours=self.rng.randint(-6, 6))).strftime('%Y-%m-%d %H:%M')}'"
            values.append(
                f"({self.ids}, {at}, {local if self.rng.random() < 0.9 else 'NULL'}, '{moment.date()}',"
                f" '{self.rng.choice(_SPANS)}', {self.rng.randint(0, 4)}, {self.rng.randint(0, 9)})"
            )
        return f"INSERT INTO {table} VALUES {', '.join(values)};"

    def changes(self) -> str:
        rng, parts = self.rng, []
        for table in ("e", "f"):
            if rng.random() < 0.6:
                parts.append(self.rows(table, rng.randint(1, 6)))
            if rng.random() < 0.4:
                parts.append(f"DELETE FROM {table} WHERE id % 9 = {rng.randint(0, 8)};")
            if rng.random() < 0.4:
                span = rng.choice(_SPANS)
                parts.append(
                    f"UPDATE {table} SET at = at + interval '{span}', v = v + 1"
                    f" WHERE id % 7 = {rng.randint(0, 6)};"
                )
        return "\n".join(parts)

    # -- conditions -----------------------------------------------------------------------------------------

    def bound(self) -> tuple[str, str]:
        """Something that the time gives, and a column of ``{t}`` to compare it with."""
        rng = self.rng
        span = f"interval '{rng.choice(_SPANS)}'"
        instant = rng.choice(
            (
                "now()",
                f"now() - {span}",
                f"CURRENT_TIMESTAMP + {span}",
                "date_trunc('hour', now())",
                "CURRENT_TIMESTAMP(0)",
                "NULLIF(date_trunc('day', now()), now())",
                "CASE WHEN extract(hour FROM now()) % 2 = 0 THEN now() END",
            )
        )
        local = rng.choice(
            ("LOCALTIMESTAMP", f"LOCALTIMESTAMP(1) - {span}", "now() AT TIME ZONE 'Europe/Berlin'")
        )
        day = rng.choice(("CURRENT_DATE", "CURRENT_DATE - 1", "now()::date"))
        return rng.choice(
            ((instant, "{t}.at"), (instant, "{t}.at"), (local, "{t}.loc"), (day, "{t}.d"), (local, "{t}.d"))
        )

    def test(self, table: str) -> str:
        rng = self.rng
        bound, column = self.bound()
        column = column.format(t=table)
        form = rng.random()
        if form < 0.6:
            sides = (column, bound) if rng.random() < 0.7 else (bound, column)
            return f"{sides[0]} {rng.choice(_COMPARISONS)} {sides[1]}"
        if form < 0.75:
            return f"{table}.at BETWEEN now() - interval '{rng.choice(_SPANS)}' AND now()"
        if form < 0.83:
            return f"({table}.at > now()) IS NOT TRUE"
        if form < 0.9:
            return f"{table}.at + {table}.ttl > now()"
        if form < 0.93:
            age = f"now() - {table}.{rng.choice(('loc', 'd'))}"
            span = f"interval '{rng.choice(('', '-'))}{rng.choice((*_SPANS, '2 months 3 days', '1 year'))}'"
            sides = (age, span) if rng.random() < 0.7 else (span, age)
            return f"{sides[0]} {rng.choice(_COMPARISONS)} {sides[1]}"
        if form < 0.96:
            return f"{table}.loc - LOCALTIMESTAMP < interval '{rng.choice(_SPANS)}'"
        return f"{table}.d IN (CURRENT_DATE, CURRENT_DATE + 1)"

    def condition(self, table: str) -> str:
        rng = self.rng
        test = self.test(table)
        if rng.random() < 0.3:
            test = f"NOT ({test})"
        form = rng.random()
        if form < 0.25:
            return f"(({test}) AND ({self.test(table)}))"
        if form < 0.4:
            return f"(({test}) OR ({self.test(table)}))"
        if form < 0.55:
            return f"(({test}) {rng.choice(('AND', 'OR'))} {table}.v > {rng.randint(1, 8)})"
        return test

    # -- queries --------------------------------------------------------------------------------------------

    def query(self) -> str:  # noqa: C901 - one case for each form
        rng = self.rng
        c, e, f = self.condition, "e", "f"
        where = f"WHERE {c(e)}" if rng.random() < 0.5 else ""
        span = rng.choice(_SPANS)
        match rng.randint(1, 18):
            case 1:
                return f"SELECT id, at, v FROM e WHERE {c(e)}"
            case 2:
                calls = "count(*) AS n, sum(v) AS t, min(at) AS a, max(v) AS m"
                return f"SELECT g, {calls} FROM e WHERE {c(e)} GROUP BY g"
            case 3:
                return f"SELECT count(*) AS n, sum(v) AS t, avg(v) AS a FROM e WHERE {c(e)}"
            case 4:
                calls = f"count(*) FILTER (WHERE {c(e)}) AS n, sum(CASE WHEN {c(e)} THEN v END) AS t"
                return f"SELECT g, {calls} FROM e {where} GROUP BY g"
            case 5:
                kind = f"CASE WHEN {c(e)} THEN 'a' WHEN {c(e)} THEN 'b' END"
                return f"SELECT id, {kind} AS k, ({self.test(e)}) AS b FROM e {where}"
            case 6 | 7 as kind:
                side = "" if kind == 6 else "LEFT"
                return f"SELECT e.id, f.id AS o FROM e {side} JOIN f ON e.g = f.g AND {c(f)} {where}"
            case 8:
                return f"SELECT e.id, f.id AS o FROM e FULL JOIN f ON e.g = f.g AND {c(f)} AND {c(e)}"
            case 9:
                return "SELECT e.id, f.id AS o FROM e JOIN f ON e.g = f.g WHERE e.at + f.ttl < now()"
            case 10:
                negation = rng.choice(("", "NOT "))
                return f"SELECT id FROM e WHERE {negation}EXISTS (SELECT FROM f WHERE f.g = e.g AND {c(f)})"
            case 11:
                return f"SELECT id FROM e WHERE g NOT IN (SELECT f.v FROM f WHERE {c(f)})"
            case 12:
                return f"SELECT DISTINCT g, d FROM e WHERE {c(e)}"
            case 13:
                latest = f"max(at) > now() - interval '{span}'"
                return f"SELECT g, max(at) AS m FROM e GROUP BY g HAVING {latest}"
            case 14:
                operation = rng.choice(("UNION", "EXCEPT", "INTERSECT ALL", "UNION ALL"))
                return f"SELECT g FROM e WHERE {c(e)} {operation} SELECT g FROM f WHERE {c(f)}"
            case 15:
                number = "row_number() OVER (PARTITION BY g ORDER BY id, v, at) AS r"
                count = f"count(*) FILTER (WHERE {c(e)}) OVER (PARTITION BY g) AS n"
                return f"SELECT id, {number}, {count} FROM e {where}"
            case 16:
                counted = f"SELECT g, count(*) AS n FROM e WHERE {c(e)} GROUP BY g"
                return f"SELECT g, n FROM ({counted}) AS q JOIN f USING (g) WHERE {c(f)}"
            case 17:
                since = f"WITH p AS (SELECT now() - interval '{span}' AS since)"
                return f"{since} SELECT e.id FROM e, p WHERE e.at > p.since"
            case _:
                count = f"(SELECT count(*) FROM f WHERE f.g = e.g AND {c(f)})"
                return f"SELECT id, {count} AS n FROM e {where}"


def temporal_case(seed: int) -> Case:
    """The case of this seed."""
    return _Temporal(seed).case(seed)
