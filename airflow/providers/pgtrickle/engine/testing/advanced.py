"""Random queries of subqueries in expressions, set operations, windows, DISTINCT ON, LIMIT, lateral joins.

Every one has one right answer: what is ordered is ordered by all columns, window functions treat peers alike,
scalar subqueries are aggregates.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from airflow.providers.pgtrickle.engine.testing.expressions import Scope, Value, comparable
from airflow.providers.pgtrickle.engine.testing.joins import Output, Query, Source, quote_name
from airflow.providers.pgtrickle.engine.testing.queries import Kinds, Queries
from airflow.providers.pgtrickle.engine.testing.sqltypes import Kind

ADVANCED_FEATURES = frozenset(
    {"exists", "in_subquery", "scalar_subquery", "set_operations", "window", "distinct_on", "limit"}
    | {"grouping_sets", "lateral"}
)


class AdvancedQueries(Queries):
    """Draws from the constructs of ``Queries`` and more."""

    def __init__(self, rng: random.Random, features: frozenset[str], relations: Sequence[Source]) -> None:
        super().__init__(rng, features, relations)
        self._productions += [
            (3, "set_operations", self._set_operation),
            (3, "window", self._window),
            (2, "distinct_on", self._distinct_on),
            (2, "limit", self._limited),
            (2, "grouping_sets", self._grouping_sets),
            (2, "lateral", self._lateral),
            (3, "scalar_subquery", self._with_scalar),
        ]
        self._flat |= {self._window, self._distinct_on, self._limited, self._with_scalar, self._grouping_sets}

    def _where(self, scope: Scope) -> str:
        """Conditions with subqueries, beside those without."""
        plain = super()._where(scope)
        tests = [
            make
            for feature, make in (("exists", self._exists), ("in_subquery", self._in))
            if feature in self._features
        ]
        if not tests or self._rng.random() > 0.3:
            return plain
        test = self._rng.choice(tests)(scope)
        if test is None:
            return plain
        if not plain:
            return f" WHERE {test}"
        return f"{plain} {self._rng.choice(('AND', 'OR'))} {test}"

    def _inner(self) -> tuple[str, list[Value]]:
        """A relation for a subquery in an expression, and its columns."""
        source = self._rng.choice(self._relations)
        alias = self._fresh("x")
        return f"{source.sql} AS {alias}", [column.seen_as(alias) for column in source.columns]

    def _correlation(self, scope: Scope, inner: Scope) -> str:
        equality = self._expressions.equality(scope, inner)
        if equality is None or self._rng.random() < 0.1:
            return self._expressions.predicate([*scope, *inner], 1)
        if self._rng.random() < 0.3:
            return f"{equality} AND {self._expressions.predicate([*scope, *inner], 0)}"
        return equality

    def _exists(self, scope: Scope) -> str:
        text, inner = self._inner()
        negation = self._rng.choice(("", "NOT "))
        return f"({negation}EXISTS (SELECT FROM {text} WHERE {self._correlation(scope, inner)}))"

    def _in(self, scope: Scope) -> str | None:
        text, inner = self._inner()
        pairs = [(one, two) for one in scope for two in inner if comparable(one.kind, two.kind)]
        if not pairs:
            return None
        one, two = self._rng.choice(pairs)
        where = f" WHERE {self._correlation(scope, inner)}" if self._rng.random() < 0.4 else ""
        negation = self._rng.choice(("", "NOT "))
        return f"({one.sql} {negation}IN (SELECT {two.sql} FROM {text}{where}))"

    def _with_scalar(self, depth: int, wanted: Kinds) -> Query | None:
        if wanted is not None:
            return None
        tree = self._joins.tree(min(depth, 1))
        text, inner = self._inner()
        made = self._aggregate(inner)
        where = f" WHERE {self._correlation(tree.scope, inner)}" if self._rng.random() < 0.75 else ""
        scalar = replace(made, sql=f"(SELECT {made.sql} FROM {text}{where})")
        values = [*self._rng.sample(tree.scope, min(2, len(tree.scope))), scalar]
        listed, columns = self._listed(values)
        return Query(
            f"SELECT {listed} FROM {tree.sql}{self._where(tree.scope)}", columns, tree.rows, tree.scans + 1
        )

    def _set_operation(self, depth: int, wanted: Kinds) -> Query | None:
        first = self._query(depth - 1, wanted)
        kinds = tuple(column.kind for column in first.columns)
        if not all(kind.has_equality for kind in kinds):
            return None
        second = self._query(depth - 1, kinds)
        word = self._rng.choice(("INTERSECT", "INTERSECT ALL", "EXCEPT", "EXCEPT ALL"))
        columns = tuple(
            replace(one, digits=max(one.digits, two.digits), exact=one.exact and one.kind is not Kind.NUMERIC)
            for one, two in zip(first.columns, second.columns, strict=True)
        )
        return Query(f"({first.sql}) {word} ({second.sql})", columns, first.rows, first.scans + second.scans)

    def _window(self, depth: int, wanted: Kinds) -> Query | None:
        if wanted is not None:
            return None
        tree = self._joins.tree(depth)
        scope = [value for value in tree.scope if value.kind.has_equality]
        if not scope:
            return None
        values = self._rng.sample(scope, min(2, len(scope)))
        for _ in range(self._rng.randint(1, 2)):
            parts = []
            if self._rng.random() < 0.7:
                parts.append(f"PARTITION BY {self._rng.choice(scope).sql}")
            if self._rng.random() < 0.6:
                parts.append(
                    f"ORDER BY {self._rng.choice(scope).sql}{self._rng.choice(('', ' DESC', ' NULLS FIRST'))}"
                )
            function = self._rng.choice(("rank()", "dense_rank()", "count(*)", ""))
            call = Value(function, Kind.BIGINT, 5) if function else self._plain_aggregate(scope)
            values.append(replace(call, sql=f"{call.sql} OVER ({' '.join(parts)})"))
        listed, columns = self._listed(values)
        return Query(
            f"SELECT {listed} FROM {tree.sql}{self._where(tree.scope)}", columns, tree.rows, tree.scans
        )

    def _plain_aggregate(self, scope: Scope) -> Value:
        integers = [value for value in scope if value.kind is Kind.INT]
        if not integers:
            return Value("count(*)", Kind.BIGINT, 5)
        value = self._rng.choice(integers)
        name = self._rng.choice(("sum", "min", "max"))
        kind = Kind.BIGINT if name == "sum" else Kind.INT
        return Value(f"{name}({value.sql})", kind, value.digits + 5 * (name == "sum"))

    def _ordered(self, depth: int) -> Query | None:
        """A query all of whose columns can be sorted."""
        query = self._query(max(depth - 1, 0))
        sortable = all(column.kind not in {Kind.JSON, Kind.BOOL} and column.exact for column in query.columns)
        distinct = len({column.name for column in query.columns}) == len(query.columns)
        return query if sortable and distinct else None

    def _distinct_on(self, depth: int, wanted: Kinds) -> Query | None:
        query = self._ordered(depth) if wanted is None else None
        if query is None:
            return None
        alias = self._fresh("o")
        names = [f"{alias}.{quote_name(column.name)}" for column in query.columns]
        keys = names[: self._rng.randint(1, len(names))]
        order = ", ".join(names)
        text = f"SELECT DISTINCT ON ({', '.join(keys)}) * FROM ({query.sql}) AS {alias} ORDER BY {order}"
        return replace(query, sql=text, rows=max(1.0, query.rows * 0.5))

    def _limited(self, depth: int, wanted: Kinds) -> Query | None:
        query = self._ordered(depth) if wanted is None else None
        if query is None:
            return None
        alias = self._fresh("o")
        orders = [
            f"{alias}.{quote_name(column.name)}{self._rng.choice(('', '', ' DESC', ' NULLS FIRST'))}"
            for column in query.columns
        ]
        self._rng.shuffle(orders)
        tail = f"LIMIT {self._rng.randint(1, 5)}" + (" OFFSET 1" if self._rng.random() < 0.3 else "")
        text = f"SELECT * FROM ({query.sql}) AS {alias} ORDER BY {', '.join(orders)} {tail}"
        return replace(query, sql=text, rows=5.0)

    def _grouping_sets(self, depth: int, wanted: Kinds) -> Query | None:
        tree = self._joins.tree(depth)
        keys = [value for value in tree.scope if value.kind.has_equality]
        if not keys or wanted is not None:
            return None
        keys = self._rng.sample(keys, min(len(keys), self._rng.randint(1, 3)))
        listed = ", ".join(key.sql for key in keys)
        form = self._rng.choice(
            ("ROLLUP ({0})", "CUBE ({0})", "GROUPING SETS (({0}), ())", "GROUPING SETS ({0})")
        )
        values = [*keys, self._aggregate(tree.scope), Value(f"grouping({listed})", Kind.INT, 1)]
        shown, columns = self._listed(values)
        text = f"SELECT {shown} FROM {tree.sql}{self._where(tree.scope)} GROUP BY {form.format(listed)}"
        return Query(text, columns, tree.rows * 2, tree.scans)

    def _lateral(self, depth: int, wanted: Kinds) -> Query | None:
        if wanted is not None:
            return None
        tree = self._joins.tree(max(depth - 1, 0))
        text, inner = self._inner()
        alias = self._fresh("l")
        made = self._aggregate(inner)
        column = Output("agg", made.kind, made.digits, made.exact)
        body = f"SELECT {made.sql} AS agg FROM {text} WHERE {self._correlation(tree.scope, inner)}"
        join = self._rng.choice(("LEFT JOIN LATERAL ({0}) AS {1} ON true", "CROSS JOIN LATERAL ({0}) AS {1}"))
        values = [*self._rng.sample(tree.scope, min(2, len(tree.scope))), column.seen_as(alias)]
        listed, columns = self._listed(values)
        sql = f"SELECT {listed} FROM {tree.sql} {join.format(body, alias)}{self._where(tree.scope)}"
        return Query(sql, columns, tree.rows, tree.scans + 1)
