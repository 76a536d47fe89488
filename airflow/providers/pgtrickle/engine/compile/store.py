"""Where the tree of a query is cut: what storage holds and its key, what the view over it computes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from airflow.providers.pgtrickle.engine.analysis.keys import (
    candidate_keys,
    unique_keys,
)
from airflow.providers.pgtrickle.engine.analysis.nullability import NotNull
from airflow.providers.pgtrickle.engine.analysis.states import group_states
from airflow.providers.pgtrickle.engine.compile.compiled import Compiled
from airflow.providers.pgtrickle.engine.compile.layout import Layout, with_only_key
from airflow.providers.pgtrickle.engine.differentiate.arrangements import arrange
from airflow.providers.pgtrickle.engine.differentiate.grouped_storage import (
    stored_groups,
)
from airflow.providers.pgtrickle.engine.emit.apply import (
    StorageColumn,
)
from airflow.providers.pgtrickle.engine.emit.storage import (
    ViewCut,
)
from airflow.providers.pgtrickle.engine.ops import expressions as ex
from airflow.providers.pgtrickle.engine.ops.clock import reads_clock as at_clock
from airflow.providers.pgtrickle.engine.ops.expressions import Expr
from airflow.providers.pgtrickle.engine.ops.naming import BOOLEAN, Names
from airflow.providers.pgtrickle.engine.ops.nodes import (
    Aggregate,
    Filter,
    Op,
    OuterJoin,
    Project,
    Query,
    Scan,
    expressions_of,
    walk,
)
from airflow.providers.pgtrickle.engine.ops.scopes import Lowered, Unsupported
from airflow.providers.pgtrickle.engine.rewrite.keep_aggregates import keep_aggregates
from airflow.providers.pgtrickle.engine.rewrite.prune_columns import prune_columns
from airflow.providers.pgtrickle.engine.rewrite.rebuild import exactly
from airflow.providers.pgtrickle.engine.schema import Binding


def split(binding: Binding, names: Names, not_null: NotNull, lowered: Op, tree: Lowered) -> Compiled:
    """Cut the tree where storage ends and the view begins."""
    read = (*shown_columns(tree), *sort_columns(tree))
    outputs: dict[str, Expr] = {column: ex.column(column) for column in read}
    conditions: list[Expr] = []
    below = tree.op
    # The view does not know the time that storage is maintained for.
    while isinstance(below, (Project, Filter)) and not at_clock(*expressions_of(below)):
        if isinstance(below, Project):
            mapping = dict(below.outputs)
            outputs = {name: ex.substitute(value, mapping) for name, value in outputs.items()}
            conditions = [ex.substitute(condition, mapping) for condition in conditions]
        else:
            conditions.append(below.predicate)
        below = below.input
    if isinstance(below, Aggregate):
        return _grouped(binding, names, not_null, lowered, tree, below, outputs, conditions)
    return _row_by_row(binding, names, not_null, lowered, tree)


def _grouped(
    binding: Binding,
    names: Names,
    not_null: NotNull,
    lowered: Op,
    tree: Lowered,
    aggregate: Aggregate,
    outputs: Mapping[str, Expr],
    conditions: Sequence[Expr],
) -> Compiled:
    aggregate = _pruned_aggregate(aggregate, (*outputs.values(), *conditions))
    states = group_states(aggregate, names)
    below, kept_below = keep_aggregates(aggregate.input, names)
    aggregate = replace(aggregate, input=below)
    root: Op = stored_groups(aggregate, states)
    keys = [
        StorageColumn(f"k{position}", column, names.types[column], column in not_null.of(aggregate))
        for position, column in enumerate(aggregate.keys, 1)
    ]
    if aggregate.scalar:
        only = names.fresh("only", BOOLEAN)
        root = with_only_key(root, only)
        keys = [StorageColumn("k1", only, BOOLEAN, not_null=True)]
    kept = [
        StorageColumn(f"s{position}", state.name, state.type, state.accumulates)
        for position, state in enumerate(states.states, 1)
    ]
    if any(item.type.name == "record" for item in (*keys, *kept)):
        raise Unsupported("a group key or an aggregate of the type record, of which no table has a column")
    values = dict(states.values)
    visible = [ex.substitute(condition, values) for condition in conditions]
    if not aggregate.scalar:
        visible.insert(0, ex.compare(ex.column(states.count), ">", ex.integer(0)))
    layout = Layout("grouped", (*keys, *kept), tuple(item.name for item in keys))
    titled = tuple(
        (column, ex.substitute(outputs[name], values))
        for column, (_, name) in zip(binding.columns, tree.outputs, strict=True)
    )
    return Compiled(
        binding,
        names,
        not_null,
        lowered,
        tree.op,
        root,
        layout,
        titled,
        ex.and_(visible) if visible else None,
        _view_cut(tree, lambda column: ex.substitute(outputs[column], values)),
        (aggregate, states),
        _sources(root),
        None,
        arrangements=arrange(root, None, kept_below),
    )


def _pruned_aggregate(aggregate: Aggregate, read: Iterable[Expr]) -> Aggregate:
    """The aggregate with the calls that are read, over an input without unread columns."""
    wanted = ex.column_names(*read)
    pruned = prune_columns(aggregate, wanted | set(aggregate.keys))
    if not isinstance(pruned, Aggregate):
        raise TypeError("pruning changed the operator")
    return pruned


def _row_by_row(binding: Binding, names: Names, not_null: NotNull, lowered: Op, tree: Lowered) -> Compiled:
    """Storage holds the query's rows; hidden key columns come after them."""
    unique = unique_keys(binding)
    shown = shown_columns(tree)
    key = next(iter(_preferred(candidate_keys(tree.op, unique), shown, names)), None)
    tree = _without_domains(tree, names)
    shown = shown_columns(tree)
    hidden = sorted((key or frozenset()).union(sort_columns(tree)) - set(shown))
    pruned, kept = keep_aggregates(prune_columns(tree.op, [*shown, *hidden]), names)
    root = exactly(pruned, (*shown, *hidden))
    columns = tuple(
        StorageColumn(
            f"c{position}" if position <= len(shown) else f"h{position - len(shown)}",
            column,
            names.types[column],
            column in not_null.of(root),
        )
        for position, column in enumerate((*shown, *hidden), 1)
    )
    physical = tuple(item.name for item in columns if key is not None and item.column in key)
    layout = Layout("keyed" if physical else "unkeyed", columns, physical)
    outputs = tuple(
        (column, ex.column(name)) for column, (_, name) in zip(binding.columns, tree.outputs, strict=True)
    )
    return Compiled(
        binding,
        names,
        not_null,
        lowered,
        tree.op,
        root,
        layout,
        outputs,
        None,
        _view_cut(tree, ex.column),
        None,
        _sources(root),
        None,
        arrangements=arrange(
            root, None if physical else [(item.column, item.name) for item in columns], kept
        ),
    )


