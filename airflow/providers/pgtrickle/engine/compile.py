"""From a binding to everything that maintaining it takes: storage, view, contents, delta.

Pure but for ``describe``.

binding ─lower─▶ Op ─rewrite─▶ Op ─split─▶ storage + view
                                      └─differentiate─▶ ΔOp ─emit─▶ SQL
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from airflow.providers.pgtrickle.engine.analysis.functions import reads_clock, spelled_time, unstable_reason
from airflow.providers.pgtrickle.engine.analysis.keys import (
    UniqueKeys,
    candidate_keys,
    key_finder,
    unique_keys,
)
from airflow.providers.pgtrickle.engine.analysis.nullability import NotNull
from airflow.providers.pgtrickle.engine.analysis.reads import delta_reads
from airflow.providers.pgtrickle.engine.analysis.refusals import refuse
from airflow.providers.pgtrickle.engine.analysis.states import GroupStates, group_states
from airflow.providers.pgtrickle.engine.differentiate.arrangements import Arrangement, arrange
from airflow.providers.pgtrickle.engine.differentiate.context import Differentiate
from airflow.providers.pgtrickle.engine.differentiate.grouped_storage import (
    delta_grouped_storage,
    stored_groups,
)
from airflow.providers.pgtrickle.engine.emit.annotate import Describe, annotate
from airflow.providers.pgtrickle.engine.emit.apply import (
    ROW_HASH,
    StorageColumn,
    apply_hashed,
    apply_keyed,
    apply_unkeyed,
)
from airflow.providers.pgtrickle.engine.emit.arrangements import arrangement_columns, maintain_arrangement
from airflow.providers.pgtrickle.engine.emit.compare import compare_relations
from airflow.providers.pgtrickle.engine.emit.recompute import recompute_keyed
from airflow.providers.pgtrickle.engine.emit.relations import ANY_TIME, Emitter, Statement
from airflow.providers.pgtrickle.engine.emit.storage import (
    ViewCut,
    fill_storage,
    select_contents,
    select_view,
)
from airflow.providers.pgtrickle.engine.errors import RefreshFailed, UnsupportedQuery
from airflow.providers.pgtrickle.engine.names import QualifiedName
from airflow.providers.pgtrickle.engine.ops import expressions as ex
from airflow.providers.pgtrickle.engine.ops.clock import reads_clock as at_clock
from airflow.providers.pgtrickle.engine.ops.expressions import Expr
from airflow.providers.pgtrickle.engine.ops.lower import lower
from airflow.providers.pgtrickle.engine.ops.naming import BIGINT, BOOLEAN, INTEGER, Names
from airflow.providers.pgtrickle.engine.ops.nodes import (
    Aggregate,
    Consolidate,
    Empty,
    Filter,
    Negate,
    Op,
    OuterJoin,
    Project,
    Query,
    Scan,
    Source,
    SourceColumn,
    UnionAll,
    expressions_of,
    union_all,
    walk,
)
from airflow.providers.pgtrickle.engine.ops.scopes import Lowered, Unsupported
from airflow.providers.pgtrickle.engine.ops.show import show
from airflow.providers.pgtrickle.engine.rewrite.break_ties import break_ties
from airflow.providers.pgtrickle.engine.rewrite.inline_clock import inline_clock
from airflow.providers.pgtrickle.engine.rewrite.isolate_time import isolate_time
from airflow.providers.pgtrickle.engine.rewrite.keep_aggregates import keep_aggregates
from airflow.providers.pgtrickle.engine.rewrite.prune_columns import prune_columns, prune_together
from airflow.providers.pgtrickle.engine.rewrite.push_predicates import push_predicates
from airflow.providers.pgtrickle.engine.rewrite.simplify_null_tests import simplify_null_tests
from airflow.providers.pgtrickle.engine.rewrite.unify_unions import unify_unions
from airflow.providers.pgtrickle.engine.schema import Binding, Column

StorageKind = Literal["grouped", "keyed", "unkeyed"]

#: Changes whenever stored state would be laid out in another way for the same query: storage is then rebuilt.
LAYOUT_VERSION = 1


@dataclass(frozen=True, slots=True)
class Layout:
    """How storage is laid out.

    Its columns, the physical names of its key, and whether it is one row for ever.
    """

    kind: StorageKind
    columns: tuple[StorageColumn, ...]
    key: tuple[str, ...]

    @property
    def hashed(self) -> tuple[StorageColumn, ...]:
        """The columns by whose hash rows are found.

        All without a key, a key that no index may be able to hold.
        """
        if not self.key:
            return self.columns
        keyed = tuple(item for item in self.columns if item.name in self.key)
        # The keys of sources fit into the indexes that they have there; groups may be of any length.
        return keyed if self.kind == "grouped" and not all(item.type.is_short for item in keyed) else ()

    @property
    def joinable(self) -> bool:
        """Whether equality of keys finds every row: there is a unique index, and no key holds a NULL."""
        keyed = [item for item in self.columns if item.name in self.key]
        return bool(keyed) and not self.hashed and all(item.not_null for item in keyed)

    def as_json(self) -> dict[str, object]:
        """For comparison with what a stream table was created with."""
        return {
            "version": LAYOUT_VERSION,
            "kind": self.kind,
            "columns": [[item.name, item.type.name] for item in self.columns],
            "key": list(self.key),
            "hashed": [item.name for item in self.hashed],
        }


@dataclass(frozen=True, slots=True)
class Compiled:
    """A maintainable query. ``root`` supplies the contents of storage.

    ``reason`` is set when it has no deltas. ``reads_clock``: its answer depends on the time of the frontier.
    ``unsteady``: it may change by itself in another way, so it is recomputed at every refresh.
    """

    binding: Binding
    names: Names
    not_null: NotNull
    lowered: Op
    rewritten: Op
    root: Op
    layout: Layout
    outputs: tuple[tuple[Column, Expr], ...]
    visible: Expr | None
    cut: ViewCut | None
    grouped: tuple[Aggregate, GroupStates] | None
    sources: Mapping[int, tuple[int, ...]]
    reason: str | None
    reads_clock: bool = False
    unsteady: bool = False
    arrangements: tuple[Arrangement, ...] = ()

    @property
    def differential(self) -> bool:
        """Whether the query is maintained by deltas."""
        return self.reason is None

    @property
    def reads(self) -> Literal["deltas", "touched keys", "recompute"]:
        """What a refresh reads besides the change: see analysis.reads; ``recompute`` is the whole query."""
        return "recompute" if self.reason is not None else delta_reads(self.root, self.grouped)

    @property
    def unique(self) -> UniqueKeys:
        """The unique keys of the sources."""
        return unique_keys(self.binding)

    def view(self, storage: QualifiedName) -> str:
        """The SELECT of the view that users read."""
        return select_view(storage, self.layout.columns, self.outputs, self.visible, self.cut)

    def contents(
        self, storage: QualifiedName, late: Collection[int] = (), query: str | None = None
    ) -> Statement:
        """The SELECT of what storage should hold, under its physical column names.

        It reads the arrangements beside ``storage``. ``late`` as in ``delta``. ``query`` is the text to
        evaluate for a query that has no deltas.
        """
        names = self._names()
        state = self._state(names, storage, late, query)
        emitter = self._emitter(state, names=names)
        return select_contents(emitter, state, self.layout.columns, self.layout.hashed)

    def shape(self) -> str:
        """A SELECT with the columns of storage, not to be run."""
        state = self.root if self.differential else Query(self.binding.query, self.root.columns)
        emitter = Emitter(self.names.types, self.not_null, state, literals=ANY_TIME)
        return select_contents(emitter, state, self.layout.columns, self.layout.hashed).text

    def arrangement_shape(self, arrangement: Arrangement) -> str:
        """A SELECT with the columns of an arrangement, not to be run."""
        columns = arrangement_columns(arrangement, self.names.types)
        emitter = Emitter(self.names.types, self.not_null, arrangement.op, literals=ANY_TIME)
        return select_contents(emitter, arrangement.op, columns, columns).text

    def fill(self, storage: QualifiedName, late: Collection[int] = (), query: str | None = None) -> Statement:
        """The statement that fills empty storage."""
        return fill_storage(
            storage, self.contents(storage, late, query), self.layout.columns, self.layout.hashed
        )

    def fill_arrangement(
        self, arrangement: Arrangement, storage: QualifiedName, late: Collection[int] = ()
    ) -> Statement:
        """The statement that fills an empty arrangement; it reads those before it."""
        names = self._names()
        state, columns = self._arranged(names, arrangement, storage, late)
        contents = select_contents(self._emitter(state, names=names), state, columns, columns)
        return fill_storage(arrangement.table(storage), contents, columns, columns)

    def recompute_arrangement(
        self, arrangement: Arrangement, storage: QualifiedName, late: Collection[int] = ()
    ) -> Statement:
        """The statement that evaluates a recursion as a whole and applies the difference."""
        names = self._names()
        state, columns = self._arranged(names, arrangement, storage, late)
        stored = arrangement.stored(names, storage, ROW_HASH).rows(state.columns)
        change = Consolidate(union_all((state, Negate(stored)), state.columns))
        return apply_unkeyed(self._emitter(change, names=names), change, arrangement.table(storage), columns)

    def delta(
        self, storage: QualifiedName, storage_oid: int, changed: Collection[int], late: Collection[int] = ()
    ) -> Statement:
        """The statement that brings storage from one frontier to the next by the changes of some sources.

        ``late`` are the sources with changes after the frontier that the refresh goes to.
        """
        names = self._names()
        differentiate = self._differentiate(names, storage, changed, late)
        change, sign = self._delta_op(differentiate, storage, storage_oid)
        arranged = [
            (arrangement, differentiate.settled(arrangement.op))
            for arrangement in self.arrangements
            if arrangement.number
        ]
        moved = [(item, step) for item, step in arranged if not isinstance(step, Empty)]
        return self._apply(names, change, sign, storage, moved)

    def recompute(
        self, storage: QualifiedName, storage_oid: int, late: Collection[int] = (), query: str | None = None
    ) -> Statement:
        """The statement that evaluates the query as a whole and applies the difference to storage."""
        names = self._names()
        columns = tuple(item.column for item in self.layout.columns)
        state = self._state(names, storage, late, query)
        if self.layout.joinable:
            state = prune_columns(state, columns)
            emitter = self._emitter(state, names=names)
            return recompute_keyed(emitter, state, storage, self.layout.columns, self.layout.key)
        stored = self._storage_scan(names, storage, storage_oid)
        difference = UnionAll((state, Negate(stored)), columns, (columns, stored.columns))
        return self._apply(names, Consolidate(difference), None, storage)

    def compare(self, view: QualifiedName, query: str) -> Statement:
        """The statement that counts the rows by which the view and the query's text differ, as multisets."""
        return compare_relations(self.binding.columns, query, view)

    def explain_delta(self) -> str:
        """The delta tree for a change of all sources."""
        names = self._names()
        storage = QualifiedName("pgtrickle_data", "storage")
        change, _ = self._delta_op(self._differentiate(names, storage, self.sources, ()), storage, 0)
        return show(change)

    # -- parts --------------------------------------------------------------------------------------------

    def _names(self) -> Names:
        """Names of one statement: those of the query stay as they are, whatever was compiled before."""
        return self.names.branch()

    def _state(self, names: Names, storage: QualifiedName, late: Collection[int], query: str | None) -> Op:
        if query is not None:
            return Query(query, self.root.columns)
        beside = [item for item in self.arrangements if item.number]
        return self._differentiate(names, storage, (), late, beside).state(self.root)

    def _arranged(
        self, names: Names, arrangement: Arrangement, storage: QualifiedName, late: Collection[int]
    ) -> tuple[Op, tuple[StorageColumn, ...]]:
        """A recursion, computed from the arrangements before it, and the columns that it is stored in."""
        before = self.arrangements[: self.arrangements.index(arrangement)]
        state = self._differentiate(names, storage, (), late, before).evaluated(arrangement.op)
        return state, arrangement_columns(arrangement, self.names.types)

    def _differentiate(
        self,
        names: Names,
        storage: QualifiedName,
        changed: Collection[int],
        late: Collection[int],
        arrangements: Sequence[Arrangement] | None = None,
    ) -> Differentiate:
        stored = {
            item.label: item.stored(names, storage, ROW_HASH)
            for item in (self.arrangements if arrangements is None else arrangements)
        }
        return Differentiate(names, self.not_null, self.unique, changed, late, stored)

    def _delta_op(
        self, differentiate: Differentiate, storage: QualifiedName, storage_oid: int
    ) -> tuple[Op, str | None]:
        names = differentiate.names
        if self.grouped is None:
            columns = tuple(dict.fromkeys(item.column for item in self.layout.columns))
            return Consolidate(_exactly(differentiate(self.root), columns)), None
        aggregate, states = self.grouped
        sign = names.fresh("sign", INTEGER)
        scan = self._storage_scan(names, storage, storage_oid)
        if aggregate.scalar:
            scan = Scan(scan.source, scan.fields[1:])
        if self.layout.hashed:
            by_hash = SourceColumn(names.fresh("row_hash", BIGINT), ROW_HASH, len(scan.fields) + 1)
            scan = Scan(scan.source, (*scan.fields, by_hash))
        change = delta_grouped_storage(aggregate, states, scan, sign, differentiate)
        if aggregate.scalar:
            change = _with_only_key(change, self.layout.columns[0].column)
        return change, sign

    def _storage_scan(self, names: Names, storage: QualifiedName, oid: int) -> Scan:
        return Scan(
            Source(oid, storage),
            tuple(
                SourceColumn(names.fresh(item.name, item.type), item.name, number)
                for number, item in enumerate(self.layout.columns, 1)
            ),
        )

    def _emitter(self, *roots: Op, names: Names | None = None) -> Emitter:
        return Emitter((names or self.names).types, self.not_null, *roots)

    def _apply(
        self,
        names: Names,
        change: Op,
        sign: str | None,
        storage: QualifiedName,
        arranged: Sequence[tuple[Arrangement, Op]] = (),
    ) -> Statement:
        needed = {item.column for item in self.layout.columns} | ({sign} if sign else set())
        change, *steps = prune_together([(change, needed), *((step, step.columns) for _, step in arranged)])
        emitter = self._emitter(change, *steps, names=names)
        for (arrangement, _), step in zip(arranged, steps, strict=True):
            maintain_arrangement(emitter, step, arrangement, storage)
        if self.layout.key and self.layout.hashed:
            return apply_hashed(emitter, change, sign, storage, self.layout.columns, self.layout.key)
        if self.layout.key:
            return apply_keyed(emitter, change, sign, storage, self.layout.columns, self.layout.key)
        return apply_unkeyed(emitter, change, storage, self.layout.columns)


