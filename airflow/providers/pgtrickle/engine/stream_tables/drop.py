"""Dropping stream tables, and clearing away one that could not be created."""

from __future__ import annotations

from airflow.providers.pgtrickle.engine import catalog
from airflow.providers.pgtrickle.engine.capture import release_capture
from airflow.providers.pgtrickle.engine.catalog import StreamTable
from airflow.providers.pgtrickle.engine.db import Session, compose, load, retrying
from airflow.providers.pgtrickle.engine.errors import DependentObjects, PgTrickleError, RefreshFailed
from airflow.providers.pgtrickle.engine.names import (
    QualifiedName,
    definition_name,
    next_definition_name,
    storage_name,
)
from airflow.providers.pgtrickle.engine.settings import Settings

_DEPENDENT_OBJECTS_STILL_EXIST = "2BP01"


def drop_stream_table(session: Session, table: StreamTable, settings: Settings, *, cascade: bool) -> None:
    """Drop a stream table; with ``cascade`` all that reads it, stream tables and views, as well.

    Raises DependentObjects when something reads it and ``cascade`` is not given.
    """
    readers = catalog.downstream(session, table.id, transitive=True)
    if readers and not cascade:
        names = ", ".join(catalog.by_id(session, reader).name.display for reader in readers)
        raise DependentObjects(
            f"Stream tables read {table.name.display}: {names}.",
            hint="Drop them first, or pass cascade=True.",
            subject=table.name.display,
        )
    for reader in reversed(readers):
        drop_stream_table(session, catalog.by_id(session, reader), settings, cascade=True)
    retrying(settings.lock_attempts)(_drop, session, table, settings, cascade=cascade)


def discard(session: Session, table: StreamTable, settings: Settings) -> None:
    """Clear away a stream table whose creation failed; the failure itself is what the caller reports."""
    try:
        retrying(settings.lock_attempts)(_drop, session, table, settings, cascade=True)
    except PgTrickleError:
        return


def arrangements_of(session: Session, storage: QualifiedName) -> list[QualifiedName]:
    """The arrangements that there are beside a storage table."""
    values = {"schema": storage.schema, "storage": storage.name}
    found = session.rows(load(__package__, "arrangements"), values)
    return [QualifiedName(storage.schema, name) for (name,) in found]


def _drop(session: Session, table: StreamTable, settings: Settings, *, cascade: bool) -> None:
    with session.transaction():
        sources = sorted(item.source_oid for item in catalog.dependencies(session, table.id))
        statement = "drop_view_cascade" if cascade else "drop_view"
        try:
            session.execute(compose(load(__package__, statement), view=table.name))
        except RefreshFailed as error:
            if error.sqlstate != _DEPENDENT_OBJECTS_STILL_EXIST:
                raise
            raise DependentObjects(
                error.message, hint="Drop them first, or pass cascade=True.", subject=table.name.display
            ) from error
        for view in (definition_name(table.id), next_definition_name(table.id)):
            session.execute(compose(load(__package__, "drop_view_cascade"), view=view))
        catalog.delete(session, table.id)
        if table.storage_oid is not None:
            release_capture(session, table.storage_oid, settings=settings)
        # A rebuild that was cut off leaves its next generation.
        for generation in (table.generation, table.generation + 1):
            storage = storage_name(table.id, generation)
            for relation in (*arrangements_of(session, storage), storage):
                session.execute(compose(load(__package__, "drop_storage"), storage=relation))
        for source in sources:
            release_capture(session, source, settings=settings)