def shown_columns(tree: Lowered) -> list[str]:
    """The columns that the query shows, in its order."""
    return [column for _, column in tree.outputs]


def sort_columns(tree: Lowered) -> list[str]:
    """The columns that the cut at the top of the query sorts by."""
    return [column for column, _ in tree.cut.order] if tree.cut is not None else []


def _view_cut(tree: Lowered, value_of: Callable[[str], Expr]) -> ViewCut | None:
    if tree.cut is None or not tree.cut.clauses:
        return None
    return ViewCut(tuple((value_of(column), text) for column, text in tree.cut.order), tree.cut.clauses)


def _without_domains(tree: Lowered, names: Names) -> Lowered:
    """An outer join pads with NULL what a domain may refuse to store as NULL.

    Store the domain's base type.
    """
    if not any(isinstance(node, OuterJoin) for node in walk(tree.op)):
        return tree
    casts = {
        column: (names.fresh(title), names.types[column].base)
        for title, column in tree.outputs
        if names.types[column].is_domain
    }
    if not casts:
        return tree
    passed = [(name, ex.column(name)) for name in tree.op.columns]
    for column, (copy, base) in casts.items():
        names.types[copy] = replace(names.types[column], name=base)
        passed.append((copy, ex.cast(ex.column(column), base)))
    outputs = tuple(
        (title, casts[column][0] if column in casts else column) for title, column in tree.outputs
    )
    return Lowered(Project(tree.op, tuple(passed)), outputs, tree.cut)


def _preferred(
    keys: Iterable[frozenset[str]], shown: Collection[str], names: Names
) -> Iterable[frozenset[str]]:
    """Keys that an index can hold; those that the query shows anyway first."""
    usable = [key for key in keys if key and all(names.types[column].has_equality for column in key)]
    return sorted(usable, key=lambda key: len(key - frozenset(shown)))


def compile_whole(binding: Binding, reason: str) -> Compiled:
    """A query without delta laws: storage holds its rows, and a refresh applies the difference."""
    names = Names()
    columns = tuple(names.fresh(column.name, column.type) for column in binding.columns)
    root = Query(binding.query, columns)
    layout = Layout(
        "unkeyed",
        tuple(
            StorageColumn(f"c{position}", name, column.type)
            for position, (name, column) in enumerate(zip(columns, binding.columns, strict=True), 1)
        ),
        (),
    )
    sources = {
        relation.oid: tuple(column.number for column in relation.columns)
        for relation in binding.relations.values()
        if relation.kind in ("table", "partitioned")
    }
    outputs = tuple((column, ex.column(name)) for column, name in zip(binding.columns, columns, strict=True))
    return Compiled(
        binding, names, NotNull(()), root, root, root, layout, outputs, None, None, None, sources, reason
    )


def _sources(root: Op) -> dict[int, tuple[int, ...]]:
    """For each source the attribute numbers that the tree reads of it."""
    found: dict[int, set[int]] = {}
    for node in walk(root):
        if isinstance(node, Scan):
            found.setdefault(node.source.oid, set()).update(item.number for item in node.fields)
    return {oid: tuple(sorted(numbers)) for oid, numbers in sorted(found.items())}