def compile_query(binding: Binding, describe: Describe, obstacle: str | None = None) -> Compiled:
    """Compile a binding. Where the query has no delta law, the result says why and recomputes it as a whole.

    ``obstacle`` is a reason of the caller's against deltas, such as a source that cannot be captured.

    Raises UnsupportedQuery for queries that cannot be stream tables at all.
    """
    refuse(binding)
    unstable = unstable_reason(binding.functions) or spelled_time(binding)
    compiled = _compiled(binding, describe, obstacle or binding.obstacle or unstable)
    return replace(compiled, reads_clock=reads_clock(binding), unsteady=unstable is not None)


def _compiled(binding: Binding, describe: Describe, reason: str | None) -> Compiled:
    if reason is None:
        try:
            return _compile_tree(binding, describe)
        except Unsupported as unsupported:
            reason = unsupported.reason
        except UnsupportedQuery as unreadable:
            reason = unreadable.message
        except RefreshFailed as refused:
            if refused.transient:
                raise
            reason = f"PostgreSQL cannot evaluate it operator by operator: {refused.message.rstrip('.')}"
        except RecursionError:
            reason = "its expressions are nested too deeply"
    return _compile_whole(binding, reason)


def _compile_tree(binding: Binding, describe: Describe) -> Compiled:
    names = Names()
    lowered = lower(binding, names, key_finder(binding))
    tree = _projected(lowered, names)
    not_null = NotNull(_declared_not_null(tree.op, binding))
    annotate(tree.op, names, not_null, describe)
    op = inline_clock(unify_unions(tree.op, names))
    op = push_predicates(simplify_null_tests(break_ties(op, names, unique_keys(binding)), not_null))
    op = isolate_time(op, (*_shown(tree), *_sorted_by(tree)), names)
    tree = _cast_outputs(replace(tree, op=op), binding, names)
    return _split(binding, names, not_null, lowered.op, tree)


