"""Lowering: the canonical text of a defining query becomes an operator tree.

The text is PostgreSQL's own (pg_get_viewdef under an empty search_path), so names are resolved as it resolved
them: relations are qualified, columns are qualified wherever two ranges could supply them. What has no
operator raises Unsupported with the construct's name; the stream table is then recomputed, or refused in
DIFFERENTIAL mode.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from airflow.providers.pgtrickle.engine.names import QualifiedName
from airflow.providers.pgtrickle.engine.ops import expressions as ex
from airflow.providers.pgtrickle.engine.ops.aggregates import called, is_aggregate
from airflow.providers.pgtrickle.engine.ops.expressions import Expr
from airflow.providers.pgtrickle.engine.ops.lower_grouping import GroupClause, Grouped, cross, group, sets_of
from airflow.providers.pgtrickle.engine.ops.lower_subqueries import Subqueries
from airflow.providers.pgtrickle.engine.ops.lower_windows import inline_named_windows, windows
from airflow.providers.pgtrickle.engine.ops.naming import BIGINT, INTEGER, Names
from airflow.providers.pgtrickle.engine.ops.nodes import (
    Aggregate,
    AggregateCall,
    Apply,
    Constant,
    Filter,
    Join,
    Op,
    OuterJoin,
    Project,
    Repeat,
    Scan,
    Source,
    SourceColumn,
    UnionAll,
    Window,
)
from airflow.providers.pgtrickle.engine.ops.scopes import (
    Cut,
    Environment,
    Frame,
    FromItem,
    Lowered,
    Range,
    Scope,
    Unsupported,
)
from airflow.providers.pgtrickle.engine.parse import generate, parse_canonical
from airflow.providers.pgtrickle.engine.schema import Binding, Relation


def lower(binding: Binding, names: Names) -> Lowered:
    """Lower a binding; the tree's outputs stand in the order of the binding's columns.

    Raises Unsupported for constructs that have no operator.
    """
    return _Lowering(binding, names).top(parse_canonical(binding.text))


class _Lowering:
    def __init__(self, binding: Binding, names: Names) -> None:
        self.relations = binding.relations
        self.names = names
        self.aggregate_names = frozenset(f.name for f in binding.functions if f.kind == "aggregate")
        self.subqueries = Subqueries(names, self.aggregate_names, self.query, self._from_frame, self._scalar)

    # -- queries ------------------------------------------------------------------------------------------

    def top(self, node: exp.Expr) -> Lowered:
        """The defining query itself, whose LIMIT the view over storage applies."""
        clauses = " ".join(generate(part) for name in _CUTS if (part := node.args.get(name)) is not None)
        if not clauses:
            return self.query(node, Environment())
        bare = node.copy()
        for name in _CUTS:
            bare.set(name, None)
        lowered = self.query(bare, Environment(), ordered=True)
        order = lowered.cut.order if lowered.cut is not None else ()
        return Lowered(lowered.op, lowered.outputs, Cut(order, clauses))

    def query(self, node: exp.Expr, outer: Environment, *, ordered: bool = False) -> Lowered:
        while isinstance(node, exp.Subquery) and not node.args.get("with_"):
            node = node.this
        environment = self._environment(node, outer)
        if any(node.args.get(name) for name in _CUTS):
            raise Unsupported("LIMIT, OFFSET or FETCH in a subquery")
        if node.args.get("locks"):
            raise Unsupported("a locking clause (FOR UPDATE)")
        if isinstance(node, exp.Select):
            return self._select(node, environment, ordered=ordered)
        if ordered and node.args.get("order"):
            raise Unsupported("LIMIT over a set operation or VALUES with ORDER BY")
        if isinstance(node, exp.SetOperation):
            return self._set_operation(node, environment)
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

    def _set_operation(self, node: exp.SetOperation, environment: Environment) -> Lowered:
        if node.args.get("by_name"):
            raise Unsupported("UNION BY NAME")
        parts = _union_sides(node) if isinstance(node, exp.Union) else [node.this, node.expression]
        sides = [self.query(side, environment) for side in parts]
        columns = tuple(self.names.fresh(name) for name, _ in sides[0].outputs)
        outputs = tuple((name, column) for (name, _), column in zip(sides[0].outputs, columns, strict=True))
        distinct = bool(node.args.get("distinct"))
        if not isinstance(node, exp.Union):
            return Lowered(self._difference(node, sides, columns, distinct=distinct), outputs)
        union: Op = UnionAll(
            tuple(side.op for side in sides),
            columns,
            tuple(tuple(name for _, name in side.outputs) for side in sides),
        )
        return Lowered(Aggregate(union, columns) if distinct else union, outputs)

    def _difference(
        self, node: exp.SetOperation, sides: Sequence[Lowered], columns: tuple[str, ...], *, distinct: bool
    ) -> Op:
        """INTERSECT and EXCEPT: for each row its multiplicities on the left and on the right decide."""
        left, right = self.names.fresh("left", INTEGER), self.names.fresh("right", INTEGER)
        tagged: list[Op] = []
        mappings: list[tuple[str, ...]] = []
        for position, side in enumerate(sides):
            exact = _exactly(side)
            tags = ((left, ex.integer(int(position == 0))), (right, ex.integer(int(position == 1))))
            tagged.append(Project(exact, (*((name, ex.column(name)) for name in exact.columns), *tags)))
            mappings.append((*(column for _, column in side.outputs), left, right))
        union = UnionAll(tuple(tagged), (*columns, left, right), tuple(mappings))
        ours, theirs = self.names.fresh("ours", BIGINT), self.names.fresh("theirs", BIGINT)
        calls = [
            AggregateCall(name, ex.aggregate_call("sum", ex.column(tag)), "sum", ex.column(tag))
            for name, tag in ((ours, left), (theirs, right))
        ]
        counted = Aggregate(union, columns, tuple(calls))
        one, other, zero = ex.column(ours), ex.column(theirs), ex.integer(0)
        keep = tuple((name, ex.column(name)) for name in columns)
        if distinct:
            second = ex.compare(other, "=" if isinstance(node, exp.Except) else ">", zero)
            return Project(Filter(counted, ex.and_((ex.compare(one, ">", zero), second))), keep)
        times = self.names.fresh("times", BIGINT)
        count = ex.subtract(one, other) if isinstance(node, exp.Except) else ex.least(one, other)
        return Repeat(
            Filter(Project(counted, (*keep, (times, count))), ex.compare(ex.column(times), ">", zero)), times
        )

    def _values(self, node: exp.Values) -> Lowered:
        rows = [
            tuple(row.expressions) if isinstance(row, exp.Tuple) else (row.unnest(),)
            for row in node.expressions
        ]
        titles = [f"column{position}" for position in range(1, len(rows[0]) + 1)]
        columns = tuple(self.names.fresh(title) for title in titles)
        frame = Frame(Constant(), Scope(()), Environment())
        values = tuple(tuple(self._scalar(value, frame) for value in row) for row in rows)
        return Lowered(Constant(columns, values), tuple(zip(titles, columns, strict=True)))

    def _select(self, node: exp.Select, environment: Environment, *, ordered: bool = False) -> Lowered:
        for clause in ("kind", "hint", "into", "qualify", "sample"):
            if node.args.get(clause):
                raise Unsupported(f"{clause.upper()} in SELECT")
        node = inline_named_windows(node)
        frame = self._from_frame(node, environment, None)
        where = node.args.get("where")
        if where is not None:
            for part in ex.conjuncts(where.this):
                self.subqueries.condition(part, frame)
        distinct = node.args.get("distinct")
        distinct_on = distinct.args.get("on") if distinct is not None else None
        having = node.args.get("having")
        order = node.args.get("order")
        sort = list(order.expressions) if order is not None and (ordered or distinct_on is not None) else []
        group = node.args.get("group")
        parts = [*node.expressions, *([having.this] if having is not None else []), *sort]
        grouped = group is not None or having is not None or any(map(self._aggregates, parts))
        if grouped:
            frame.deferred = {}
        targets = [self._target(target, frame) for target in node.expressions]
        shown = len(targets)
        targets += [("sort", self._sort_value(item, targets, frame)) for item in sort]
        on_parts = _tuple_parts(distinct_on) if distinct_on is not None else []
        targets += [("on", self._scalar(part, frame)) for part in on_parts]
        if having is not None:
            targets.append(("having", self._scalar(having.this, frame)))
        if grouped:
            targets = self._grouped(node, frame, targets)
        if having is not None:
            frame.op = Filter(frame.op, targets.pop()[1])
        frame.op, targets = windows(frame.op, targets, self.names)
        lowered = self._project(frame.op, targets)
        columns = [column for _, column in lowered.outputs]
        sorted_by = tuple(
            (column, _direction(item))
            for column, item in zip(columns[shown : shown + len(sort)], sort, strict=True)
        )
        result = Lowered(lowered.op, lowered.outputs[:shown], Cut(sorted_by, ""))
        if distinct_on is not None:
            return self._distinct_on(result, columns[shown + len(sort) :], sorted_by)
        if distinct is not None:
            exact = _exactly(result)
            return Lowered(Aggregate(exact, exact.columns), result.outputs, result.cut)
        return result

    def _sort_value(self, item: exp.Expr, targets: Sequence[tuple[str, Expr]], frame: Frame) -> Expr:
        """What an ORDER BY item sorts by: a bare number is the position of an output column."""
        value = item.this if isinstance(item, exp.Ordered) else item
        if isinstance(value, exp.Literal) and not value.is_string:
            return targets[int(value.name) - 1][1]
        return self._scalar(value, frame)

    def _grouped(
        self, node: exp.Select, frame: Frame, targets: list[tuple[str, Expr]]
    ) -> list[tuple[str, Expr]]:
        deferred, frame.deferred = frame.deferred or {}, None
        grouped = Grouped(self.names, self.aggregate_names, deferred)
        frame.op, targets = group(frame.op, self._group_clause(node, frame), grouped, targets)
        after = Frame(
            frame.op,
            Scope(frame.scope.ranges, frame.scope.columns, frame.scope.outer, grouped.rewrite),
            frame.environment,
        )
        values = {name: self.subqueries.value(query, after) for name, query in deferred.items()}
        frame.op = after.op
        return [(title, ex.substitute(value, values)) for title, value in targets]

    def _group_clause(self, node: exp.Select, frame: Frame) -> GroupClause:
        clause = node.args.get("group")
        if clause is None:
            return GroupClause((), None)
        alternatives = sets_of(clause)
        if alternatives is None:
            items = [part for item in clause.expressions for part in _tuple_parts(item, empty_only=True)]
            return GroupClause(tuple(self._scalar(item, frame).unnest() for item in items), None)
        keys: list[Expr] = []
        sets: list[tuple[int, ...]] = []
        for members in cross(alternatives):
            positions = []
            for member in members:
                value = self._scalar(member, frame).unnest()
                if value not in keys:
                    keys.append(value)
                positions.append(keys.index(value))
            sets.append(tuple(positions))
        if clause.args.get("all") is False:  # GROUP BY DISTINCT: of sets with the same members one counts
            sets = list({frozenset(members): members for members in sets}.values())
        return GroupClause(tuple(keys), tuple(sets))

    def _distinct_on(self, lowered: Lowered, on: Sequence[str], order: Sequence[tuple[str, str]]) -> Lowered:
        """The first row of each group in the given order: its row number in a window is 1."""
        number = self.names.fresh("first")
        call = exp.Window(
            this=ex.call("row_number"),
            partition_by=[ex.column(name) for name in on],
            order=exp.Order(expressions=[_ordered_column(name, text) for name, text in order])
            if order
            else None,
            over="OVER",
        )
        ranked = Window(lowered.op, tuple(sorted(set(on))), ((number, call),))
        first = Filter(ranked, ex.equals(ex.column(number), ex.integer(1)))
        return Lowered(first, lowered.outputs, lowered.cut)

    def _target(self, target: exp.Expr, frame: Frame) -> tuple[str, Expr]:
        if isinstance(target, exp.Alias):
            return target.alias, self._scalar(target.this, frame)
        name = target.name if isinstance(target, exp.Column) else "?column?"
        return name, self._scalar(target, frame)

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

    def _aggregates(self, value: exp.Expr) -> bool:
        """Whether an expression has an aggregate of its own query, window functions and subqueries aside."""
        if isinstance(value, (exp.Query, exp.Subquery)):
            return False
        if isinstance(value, exp.Window):
            parts = [part for name, part in _parts(value) if name != "this"]
            return any(map(self._aggregates, [*parts, *(part for _, part in _parts(called(value.this)))]))
        if is_aggregate(value, self.aggregate_names):
            return True
        return any(self._aggregates(part) for _, part in _parts(value))

    # -- FROM ---------------------------------------------------------------------------------------------

    def _from_frame(self, node: exp.Select, environment: Environment, outer: Scope | None) -> Frame:
        if node.args.get("laterals"):
            raise Unsupported("LATERAL")
        clause = node.args.get("from_")
        item = FromItem(Constant(), (), ())
        if clause is not None:
            item = self._from_item(clause.this, environment)
            for join in node.args.get("joins") or ():
                item = self._join(item, join, environment)
        return Frame(item.op, Scope(item.ranges, item.columns, outer), environment)

    def _from_item(self, node: exp.Expr, environment: Environment) -> FromItem:
        alias = node.args.get("alias")
        if node.args.get("sample") or node.args.get("pivots"):
            raise Unsupported("TABLESAMPLE")
        if _called(node) is not None:
            item = self._function(node, FromItem(Constant(), (), ()), outer=False)
        elif isinstance(node, exp.Table):
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
        if _called(join.this) is not None:
            return self._function_join(left, join, side)
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
            frame = Frame(Join((left.op, right.op)), Scope(ranges, columns), environment)
            joined = frame.op
            predicates += ex.conjuncts(self._scalar(on, frame))
            if frame.op is not joined:
                raise Unsupported("a subquery in a join condition")
        if side == "":
            return FromItem(Join((left.op, right.op), predicates), ranges, columns)
        if side == "RIGHT":
            return FromItem(OuterJoin(right.op, left.op, predicates), ranges, columns)
        return FromItem(OuterJoin(left.op, right.op, predicates, full=side == "FULL"), ranges, columns)

    def _function_join(self, left: FromItem, join: exp.Join, side: str) -> FromItem:
        on = join.args.get("on")
        trivial = on is None or (isinstance(on.unnest(), exp.Boolean) and on.unnest().this)
        if side not in ("", "LEFT") or join.args.get("using") or (side and not trivial):
            raise Unsupported("a function in FROM joined on a condition")
        item = self._function(join.this, left, outer=side == "LEFT")
        if on is None or trivial:
            return item
        frame = Frame(item.op, Scope(item.ranges, item.columns), Environment())
        predicate = self._scalar(on, frame)
        return FromItem(Filter(frame.op, predicate), item.ranges, item.columns)

    def _function(self, node: exp.Expr, left: FromItem, *, outer: bool) -> FromItem:
        """A function in FROM: each row of what stands before it, with the rows that the function returns."""
        alias = node.args.get("alias")
        call = _called(node)
        titles = list(alias.args.get("columns") or ()) if alias is not None else []
        if (
            call is None
            or alias is None
            or not titles
            or any(not isinstance(title, exp.Identifier) for title in titles)
        ):
            raise Unsupported("a function in FROM without a list of its columns")
        frame = Frame(left.op, Scope(left.ranges, left.columns), Environment())
        value = self._scalar(call, frame)
        outputs = tuple(self.names.fresh(title.name) for title in titles)
        op = Apply(frame.op, value, outputs, bool(node.args.get("ordinality")), outer)
        named = tuple((title.name, ex.column(column)) for title, column in zip(titles, outputs, strict=True))
        return FromItem(op, (*left.ranges, Range(alias.name, dict(named))), (*left.columns, *named))

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

    def _scalar(self, node: exp.Expr, frame: Frame) -> Expr:
        """The expression over the tree's columns.

        Subqueries in it extend the frame's tree, or are put off.
        """
        if isinstance(node, exp.Column):
            return frame.scope.resolve(node).copy()
        if _is_subquery(node):
            return self._subquery(node, frame)
        self._refuse(node)
        copied = node.copy()
        for name, child in list(copied.args.items()):
            if isinstance(child, exp.DataType):
                continue
            if isinstance(child, exp.Expr):
                copied.set(name, self._part(child, frame))
            elif isinstance(child, list):
                copied.set(
                    name, [self._part(part, frame) if isinstance(part, exp.Expr) else part for part in child]
                )
        return copied

    def _part(self, node: exp.Expr, frame: Frame) -> Expr:
        value = self._scalar(node, frame)
        if (isinstance(node, exp.Column) and not isinstance(value, exp.Column)) or _is_subquery(node):
            return _wrapped(value)
        return value

    def _subquery(self, node: exp.Expr, frame: Frame) -> Expr:
        if frame.deferred is None:
            return self.subqueries.value(node, frame)
        name = self.names.fresh("subquery")
        frame.deferred[name] = node
        return ex.column(name)

    def _refuse(self, node: exp.Expr) -> None:
        if isinstance(node, exp.Query):
            raise Unsupported("a subquery in this place")
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


_CUTS = ("limit", "offset", "fetch")


def _is_subquery(node: exp.Expr) -> bool:
    if isinstance(node, exp.In):
        return node.args.get("query") is not None
    return isinstance(node, (exp.Subquery, exp.Exists))


def _parts(node: exp.Expr) -> list[tuple[str, exp.Expr]]:
    found: list[tuple[str, exp.Expr]] = []
    for name, child in node.args.items():
        children = child if isinstance(child, list) else [child]
        found += [(name, part) for part in children if isinstance(part, exp.Expr)]
    return found


def _called(node: exp.Expr) -> exp.Expr | None:
    """The function call of a FROM item, if it is one."""
    call = node.this if isinstance(node, (exp.Lateral, exp.Table)) else None
    if isinstance(call, exp.Dot):
        return call if isinstance(call.expression, exp.Func) else None
    return call if isinstance(call, exp.Func) else None


def _tuple_parts(node: exp.Expr, *, empty_only: bool = False) -> list[exp.Expr]:
    bare = node.unnest()
    if isinstance(bare, exp.Tuple) and not (empty_only and bare.expressions):
        return list(bare.expressions)
    return [bare]


def _direction(item: exp.Expr) -> str:
    """What stands after the expression of an ORDER BY item."""
    if not isinstance(item, exp.Ordered):
        return ""
    if item.args.get("with_fill") or item.args.get("using"):
        raise Unsupported("ORDER BY with USING")
    direction = "DESC" if item.args.get("desc") else "ASC"
    return f"{direction} NULLS {'FIRST' if item.args.get('nulls_first') else 'LAST'}"


def _ordered_column(name: str, direction: str) -> exp.Ordered:
    return exp.Ordered(
        this=ex.column(name), desc=direction.startswith("DESC"), nulls_first=direction.endswith("FIRST")
    )


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
