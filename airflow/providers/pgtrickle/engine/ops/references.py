"""Which columns a part of a query reads of the query around it, told from its syntax.

PostgreSQL prints aliases that differ from those of all queries around, and qualifies every column of a nested
query but those that USING merged. So a qualified column whose alias no FROM clause inside offers is free.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

from sqlglot import exp

from airflow.providers.pgtrickle.engine.ops.clock import clock_value
from airflow.providers.pgtrickle.engine.ops.expressions import Expr, column_names
from airflow.providers.pgtrickle.engine.ops.scopes import Scope, Unsupported


def free_columns(node: exp.Expr, scope: Scope) -> frozenset[str]:
    """The columns of the tree that a part of a query reads through ``scope``, the scope around it."""
    found = frozenset[str]()
    for reference in free_references(node):
        try:
            found |= column_names(scope.resolve(reference))
        except Unsupported:
            # A merged column of a query inside.
            continue
    return found


def free_references(node: exp.Expr) -> Iterator[exp.Column]:
    """The column references that no FROM clause inside the node answers; perhaps more unqualified ones."""
    yield from _free(node, frozenset())


def aliases_of_rows(node: exp.Expr) -> Iterator[str]:
    """The aliases of which a query reads whole rows, ``alias.*`` in an expression."""
    return (column.table for column in node.find_all(exp.Column) if isinstance(column.this, exp.Star))


def reads_relations(node: exp.Expr) -> bool:
    """Whether a query reads any relation, common table expressions among them."""
    return any(isinstance(table.this, exp.Identifier) for table in node.find_all(exp.Table))


def has_query(node: exp.Expr | None) -> bool:
    """Whether an expression has a subquery."""
    return node is not None and any(isinstance(part, (exp.Query, exp.Subquery)) for part in node.walk())


def closed_over(node: exp.Expr, scalar: Callable[[exp.Expr], Expr], functions: Collection[int]) -> Expr:
    """A query that reads no relation, as an expression over the tree: its own columns are no columns of that.

    ``scalar`` lowers a reference to what stands around it; ``functions`` as in ``clock_value``. Raises
    Unsupported for a merged column.
    """
    free = {id(reference) for reference in free_references(node)}

    def replaced(part: exp.Expr) -> exp.Expr:
        if isinstance(part, exp.Column):
            if id(part) in free:
                if not part.table:
                    raise Unsupported(f"the unqualified column {part.name} in a subquery of functions")
                value = scalar(part)
                return value if isinstance(value, exp.Column) else exp.Paren(this=value.copy())
            names = [part.args[name] for name in ("db", "table", "this") if part.args.get(name) is not None]
            own: exp.Expr = names[0].copy()
            for name in names[1:]:
                own = exp.Dot(this=own, expression=name.copy())
            return own
        part = clock_value(part, functions) or part
        return _rebuilt(part, {name: _each(child, replaced) for name, child in part.args.items()})

    return replaced(node)


def without_correlated_tables(node: exp.Expr, scope: Scope) -> exp.Expr:
    """The query with those of its common table expressions written out that read what stands around it."""
    clause = node.args.get("with_")
    if clause is None or not any(free_columns(cte.this, scope) for cte in clause.expressions):
        return node
    if clause.args.get("recursive"):
        raise Unsupported("a correlated WITH RECURSIVE")
    rewritten = node.copy()
    clause = rewritten.args["with_"]
    rewritten.set("with_", None)
    bodies: dict[str, exp.CTE] = {}
    for cte in clause.expressions:
        _write_out(cte.this, bodies)
        bodies[cte.alias] = cte
    _write_out(rewritten, bodies)
    return rewritten


def _write_out(node: exp.Expr, bodies: dict[str, exp.CTE]) -> None:
    for table in list(node.find_all(exp.Table)):
        if table.args.get("db") is not None or table.name not in bodies or not table.parent:
            continue
        cte = bodies[table.name]
        given, own = table.args.get("alias"), cte.args["alias"]
        titles = (given.args.get("columns") if given is not None else None) or own.args.get("columns") or []
        name = given.this if given is not None and given.this is not None else own.this
        alias = exp.TableAlias(this=name.copy(), columns=[title.copy() for title in titles])
        joins = table.args.get("joins")
        subquery = exp.Subquery(this=cte.this.copy(), alias=alias)
        if joins:
            subquery.set("joins", joins)
        table.replace(subquery)


def _rebuilt(node: exp.Expr, arguments: dict[str, object]) -> exp.Expr:
    made: exp.Expr = type(node)(**arguments)
    return made


def _each(child: object, change: Callable[[exp.Expr], exp.Expr]) -> object:
    if isinstance(child, exp.Expr):
        return change(child)
    if isinstance(child, list):
        return [change(part) if isinstance(part, exp.Expr) else part for part in child]
    return child


def _free(node: exp.Expr, bound: frozenset[str]) -> Iterator[exp.Column]:
    if isinstance(node, exp.Column):
        if not node.table or node.table not in bound:
            yield node
        return
    if isinstance(node, exp.Select):
        bound = bound.union(_aliases(node))
    for child in node.iter_expressions():
        yield from _free(child, bound)


def _aliases(select: exp.Select) -> Iterator[str]:
    clause = select.args.get("from_")
    if clause is not None:
        yield from _names(clause.this)
    for join in select.args.get("joins") or ():
        yield from _join_names(join)


def _join_names(join: exp.Join) -> Iterator[str]:
    yield from _names(join.this)
    alias = join.args.get("using_alias")
    if alias is not None:
        yield alias.name


def _names(source: exp.Expr) -> Iterator[str]:
    """The aliases of a FROM item, those of a joined table's parts included."""
    alias = source.args.get("alias")
    if alias is not None and alias.name:
        yield alias.name
    elif isinstance(source, exp.Table) and isinstance(source.this, exp.Identifier):
        yield source.name
    elif isinstance(source, (exp.Subquery, exp.Lateral)) and not isinstance(source.this, exp.Query):
        yield from _names(source.this)
    if isinstance(source, exp.Subquery) and isinstance(source.this, (exp.Table, exp.Subquery, exp.Lateral)):
        # A joined table with an alias hides the aliases within, yet its own parts use them.
        yield from _names(source.this)
    for join in source.args.get("joins") or ():
        yield from _join_names(join)
