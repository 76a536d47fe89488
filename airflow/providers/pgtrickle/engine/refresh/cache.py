"""Compiled definitions and delta statements, kept while they hold.

A definition is compiled again when a name in it changed (a renamed column reads differently, not otherwise),
and when a view or function that it rests on was replaced.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from airflow.providers.pgtrickle.engine.catalog import StreamTable
from airflow.providers.pgtrickle.engine.db import Session, load
from airflow.providers.pgtrickle.engine.definitions import Definition, define_stream_table
from airflow.providers.pgtrickle.engine.emit.relations import Statement
from airflow.providers.pgtrickle.engine.names import QualifiedName


@dataclass(slots=True)
class Known:
    """A definition as it was compiled, with the statements that it was asked for so far."""

    definition: Definition
    generation: int
    source_names: tuple[QualifiedName, ...]
    meaning: tuple[str | None, str | None]
    names: str | None
    _deltas: dict[tuple[frozenset[int], frozenset[int]], Statement] = field(default_factory=dict)

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
                known = self._compile(table)
            else:
                with self.session.transaction("repeatable read"):
                    known = self._compile(table)
            self._known[table.id] = known
        return known

    def forget(self, stream_table_id: int) -> bool:
        """Forget a definition; whether it was known."""
        return self._known.pop(stream_table_id, None) is not None

    def _compile(self, table: StreamTable) -> Known:
        definition = define_stream_table(self.session, table)
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
            raise LookupError(table.name.display)
        by_oid = {relation.oid: relation.name for relation in definition.compiled.binding.relations.values()}
        return Known(
            definition,
            table.generation,
            tuple(by_oid[oid] for oid in definition.sources),
            (row[8], row[9]),
            row[10],
        )
