"""Random queries: lateral subqueries of any body, correlated ones of any form, functions that return sets.

Every one has one right answer: a LIMIT sorts by all columns, a scalar subquery is an aggregate or has LIMIT
1.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace

from airflow.providers.pgtrickle.engine.testing.advanced import AdvancedQueries
from airflow.providers.pgtrickle.engine.testing.expressions import Scope, Value, comparable
from airflow.providers.pgtrickle.engine.testing.joins import Output, Query, Source
from airflow.providers.pgtrickle.engine.testing.queries import Kinds
from airflow.providers.pgtrickle.engine.testing.sqltypes import Kind

UNNESTING_FEATURES = frozenset(
    {"lateral_body", "limit_below", "scalar_limit", "nested_scalar", "subquery_value", "subquery_in_on"}
    | {"set_returning"}
)

_SORTABLE = frozenset(Kind) - {Kind.JSON, Kind.BOOL, Kind.NUMERIC, Kind.FLOAT, Kind.INTERVAL, Kind.JSONB}


class UnnestingQueries(AdvancedQueries):
    """Draws from the constructs of ``AdvancedQueries`` and more."""

    def __init__(self, rng: random.Random, features: frozenset[str], relations: Sequence[Source]) -> None:
        super().__init__(rng, features, relations)
        self._productions += [
            (6, "lateral_body", self._lateral_body),
            (3, "limit_below", self._limited_below),
            (3, "scalar_limit", self._scalar_with_limit),
            (2, "nested_scalar", self._nested_scalar),
            (3, "subquery_value", self._test_as_value),
            (2, "subquery_in_on", self._subquery_in_condition),
            (3, "set_returning", self._set_returning),
        ]
        self._flat |= {self._limited_below, self._set_returning, self._test_as_value, self._scalar_with_limit}

    def _loose(self, scope: Scope, inner: Scope) -> str:
        """A correlation, by an inequality as often as by an equality."""
        if self._rng.random() < 0.5:
            return self._correlation(scope, inner)
        pairs = [
            (one, two)
            for one in scope
            for two in inner
            if comparable(one.kind, two.kind) and one.kind in _SORTABLE and two.kind in _SORTABLE
        ]
        if not pairs:
            return self._correlation(scope, inner)
        one, two = self._rng.choice(pairs)
        return f"{one.sql} {self._rng.choice(('<', '<=', '>', '<>', 'IS NOT DISTINCT FROM'))} {two.sql}"

    def _sorted(self, values: Sequence[Value]) -> str:
        """ORDER BY all of the values, in some order and direction."""
        terms = [f"{value.sql}{self._rng.choice(('', '', ' DESC', ' NULLS FIRST'))}" for value in values]
        self._rng.shuffle(terms)
        return f"ORDER BY {', '.join(terms)}"

    def _limit(self) -> str:
        offset = " OFFSET 1" if self._rng.random() < 0.25 else ""
        return f"LIMIT {self._rng.randint(1, 3)}{offset}"

    def _body(self, scope: Scope) -> tuple[str, tuple[Output, ...]] | None:
        """A lateral subquery and its columns."""
        text, inner = self._inner()
        where = f"WHERE {self._loose(scope, inner)}"
        shown = [value for value in inner if value.kind in _SORTABLE and value.exact]
        if not shown:
            return None
        values = self._rng.sample(shown, min(len(shown), self._rng.randint(1, 2)))
        columns = tuple(Output(f"l{n}", v.kind, v.digits, v.exact) for n, v in enumerate(values, 1))
        listed = ", ".join(f"{v.sql} AS l{n}" for n, v in enumerate(values, 1))
        plain = f"SELECT {listed} FROM {text} {where}"
        made = self._aggregate(inner)
        aggregate = Output("agg", made.kind, made.digits, made.exact)
        match self._rng.choice(
            ("plain", "distinct", "limit", "limit", "aggregate", "having", "group", "set", "ties")
        ):
            case "plain":
                return plain, columns
            case "distinct":
                return plain.replace("SELECT", "SELECT DISTINCT", 1), columns
            case "limit":
                return f"{plain} {self._sorted(values)} {self._limit()}", columns
            case "ties":
                return f"{plain} ORDER BY {values[0].sql} FETCH FIRST 1 ROWS WITH TIES", columns
            case "aggregate":
                return f"SELECT {made.sql} AS agg FROM {text} {where}", (aggregate,)
            case "having":
                return f"SELECT {made.sql} AS agg FROM {text} {where} HAVING count(*) > 1", (aggregate,)
            case "group":
                keys = ", ".join(value.sql for value in values)
                return f"SELECT {listed}, {made.sql} AS agg FROM {text} {where} GROUP BY {keys}", (
                    *columns,
                    aggregate,
                )
            case _:
                other = self._query(0, tuple(value.kind for value in values))
                word = self._rng.choice(("UNION", "UNION ALL", "EXCEPT", "INTERSECT", "EXCEPT ALL"))
                return f"({plain}) {word} ({other.sql})", columns

    def _lateral_body(self, depth: int, wanted: Kinds) -> Query | None:
        tree = self._joins.tree(max(depth - 1, 0)) if wanted is None else None
        body = self._body(tree.scope) if tree is not None else None
        if tree is None or body is None:
            return None
        text, outputs = body
        alias = self._fresh("l")
        inside = [output.seen_as(alias) for output in outputs]
        on = self._expressions.predicate([*tree.scope, *inside], 0) if self._rng.random() < 0.3 else "true"
        join = self._rng.choice(
            (f"LEFT JOIN LATERAL ({text}) AS {alias} ON {on}", f"CROSS JOIN LATERAL ({text}) AS {alias}")
        )
        values = [*self._rng.sample(tree.scope, min(2, len(tree.scope))), *inside]
        listed, columns = self._listed(values)
        sql = f"SELECT {listed} FROM {tree.sql} {join}{self._where(tree.scope)}"
        return Query(sql, columns, tree.rows * 2, tree.scans + 1)

    def _limited_below(self, depth: int, wanted: Kinds) -> Query | None:
        """A query over a subquery with LIMIT."""
        query = self._ordered(depth) if wanted is None else None
        if query is None or any(column.kind not in _SORTABLE for column in query.columns):
            return None
        alias, top = self._fresh("o"), self._fresh("p")
        values = [column.seen_as(alias) for column in query.columns]
        inner = f"SELECT * FROM ({query.sql}) AS {alias} {self._sorted(values)} {self._limit()}"
        scope = [column.seen_as(top) for column in query.columns]
        chosen = [self._rng.choice(scope), self._aggregate(scope)]
        listed, columns = self._listed(chosen)
        text = f"SELECT {listed} FROM ({inner}) AS {top} GROUP BY {chosen[0].sql}"
        return Query(text, columns, 3.0, query.scans)

    def _one_value(self, scope: Scope) -> Value | None:
        """A scalar subquery of at most one row."""
        text, inner = self._inner()
        shown = [value for value in inner if value.kind in _SORTABLE and value.exact]
        if not shown:
            return None
        value = self._rng.choice(shown)
        direction = self._rng.choice(("", " DESC", " DESC NULLS LAST"))
        where = f"WHERE {self._loose(scope, inner)}"
        return replace(
            value, sql=f"(SELECT {value.sql} FROM {text} {where} ORDER BY {value.sql}{direction} LIMIT 1)"
        )

    def _shown(self, depth: int, make: Callable[[Scope], Value | None]) -> Query | None:
        tree = self._joins.tree(min(depth, 1))
        value = make(tree.scope)
        if value is None:
            return None
        values = [*self._rng.sample(tree.scope, min(2, len(tree.scope))), value]
        listed, columns = self._listed(values)
        sql = f"SELECT {listed} FROM {tree.sql}{self._where(tree.scope)}"
        return Query(sql, columns, tree.rows, tree.scans + 2)

    def _scalar_with_limit(self, depth: int, wanted: Kinds) -> Query | None:
        return self._shown(depth, self._one_value) if wanted is None else None

    def _nested_scalar(self, depth: int, wanted: Kinds) -> Query | None:
        """An aggregate over values that are subqueries themselves, correlated over two levels."""

        def make(scope: Scope) -> Value:
            text, inner = self._inner()
            deeper_text, deeper = self._inner()
            both = self._loose([*scope, *inner], deeper)
            deep = f"(SELECT count(*) FROM {deeper_text} WHERE {both} AND {self._loose(scope, deeper)})"
            # Without a column of its own the aggregate would be one of the outer query.
            own = f"CASE WHEN {self._rng.choice(inner).sql} IS NULL THEN 2 * {deep} ELSE {deep} END"
            where = f"WHERE {self._loose(scope, inner)}"
            return Value(f"(SELECT max({own}) FROM {text} {where})", Kind.BIGINT, 5)

        return self._shown(depth, make) if wanted is None else None

    def _test_as_value(self, depth: int, wanted: Kinds) -> Query | None:
        """EXISTS, IN, ANY and ALL in the select list."""

        def make(scope: Scope) -> Value | None:
            text, inner = self._inner()
            where = f" WHERE {self._loose(scope, inner)}" if self._rng.random() < 0.7 else ""
            pairs = [(one, two) for one in scope for two in inner if comparable(one.kind, two.kind)]
            if not pairs or self._rng.random() < 0.25:
                return Value(f"EXISTS (SELECT FROM {text}{where})", Kind.BOOL)
            one, two = self._rng.choice(pairs)
            words = ["IN", "NOT IN", "= ANY", "<> ALL"]
            words += ["> ANY", "<= ALL"] if {one.kind, two.kind} <= _SORTABLE else []
            return Value(
                f"({one.sql} {self._rng.choice(words)} (SELECT {two.sql} FROM {text}{where}))", Kind.BOOL
            )

        return self._shown(depth, make) if wanted is None else None

    def _subquery_in_condition(self, depth: int, wanted: Kinds) -> Query | None:
        """A join whose condition has a subquery."""
        if wanted is not None:
            return None
        tree = self._joins.tree(0)
        if "JOIN" not in tree.sql and "," in tree.sql:
            return None
        text, right = self._inner()
        scope = [*tree.scope, *right]
        test = self._rng.choice((self._exists, self._in))(scope)
        kind = self._rng.choice(("JOIN", "LEFT JOIN"))
        condition = f"{self._loose(tree.scope, right)} AND {test or self._exists(scope)}"
        values = self._rng.sample(scope, min(3, len(scope)))
        listed, columns = self._listed(values)
        left = f"({tree.sql})" if "JOIN" in tree.sql else tree.sql
        sql = f"SELECT {listed} FROM {left} {kind} {text} ON {condition}"
        return Query(sql, columns, tree.rows * 2, tree.scans + 2) if depth else None

    def _set_returning(self, depth: int, wanted: Kinds) -> Query | None:
        """Functions in the select list, alone and in lockstep."""
        tree = self._joins.tree(min(depth, 1)) if wanted is None else None
        integers = [value for value in tree.scope if value.kind is Kind.INT] if tree is not None else []
        if tree is None or not integers:
            return None
        one = self._rng.choice(integers)
        calls = [
            Value(f"generate_series(1, least({one.sql}, 3))", Kind.INT, 1),
            Value(f"unnest(ARRAY[{one.sql}, {self._rng.choice(integers).sql}])", Kind.INT, one.digits),
        ]
        chosen = self._rng.sample(calls, self._rng.randint(1, 2))
        values = [*self._rng.sample(tree.scope, min(2, len(tree.scope))), *chosen]
        listed, columns = self._listed(values)
        sql = f"SELECT {listed} FROM {tree.sql}{self._where(tree.scope)}"
        return Query(sql, columns, tree.rows * 2, tree.scans)
