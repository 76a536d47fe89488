"""Lowering: the canonical text of a defining query becomes an operator tree.

The text is PostgreSQL's own (pg_get_viewdef under an empty search_path), so names are resolved as it resolved
them: relations are qualified, columns are qualified wherever two ranges could supply them. What has no
operator raises Unsupported with the construct's name; the stream table is then recomputed, or refused in
DIFFERENTIAL mode.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from airflow.providers.pgtrickle.engine.names import QualifiedName
from airflow.providers.pgtrickle.engine.ops import expressions as ex
from airflow.providers.pgtrickle.engine.ops.aggregates import is_aggregate, read_aggregate
from airflow.providers.pgtrickle.engine.ops.expressions import Expr
from airflow.providers.pgtrickle.engine.ops.naming import Names
from airflow.providers.pgtrickle.engine.ops.nodes import (
    Aggregate,
    AggregateCall,
    Constant,
    Filter,
    Join,
    Op,
    OuterJoin,
    Project,
    Scan,
    Source,
    SourceColumn,
    UnionAll,
)
from airflow.providers.pgtrickle.engine.parse import parse_canonical
from airflow.providers.pgtrickle.engine.schema import Binding, Relation


class Unsupported(Exception):
    """A construct without a delta law; ``reason`` names it for people."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Lowered:
    """A query's tree and its output columns: (name as the query has it, column of the tree)."""

    op: Op
    outputs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Range:
    """What one FROM item offers under its alias: column name → expression over the tree."""

    alias: str | None
    columns: Mapping[str, Expr]


@dataclass(frozen=True, slots=True)
class FromItem:
    """A FROM item: its tree, its ranges, and its columns in order (after USING merged some)."""

    op: Op
    ranges: tuple[Range, ...]
    columns: tuple[tuple[str, Expr], ...]


@dataclass(slots=True)
class Environment:
    """The common table expressions in sight: not lowered yet, or lowered once."""

    definitions: dict[str, tuple[exp.CTE, Environment]] = field(default_factory=dict)
    lowered: dict[str, Lowered] = field(default_factory=dict)
    parent: Environment | None = None

    def find(self, name: str) -> Environment | None:
        """The innermost environment that defines the name."""
        environment: Environment | None = self
        while environment is not None and name not in environment.definitions:
            environment = environment.parent
        return environment


def lower(binding: Binding, names: Names) -> Lowered:
    """Lower a binding; the tree's outputs stand in the order of the binding's columns.

    Raises Unsupported for constructs that have no operator.
    """
    return _Lowering(binding, names).query(parse_canonical(binding.text), Environment())


