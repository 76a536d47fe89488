"""Compiled definitions and delta statements, kept while they hold.

A definition is compiled again when a name in it changed (a renamed column reads differently, not otherwise),
and when a view or function that it rests on was replaced.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from airflow.providers.pgtrickle.engine import catalog
from airflow.providers.pgtrickle.engine.catalog import Dependency, StreamTable
from airflow.providers.pgtrickle.engine.db import Session, load
from airflow.providers.pgtrickle.engine.definitions import Definition, define
from airflow.providers.pgtrickle.engine.emit.relations import Statement
from airflow.providers.pgtrickle.engine.errors import StreamTableNotFound
from airflow.providers.pgtrickle.engine.names import QualifiedName, definition_name


@dataclass(slots=True)
class Known:
    """A definition as it was compiled, with the statements that it was asked for so far.

    ``fits``: whether the stream table's storage is laid out for it. ``registered``: whether the catalog has
    the sources that it reads.
    """

    definition: Definition
    generation: int
    source_names: tuple[QualifiedName, ...]
    meaning: tuple[str | None, str | None]
    names: str | None
    fits: bool
    registered: bool
    _deltas: dict[tuple[frozenset[int], frozenset[int]], Statement] = field(default_factory=dict)

    def means(self, other: Known) -> bool:
        """Whether both understand the same query over the same sources alike."""
        return (
            self.generation == other.generation
            and self.meaning == other.meaning
            and self.names == other.names
            and self.fits == other.fits
            and self.registered == other.registered
        )

    def delta(
        self, storage: QualifiedName, storage_oid: int, changed: Collection[int], late: Collection[int]
    ) -> Statement:
        """The delta statement for these sources; compiled once."""
        key = frozenset(changed), frozenset(late)
        if key not in self._deltas:
            self._deltas[key] = self.definition.compiled.delta(storage, storage_oid, changed, late)
        return self._deltas[key]


class DefinitionCache:
    """The definitions that one session has compiled."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._known: dict[int, Known] = {}

    def get(self, table: StreamTable) -> Known:
        """The stream table's definition, compiled now unless it is known.

        In the session's transaction, if any.
        """
        known = self._known.get(table.id)
        if known is None or known.generation != table.generation:
            if self.session.in_transaction:
                known = self.compile(table)
            else:
                with self.session.transaction("repeatable read"):
                    known = self.compile(table)
            self._known[table.id] = known
        return known

    def renew(self, table: StreamTable) -> Known:
        """The stream table's definition, compiled now in any case, in the session's transaction.

        What is known stays, with the statements made so far, if it means the same.
        """
        fresh = self.compile(table)
        known = self._known.get(table.id)
        if known is None or not known.means(fresh):
            self._known[table.id] = fresh
        return fresh

    def forget(self, stream_table_id: int) -> bool:
        """Forget a definition; whether it was known."""
        return self._known.pop(stream_table_id, None) is not None

    def compile(
        self, table: StreamTable, view: QualifiedName | None = None, *, verify: bool = False
    ) -> Known:
        """Compile the definition of a stream table, or the one in another ``view``, without keeping it.

        In the session's transaction; ``verify`` as in ``bind``.
        """
        definition = define(self.session, view or definition_name(table.id), table.id, verify=verify)
        row = self.session.row(
            load(__package__, "facts"),
            {
                "pgt_id": table.id,
                "upstream": [],
                "views": list(definition.views),
                "functions": list(definition.functions),
                "sources": list(definition.sources),
            },
        )
        if row is None:
            raise StreamTableNotFound(
                f"Stream table {table.name.display} was dropped.", subject=table.name.display
            )
        by_oid = {relation.oid: relation.name for relation in definition.compiled.binding.relations.values()}
        layout = {key: value for key, value in (table.layout or {}).items() if key != "indexes"}
        return Known(
            definition,
            table.generation,
            tuple(by_oid[oid] for oid in definition.sources),
            (row[9], row[10]),
            row[11],
            layout == definition.layout,
            _sources(catalog.dependencies(self.session, table.id)) == _sources(definition.dependencies),
        )


def _sources(dependencies: Iterable[Dependency]) -> set[tuple[int, int | None, tuple[int, ...]]]:
    return {(item.source_oid, item.upstream_id, item.columns) for item in dependencies}
