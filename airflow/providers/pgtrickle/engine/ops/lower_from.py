"""Lowering FROM: relations, views, common table expressions, joins, functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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

    def frame(self, node: exp.Select, environment: Environment, outer: Scope | None) -> Frame:
        """The frame that the FROM clause of a SELECT makes; ``outer`` is the scope of the query around it."""
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
            lowered = self.lowerer.query(query, environment)
            item = self._aliased(lowered.op, lowered.columns, alias)
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
        return self._aliased(lowered.op, lowered.columns, alias)

    def _cte(self, name: str, home: Environment) -> Lowered:
        known = home.lowered.get(name)
        if known is not None:
            return self._renamed(known)
        cte, outer = home.definitions[name]
        if not isinstance(cte.this, exp.Query):
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
            predicates += ex.conjuncts(self.lowerer.scalar(on, frame))
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
        predicate = self.lowerer.scalar(on, frame)
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
        value = self.lowerer.scalar(call, frame)
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


def _called(node: exp.Expr) -> exp.Expr | None:
    """The function call of a FROM item, if it is one."""
    call = node.this if isinstance(node, (exp.Lateral, exp.Table)) else None
    if isinstance(call, exp.Dot):
        return call if isinstance(call.expression, exp.Func) else None
    return call if isinstance(call, exp.Func) else None


def _only(columns: Sequence[tuple[str, Expr]], title: str) -> Expr:
    found = [value for name, value in columns if name == title]
    if len(found) != 1:
        raise Unsupported(f"USING ({title}), which is not one column")
    return found[0]