class _Lowering:
    def __init__(self, binding: Binding, names: Names) -> None:
        self.relations = binding.relations
        self.names = names
        self.aggregate_names = frozenset(f.name for f in binding.functions if f.kind == "aggregate")

    # -- queries ------------------------------------------------------------------------------------------

    def query(self, node: exp.Expr, outer: Environment) -> Lowered:
        while isinstance(node, exp.Subquery) and not node.args.get("with_"):
            node = node.this
        environment = self._environment(node, outer)
        if node.args.get("limit") or node.args.get("offset") or node.args.get("fetch"):
            raise Unsupported("LIMIT, OFFSET or FETCH")
        if node.args.get("locks"):
            raise Unsupported("a locking clause (FOR UPDATE)")
        if isinstance(node, exp.Select):
            return self._select(node, environment)
        if isinstance(node, exp.Union):
            return self._union(node, environment)
        if isinstance(node, exp.SetOperation):
            raise Unsupported(type(node).__name__.upper())
        if isinstance(node, exp.Values):
            return self._values(node)
        raise Unsupported(f"a query of the form {type(node).__name__}")

    def _environment(self, node: exp.Expr, outer: Environment) -> Environment:
        clause = node.args.get("with_")
        if clause is None:
            return outer
        if clause.args.get("recursive"):
            raise Unsupported("WITH RECURSIVE")
        environment = outer
        for cte in clause.expressions:
            environment = Environment({cte.alias: (cte, environment)}, parent=environment)
        return environment

    def _union(self, node: exp.Union, environment: Environment) -> Lowered:
        if node.args.get("by_name"):
            raise Unsupported("UNION BY NAME")
        sides = [self.query(side, environment) for side in _union_sides(node)]
        columns = tuple(self.names.fresh(name) for name, _ in sides[0].outputs)
        union: Op = UnionAll(
            tuple(side.op for side in sides),
            columns,
            tuple(tuple(name for _, name in side.outputs) for side in sides),
        )
        if node.args.get("distinct"):
            union = Aggregate(union, columns)
        return Lowered(
            union, tuple((name, column) for (name, _), column in zip(sides[0].outputs, columns, strict=True))
        )

    def _values(self, node: exp.Values) -> Lowered:
        rows = [
            tuple(row.expressions) if isinstance(row, exp.Tuple) else (row.unnest(),)
            for row in node.expressions
        ]
        titles = [f"column{position}" for position in range(1, len(rows[0]) + 1)]
        columns = tuple(self.names.fresh(title) for title in titles)
        scope = _Scope(())
        values = tuple(tuple(self._scalar(value, scope) for value in row) for row in rows)
        return Lowered(Constant(columns, values), tuple(zip(titles, columns, strict=True)))

    def _select(self, node: exp.Select, environment: Environment) -> Lowered:
        for clause in ("kind", "hint", "into", "qualify", "sample", "windows"):
            if node.args.get(clause):
                raise Unsupported(f"{clause.upper()} in SELECT")
        if node.args.get("laterals"):
            raise Unsupported("LATERAL")
        item = self._from(node, environment)
        scope = _Scope(item.ranges, item.columns)
        op = item.op
        where = node.args.get("where")
        if where is not None:
            op = Filter(op, self._scalar(where.this, scope))
        targets = [self._target(target, scope) for target in node.expressions]
        group, having = node.args.get("group"), node.args.get("having")
        condition = self._scalar(having.this, scope) if having is not None else None
        if group is not None or having is not None or any(self._aggregates(value) for _, value in targets):
            op, targets, condition = self._group(op, group, targets, condition, scope)
            if condition is not None:
                op = Filter(op, condition)
        lowered = self._project(op, targets)
        distinct = node.args.get("distinct")
        if distinct is None:
            return lowered
        if distinct.args.get("on"):
            raise Unsupported("DISTINCT ON")
        exact = _exactly(lowered)
        return Lowered(Aggregate(exact, exact.columns), lowered.outputs)

    def _target(self, target: exp.Expr, scope: _Scope) -> tuple[str, Expr]:
        if isinstance(target, exp.Alias):
            return target.alias, self._scalar(target.this, scope)
        name = target.name if isinstance(target, exp.Column) else "?column?"
        return name, self._scalar(target, scope)

    def _project(self, op: Op, targets: Sequence[tuple[str, Expr]]) -> Lowered:
        """Compute the targets; columns that are only passed on need no projection."""
        outputs: list[tuple[str, str]] = []
        computed: list[tuple[str, Expr]] = []
        for title, value in targets:
            name = ex.column_of(value)
            if name is None:
                name = self.names.fresh(title)
                computed.append((name, value))
            outputs.append((title, name))
        if computed:
            passed = tuple((name, ex.column(name)) for name in op.columns)
            op = Project(op, passed + tuple(computed))
        return Lowered(op, tuple(outputs))

    # -- grouping -----------------------------------------------------------------------------------------

    def _aggregates(self, value: Expr) -> bool:
        return any(is_aggregate(node, self.aggregate_names) for node in value.walk())

    def _group(
        self,
        op: Op,
        group: exp.Group | None,
        targets: Sequence[tuple[str, Expr]],
        condition: Expr | None,
        scope: _Scope,
    ) -> tuple[Op, list[tuple[str, Expr]], Expr | None]:
        if group is not None and any(
            isinstance(part, (exp.GroupingSets, exp.Cube, exp.Rollup)) for part in group.walk()
        ):
            raise Unsupported("GROUPING SETS, ROLLUP or CUBE")
        keys: list[str] = []
        computed: list[tuple[str, Expr]] = []
        key_values: list[tuple[Expr, str]] = []
        for raw in group.expressions if group is not None else ():
            value = self._scalar(raw, scope).unnest()
            if isinstance(value, exp.Tuple) and not value.expressions:
                continue
            name = ex.column_of(value)
            if name is None:
                name = next((known for seen, known in key_values if seen == value), None)
            if name is None:
                name = self.names.fresh("key")
                computed.append((name, value))
                key_values.append((value, name))
            if name not in keys:
                keys.append(name)
        grouped = _Grouped(self, keys, key_values)
        outputs = [(title, grouped.rewrite(value)) for title, value in targets]
        having = grouped.rewrite(condition) if condition is not None else None
        if computed:
            passed = tuple((name, ex.column(name)) for name in op.columns)
            op = Project(op, passed + tuple(computed))
        aggregate = Aggregate(op, tuple(keys), tuple(grouped.calls), scalar=not keys)
        return aggregate, outputs, having

    # -- FROM ---------------------------------------------------------------------------------------------

    def _from(self, node: exp.Select, environment: Environment) -> FromItem:
        clause = node.args.get("from_")
        if clause is None:
            return FromItem(Constant(), (), ())
        item = self._from_item(clause.this, environment)
        for join in node.args.get("joins") or ():
            item = self._join(item, join, environment)
        return item

    def _from_item(self, node: exp.Expr, environment: Environment) -> FromItem:
        alias = node.args.get("alias")
        if node.args.get("sample") or node.args.get("pivots"):
            raise Unsupported("TABLESAMPLE")
        if isinstance(node, exp.Table):
            item = self._table(node, environment)
        elif isinstance(node, exp.Subquery) and isinstance(node.this, (exp.Table, exp.Subquery)):
            inner = self._from_item(node.this, environment)
            item = self._aliased(inner.op, inner.columns, alias) if alias is not None else inner
        elif isinstance(node, (exp.Subquery, exp.Values)):
            query = node.this if isinstance(node, exp.Subquery) else node
            lowered = self.query(query, environment)
            item = self._aliased(lowered.op, _as_columns(lowered), alias)
        else:
            raise Unsupported(f"{type(node).__name__.upper()} in FROM")
        for join in node.args.get("joins") or ():
            item = self._join(item, join, environment)
        return item

    def _table(self, node: exp.Table, environment: Environment) -> FromItem:
        if not isinstance(node.this, exp.Identifier) or node.args.get("ordinality"):
            raise Unsupported("a function in FROM")
        if node.args.get("only"):
            raise Unsupported("ONLY")
        schema, name = node.db, node.name
        alias = node.args.get("alias")
        if not schema:
            home = environment.find(name)
            if home is None:
                raise Unsupported(f"the unqualified relation {name}")
            lowered = self._cte(name, home)
        else:
            lowered = self._relation(QualifiedName(schema, name))
        if alias is None:
            alias = exp.TableAlias(this=exp.to_identifier(name))
        return self._aliased(lowered.op, _as_columns(lowered), alias)

    def _cte(self, name: str, home: Environment) -> Lowered:
        known = home.lowered.get(name)
        if known is not None:
            return self._renamed(known)
        cte, outer = home.definitions[name]
        if not isinstance(cte.this, exp.Query):
            raise Unsupported("a data-modifying WITH")
        lowered = self.query(cte.this, outer)
        titles = [identifier.name for identifier in cte.args["alias"].args.get("columns") or ()]
        outputs = tuple(
            (titles[position] if position < len(titles) else title, column)
            for position, (title, column) in enumerate(lowered.outputs)
        )
        lowered = Lowered(lowered.op, outputs)
        home.lowered[name] = lowered
        return lowered

    def _renamed(self, lowered: Lowered) -> Lowered:
        """The same subtree under fresh column names, for a second use beside the first."""
        fresh = {column: self.names.fresh(title) for title, column in lowered.outputs}
        op = Project(lowered.op, tuple((new, ex.column(old)) for old, new in fresh.items()))
        return Lowered(op, tuple((title, fresh[column]) for title, column in lowered.outputs))

    def _relation(self, name: QualifiedName) -> Lowered:
        relation = self.relations.get(name)
        if relation is None:
            raise Unsupported(f"the relation {name.display}, which the view does not depend on")
        if relation.view_text is not None and relation.kind == "view":
            lowered = self.query(parse_canonical(relation.view_text), Environment())
            titles = [column.name for column in relation.columns]
            return Lowered(
                lowered.op,
                tuple((title, column) for title, (_, column) in zip(titles, lowered.outputs, strict=True)),
            )
        if relation.kind not in ("table", "partitioned"):
            raise Unsupported(f"the {relation.kind.replace('_', ' ')} {name.display} as a source")
        return self._scan(relation)

    def _scan(self, relation: Relation) -> Lowered:
        fields = tuple(
            SourceColumn(self.names.fresh(column.name, column.type), column.name, column.number)
            for column in relation.columns
        )
        op = Scan(Source(relation.oid, relation.name), fields)
        return Lowered(op, tuple((item.name, item.output) for item in fields))

    def _aliased(self, op: Op, columns: Sequence[tuple[str, Expr]], alias: exp.TableAlias | None) -> FromItem:
        titles = [identifier.name for identifier in (alias.args.get("columns") or ())] if alias else []
        named = tuple(
            (titles[position] if position < len(titles) else title, value)
            for position, (title, value) in enumerate(columns)
        )
        return FromItem(op, (Range(alias.name if alias else None, dict(named)),), named)

    def _join(self, left: FromItem, join: exp.Join, environment: Environment) -> FromItem:
        kind = (join.args.get("kind") or "").upper()
        side = (join.args.get("side") or "").upper()
        method = (join.args.get("method") or "").upper()
        if kind not in ("", "INNER", "OUTER", "CROSS") or method not in ("", "NATURAL"):
            raise Unsupported(f"{method} {side} {kind} JOIN".strip())
        right = self._from_item(join.this, environment)
        ranges = left.ranges + right.ranges
        using = [identifier.name for identifier in join.args.get("using") or ()]
        if method == "NATURAL":
            offered = {title for title, _ in right.columns}
            using = [title for title, _ in left.columns if title in offered]
        columns = left.columns + right.columns
        predicates: tuple[Expr, ...] = ()
        if using:
            columns, predicates = self._merge(left, right, using, side)
        on = join.args.get("on")
        if on is not None:
            predicates += ex.conjuncts(self._scalar(on, _Scope(ranges, columns)))
        if side == "":
            return FromItem(Join((left.op, right.op), predicates), ranges, columns)
        if side == "RIGHT":
            return FromItem(OuterJoin(right.op, left.op, predicates), ranges, columns)
        return FromItem(OuterJoin(left.op, right.op, predicates, full=side == "FULL"), ranges, columns)

    def _merge(
        self, left: FromItem, right: FromItem, using: Sequence[str], side: str
    ) -> tuple[tuple[tuple[str, Expr], ...], tuple[Expr, ...]]:
        """USING: the merged columns first, then the rest of either side; and the equalities."""
        merged: list[tuple[str, Expr]] = []
        predicates: list[Expr] = []
        for title in using:
            one, other = _only(left.columns, title), _only(right.columns, title)
            predicates.append(ex.equals(one, other))
            merged.append((title, self._merged_value(one, other, side)))
        rest = tuple(item for item in left.columns + right.columns if item[0] not in using)
        return tuple(merged) + rest, tuple(predicates)

    def _merged_value(self, one: Expr, other: Expr, side: str) -> Expr:
        types = self.names.types
        left, right = types.get(ex.column_of(one) or ""), types.get(ex.column_of(other) or "")
        same = left is not None and right is not None and left.oid == right.oid
        if same and side in ("", "LEFT"):
            return one
        if same and side == "RIGHT":
            return other
        return exp.Coalesce(this=one.copy(), expressions=[other.copy()])

    # -- scalar expressions -------------------------------------------------------------------------------

    def _scalar(self, node: exp.Expr, scope: _Scope) -> Expr:
        """The expression over the tree's columns."""
        if isinstance(node, exp.Column):
            return scope.resolve(node).copy()
        self._refuse(node)
        copied = node.copy()

        def replace(part: exp.Expr) -> exp.Expr:
            if isinstance(part, exp.Column):
                return _wrapped(scope.resolve(part))
            self._refuse(part)
            return part

        return copied.transform(replace, copy=False)

    def _refuse(self, node: exp.Expr) -> None:
        if isinstance(node, (exp.Subquery, exp.Query, exp.Exists)):
            raise Unsupported("a subquery in an expression")
        if isinstance(node, exp.Window):
            raise Unsupported("a window function")
        if isinstance(node, exp.Var) and node.name in _CLOCK_AND_SESSION:
            raise Unsupported(f"{node.name}, whose value changes without a change of the sources")


