"""Verification: what a stream table shows against the multiset that its defining query gives.

The query is evaluated at the stream table's own frontier: changes committed since then are taken off the
sources, in the text of the query and not by its delta, so the comparison does not rest on what it checks.
"""

from __future__ import annotations

from dataclasses import dataclass

from airflow.providers.pgtrickle.engine import catalog
from airflow.providers.pgtrickle.engine.capture import fingerprint, pending
from airflow.providers.pgtrickle.engine.catalog import StreamTable
from airflow.providers.pgtrickle.engine.db import Session
from airflow.providers.pgtrickle.engine.errors import StateError
from airflow.providers.pgtrickle.engine.frontier import Snapshot
from airflow.providers.pgtrickle.engine.refresh.apply import configure
from airflow.providers.pgtrickle.engine.refresh.execute import Refresher
from airflow.providers.pgtrickle.engine.refresh.rewound import rewound_query
from airflow.providers.pgtrickle.engine.refresh.target import snapshots_at


@dataclass(frozen=True, slots=True)
class Verification:
    """The outcome: rows of the query that are missing, rows that the query does not have, rows in all."""

    stream_table: str
    missing: int
    unexpected: int
    rows: int

    @property
    def exact(self) -> bool:
        """Whether the stream table is the query's multiset."""
        return not self.missing and not self.unexpected

    def __bool__(self) -> bool:
        return self.exact


def verify_stream_table(session: Session, refresher: Refresher, table: StreamTable) -> Verification:
    """Compare a stream table with its query at its frontier. Raises StateError before its first refresh."""
    with session.transaction("repeatable read"):
        # Compiled afresh: what a session remembers is not checked against its own memory.
        known = refresher.cache.renew(table)
        live = fingerprint(session, known.definition.sources)
        if not known.registered or not all(state["epoch"] for state in live.values()):
            raise StateError(
                f"What {table.name.display} reads was exchanged since its last refresh.",
                hint="Refresh it first.",
                subject=table.name.display,
            )
        refresher.lock(table, known)
        table = catalog.by_id(session, table.id)
        if table.frontier is None:
            raise StateError(
                f"Stream table {table.name.display} has not been filled yet.",
                hint="Refresh it first.",
                subject=table.name.display,
            )
        definition = known.definition
        now = Snapshot.parse(session.value("SELECT pg_catalog.pg_current_snapshot()::pg_catalog.text"))
        at = snapshots_at(definition, table.frontier)
        after = pending(session, {source: (reached, now) for source, reached in at.items()}, limit=1)
        late = [source for source, count in after.items() if count]
        query = rewound_query(definition, late, at, now, table.frontier.time)
        configure(session, refresher.settings, table)
        statement = definition.compiled.compare(table.name, query)
        ((missing, unexpected, rows),) = session.native(statement.text)
    return Verification(table.name.display, missing, unexpected, rows)
