"""Random FROM clauses: join trees over tables, views, stream tables and subqueries."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace

from airflow.providers.pgtrickle.engine.names import quote_identifier
from airflow.providers.pgtrickle.engine.testing.expressions import Expressions, Scope, Value, comparable
from airflow.providers.pgtrickle.engine.testing.sqltypes import Kind

#: No query is made that reads tables more often than this when its views and CTEs are written out.
MOST_SCANS = 10

#: No query is made whose estimated number of rows passes this.
MOST_ROWS = 2_000.0

ODD_NAMES = ("Select", "größe", 'a"b', "with space", "order", "user", "x%y")


@dataclass(frozen=True, slots=True)
class Output:
    """A column of a relation or query; ``name`` is not quoted."""

    name: str
    kind: Kind
    digits: int = 1
    exact: bool = True

    def seen_as(self, qualifier: str) -> Value:
        """The column as an expression names it, given its table's alias."""
        return Value(f"{qualifier}.{quote_name(self.name)}", self.kind, self.digits, self.exact)


@dataclass(frozen=True, slots=True)
class Source:
    """Something to select from: text for FROM (a name or a query in parentheses), columns, estimated rows."""

    sql: str
    columns: tuple[Output, ...]
    rows: float
    scans: int = 1


@dataclass(frozen=True, slots=True)
class Query:
    """A complete query."""

    sql: str
    columns: tuple[Output, ...]
    rows: float
    scans: int = 1


@dataclass(frozen=True, slots=True)
class Item:
    """A join tree: SQL text, qualified columns, and the unqualified names that are visible."""

    sql: str
    columns: tuple[tuple[str, Value], ...]
    names: Counter[str]
    merged: tuple[tuple[str, Value], ...]
    rows: float
    scans: int

    @property
    def scope(self) -> list[Value]:
        """What an expression over the whole tree may name."""
        return self.scope_among(self.names)

    def scope_among(self, names: Counter[str]) -> list[Value]:
        """What an expression may name in which ``names`` are visible without a qualifier."""
        usable = [value for name, value in self.merged if names[name] == 1]
        return [value for _, value in self.columns] + usable


def quote_name(name: str) -> str:
    """Quote where PostgreSQL needs it, so that scripts stay readable."""
    return (
        name
        if name.isascii() and name.isidentifier() and name.islower() and name not in _RESERVED
        else quote_identifier(name)
    )


_RESERVED = {"order", "user", "select"}