_CLOCK_AND_SESSION = frozenset(
    {
        "CURRENT_CATALOG",
        "CURRENT_DATE",
        "CURRENT_ROLE",
        "CURRENT_SCHEMA",
        "CURRENT_TIME",
        "CURRENT_TIMESTAMP",
        "CURRENT_USER",
        "LOCALTIME",
        "LOCALTIMESTAMP",
        "SESSION_USER",
        "SYSTEM_USER",
        "USER",
    }
)


class _Scope:
    """Resolves column references as PostgreSQL printed them."""

    def __init__(self, ranges: Sequence[Range], columns: Sequence[tuple[str, Expr]] = ()) -> None:
        self.ranges = ranges
        self.columns = columns

    def resolve(self, node: exp.Column) -> Expr:
        if isinstance(node.this, exp.Star):
            raise Unsupported("a whole-row reference")
        name, qualifier = node.name, node.table
        if node.args.get("db"):
            # schema.table.column: PostgreSQL prints it for a relation without alias.
            raise Unsupported(f"the reference {node.sql(dialect='postgres')}")
        if qualifier:
            for offered in reversed(self.ranges):
                if offered.alias == qualifier:
                    if name in offered.columns:
                        return offered.columns[name]
                    raise Unsupported(f"the reference {qualifier}.{name}")
            raise Unsupported(f"the reference {qualifier}.{name}")
        found = [value for title, value in self.columns if title == name]
        if not found:
            raise Unsupported(f"the reference {name}")
        return found[0]


