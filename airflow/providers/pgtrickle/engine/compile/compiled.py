"""A compiled query: the statements that fill, follow, recompute and compare it. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from airflow.providers.pgtrickle.engine.analysis.keys import (
    UniqueKeys,
    unique_keys,
)
from airflow.providers.pgtrickle.engine.analysis.nullability import NotNull
from airflow.providers.pgtrickle.engine.analysis.reads import delta_reads
from airflow.providers.pgtrickle.engine.analysis.states import GroupStates
from airflow.providers.pgtrickle.engine.compile.layout import Layout, with_only_key
from airflow.providers.pgtrickle.engine.differentiate.arrangements import Arrangement
from airflow.providers.pgtrickle.engine.differentiate.context import Differentiate
from airflow.providers.pgtrickle.engine.differentiate.grouped_storage import (
    delta_grouped_storage,
)
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
from airflow.providers.pgtrickle.engine.names import QualifiedName
from airflow.providers.pgtrickle.engine.ops.expressions import Expr
from airflow.providers.pgtrickle.engine.ops.naming import BIGINT, INTEGER, Names
from airflow.providers.pgtrickle.engine.ops.nodes import (
    Aggregate,
    Consolidate,
    Empty,
    Negate,
    Op,
    Query,
    Scan,
    Source,
    SourceColumn,
    UnionAll,
    union_all,
)
from airflow.providers.pgtrickle.engine.ops.show import show
from airflow.providers.pgtrickle.engine.rewrite.prune_columns import prune_columns, prune_together
from airflow.providers.pgtrickle.engine.rewrite.rebuild import exactly
from airflow.providers.pgtrickle.engine.schema import Binding, Column


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
            return Consolidate(exactly(differentiate(self.root), columns)), None
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
            change = with_only_key(change, self.layout.columns[0].column)
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
