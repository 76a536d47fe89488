"""Random recursive queries over random graphs.

Every edge has a length, and every walk of a UNION ALL goes up in it: such a query ends on any data, cycles
included. A UNION needs no such care unless it counts. Columns are few values wide, so that paths meet,
duplicates are many and NULLs are met.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from airflow.providers.pgtrickle.engine.testing.cases import Case, Round, StreamTableDefinition

_NODES = 7
_SCHEMA = """
CREATE TABLE edge (s int, d int, w int);
CREATE TABLE road (id int PRIMARY KEY, s int NOT NULL, d int NOT NULL, w int NOT NULL);
CREATE TABLE root (n int);
CREATE TABLE label (n int, t text);
CREATE INDEX ON edge (s);
"""
_COLUMNS = {"edge": 3, "road": 3, "root": 1, "label": 2}


def generate_recursive_case(seed: int) -> Case:
    """The case of this seed: a few stream tables of recursive queries, rounds of changes to their sources."""
    rng = random.Random(seed)
    graph = _Graph(rng)
    setup = _SCHEMA + "\n".join(graph.fill(table) for table in _COLUMNS)
    queries = _Queries(rng)
    tables = tuple(StreamTableDefinition(f"s{number}", queries.query()) for number in (1, 2))
    rounds = tuple(Round(graph.round()) for _ in range(rng.choice((3, 4, 5))))
    return Case(f"recursion {seed}", setup, tables, rounds, "DIFFERENTIAL")


class _Graph:
    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._next_id = 1

    def fill(self, table: str) -> str:
        """Rows to begin with."""
        return self._insert(table, self._rng.choice((2, 4, 7)))

    def round(self) -> str:
        """A transaction of several statements, or a few of one each."""
        statements = [self._statement() for _ in range(self._rng.choice((1, 2, 3, 4)))]
        if self._rng.random() < 0.7:
            return "\n".join(["BEGIN;", *statements, "COMMIT;"])
        return "\n".join(statements)

    def _node(self, *, nullable: bool = True) -> str:
        if nullable and self._rng.random() < 0.08:
            return "NULL"
        return str(self._rng.randint(1, _NODES))

    def _row(self, table: str) -> str:
        rng = self._rng
        if table == "root":
            return f"({self._node()})"
        if table == "label":
            text = rng.choice(("'a'", "'b'", "NULL"))
            return f"({self._node()}, {text})"
        values = [self._node(nullable=table == "edge") for _ in range(2)] + [str(rng.randint(0, 3))]
        if table == "road":
            values.insert(0, str(self._next_id))
            self._next_id += 1
        return f"({', '.join(values)})"

    def _insert(self, table: str, count: int) -> str:
        rows = [self._row(table) for _ in range(count)]
        if table != "road" and self._rng.random() < 0.3:
            rows.append(rows[0])
        return f"INSERT INTO {table} VALUES {', '.join(rows)};"

    def _statement(self) -> str:
        rng = self._rng
        table = rng.choice(("edge", "edge", "edge", "road", "road", "root", "label"))
        column = "n" if table in ("root", "label") else rng.choice(("s", "d"))
        where = f"WHERE {column} = {self._node(nullable=False)}"
        roll = rng.random()
        if roll < 0.4:
            return self._insert(table, rng.choice((1, 1, 2, 3)))
        if roll < 0.6:
            return f"DELETE FROM {table} {where};"
        if roll < 0.7:
            return f"DELETE FROM {table} WHERE ctid IN (SELECT min(ctid) FROM {table} GROUP BY {column});"
        if roll < 0.85:
            other = "n" if column == "n" else rng.choice(("s", "d"))
            return f"UPDATE {table} SET {other} = {self._node(nullable=False)} {where};"
        if roll < 0.93 and table in ("edge", "road"):
            return f"UPDATE {table} SET s = d, d = s {where};"
        if roll < 0.96:
            return f"TRUNCATE {table};"
        return f"UPDATE {table} SET {column} = {column};"


class _Queries:
    def __init__(self, rng: random.Random) -> None:
        self._rng = rng

    def query(self) -> str:
        """A recursive query under another one."""
        union = self._rng.random() < 0.5
        start, step = self._arms(union=union)
        word = "UNION" if union else "UNION ALL"
        cycle = self._pick(("", "", "", "", " CYCLE b SET again USING path"))
        if start.startswith("("):  # PostgreSQL wants a SELECT there
            cycle = ""
        head = f"WITH RECURSIVE r(a, b, k) AS ({start} {word} {step}){cycle}"
        return f"{head} {self._pick(_OUTER)}"

    def _pick(self, choices: Sequence[str]) -> str:
        return self._rng.choice(choices)

    def _arms(self, *, union: bool) -> tuple[str, str]:
        """Both arms: a start node, the node reached, and a count, which only a climbing walk may raise."""
        climbs = not union or self._rng.random() < 0.4
        start = self._pick(_STARTS)
        kind: Callable[[], str] = self._rng.choice((self._joined, self._joined, self._twice))
        step = kind().replace("{k}", "r.k + 1" if climbs else "r.k")
        return start, step + (" AND e.d > e.s" if climbs else "")

    def _joined(self) -> str:
        table = self._pick(("edge", "edge", "road", _EITHER, _LONGEST))
        same = self._pick(("e.s = r.b", "e.s = r.b", "e.s = r.b", "e.s IS NOT DISTINCT FROM r.b"))
        shown = self._pick(("r.a, e.d, {k}", "r.a, e.d, {k}", "e.s, e.d, {k}", "COALESCE(e.w, 0), e.d, {k}"))
        extra = self._pick(_CONDITIONS)
        if self._rng.random() < 0.25:
            kept = self._pick(("COALESCE(l.n, r.a)", "COALESCE(length(l.t), 0)"))
            return (
                f"SELECT {kept}, e.d, {{k}} FROM r JOIN {table} AS e ON {same}"
                f" LEFT JOIN label AS l ON l.n = e.d WHERE true{extra}"
            )
        return f"SELECT {shown} FROM r JOIN {table} AS e ON {same} WHERE true{extra}"

    def _twice(self) -> str:
        one, two = self._pick(("edge", "road")), self._pick(("edge", "road", "road"))
        return (
            f"SELECT r.a, f.d, {{k}} FROM r JOIN {one} AS e ON e.s = r.b JOIN {two} AS f ON f.s = e.d"
            f" WHERE f.d > f.s{self._pick(_CONDITIONS)}"
        )


_EITHER = "(SELECT s, d, w FROM edge UNION ALL SELECT s, d, w FROM road)"
_LONGEST = "(SELECT s, d, max(w) AS w FROM edge GROUP BY s, d)"
_STARTS = (
    "SELECT n, n, 0 FROM root",
    "SELECT n, n, 0 FROM root WHERE n < 4",
    "SELECT s, d, 0 FROM edge",
    "SELECT s, d, w FROM road",
    "SELECT 1, 1, 0",
    "SELECT s, d, 0 FROM edge WHERE EXISTS (SELECT FROM root WHERE n = s)",
    "(SELECT n, n, 0 FROM root UNION SELECT s, d, 0 FROM road WHERE s = 2)",
    "SELECT s, max(d), 0 FROM edge GROUP BY s",
)
_CONDITIONS = (
    "",
    "",
    "",
    " AND e.w < 3",
    " AND EXISTS (SELECT FROM label AS x WHERE x.n = e.d)",
    " AND NOT EXISTS (SELECT FROM label AS x WHERE x.n = r.b)",
    " AND NOT EXISTS (SELECT FROM label AS x WHERE x.n = e.d AND x.t = 'a')",
    " AND NOT EXISTS (SELECT FROM label AS x WHERE x.n > e.d + 2)",
    " AND r.b NOT IN (SELECT n FROM label WHERE n IS NOT NULL)",
    " AND e.d <= (SELECT max(n) FROM root)",
)
_OUTER = (
    "SELECT a, b, k FROM r",
    "SELECT a, b, k FROM r",
    "SELECT b, k FROM r WHERE a > 2",
    "SELECT a, count(*) AS n, max(k) AS k, sum(b) AS b FROM r GROUP BY a",
    "SELECT DISTINCT b FROM r",
    "SELECT r.a, r.b, l.t FROM r JOIN label AS l ON l.n = r.b",
    "SELECT root.n, r.a, r.k FROM root LEFT JOIN r ON r.b = root.n",
    "SELECT x.a, y.b FROM r AS x JOIN r AS y ON y.a = x.b AND y.k = x.k",
    "SELECT n FROM root WHERE NOT EXISTS (SELECT FROM r WHERE r.b = root.n)",
    "SELECT count(*) AS n FROM r",
)