class _Grouped:
    """Rewrites expressions of a grouped query to read keys and aggregates."""

    def __init__(self, lowering: _Lowering, keys: list[str], key_values: list[tuple[Expr, str]]) -> None:
        self.lowering = lowering
        self.keys = keys
        self.key_values = key_values
        self.calls: list[AggregateCall] = []
        self._seen: list[tuple[Expr, str]] = []

    def rewrite(self, value: Expr) -> Expr:
        bare = value.unnest()
        for key, name in self.key_values:
            if bare == key:
                return ex.column(name)
        if is_aggregate(bare, self.lowering.aggregate_names):
            return ex.column(self._call(bare))
        if isinstance(bare, exp.Column):
            if bare.name not in self.keys:
                # PostgreSQL accepted it ungrouped, so the keys determine it: grouping by it changes nothing.
                self.keys.append(bare.name)
            return bare
        copied = value.copy()
        for name, child in list(copied.args.items()):
            if isinstance(child, exp.Expr):
                copied.set(name, self.rewrite(child) if not isinstance(child, exp.DataType) else child)
            elif isinstance(child, list):
                copied.set(
                    name,
                    [self.rewrite(item) if isinstance(item, exp.Expr) else item for item in child],
                )
        return copied

    def _call(self, value: Expr) -> str:
        for seen, name in self._seen:
            if seen == value:
                return name
        call = read_aggregate(value, self.lowering.names)
        self.calls.append(call)
        self._seen.append((value, call.name))
        return call.name


