"""GROUP BY written out in full.

PostgreSQL lets ``GROUP BY t.id`` stand for all columns of t when id is its primary key. A query in t's place
has no primary key, so before one is put there the columns meant must be named: grouping by what the groups
determine changes nothing.
"""

from __future__ import annotations

from collections.abc import Container, Iterator

from sqlglot import exp

from airflow.providers.pgtrickle.engine.parse.dialect import generate, parse_canonical

_AGGREGATE_NODES = (exp.Count, exp.Sum, exp.Avg, exp.Min, exp.Max)


def complete_groups(text: str, aggregates: Container[str]) -> str:
    """A canonical text whose GROUP BY clauses name every column that is read outside of aggregates.

    ``aggregates`` holds the names of the aggregate functions that the query calls. The text must be one that
    PostgreSQL accepts: then a column read so is determined by the groups. Raises UnsupportedQuery when the
    text cannot be read.
    """
    tree = parse_canonical(text)
    for select in list(tree.find_all(exp.Select)):
        group = select.args.get("group")
        if group is not None:
            named = {_key(column) for column in group.find_all(exp.Column)}
            for column in _read_by_group(select, aggregates):
                if _key(column) not in named:
                    named.add(_key(column))
                    group.append("expressions", column.copy())
    return generate(tree)


def _key(column: exp.Column) -> tuple[str, str]:
    return column.table, column.name


def _read_by_group(select: exp.Select, aggregates: Container[str]) -> Iterator[exp.Column]:
    """The columns of a query's own relations that it reads once for each group."""
    ranges = {name for source in _sources(select) for name in _names(source)}
    parts: list[exp.Expr | None] = [*select.expressions, select.args.get("having"), select.args.get("order")]
    parts.extend(select.args.get("windows") or ())
    distinct = select.args.get("distinct")
    parts.append(distinct.args.get("on") if distinct is not None else None)
    for part in parts:
        if part is not None:
            yield from _columns(part, ranges, aggregates, nested=False)


def _columns(
    node: exp.Expr, ranges: set[str], aggregates: Container[str], *, nested: bool
) -> Iterator[exp.Column]:
    if isinstance(node, exp.Column):
        # Within a subquery PostgreSQL qualifies every column, and no alias is given twice.
        own = node.table in ranges or (not node.table and not nested)
        if own and not isinstance(node.this, exp.Star):
            yield node
        return
    if _is_aggregate(node, aggregates) and not _is_over_window(node):
        return
    nested = nested or isinstance(node, exp.Query)
    for child in node.iter_expressions():
        yield from _columns(child, ranges, aggregates, nested=nested)


def _is_aggregate(node: exp.Expr, aggregates: Container[str]) -> bool:
    # FILTER and WITHIN GROUP are written on aggregates alone.
    return isinstance(node, (*_AGGREGATE_NODES, exp.Filter, exp.WithinGroup)) or (
        isinstance(node, exp.Anonymous) and node.name.lower() in aggregates
    )


def _is_over_window(node: exp.Expr) -> bool:
    """Whether a call runs over a window of groups: its arguments are then read once for each group."""
    parent = node.parent
    while isinstance(parent, (exp.Filter, exp.Dot)):
        parent = parent.parent
    return isinstance(parent, exp.Window)


def _sources(select: exp.Select) -> Iterator[exp.Expr]:
    from_ = select.args.get("from_")
    if from_ is not None:
        yield from_.this
    for join in select.args.get("joins") or ():
        yield join.this


def _names(source: exp.Expr) -> Iterator[str]:
    """The names under which a FROM item's columns are in sight, those of a joined table's parts included."""
    if source.alias_or_name:
        yield source.alias_or_name
    elif isinstance(source, exp.Subquery) and not isinstance(source.this, exp.Query):
        yield from _names(source.this)
    for join in source.args.get("joins") or ():
        yield from _names(join.this)
