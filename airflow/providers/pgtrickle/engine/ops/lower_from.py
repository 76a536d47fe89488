"""Lowering FROM: relations, views, common table expressions, joins, functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp

from airflow.providers.pgtrickle.engine.names import QualifiedName
from airflow.providers.pgtrickle.engine.ops import expressions as ex
from airflow.providers.pgtrickle.engine.ops.expressions import Expr
from airflow.providers.pgtrickle.engine.ops.lower_recursive import lower_recursive
from airflow.providers.pgtrickle.engine.ops.nodes import (
    Apply,
    Constant,
    Filter,
    Join,
    Op,
    OuterJoin,
    Project,
    Scan,
    Source,
    SourceColumn,
)
from airflow.providers.pgtrickle.engine.ops.references import aliases_of_rows, free_columns, has_query
from airflow.providers.pgtrickle.engine.ops.row_functions import (
    is_row_function,
    output_titles,
    query_of,
    row_function,
)
from airflow.providers.pgtrickle.engine.ops.scopes import (
    Environment,
    Frame,
    FromItem,
    Lowered,
    Lowerer,
    Range,
    Scope,
    Unsupported,
    titled,
)
from airflow.providers.pgtrickle.engine.parse import parse_canonical
from airflow.providers.pgtrickle.engine.schema import Relation


class FromClause:
    """Lowers FROM clauses over the relations of a binding."""

    def __init__(self, lowerer: Lowerer, relations: Mapping[QualifiedName, Relation]) -> None:
        self.lowerer = lowerer
        self.names = lowerer.names
        self.relations = relations
        #: The aliases whose rows are read as one value somewhere.
        self._rows_read: set[str] = set()

    def frame(
        self, node: exp.Select, environment: Environment, outer: Scope | None, prefix: Op | None = None
    ) -> Frame:
        """The frame that the FROM clause of a SELECT makes.

        ``outer`` is the scope of the query around it. ``prefix`` is a relation that the whole clause is
        multiplied with: where ``outer`` finds its columns.
        """
        if node.args.get("laterals"):
            raise Unsupported("LATERAL")
        self._rows_read.update(aliases_of_rows(node))
        clause = node.args.get("from_")
        before = FromItem(prefix or Constant(), (), ())
        if clause is None:
            return Frame(before.op, Scope((), (), outer), environment)
        part = _Part(clause.this, tuple(node.args.get("joins") or ()))
        item = self._part(part, before, environment, outer)
        return Frame(item.op, Scope(item.ranges, item.columns, outer), environment)

    # -- join trees ---------------------------------------------------------------------------------------
    # ``before`` is what stands to the left and is multiplied with: the ``op`` of what is returned contains
    # it, ranges and columns are those of the item alone.

    def _part(self, part: _Part, before: FromItem, environment: Environment, outer: Scope | None) -> FromItem:
        if part.joins and not _is_unit(before.op) and not self._depends(part.nodes, before, outer):
            alone = self._part(part, FromItem(Constant(), (), ()), environment, outer)
            return FromItem(_product(before.op, alone.op), alone.ranges, alone.columns)
        if not part.joins:
            return self._item(part.first, before, environment, outer)
        *rest, join = part.joins
        left = _Part(part.first, tuple(rest))
        right_join = (join.args.get("side") or "").upper() == "RIGHT"
        if right_join and (not _is_unit(before.op) or has_query(join.args.get("on"))):
            kept = self._item(join.this, before, environment, outer)
            return self._join(kept, left, join, before, environment, outer, exchanged=True)
        item = self._part(left, before, environment, outer)
        return self._join(item, _Part(join.this), join, before, environment, outer, exchanged=False)

    def _depends(self, nodes: Sequence[exp.Expr], before: FromItem, outer: Scope | None) -> bool:
        scope = Scope(before.ranges, before.columns, outer)
        return any(free_columns(node, scope) for node in nodes)

    def _item(
        self, node: exp.Expr, before: FromItem, environment: Environment, outer: Scope | None
    ) -> FromItem:
        alias = node.args.get("alias")
        if node.args.get("sample") or node.args.get("pivots"):
            raise Unsupported("TABLESAMPLE")
        if node.args.get("joins"):
            bare = node.copy()
            bare.set("joins", None)
            return self._part(_Part(bare, tuple(node.args["joins"])), before, environment, outer)
        if is_row_function(node):
            return self._function(node, before, outer, optional=False)
        if isinstance(node, exp.Table):
            leaf = self._table(node, environment)
            return FromItem(_product(before.op, leaf.op), leaf.ranges, leaf.columns)
        if isinstance(node, exp.Subquery) and isinstance(node.this, (exp.Table, exp.Subquery, exp.Lateral)):
            inner = self._item(node.this, before, environment, outer)
            return self._aliased(inner.op, inner.columns, alias) if alias is not None else inner
        query = query_of(node)
        if query is None:
            raise Unsupported(f"{type(node).__name__.upper()} in FROM")
        frame = Frame(before.op, Scope(before.ranges, before.columns, outer), environment)
        columns = self.lowerer.dependent(query, frame)
        if columns is None:
            lowered = self.lowerer.query(query, environment)
            frame.op, columns = _product(before.op, lowered.op), lowered.columns
        return self._aliased(frame.op, columns, alias)

    # -- relations ----------------------------------------------------------------------------------------

    def _table(self, node: exp.Table, environment: Environment) -> FromItem:
        if not isinstance(node.this, exp.Identifier) or node.args.get("ordinality"):
            raise Unsupported("a function in FROM")
        if node.args.get("only"):
            raise Unsupported("ONLY")
        schema, name = node.db, node.name
        alias = node.args.get("alias")
        row_type: str | None = None
        if not schema:
            home = environment.find(name)
            if home is None:
                raise Unsupported(f"the unqualified relation {name}")
            lowered = self._cte(name, home)
        else:
            lowered = self._relation(QualifiedName(schema, name))
            row_type = str(QualifiedName(schema, name))
        if alias is None:
            alias = exp.TableAlias(this=exp.to_identifier(name))
        return self._aliased(lowered.op, lowered.columns, alias, row_type)

    def _cte(self, name: str, home: Environment) -> Lowered:
        known = home.lowered.get(name)
        if known is not None:
            return self._renamed(known)
        cte, outer = home.definitions[name]
        if not isinstance(cte.this, (exp.Query, exp.Values)):
            raise Unsupported("a data-modifying WITH")
        titles = [identifier.name for identifier in cte.args["alias"].args.get("columns") or ()]
        if outer is home:
            lowered = lower_recursive(cte, home, titles, self.lowerer)
        else:
            lowered = titled(self.lowerer.query(cte.this, outer), titles)
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
            lowered = self.lowerer.query(parse_canonical(relation.view_text), Environment())
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

    def _aliased(
        self,
        op: Op,
        columns: Sequence[tuple[str, Expr]],
        alias: exp.TableAlias | None,
        row_type: str | None = None,
    ) -> FromItem:
        """The item under its alias. ``row_type`` is the type of its rows; without one they are records.

        A row that is read as one value is made where the item stands: an outer join above pads it with NULL,
        which is not a row of NULLs.
        """
        titles = [identifier.name for identifier in (alias.args.get("columns") or ())] if alias else []
        named = tuple(
            (titles[position] if position < len(titles) else title, value)
            for position, (title, value) in enumerate(columns)
        )
        row: Expr | None = None
        if alias is not None and alias.name in self._rows_read:
            value = ex.whole_row(named, row_type)
            row = ex.column(self.names.fresh(alias.name))
            passed = tuple((name, ex.column(name)) for name in op.columns)
            op = Project(op, (*passed, (row.name, value)))
        return FromItem(op, (Range(alias.name if alias else None, dict(named), row),), named)

    def _join(
        self,
        left: FromItem,
        part: _Part,
        join: exp.Join,
        before: FromItem,
        environment: Environment,
        outer: Scope | None,
        *,
        exchanged: bool,
    ) -> FromItem:
        """One join; ``exchanged``: ``left`` is the side that the text has on the right."""
        kind = (join.args.get("kind") or "").upper()
        side = (join.args.get("side") or "").upper()
        method = (join.args.get("method") or "").upper()
        if kind not in ("", "INNER", "OUTER", "CROSS") or method not in ("", "NATURAL"):
            raise Unsupported(f"{method} {side} {kind} JOIN".strip())
        if exchanged:
            side = "LEFT"
        context = _Context(join, environment, outer, exchanged, left, before)
        dependent = self._depends(part.nodes, context.around, outer)
        if side in ("RIGHT", "FULL"):
            if dependent:
                raise Unsupported(f"a {side} JOIN with a correlated side")
            right = self._part(part, FromItem(Constant(), (), ()), environment, outer)
            return self._outer(right, side, context)
        if side == "":
            right = self._part(part, context.around, environment, outer)
            return self._inner(right, context)
        function = part.first if not part.joins and is_row_function(part.first) else None
        if function is not None and _is_trivial(join):
            right = self._function(function, context.around, outer, optional=True)
            return FromItem(right.op, left.ranges + right.ranges, left.columns + right.columns)
        if not dependent and not has_query(join.args.get("on")):
            right = self._part(part, FromItem(Constant(), (), ()), environment, outer)
            return self._outer(right, side, context)
        return self._left_lateral(part, context)

    def _inner(self, right: FromItem, context: _Context) -> FromItem:
        """The inner join, the product of whose sides ``right.op`` is."""
        columns, predicates = self._columns(right, "", context)
        frame = context.frame(right.op, right, columns)
        if predicates:
            frame.op = Filter(frame.op, ex.and_(predicates))
        on = context.join.args.get("on")
        if on is not None:
            for conjunct in ex.conjuncts(on):
                self.lowerer.condition(conjunct, frame)
        return FromItem(frame.op, context.ranges(right), columns)

    def _outer(self, right: FromItem, side: str, context: _Context) -> FromItem:
        """An outer join of independent sides."""
        left, join = context.left, context.join
        if side == "FULL" and not _is_unit(context.before.op):
            raise Unsupported("a FULL JOIN with a correlated condition")
        columns, predicates = self._columns(right, side, context)
        on = join.args.get("on")
        if on is not None:
            frame = context.frame(Join((left.op, right.op)), right, columns)
            joined = frame.op
            predicates += ex.conjuncts(self.lowerer.scalar(on, frame))
            if frame.op is not joined:
                raise Unsupported(f"a subquery in the condition of a {side} JOIN")
        sides = (right.op, left.op) if side == "RIGHT" else (left.op, right.op)
        return FromItem(OuterJoin(*sides, predicates, side == "FULL"), context.ranges(right), columns)

    def _left_lateral(self, part: _Part, context: _Context) -> FromItem:
        """A left join whose right side, or a subquery in whose condition, reads the left side.

        A LEFT JOIN LATERAL q(A) ON p  =  A ⟕ σ_p(q(D))    D = what q and p read of A
        """
        left, join, outer = context.left, context.join, context.outer
        around = Scope(context.around.ranges, context.around.columns, outer)
        on = join.args.get("on")
        nodes = [*part.nodes, *([on] if on is not None else [])]
        frame = Frame(left.op, around, context.environment)
        query = query_of(part.first) if not part.joins else None
        if query is not None and _is_trivial(join):
            optional = self.lowerer.dependent(query, frame, optional=True)
            if optional is not None:
                right = self._aliased(frame.op, optional, part.first.args.get("alias"))
                return FromItem(frame.op, context.ranges(right), left.columns + right.columns)
        read = frozenset[str]().union(*(free_columns(node, around) for node in nodes))
        domain = self.lowerer.domain(frame, read)
        entered = domain.entered(self.names)
        start = FromItem(entered.op, (), ())
        right = self._part(part, start, context.environment, entered.scope)
        columns, predicates = self._columns(right, "LEFT", context)
        inner = Frame(right.op, Scope(right.ranges, right.columns, entered.scope), context.environment)
        if on is not None:
            for conjunct in ex.conjuncts(on):
                self.lowerer.condition(conjunct, inner)
        op = OuterJoin(left.op, inner.op, (*domain.links(entered.columns), *predicates))
        return FromItem(op, context.ranges(right), columns)

    def _function(self, node: exp.Expr, before: FromItem, outer: Scope | None, *, optional: bool) -> FromItem:
        """A function, or a query of no relation: each row before it with the rows that it returns."""
        alias = node.args.get("alias")
        titles = [title.name for title in (alias.args.get("columns") or ())] if alias is not None else []
        query = query_of(node)
        if query is not None:
            titles += output_titles(query)[len(titles) :]
        if alias is None or not titles:
            raise Unsupported("a function in FROM without a list of its columns")
        frame = Frame(before.op, Scope(before.ranges, before.columns, outer), Environment())
        call, ordinality = row_function(
            node,
            lambda part: self.lowerer.scalar(part, frame),
            lambda query: self.lowerer.closed(query, frame),
        )
        outputs = tuple(self.names.fresh(title) for title in titles)
        op = Apply(frame.op, call, outputs, ordinality, optional)
        named = tuple((title, ex.column(column)) for title, column in zip(titles, outputs, strict=True))
        return FromItem(op, (Range(alias.name, dict(named)),), named)

    def _columns(
        self, right: FromItem, side: str, context: _Context
    ) -> tuple[tuple[tuple[str, Expr], ...], tuple[Expr, ...]]:
        """The columns of a join in their order, those that USING or NATURAL merges first; the equalities."""
        left = context.left
        using = [identifier.name for identifier in context.join.args.get("using") or ()]
        if (context.join.args.get("method") or "").upper() == "NATURAL":
            offered = {title for title, _ in right.columns}
            using = [title for title, _ in left.columns if title in offered]
        merged: list[tuple[str, Expr]] = []
        predicates: list[Expr] = []
        for title in using:
            one, other = _only(left.columns, title), _only(right.columns, title)
            predicates.append(ex.equals(one, other))
            merged.append((title, self._merged_value(one, other, side)))
        listed = right.columns + left.columns if context.exchanged else left.columns + right.columns
        return (*merged, *(item for item in listed if item[0] not in using)), tuple(predicates)

    def _merged_value(self, one: Expr, other: Expr, side: str) -> Expr:
        types = self.names.types
        left, right = types.get(ex.column_of(one) or ""), types.get(ex.column_of(other) or "")
        same = left is not None and right is not None and left.oid == right.oid
        if same and side in ("", "LEFT"):
            return one
        if same and side == "RIGHT":
            return other
        return exp.Coalesce(this=one.copy(), expressions=[other.copy()])


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of a FROM clause: an item and what is joined to it, left to right."""

    first: exp.Expr
    joins: tuple[exp.Join, ...] = ()

    @property
    def nodes(self) -> tuple[exp.Expr, ...]:
        return (self.first, *self.joins)


