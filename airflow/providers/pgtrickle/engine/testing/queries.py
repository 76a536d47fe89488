"""Random defining queries: small productions with weights, each behind a feature flag.

A production makes a whole query from relations; a run names the features that it may use, so a new
construct is a new function, a weight and a flag. Queries are always valid SQL, deterministic, and bounded
in size by an estimate of their rows. Relations are never qualified by a schema: under another search_path
the same text reads other relations, which is how an oracle replaces stream tables by plain views.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace

from airflow.providers.pgtrickle.engine.testing.expressions import Expressions, Value
from airflow.providers.pgtrickle.engine.testing.joins import (
    MOST_ROWS,
    MOST_SCANS,
    ODD_NAMES,
    Item,
    Joins,
    Output,
    Query,
    Source,
    quote_name,
)
from airflow.providers.pgtrickle.engine.testing.sqltypes import Kind

#: Features that have delta laws: a query of these alone must never be recomputed as a whole.
DIFFERENTIAL_FEATURES = frozenset(
    (
        "plain_types",
        "exotic_types",
        "json",
        "expressions",
        "filter",
        "inner_join",
        "cross_join",
        "self_join",
        "non_equi_join",
        "natural",
        "using",
        "left_join",
        "right_join",
        "full_join",
        "outer_conditions",
        "group_by",
        "group_expressions",
        "global_aggregate",
        "having",
        "aggregate_filter",
        "distinct_aggregate",
        "distinct",
        "union",
        "union_all",
        "subquery",
        "cte",
        "materialized_cte",
        "shadowing",
        "view",
        "stream_table",
        "star",
        "odd_names",
    )
)

#: The kinds a query's columns must have, or None when it may choose.
Kinds = tuple[Kind, ...] | None


class Queries:
    """Draws queries over the relations it knows; ``add`` makes one more of them readable."""

    def __init__(self, rng: random.Random, features: frozenset[str], relations: Sequence[Source]) -> None:
        self._rng = rng
        self._features = features
        self._relations = list(relations)
        self._expressions = Expressions(rng, features)
        self._joins = Joins(rng, features, self._source, self._fresh)
        self._counter = 0
        self._productions: list[tuple[int, str, Callable[[int, Kinds], Query | None]]] = [
            (7, "filter", self._select),
            (6, "group_by", self._group_by),
            (2, "global_aggregate", self._global_aggregate),
            (3, "distinct", self._distinct),
            (2, "union_all", self._union),
            (2, "union", self._union),
            (3, "cte", self._with),
        ]
        #: What needs no query below it.
        self._flat = {self._select, self._group_by, self._global_aggregate, self._distinct}

    def add(self, relation: Source) -> None:
        """Let later queries read the relation; recent ones are read more often."""
        self._relations.append(relation)

    def defining_query(self, depth: int) -> Query:
        """A query for a stream table: distinct column names, never without a column."""
        query = self._query(depth)
        if len({column.name for column in query.columns}) == len(query.columns):
            return query
        alias = self._fresh("q")
        columns = tuple(replace(column, name=f"c{i}") for i, column in enumerate(query.columns, 1))
        listed = ", ".join(quote_name(column.name) for column in columns)
        return Query(f"SELECT * FROM ({query.sql}) AS {alias} ({listed})", columns, query.rows, query.scans)

    def _query(self, depth: int, wanted: Kinds = None) -> Query:
        usable = [
            (w, make)
            for w, feature, make in self._productions
            if feature in self._features and (depth or make in self._flat)
        ]
        for _ in range(8):
            make = self._rng.choices([m for _, m in usable], [w for w, _ in usable])[0]
            query = make(depth, wanted)
            if query is not None and query.rows <= MOST_ROWS and query.scans <= MOST_SCANS:
                return query
        query = self._select(0, wanted)
        assert query is not None
        return query

    # FROM

    def _source(self, depth: int) -> Source:
        roll = self._rng.random()
        if depth > 0 and roll < 0.45 and "subquery" in self._features:
            query = self._query(depth - 1)
            if len({column.name for column in query.columns}) == len(query.columns):
                return Source(f"({query.sql})", query.columns, query.rows, query.scans)
        weights = [2 + 2 * (position >= len(self._relations) - 2) for position in range(len(self._relations))]
        return self._rng.choices(self._relations, weights)[0]

    # Whole queries

    def _select(self, depth: int, wanted: Kinds) -> Query | None:
        tree = self._joins.tree(depth)
        return self._projection(tree, wanted, "SELECT")

    def _distinct(self, depth: int, wanted: Kinds) -> Query | None:
        if wanted and not all(kind.has_equality for kind in wanted):
            return None
        tree = self._joins.tree(depth)
        return self._projection(tree, wanted, "SELECT DISTINCT", only_comparable=True)

    def _projection(
        self, tree: Item, wanted: Kinds, verb: str, *, only_comparable: bool = False
    ) -> Query | None:
        scope = [value for value in tree.scope if value.kind.has_equality or not only_comparable]
        if not scope:
            return None
        where = self._where(tree.scope)
        star = (
            wanted is None
            and "star" in self._features
            and self._rng.random() < 0.12
            and len(scope) == len(tree.scope)
            and not tree.merged
            and max(tree.names.values()) == 1
        )
        if star:
            columns = tuple(Output(name, v.kind, v.digits, v.exact) for name, v in tree.columns)
            return Query(
                f"{verb} * FROM {tree.sql}{where}", columns, tree.rows * (0.6 if where else 1), tree.scans
            )
        if wanted is None:
            count = self._rng.randint(1, min(5, len(scope) + 1))
            values = [
                self._rng.choice(scope)
                if self._rng.random() < 0.6
                else self._expressions.value(self._rng.choice(scope).kind, scope, 2)
                for _ in range(count)
            ]
        else:
            values = [self._expressions.value(kind, scope, 1) for kind in wanted]
        listed, columns = self._listed(values)
        return Query(
            f"{verb} {listed} FROM {tree.sql}{where}", columns, tree.rows * (0.6 if where else 1), tree.scans
        )

    def _where(self, scope: Sequence[Value]) -> str:
        if "filter" not in self._features or self._rng.random() < 0.6:
            return ""
        return f" WHERE {self._expressions.likely(scope)}"

    def _listed(self, values: Sequence[Value]) -> tuple[str, tuple[Output, ...]]:
        """The select list and the columns it makes: bare columns keep their names now and then."""
        parts: list[str] = []
        columns: list[Output] = []
        taken: set[str] = set()
        for position, value in enumerate(values, 1):
            name = f"c{position}"
            own = value.sql.rpartition(".")[2]
            if (
                own.isidentifier()
                and own.islower()
                and own not in taken
                and "." in value.sql
                and self._rng.random() < 0.4
            ):
                name = own
                parts.append(value.sql)
            else:
                if "odd_names" in self._features and self._rng.random() < 0.04:
                    odd = self._rng.choice(ODD_NAMES)
                    name = odd if odd not in taken else name
                parts.append(f"{value.sql} AS {quote_name(name)}")
            if name in taken:
                name = f"c{position}x"
                parts[-1] = f"{value.sql} AS {name}"
            taken.add(name)
            columns.append(Output(name, value.kind, value.digits, value.exact))
        return ", ".join(parts), tuple(columns)

    def _group_by(self, depth: int, wanted: Kinds) -> Query | None:
        tree = self._joins.tree(depth)
        keys = self._keys(tree)
        if not keys:
            return None
        return self._aggregation(tree, keys, wanted)

    def _global_aggregate(self, depth: int, wanted: Kinds) -> Query | None:
        return self._aggregation(self._joins.tree(depth), [], wanted)

    def _keys(self, tree: Item) -> list[Value]:
        scope = [value for value in tree.scope if value.kind.has_equality]
        if not scope:
            return []
        keys: list[Value] = []
        for _ in range(self._rng.choice((1, 1, 1, 2, 2, 3))):
            key = self._rng.choice(scope)
            if "group_expressions" in self._features and self._rng.random() < 0.25:
                made = self._expressions.value(key.kind, scope, 2)
                # A constant in GROUP BY would be read as the number of an output column.
                key = made if any(column.sql in made.sql for column in scope) else key
            if key.sql not in {other.sql for other in keys}:
                keys.append(key)
        return keys

    def _aggregation(self, tree: Item, keys: list[Value], wanted: Kinds) -> Query | None:
        where = self._where(tree.scope)
        aggregates = [self._aggregate(tree.scope) for _ in range(self._rng.randint(1, 3))]
        if keys and wanted is None and self._rng.random() < 0.08:
            aggregates = []
        after = [*keys, *aggregates]
        having = ""
        if aggregates and "having" in self._features and self._rng.random() < 0.25:
            having = f" HAVING {self._expressions.likely(after, 1)}"
        if wanted is not None:
            values = [self._expressions.value(kind, after, 1) for kind in wanted]
        else:
            values = [key for key in keys if self._rng.random() < 0.85]
            values += [
                a if self._rng.random() < 0.75 else self._expressions.value(a.kind, after, 2)
                for a in aggregates
            ]
            values = values or after[:1]
        listed, columns = self._listed(values)
        grouped = f" GROUP BY {', '.join(key.sql for key in keys)}" if keys else ""
        rows = max(1.0, tree.rows * 0.4) if keys else 1.0
        return Query(f"SELECT {listed} FROM {tree.sql}{where}{grouped}{having}", columns, rows, tree.scans)

    def _aggregate(self, scope: Sequence[Value]) -> Value:
        value = self._rng.choice(list(scope))
        if self._rng.random() < 0.25 and value.kind is not Kind.JSON:
            value = self._expressions.value(value.kind, scope, 1)
        sql, kind = value.sql, value.kind
        forms: list[tuple[int, Value]] = [
            (2, Value("count(*)", Kind.BIGINT, 5)),
            (2, Value(f"count({sql})", Kind.BIGINT, 5)),
        ]
        if kind is Kind.INT:
            forms.append((4, Value(f"sum({sql})", Kind.BIGINT, value.digits + 5)))
        if kind in {Kind.BIGINT, Kind.FIXED, Kind.NUMERIC}:
            forms.append((4, Value(f"sum({sql})", Kind.NUMERIC, exact=False)))
        if kind in {Kind.INT, Kind.BIGINT, Kind.FIXED} or (kind is Kind.NUMERIC and value.exact):
            forms.append((2, Value(f"avg({sql})", Kind.NUMERIC, exact=False)))
        if kind is Kind.FLOAT and value.exact:
            forms += [
                (2, Value(f"sum({sql})", Kind.FLOAT)),
                (1, Value(f"avg({sql})", Kind.FLOAT, exact=False)),
            ]
        if kind is Kind.INTERVAL:
            forms.append((2, Value(f"sum({sql})", Kind.INTERVAL, exact=False)))
        if kind.has_extremes:
            exact = value.exact and kind is not Kind.NUMERIC
            forms += [(2, Value(f"{name}({sql})", kind, value.digits, exact)) for name in ("min", "max")]
        chosen = self._rng.choices([v for _, v in forms], [w for w, _ in forms])[0]
        text = chosen.sql
        if (
            "distinct_aggregate" in self._features
            and "*" not in text
            and kind.has_equality
            and self._rng.random() < 0.08
        ):
            text = text.replace("(", "(DISTINCT ", 1)
        if "aggregate_filter" in self._features and self._rng.random() < 0.15:
            text += f" FILTER (WHERE {self._expressions.predicate(scope, 1)})"
        return replace(chosen, sql=text)

    def _union(self, depth: int, wanted: Kinds) -> Query | None:
        first = self._query(depth - 1, wanted)
        kinds = tuple(column.kind for column in first.columns)
        comparable_rows = all(kind.has_equality for kind in kinds)
        sql, columns, rows, scans = f"({first.sql})", list(first.columns), first.rows, first.scans
        for _ in range(self._rng.choice((1, 1, 2))):
            branch = self._query(depth - 1, kinds)
            words = [w for w, f in (("UNION ALL", "union_all"), ("UNION", "union")) if f in self._features]
            word = self._rng.choice(words if comparable_rows else ["UNION ALL"])
            sql = f"{sql} {word} ({branch.sql})"
            if self._rng.random() < 0.25:
                sql = f"({sql})"
            columns = [
                replace(
                    one,
                    digits=max(one.digits, two.digits),
                    exact=one.exact and two.exact and one.kind is not Kind.NUMERIC,
                )
                for one, two in zip(columns, branch.columns, strict=True)
            ]
            rows += branch.rows
            scans += branch.scans
        return Query(sql, tuple(columns), rows, scans)

    def _with(self, depth: int, wanted: Kinds) -> Query | None:
        before = list(self._relations)
        definitions: list[str] = []
        for _ in range(self._rng.choice((1, 1, 2))):
            query = self._query(depth - 1)
            if len({column.name for column in query.columns}) < len(query.columns):
                continue
            name = self._fresh("w")
            if "shadowing" in self._features and self._rng.random() < 0.1:
                name = self._rng.choice(before).sql
                if f"{name} AS " in query.sql or any(d.startswith(f"{name} ") for d in definitions):
                    name = self._fresh("w")
            hint = ""
            if "materialized_cte" in self._features and self._rng.random() < 0.3:
                hint = self._rng.choice(("MATERIALIZED ", "NOT MATERIALIZED "))
            definitions.append(f"{name} AS {hint}({query.sql})")
            self._relations = [relation for relation in self._relations if relation.sql != name]
            # Twice, so that it is read often and joined with itself.
            source = Source(name, query.columns, query.rows, query.scans)
            self._relations += [source, source]
        body = self._query(depth - 1, wanted)
        self._relations = before
        if not definitions:
            return body
        text = (
            f"SELECT * FROM ({body.sql}) AS {self._fresh('q')}" if body.sql.startswith("WITH") else body.sql
        )
        return replace(body, sql=f"WITH {', '.join(definitions)} {text}")

    def _fresh(self, prefix: str) -> str:
        self._counter += 1
        return f"{prefix}{self._counter}"