def _projected(lowered: Lowered, names: Names) -> Lowered:
    """Every output as a column of its own."""
    outputs: list[tuple[str, str]] = []
    copies: list[tuple[str, Expr]] = []
    seen: set[str] = set()
    for title, column in lowered.outputs:
        if column in seen:
            copies.append((names.fresh(title), ex.column(column)))
        output = copies[-1][0] if column in seen else column
        seen.add(output)
        outputs.append((title, output))
    if not copies:
        return lowered
    passed = tuple((name, ex.column(name)) for name in lowered.op.columns)
    return Lowered(Project(lowered.op, passed + tuple(copies)), tuple(outputs), lowered.cut)


def _declared_not_null(op: Op, binding: Binding) -> frozenset[str]:
    declared = {
        (relation.oid, column.name)
        for relation in binding.relations.values()
        for column in relation.columns
        if column.not_null
    }
    return frozenset(
        item.output
        for node in walk(op)
        if isinstance(node, Scan)
        for item in node.fields
        if (node.source.oid, item.name) in declared
    )


def _cast_outputs(tree: Lowered, binding: Binding, names: Names) -> Lowered:
    """The outputs with exactly the types that PostgreSQL gave the defining query's columns."""
    casts: list[tuple[str, Expr]] = []
    outputs: list[tuple[str, str]] = []
    for (title, column), target in zip(tree.outputs, binding.columns, strict=True):
        if names.types[column].name != target.type.name and names.types[column].base != target.type.name:
            casts.append((names.fresh(title, target.type), ex.cast(ex.column(column), target.type.name)))
            outputs.append((title, casts[-1][0]))
        else:
            outputs.append((title, column))
    if not casts:
        return tree
    passed = tuple((name, ex.column(name)) for name in tree.op.columns)
    return Lowered(Project(tree.op, passed + tuple(casts)), tuple(outputs), tree.cut)