class Joins:
    """Draws join trees; ``source`` makes what stands at their leaves, ``fresh`` new names."""

    def __init__(
        self,
        rng: random.Random,
        features: frozenset[str],
        source: Callable[[int], Source],
        fresh: Callable[[str], str],
    ) -> None:
        self._rng = rng
        self._features = features
        self._source = source
        self._fresh = fresh
        self._expressions = Expressions(rng, features)

    def _item(self, depth: int, source: Source | None = None) -> Item:
        source = source or self._source(depth)
        alias = self._fresh("t")
        if "odd_names" in self._features and self._rng.random() < 0.03:
            alias = f'"T {alias}"'
        columns = tuple((column.name, column.seen_as(alias)) for column in source.columns)
        names = Counter(column.name for column in source.columns)
        return Item(f"{source.sql} AS {alias}", columns, names, (), source.rows, source.scans)

    def tree(self, depth: int) -> Item:
        """A FROM clause of one to four relations."""
        roll = self._rng.random()
        count = 1 if roll < 0.45 else 2 if roll < 0.82 else 3 if roll < 0.96 else 4
        if not self._features & {"inner_join", "left_join", "full_join", "cross_join"}:
            count = 1
        first = self._source(depth)
        tree = self._item(depth, first)
        for position in range(1, count):
            same = "self_join" in self._features and self._rng.random() < 0.2
            below = depth - (position > 1)
            right = self._item(below, first if same else None)
            if position < count - 1 and self._rng.random() < 0.2:
                right = self._join(right, self._item(0))
                right = replace(right, sql=f"({right.sql})")
            tree = self._join(tree, right)
        return tree

    def _join(self, left: Item, right: Item) -> Item:
        forms = [
            (5, "inner_join"),
            (1, "cross_join"),
            (1, "non_equi_join"),
            (1, "natural"),
            (2, "using"),
            (4, "left_join"),
            (2, "right_join"),
            (3, "full_join"),
        ]
        usable = [(weight, form) for weight, form in forms if form in self._features]
        form = self._rng.choices([f for _, f in usable], [w for w, _ in usable])[0]
        product = left.rows * right.rows
        if form in {"natural", "using"}:
            joined = self._merging_join(left, right, natural=form == "natural")
            if joined is not None:
                return joined
            form = "inner_join"
        if product > MOST_ROWS:
            form = "inner_join" if form in {"cross_join", "non_equi_join"} else form
        both = self._both(left, right)
        sides = left.scope_among(both.names), right.scope_among(both.names)
        equality = self._expressions.equality(*sides)
        if form == "cross_join" or (equality is None and form in {"inner_join", "non_equi_join"}):
            sql = f"{left.sql} CROSS JOIN {right.sql}"
            return replace(both, sql=sql, rows=product)
        if form == "non_equi_join":
            sql = f"{left.sql} JOIN {right.sql} ON {self._expressions.predicate(both.scope, 1)}"
            return replace(both, sql=sql, rows=product * 0.6)
        words = {
            "inner_join": "JOIN",
            "left_join": "LEFT JOIN",
            "right_join": "RIGHT JOIN",
            "full_join": "FULL JOIN",
        }[form]
        condition, share = self._condition(form, equality, *sides, small=product <= MOST_ROWS / 2)
        rows = max(
            product * share,
            *([left.rows] if form != "inner_join" else []),
            right.rows if form in {"right_join", "full_join"} else 0,
        )
        if form == "full_join":
            rows = max(rows, left.rows + right.rows)
        return replace(both, sql=f"{left.sql} {words} {right.sql} ON {condition}", rows=rows)

    def _condition(
        self, form: str, equality: str | None, left: Scope, right: Scope, *, small: bool
    ) -> tuple[str, float]:
        """The ON condition and the share of the cross product it is thought to keep."""
        both = [*left, *right]
        roll = self._rng.random()
        if equality is None:
            return "true" if form == "full_join" else self._expressions.predicate(both, 1), 1.0
        extra = roll < 0.3 and "outer_conditions" in self._features
        if extra:
            side = self._rng.choice((left, right, both))
            return f"{equality} AND {self._expressions.predicate(side, 1)}", 0.3
        if roll < 0.42:
            second = self._expressions.equality(left, right)
            return f"{equality} AND {second}", 0.3
        if small and roll < 0.54 and form != "full_join" and "non_equi_join" in self._features:
            return self._expressions.predicate(both, 1), 0.8
        if roll > 0.97:
            return "true" if form == "inner_join" else self._rng.choice(("true", "false")), 1.0
        return equality, 0.4

    def _both(self, left: Item, right: Item) -> Item:
        return Item(
            "",
            left.columns + right.columns,
            left.names + right.names,
            left.merged + right.merged,
            0.0,
            left.scans + right.scans,
        )

    def _merging_join(self, left: Item, right: Item, *, natural: bool) -> Item | None:
        lefts, rights = self._by_name(left), self._by_name(right)
        common = [name for name in lefts if name in rights]
        if any(left.names[name] > 1 or right.names[name] > 1 for name in common) and natural:
            return None
        fitting = [
            name
            for name in common
            if left.names[name] == right.names[name] == 1
            and comparable(lefts[name].kind, rights[name].kind)
            and lefts[name].kind is rights[name].kind
        ]
        if not fitting or (natural and len(fitting) < len(common)):
            return None
        chosen = common if natural else self._rng.sample(fitting, self._rng.randint(1, min(2, len(fitting))))
        words = {
            "inner_join": "JOIN",
            "left_join": "LEFT JOIN",
            "right_join": "RIGHT JOIN",
            "full_join": "FULL JOIN",
        }
        kind = self._rng.choice([form for form in words if form in self._features])
        tail = "" if natural else f" USING ({', '.join(quote_name(name) for name in chosen)})"
        both = self._both(left, right)
        names = both.names.copy()
        for name in chosen:
            names[name] -= 1
        merged = tuple(item for item in both.merged if item[0] not in chosen) + tuple(
            (
                name,
                Value(
                    quote_name(name),
                    lefts[name].kind,
                    max(lefts[name].digits, rights[name].digits),
                    lefts[name].exact and rights[name].exact,
                ),
            )
            for name in chosen
        )
        rows = max(left.rows * right.rows * 0.35, left.rows + right.rows if kind != "inner_join" else 0.0)
        return Item(
            f"{left.sql} {'NATURAL ' if natural else ''}{words[kind]} {right.sql}{tail}",
            both.columns,
            names,
            merged,
            rows,
            both.scans,
        )

    @staticmethod
    def _by_name(item: Item) -> dict[str, Value]:
        merged = dict(item.merged)
        return {name: merged.get(name, value) for name, value in item.columns}
