"""Lowering: the canonical text of a defining query becomes an operator tree.

The text is PostgreSQL's own (pg_get_viewdef under an empty search_path), so names are resolved as it resolved
them: relations are qualified, columns are qualified wherever two ranges could supply them. What has no
operator raises Unsupported with the construct's name; the stream table is then recomputed, or refused in
DIFFERENTIAL mode.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from sqlglot import exp

from airflow.providers.pgtrickle.engine.ops import expressions as ex
from airflow.providers.pgtrickle.engine.ops.aggregates import called, is_aggregate
from airflow.providers.pgtrickle.engine.ops.clock import clock_value
from airflow.providers.pgtrickle.engine.ops.domains import domain_of
from airflow.providers.pgtrickle.engine.ops.expressions import Expr
from airflow.providers.pgtrickle.engine.ops.lower_from import FromClause
from airflow.providers.pgtrickle.engine.ops.lower_grouping import GroupClause, Grouped, cross, group, sets_of
from airflow.providers.pgtrickle.engine.ops.lower_limits import (
    CUTS,
    direction,
    limited,
    numbering,
    order_of_outputs,
)
from airflow.providers.pgtrickle.engine.ops.lower_sets import SetOperations
from airflow.providers.pgtrickle.engine.ops.lower_subqueries import Subqueries
from airflow.providers.pgtrickle.engine.ops.lower_windows import windows
from airflow.providers.pgtrickle.engine.ops.naming import Names
from airflow.providers.pgtrickle.engine.ops.nodes import (
    Aggregate,
    Filter,
    Op,
    Project,
    Window,
)
from airflow.providers.pgtrickle.engine.ops.references import closed_over, without_correlated_tables
from airflow.providers.pgtrickle.engine.ops.scopes import (
    Cut,
    Domain,
    Environment,
    Frame,
    Lowered,
    Scope,
    Unsupported,
)
from airflow.providers.pgtrickle.engine.ops.set_returning import SetReturning
from airflow.providers.pgtrickle.engine.parse import generate, parse_canonical
from airflow.providers.pgtrickle.engine.parse.windows import inline_named_windows
from airflow.providers.pgtrickle.engine.schema import Binding

#: Answers, for a relation, sets of columns that identify a row of it.
KeysOf = Callable[[Op], Iterable[frozenset[str]]]


def lower(binding: Binding, names: Names, keys_of: KeysOf) -> Lowered:
    """Lower a binding; the tree's outputs stand in the order of the binding's columns.

    Raises Unsupported for constructs that have no operator.
    """
    return _Lowering(binding, names, keys_of).top(parse_canonical(binding.query))


class _Lowering:
    def __init__(self, binding: Binding, names: Names, keys_of: KeysOf) -> None:
        self.names = names
        self.function_oids = frozenset(f.oid for f in binding.functions)
        self._keys_of = keys_of
        self.aggregate_names = frozenset(f.name for f in binding.functions if f.kind == "aggregate")
        self.set_returning = SetReturning(binding.functions, names)
        self.from_clause = FromClause(self, binding.relations)
        self.sets = SetOperations(self)
        self.subqueries = Subqueries(self)

    # -- queries ------------------------------------------------------------------------------------------

    def top(self, node: exp.Expr) -> Lowered:
        """The defining query itself, whose LIMIT the view over storage applies."""
        clauses = " ".join(generate(part) for name in CUTS if (part := node.args.get(name)) is not None)
        if not clauses:
            return self.query(node, Environment())
        bare = node.copy()
        for name in CUTS:
            bare.set(name, None)
        lowered = self._uncut(bare, Environment(), None, ordered=True)
        order = lowered.cut.order if lowered.cut is not None else ()
        return Lowered(lowered.op, lowered.outputs, Cut(order, clauses))

    def query(self, node: exp.Expr, environment: Environment, *, domain: Domain | None = None) -> Lowered:
        """Lower a query that stands in another; over a domain if it reads what stands around it."""
        while isinstance(node, exp.Subquery) and not any(node.args.get(name) for name in _OF_A_QUERY):
            node = node.this
        if domain is not None:
            node = without_correlated_tables(node, domain.scope)
        if not any(node.args.get(name) for name in CUTS):
            return self._uncut(node, environment, domain, ordered=False)
        lowered = self._uncut(node, environment, domain, ordered=True)
        return limited(node, lowered, domain, self)

    def _uncut(
        self, node: exp.Expr, environment: Environment, domain: Domain | None, *, ordered: bool
    ) -> Lowered:
        """A query without its LIMIT; ``ordered`` keeps what its ORDER BY sorts by."""
        environment = self.environment(node, environment)
        if node.args.get("locks"):
            raise Unsupported("a locking clause (FOR UPDATE)")
        if isinstance(node, exp.Select):
            return self._select(node, environment, domain, ordered=ordered)
        if isinstance(node, exp.SetOperation):
            lowered = self.sets.set_operation(node, environment, domain)
        elif isinstance(node, exp.Subquery):
            lowered = self.query(node.this, environment, domain=domain)
        elif isinstance(node, exp.Values):
            lowered = self.sets.values(node, environment, domain)
        else:
            raise Unsupported(f"a query of the form {type(node).__name__}")
        order = node.args.get("order")
        if not ordered or order is None:
            return lowered
        return replace(lowered, cut=Cut(order_of_outputs(order, lowered), ""))

    def environment(self, node: exp.Expr, outer: Environment) -> Environment:
        """The environment within a query: what its own WITH adds."""
        clause = node.args.get("with_")
        if clause is None:
            return outer
        if clause.args.get("recursive"):
            # All of them see all: PostgreSQL refuses those that would go round in a circle.
            environment = Environment(parent=outer)
            environment.definitions.update((cte.alias, (cte, environment)) for cte in clause.expressions)
            return environment
        environment = outer
        for cte in clause.expressions:
            environment = Environment({cte.alias: (cte, environment)}, parent=environment)
        return environment

    def _select(
        self, node: exp.Select, environment: Environment, domain: Domain | None, *, ordered: bool
    ) -> Lowered:
        for clause in ("kind", "hint", "into", "qualify", "sample"):
            if node.args.get(clause):
                raise Unsupported(f"{clause.upper()} in SELECT")
        node = inline_named_windows(node)
        if domain is None:
            frame = self.from_clause.frame(node, environment, None)
        else:
            entered = domain.entered(self.names)
            frame = self.from_clause.frame(node, environment, entered.scope, entered.op)
            frame.entered = entered
        where = node.args.get("where")
        if where is not None:
            for part in ex.conjuncts(where.this):
                self.condition(part, frame)
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
        targets += [("on", self.scalar(part, frame)) for part in on_parts]
        if having is not None:
            targets.append(("having", self.scalar(having.this, frame)))
        if grouped:
            targets = self._grouped(node, frame, targets)
        if having is not None:
            frame.op = Filter(frame.op, targets.pop()[1])
        frame.op, targets = windows(frame.op, targets, self.names, frame.domain)
        frame.op, targets = self.set_returning.expanded(frame.op, targets)
        lowered = self._project(frame.op, targets, shown)
        columns = [column for _, column in lowered.outputs]
        sorted_by = tuple(
            (column, direction(item))
            for column, item in zip(columns[shown : shown + len(sort)], sort, strict=True)
        )
        result = Lowered(lowered.op, lowered.outputs[:shown], Cut(sorted_by, ""), frame.domain)
        if distinct_on is not None:
            return self._distinct_on(result, columns[shown + len(sort) :], sorted_by)
        if distinct is not None:
            exact = result.exactly()
            return replace(result, op=Aggregate(exact, exact.columns))
        return result

    def _sort_value(self, item: exp.Expr, targets: Sequence[tuple[str, Expr]], frame: Frame) -> Expr:
        """What an ORDER BY item sorts by: a bare number is the position of an output column."""
        value = item.this if isinstance(item, exp.Ordered) else item
        if isinstance(value, exp.Literal) and not value.is_string:
            return targets[int(value.name) - 1][1]
        return self.scalar(value, frame)

    def _grouped(
        self, node: exp.Select, frame: Frame, targets: list[tuple[str, Expr]]
    ) -> list[tuple[str, Expr]]:
        deferred, frame.deferred = frame.deferred or {}, None
        grouped = Grouped(self.names, self.aggregate_names, deferred)
        clause = self._group_clause(node, frame)
        frame.op, expanded = self.set_returning.expanded(frame.op, [("key", key) for key in clause.keys])
        for (_, column), value in zip(expanded, clause.keys, strict=True):
            grouped.alias(value, column)
        frame.op, targets = group(frame.op, clause, grouped, targets, frame.entered)
        after = Frame(
            frame.op,
            Scope(frame.scope.ranges, frame.scope.columns, frame.scope.outer, grouped.rewrite),
            frame.environment,
            entered=frame.entered,
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
            return GroupClause(tuple(self.scalar(item, frame).unnest() for item in items), None)
        keys: list[Expr] = []
        sets: list[tuple[int, ...]] = []
        for members in cross(alternatives):
            positions = []
            for member in members:
                value = self.scalar(member, frame).unnest()
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
        keys = tuple(dict.fromkeys((*lowered.domain, *on)))
        ranked = Window(lowered.op, tuple(sorted(keys)), ((number, numbering("row_number", keys, order)),))
        return replace(lowered, op=Filter(ranked, ex.equals(ex.column(number), ex.integer(1))))

    def _target(self, target: exp.Expr, frame: Frame) -> tuple[str, Expr]:
        if isinstance(target, exp.Alias):
            return target.alias, self.scalar(target.this, frame)
        name = target.name if isinstance(target, exp.Column) else "?column?"
        return name, self.scalar(target, frame)

    def _project(self, op: Op, targets: Sequence[tuple[str, Expr]], shown: int) -> Lowered:
        """Compute the targets; columns that are only passed on need no projection.

        What comes after the ``shown`` ones is no column of its own where it is one of those.
        """
        outputs: list[tuple[str, str]] = []
        computed: list[tuple[str, Expr]] = []
        for position, (title, value) in enumerate(targets):
            name = ex.column_of(value)
            if name is None and position >= shown:
                name = next((known for known, seen in computed if seen.unnest() == value.unnest()), None)
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
        if self.is_aggregate(value):
            return True
        return any(self._aggregates(part) for _, part in _parts(value))

    # -- what the parts ask for ---------------------------------------------------------------------------

    def closed(self, node: exp.Expr, frame: Frame) -> Expr:
        """A query that reads no relation as an expression over the frame's tree."""
        for part in node.walk():
            if isinstance(part, exp.Var):
                self._refuse(part)
        return closed_over(node, lambda part: self.scalar(part, frame), self.function_oids)

    def condition(self, node: exp.Expr, frame: Frame) -> None:
        """Restrict the frame's tree to the rows for which the condition is true."""
        self.subqueries.condition(node, frame)

    def from_frame(
        self, node: exp.Select, environment: Environment, outer: Scope | None, prefix: Op | None = None
    ) -> Frame:
        """The frame that the FROM clause of a SELECT makes."""
        return self.from_clause.frame(node, environment, outer, prefix)

    def domain(self, frame: Frame, read: frozenset[str]) -> Domain:
        """The domain of the columns ``read`` of a frame's tree."""
        return domain_of(frame, read, self.names, self._keys_of)

    def dependent(
        self, node: exp.Expr, frame: Frame, *, optional: bool = False
    ) -> tuple[tuple[str, Expr], ...] | None:
        """Join a lateral query to the frame's tree (``optional``: by a left join); its columns."""
        return self.subqueries.lateral(node, frame, optional=optional)

    def is_aggregate(self, node: exp.Expr) -> bool:
        """Whether the node is a whole aggregate call."""
        return is_aggregate(node, self.aggregate_names)

    def returns_set(self, select: exp.Select) -> bool:
        """Whether a set-returning function stands in the select list."""
        return any(self.set_returning.returns_set(target) for target in select.expressions)

    def keys_of(self, op: Op) -> Iterable[frozenset[str]]:
        """Sets of columns that identify a row of a relation."""
        return self._keys_of(op)

    # -- scalar expressions -------------------------------------------------------------------------------

    def scalar(self, node: exp.Expr, frame: Frame) -> Expr:
        """The expression over the tree's columns.

        Subqueries in it extend the frame's tree, or are put off.
        """
        if isinstance(node, exp.Column):
            return frame.scope.resolve(node).copy()
        if _is_subquery(node):
            return self._subquery(node, frame)
        self._refuse(node)
        if frame.deferred is not None and self.is_aggregate(node) and not isinstance(node.parent, exp.Window):
            # What an aggregate reads is computed before the groups.
            within = Frame(frame.op, frame.scope, frame.environment, entered=frame.entered)
            value = self.scalar(node, within)
            frame.op = within.op
            return value
        copied = clock_value(node, self.function_oids) or node.copy()
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
        value = self.scalar(node, frame)
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
        if isinstance(node, exp.Var) and node.name in _SESSION:
            raise Unsupported(f"{node.name}, whose value changes without a change of the sources")


