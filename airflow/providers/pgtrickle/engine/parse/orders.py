"""Orders completed, so that a query has one answer.

PostgreSQL may take any of the rows that tie at a LIMIT, and number peers as it likes. Here the order is made
total, after what the query says itself, and everything that evaluates a definition evaluates that text:

    LIMIT, OFFSET, FETCH, DISTINCT ON, ARRAY(query)     the remaining output columns
    row_number, lag, lead, ntile, frames of ROWS, …     the remaining columns that the select list reads

Rows that tie still are the same in all that is shown. The answer is one that PostgreSQL could have given to
the query as it was written. WITH TIES, rank() and frames of peers ask for the ties, and stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sqlglot import exp

from airflow.providers.pgtrickle.engine.names import QualifiedName
from airflow.providers.pgtrickle.engine.parse.dialect import generate, parse_canonical
from airflow.providers.pgtrickle.engine.parse.windows import inline_named_windows, is_by_position
from airflow.providers.pgtrickle.engine.schema import Relation

_CUTS = ("limit", "offset", "fetch")


def complete_orders(text: str, *, by_text: bool) -> str | None:
    """A canonical text whose orders are total; None when nothing had to be added.

    ``by_text`` sorts by the text of what is added, for types that have no order. Raises UnsupportedQuery when
    the text cannot be read.
    """
    tree = parse_canonical(text)
    completion = _Completion(by_text=by_text)
    completion.visit(tree)
    return generate(tree) if completion.changed else None


def qualified_views(relations: Mapping[QualifiedName, Relation]) -> dict[QualifiedName, str]:
    """The texts of views, with every column qualified: as part of a query they are read beside others."""
    return {
        name: _qualified(relation.view_text)
        for name, relation in relations.items()
        if relation.view_text is not None
    }


def _qualified(text: str) -> str:
    tree = parse_canonical(text)
    if not isinstance(tree, exp.Select) or tree.args.get("joins"):
        return text
    clause = tree.args.get("from_")
    name = clause.this.alias_or_name if clause is not None else ""
    if not name:
        return text
    for part in tree.walk(prune=lambda node: isinstance(node, exp.Query) and node is not tree):
        if isinstance(part, exp.Column) and not part.table and not isinstance(part.this, exp.Star):
            part.set("table", exp.to_identifier(name))
    return generate(tree)


class _Completion:
    """Changes a tree in place; ``changed`` says whether it did."""

    def __init__(self, *, by_text: bool) -> None:
        self.by_text = by_text
        self.changed = False

    def visit(self, tree: exp.Expr) -> None:
        """Complete every query of the tree, inner ones first."""
        for node in reversed(list(tree.walk())):
            if isinstance(node, exp.Select):
                self._windows(node)
            if isinstance(node, (exp.Query, exp.Values)) and self._is_ordered(node):
                self._order(node)

    @staticmethod
    def _is_ordered(node: exp.Expr) -> bool:
        """Whether which rows the query has, or their order, depends on its ORDER BY."""
        limit, fetch = node.args.get("limit"), node.args.get("fetch")
        for clause in (limit, fetch):
            options = clause.args.get("limit_options") if isinstance(clause, exp.Fetch) else None
            if options is not None and options.args.get("with_ties"):
                return False
        distinct = node.args.get("distinct")
        on = distinct.args.get("on") if isinstance(distinct, exp.Expr) else None
        return (
            any(node.args.get(name) for name in _CUTS) or on is not None or isinstance(node.parent, exp.Array)
        )

    def _order(self, node: exp.Expr) -> None:
        targets = _targets(node)
        order = node.args.get("order")
        terms = list(order.expressions) if order is not None else []
        given = [_value(term) for term in terms]
        distinct = node.args.get("distinct")
        on = distinct.args.get("on") if isinstance(distinct, exp.Expr) else None
        for value in on.expressions if isinstance(on, exp.Tuple) else []:
            position = _position_of(value, targets)
            if value not in given and position not in given:
                terms.append(exp.Ordered(this=value.copy(), nulls_first=False))
                given.append(value)
        plain = isinstance(node, exp.Select) and not (isinstance(distinct, exp.Expr) and on is None)
        for place, target in enumerate(targets, 1):
            ordinal = exp.Literal.number(place)
            if ordinal in given or (target is not None and target in given):
                continue
            term: exp.Expr = ordinal
            if self.by_text:
                if target is None or not plain:
                    continue
                term = _as_text(target)
            terms.append(exp.Ordered(this=term, nulls_first=False))
            self.changed = True
        if terms:
            node.set("order", exp.Order(expressions=terms))

    def _windows(self, select: exp.Select) -> None:
        if not any(is_by_position(window) for window in _windows_of(select)):
            return
        inlined = inline_named_windows(select)
        if inlined is not select:
            for name, value in list(inlined.args.items()):
                select.set(name, value)
            select.set("windows", None)
        read = list(_read(select))
        for window in _windows_of(select):
            if not is_by_position(window):
                continue
            order = window.args.get("order")
            terms = list(order.expressions) if order is not None else []
            given = [_value(term) for term in terms]
            added = [
                _as_text(value) if self.by_text else value.copy() for value in read if value not in given
            ]
            if added:
                terms += [exp.Ordered(this=value, nulls_first=False) for value in added]
                window.set("order", exp.Order(expressions=terms))
                self.changed = True


def _targets(node: exp.Expr) -> list[exp.Expr | None]:
    """The expressions of the output columns; None for those of what is no single SELECT."""
    depth = 0
    while isinstance(node, (exp.SetOperation, exp.Subquery)):
        node, depth = node.this, depth + 1
    if isinstance(node, exp.Values):
        row = node.expressions[0]
        return [None] * (len(row.expressions) if isinstance(row, exp.Tuple) else 1)
    listed = [
        (target.this if isinstance(target, exp.Alias) else target).unnest() for target in node.expressions
    ]
    return [None] * len(listed) if depth else list(listed)


def _position_of(value: exp.Expr, targets: list[exp.Expr | None]) -> exp.Expr | None:
    place = next((n for n, target in enumerate(targets, 1) if target == value), None)
    return exp.Literal.number(place) if place is not None else None


def _value(term: exp.Expr) -> exp.Expr:
    return (term.this if isinstance(term, exp.Ordered) else term).unnest()


def _as_text(value: exp.Expr) -> exp.Expr:
    operand = value.copy() if isinstance(value, exp.Column) else exp.Paren(this=value.copy())
    return exp.Cast(this=operand, to=exp.DataType(this=exp.DType.USERDEFINED, kind="text"))


def _own(select: exp.Select) -> Iterator[exp.Expr]:
    """The nodes of the select list and ORDER BY, subqueries left out."""
    parts = [*select.expressions, *([order] if (order := select.args.get("order")) is not None else [])]
    for part in parts:
        yield from part.walk(prune=lambda node: isinstance(node, exp.Query))


def _windows_of(select: exp.Select) -> list[exp.Window]:
    return [node for node in _own(select) if isinstance(node, exp.Window)]


def _read(select: exp.Select) -> Iterator[exp.Expr]:
    """What the select list reads of a row: its columns; of a group: what it is grouped by."""
    group = select.args.get("group")
    if group is not None:
        found = [
            part.unnest()
            for part in group.expressions
            if not isinstance(part, (exp.GroupingSets, exp.Cube, exp.Rollup, exp.Tuple))
        ]
        found += [
            column
            for part in group.expressions
            if isinstance(part, (exp.GroupingSets, exp.Cube, exp.Rollup))
            for column in part.find_all(exp.Column)
        ]
    else:
        ranges = set(_ranges(select))
        found = [
            node
            for target in select.expressions
            for node in target.find_all(exp.Column)
            if not isinstance(node.this, exp.Star)
            and (node.table in ranges or (not node.table and node.find_ancestor(exp.Select) is select))
        ]
    seen: list[exp.Expr] = []
    for value in found:
        if value not in seen and not isinstance(value, exp.Literal):
            seen.append(value)
            yield value


def _ranges(select: exp.Select) -> Iterator[str]:
    clause = select.args.get("from_")
    sources = [clause.this] if clause is not None else []
    sources += [join.this for join in select.args.get("joins") or ()]
    while sources:
        source = sources.pop()
        if source.alias_or_name:
            yield source.alias_or_name
        if isinstance(source, exp.Subquery) and not isinstance(source.this, exp.Select):
            sources.append(source.this)
        sources += [join.this for join in source.args.get("joins") or ()]