def _union_sides(node: exp.Union) -> list[exp.Expr]:
    """The inputs of a chain of the same kind of union, left to right."""
    sides: list[exp.Expr] = []
    left: exp.Expr = node
    while (
        isinstance(left, exp.Union)
        and bool(left.args.get("distinct")) == bool(node.args.get("distinct"))
        and (left is node or not any(left.args.get(part) for part in ("with_", "order", "limit", "offset")))
    ):
        sides.append(left.expression)
        left = left.this
    sides.append(left)
    return sides[::-1]


def _exactly(lowered: Lowered) -> Op:
    """The tree with the outputs as its columns, each once."""
    columns = tuple(dict.fromkeys(column for _, column in lowered.outputs))
    if lowered.op.columns == columns:
        return lowered.op
    return Project(lowered.op, tuple((name, ex.column(name)) for name in columns))


def _as_columns(lowered: Lowered) -> tuple[tuple[str, Expr], ...]:
    return tuple((title, ex.column(column)) for title, column in lowered.outputs)


def _only(columns: Sequence[tuple[str, Expr]], title: str) -> Expr:
    found = [value for name, value in columns if name == title]
    if len(found) != 1:
        raise Unsupported(f"USING ({title}), which is not one column")
    return found[0]


def _wrapped(value: Expr) -> Expr:
    return value.copy() if isinstance(value, exp.Column) else exp.Paren(this=value.copy())