def _split(binding: Binding, names: Names, not_null: NotNull, lowered: Op, tree: Lowered) -> Compiled:
    """Cut the tree where storage ends and the view begins."""
    outputs: dict[str, Expr] = {column: ex.column(column) for column in (*_shown(tree), *_sorted_by(tree))}
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
        root = _with_only_key(root, only)
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
    shown = _shown(tree)
    key = next(iter(_preferred(candidate_keys(tree.op, unique), shown, names)), None)
    tree = _without_domains(tree, names)
    shown = _shown(tree)
    hidden = sorted((key or frozenset()).union(_sorted_by(tree)) - set(shown))
    pruned, kept = keep_aggregates(prune_columns(tree.op, [*shown, *hidden]), names)
    root = _exactly(pruned, (*shown, *hidden))
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


def _shown(tree: Lowered) -> list[str]:
    return [column for _, column in tree.outputs]


def _sorted_by(tree: Lowered) -> list[str]:
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


def _compile_whole(binding: Binding, reason: str) -> Compiled:
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


def _exactly(op: Op, columns: tuple[str, ...]) -> Op:
    if op.columns == columns:
        return op
    return Project(op, tuple((name, ex.column(name)) for name in columns))


def _with_only_key(op: Op, name: str) -> Op:
    """The one row of a scalar aggregate with the constant that is its key in storage."""
    passed = tuple((column, ex.column(column)) for column in op.columns)
    return Project(op, ((name, ex.cast(ex.TRUE, "boolean")), *passed))


def _sources(root: Op) -> dict[int, tuple[int, ...]]:
    """For each source the attribute numbers that the tree reads of it."""
    found: dict[int, set[int]] = {}
    for node in walk(root):
        if isinstance(node, Scan):
            found.setdefault(node.source.oid, set()).update(item.number for item in node.fields)
    return {oid: tuple(sorted(numbers)) for oid, numbers in sorted(found.items())}