@dataclass(frozen=True, slots=True)
class _Context:
    """A join and what stands before it; ``exchanged``: ``left`` stands on the right in the text."""

    join: exp.Join
    environment: Environment
    outer: Scope | None
    exchanged: bool
    left: FromItem
    before: FromItem

    @property
    def around(self) -> FromItem:
        """All that the other side may read, with the tree of the left one."""
        ranges, columns = self.before.ranges + self.left.ranges, self.before.columns + self.left.columns
        return FromItem(self.left.op, ranges, columns)

    def ranges(self, right: FromItem) -> tuple[Range, ...]:
        """The ranges of the join."""
        return self.left.ranges + right.ranges

    def frame(self, op: Op, right: FromItem, columns: Sequence[tuple[str, Expr]]) -> Frame:
        """A frame for the join's condition."""
        scope = Scope(self.around.ranges + right.ranges, columns, self.outer)
        return Frame(op, scope, self.environment)


def _is_unit(op: Op) -> bool:
    """Whether the relation is one row without columns, so that a product with it changes nothing."""
    return isinstance(op, Constant) and not op.columns and len(op.rows) == 1


def _product(left: Op, right: Op) -> Op:
    return right if _is_unit(left) else Join((left, right))


def _is_trivial(join: exp.Join) -> bool:
    """Whether a join has no condition, or TRUE."""
    on = join.args.get("on")
    plain = on is None or (isinstance(on.unnest(), exp.Boolean) and on.unnest().this)
    return plain and not join.args.get("using") and not join.args.get("method")


def _only(columns: Sequence[tuple[str, Expr]], title: str) -> Expr:
    found = [value for name, value in columns if name == title]
    if len(found) != 1:
        raise Unsupported(f"USING ({title}), which is not one column")
    return found[0]