_SESSION = frozenset(
    {
        "CURRENT_CATALOG",
        "CURRENT_ROLE",
        "CURRENT_SCHEMA",
        "CURRENT_USER",
        "SESSION_USER",
        "SYSTEM_USER",
        "USER",
    }
)


#: What parentheses around a query may have of their own.
_OF_A_QUERY = ("with_", "order", *CUTS)


def _is_subquery(node: exp.Expr) -> bool:
    if isinstance(node, exp.In):
        return node.args.get("query") is not None
    if isinstance(node, exp.Binary) and isinstance(node.expression, (exp.Any, exp.All)):
        return isinstance(node.expression.this.unnest(), exp.Query)
    if isinstance(node, exp.Array):
        return len(node.expressions) == 1 and isinstance(node.expressions[0], exp.Query)
    return isinstance(node, (exp.Subquery, exp.Exists))


def _parts(node: exp.Expr) -> list[tuple[str, exp.Expr]]:
    found: list[tuple[str, exp.Expr]] = []
    for name, child in node.args.items():
        children = child if isinstance(child, list) else [child]
        found += [(name, part) for part in children if isinstance(part, exp.Expr)]
    return found


def _tuple_parts(node: exp.Expr, *, empty_only: bool = False) -> list[exp.Expr]:
    bare = node.unnest()
    if isinstance(bare, exp.Tuple) and not (empty_only and bare.expressions):
        return list(bare.expressions)
    return [bare]


def _wrapped(value: Expr) -> Expr:
    return value.copy() if isinstance(value, exp.Column) else exp.Paren(this=value.copy())
