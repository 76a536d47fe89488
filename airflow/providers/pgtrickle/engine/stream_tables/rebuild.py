"""Building a stream table's storage anew, for a new query or because the old layout no longer fits.

The next generation is made beside the present one, which stays readable until the swap:

1. A short transaction creates the new definition view, the empty storage, and capture of its sources.
2. A second one takes one snapshot, under the locks of a refresh, and fills the storage in it. Then it
   exchanges the views, drops the old storage and writes the catalog.

Both hold the old storage against other refreshes. The swap alone keeps readers out: its locks are asked for
briefly and again, so that a long reader does not make others queue behind it. What fails leaves the old
generation as it was.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

from airflow.providers.pgtrickle.engine import catalog
from airflow.providers.pgtrickle.engine.capture import ensure_capture, release_capture
from airflow.providers.pgtrickle.engine.catalog import Dependency, StreamTable
from airflow.providers.pgtrickle.engine.compile import Compiled
from airflow.providers.pgtrickle.engine.db import Session, compose, load, retrying, verbatim
from airflow.providers.pgtrickle.engine.definitions import Definition
from airflow.providers.pgtrickle.engine.definitions.bind import create_definition
from airflow.providers.pgtrickle.engine.definitions.row_security import require_all_rows
from airflow.providers.pgtrickle.engine.errors import (
    DependentObjects,
    PgTrickleError,
    RefreshFailed,
    UnsupportedQuery,
)
from airflow.providers.pgtrickle.engine.names import (
    DEFINITIONS_SCHEMA,
    QualifiedName,
    definition_name,
    next_definition_name,
    storage_name,
)
from airflow.providers.pgtrickle.engine.refresh.cache import Known
from airflow.providers.pgtrickle.engine.refresh.execute import Refresher
from airflow.providers.pgtrickle.engine.refresh.interruptions import CaptureGap, DefinitionMoved
from airflow.providers.pgtrickle.engine.refresh.stopwatch import Stopwatch
from airflow.providers.pgtrickle.engine.refresh.values import RefreshResult
from airflow.providers.pgtrickle.engine.stream_tables.create import build_storage, effective_mode, indexable
from airflow.providers.pgtrickle.engine.stream_tables.drop import arrangements_of

_INVALID_TABLE_DEFINITION = "42P16"
_DEPENDENT_OBJECTS_STILL_EXIST = "2BP01"
_UNDEFINED_TABLE = "42P01"
_LOCK_NOT_AVAILABLE = "55P03"

_DEFINITION = re.compile(rf"\b(?:{DEFINITIONS_SCHEMA}\.)?def_(\d+)\b")


@dataclass(frozen=True, slots=True)
class Change:
    """What an alteration gives a stream table: a new query, and other fields of the catalog with it."""

    query: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Generation:
    """The next generation of a stream table, prepared and still empty.

    ``definition``: the view of its query. ``before``: the sources of the present one.
    """

    table: StreamTable
    definition: QualifiedName
    known: Known
    indexes: tuple[tuple[str, ...], ...]
    before: tuple[Dependency, ...]


_UNCHANGED = Change()


def rebuild(
    refresher: Refresher, table: StreamTable, reason: str, change: Change = _UNCHANGED
) -> RefreshResult:
    """Fill new storage for a stream table, from a new query if one is given, and swap it in.

    Raises InvalidQuery, UnsupportedQuery, DependentObjects, RefreshFailed; then it is as it was.
    """
    watch = Stopwatch()
    for _ in range(5):
        with suppress(CaptureGap, DefinitionMoved):
            result = retrying(refresher.settings.refresh_attempts)(
                _attempt,
                refresher,
                catalog.by_id(refresher.session, table.id),
                reason,
                change,
                watch,
            )
            return replace(result, duration_ms=watch.milliseconds)
    raise RefreshFailed(
        f"{table.name.display} or its sources were altered again and again while it was rebuilt.",
        sqlstate="40001",
        subject=table.name.display,
    )


def _attempt(
    refresher: Refresher, table: StreamTable, reason: str, change: Change, watch: Stopwatch
) -> RefreshResult:
    session, settings = refresher.session, refresher.settings
    with watch.stage("compile"):
        prepared = retrying(settings.lock_attempts)(_prepare, refresher, table, change)
    try:
        with session.transaction("repeatable read"):
            with watch.stage("lock"):
                _lock_storage(session, table)
                refresher.lock(table, prepared.known)
            result = refresher.populate(table, prepared.table, prepared.known, reason, watch)
            retrying(settings.lock_attempts)(_swap, refresher, table, prepared)
            catalog.set_dependencies(session, table.id, prepared.known.definition.dependencies)
            catalog.update(session, table.id, **change.fields, **_recorded(session, prepared))
    except BaseException:
        if not session.closed:
            _discard(refresher, table, prepared)
        raise
    refresher.cache.forget(table.id)
    kept = prepared.known.definition.sources
    refresher.release(item.source_oid for item in prepared.before if item.source_oid not in kept)
    return result


# -- the first transaction --------------------------------------------------------------------------------


def _prepare(refresher: Refresher, table: StreamTable, change: Change) -> _Generation:
    session, settings = refresher.session, refresher.settings
    with session.transaction():
        _lock_storage(session, table)
        if catalog.by_id(session, table.id).generation != table.generation:
            raise DefinitionMoved
        fresh = replace(table, generation=table.generation + 1, **dict(change.fields))
        _clear(session, fresh)
        view = definition_name(table.id)
        if change.query is not None:
            fresh = replace(fresh, query=change.query)
            view = next_definition_name(table.id)
            with settings_of(session, table):
                create_definition(session, view, change.query)
        known = refresher.cache.compile(fresh, view, verify=True)
        definition = known.definition
        require_all_rows(session, definition.compiled.binding)
        _refuse_cycle(session, table, definition.upstream)
        # What changed behind its back is followed in any case; what is asked for may be refused.
        mode = "AUTO" if change is _UNCHANGED and fresh.refresh_mode != "FULL" else fresh.refresh_mode
        effective, why_not = effective_mode(definition, mode, table.name)
        fresh = replace(fresh, effective_mode=effective, reason=why_not)
        wanted = [tuple(index) for index in (table.layout or {}).get("indexes", ())]
        # As with a table, an index goes with the column that it is on.
        stays = indexable(definition)
        indexes = tuple(index for index in wanted if stays.issuperset(index))
        rehearse(refresher, fresh, definition)
        build_storage(session, fresh, definition, indexes)
        before = tuple(catalog.dependencies(session, table.id))
        # Registered beforehand: from now on nobody prunes what is going to be read.
        catalog.set_dependencies(session, table.id, _union(before, definition.dependencies))
        for item in definition.dependencies:
            ensure_capture(session, item.source_oid, item.columns, settings=settings)
    return _Generation(fresh, view, known, indexes, before)


def _lock_storage(session: Session, table: StreamTable) -> None:
    """Keep refreshes and other rebuilds out until the end of the transaction."""
    try:
        storage = storage_name(table.id, table.generation)
        session.execute(compose(load(__package__, "lock_storage"), storage=storage))
    except RefreshFailed as error:
        if error.sqlstate == _UNDEFINED_TABLE:
            raise DefinitionMoved from error
        raise


def _clear(session: Session, fresh: StreamTable) -> None:
    """Drop what a rebuild that was cut off may have left."""
    session.execute(compose(load(__package__, "drop_view"), view=next_definition_name(fresh.id)))
    _drop_storage(session, storage_name(fresh.id, fresh.generation))


@contextmanager
def settings_of(session: Session, table: StreamTable) -> Iterator[None]:
    """The search_path and the settings under which a stream table's query was typed, for the block."""
    wanted = {**table.session_settings, "search_path": table.search_path}
    with session.local_settings(wanted):
        yield


def _refuse_cycle(session: Session, table: StreamTable, upstream: tuple[int, ...]) -> None:
    readers = {table.id, *catalog.downstream(session, table.id, transitive=True)}
    for source in upstream:
        if source in readers:
            name = catalog.by_id(session, source).name.display
            raise UnsupportedQuery(
                f"The query reads {name}, which "
                f"{'it defines' if source == table.id else f'reads {table.name.display}'}.",
                hint="Stream tables must not read each other in a circle.",
                subject=table.name.display,
            )


def _union(before: tuple[Dependency, ...], after: tuple[Dependency, ...]) -> list[Dependency]:
    merged = {item.source_oid: item for item in before}
    for item in after:
        known = merged.get(item.source_oid, item)
        merged[item.source_oid] = replace(item, columns=tuple(sorted({*known.columns, *item.columns})))
    return list(merged.values())


# -- the swap ---------------------------------------------------------------------------------------------


def _swap(refresher: Refresher, table: StreamTable, prepared: _Generation) -> None:
    """Put the next generation in the place of the present one."""
    session, fresh = refresher.session, prepared.table
    with session.savepoint():
        limit_waiting(refresher)
        _show(session, fresh, prepared.known.definition.compiled)
        definition = definition_name(table.id)
        if prepared.definition != definition:
            session.execute(compose(load(__package__, "drop_view"), view=definition))
            session.execute(
                compose(load(__package__, "rename_view"), view=prepared.definition, name=definition.name)
            )
        if table.storage_oid is not None:
            after = _oid(session, storage_name(fresh.id, fresh.generation))
            session.execute(
                load(__package__, "move_dependencies"),
                {"before": table.storage_oid, "after": after, "name": table.name.display},
            )
            release_capture(session, table.storage_oid, settings=refresher.settings)
        storage = storage_name(table.id, table.generation)
        with _dependents(session, table):
            _drop_storage(session, storage)


def _drop_storage(session: Session, storage: QualifiedName) -> None:
    for relation in (*arrangements_of(session, storage), storage):
        session.execute(compose(load(__package__, "drop_old_storage"), storage=relation))


def rehearse(refresher: Refresher, fresh: StreamTable, definition: Definition) -> None:
    """Build and show the next generation, empty, and undo it.

    Raises DependentObjects when something that reads the stream table cannot follow.
    """
    session = refresher.session
    try:
        with session.savepoint():
            limit_waiting(refresher)
            build_storage(session, fresh, definition, ())
            _show(session, fresh, definition.compiled)
            raise _Undo  # noqa: TRY301 - the way out of a savepoint that keeps nothing
    except _Undo:
        return
    except RefreshFailed as error:
        # While someone reads the view it cannot be tried out; the swap itself will wait for them.
        if error.sqlstate != _LOCK_NOT_AVAILABLE:
            raise


def limit_waiting(refresher: Refresher) -> None:
    """Let the requests for locks that follow give up before they hold others up; undone with a savepoint."""
    milliseconds = max(1, round(refresher.settings.lock_timeout * 1000))
    refresher.session.set_local("lock_timeout", f"{milliseconds}ms")


class _Undo(Exception):
    """Leaves a savepoint with nothing kept."""


def _show(session: Session, fresh: StreamTable, compiled: Compiled) -> None:
    """Let the user's view show the storage of this generation, with the rights and comments that it has.

    Replaced in place when the columns allow; made anew when they do not and nothing depends on it.
    """
    view = fresh.name
    if _oid(session, view) is not None:
        session.execute(compose(load(__package__, "lock_view"), view=view))
    properties = session.native(load(__package__, "view_properties"), (view.schema, view.name))
    query = verbatim(compiled.view(storage_name(fresh.id, fresh.generation)))
    statement = compose(load(__package__, "create_or_replace_view"), view=view, query=query).as_string()
    try:
        with session.savepoint():
            session.native(statement)
    except RefreshFailed as error:
        if error.sqlstate != _INVALID_TABLE_DEFINITION:
            raise
        with _dependents(session, fresh):
            session.execute(compose(load(__package__, "drop_view"), view=view))
        session.native(statement)
    columns = {column.name for column in compiled.binding.columns}
    for column, text in properties:
        if column is None or column in columns:
            session.native(text)


@contextmanager
def _dependents(session: Session, table: StreamTable) -> Iterator[None]:
    try:
        with session.savepoint():
            yield
    except RefreshFailed as error:
        if error.sqlstate != _DEPENDENT_OBJECTS_STILL_EXIST:
            raise
        names = {str(item.id): item.name.display for item in catalog.all_stream_tables(session)}
        message = _DEFINITION.sub(lambda found: names.get(found.group(1), found.group()), error.message)
        raise DependentObjects(
            f"The columns of {table.name.display} change, and something depends on them: {message}",
            hint="Drop what depends on it first, or keep the columns there are, in name, type and order.",
            subject=table.name.display,
        ) from error


def _recorded(session: Session, prepared: _Generation) -> dict[str, Any]:
    """What the catalog is told about the new generation."""
    fresh = prepared.table
    return {
        "query": fresh.query,
        "effective_mode": fresh.effective_mode,
        "reason": fresh.reason,
        "generation": fresh.generation,
        "storage_oid": _oid(session, storage_name(fresh.id, fresh.generation)),
        "view_oid": _oid(session, fresh.name),
        "layout": {
            **prepared.known.definition.layout,
            "indexes": [list(index) for index in prepared.indexes],
        },
    }


def _oid(session: Session, name: QualifiedName) -> int | None:
    found: int | None = session.value(
        "SELECT pg_catalog.to_regclass(%s)::pg_catalog.oid::pg_catalog.int8", (str(name),)
    )
    return found


# -- after a failure --------------------------------------------------------------------------------------


def _discard(refresher: Refresher, table: StreamTable, prepared: _Generation) -> None:
    """Clear away a generation that could not be finished; the failure itself is what the caller reports."""
    with suppress(PgTrickleError, DefinitionMoved):
        retrying(refresher.settings.lock_attempts)(_discard_once, refresher.session, table, prepared)
        old = {item.source_oid for item in prepared.before}
        refresher.release(item for item in prepared.known.definition.sources if item not in old)


def _discard_once(session: Session, table: StreamTable, prepared: _Generation) -> None:
    with session.transaction():
        _lock_storage(session, table)
        if catalog.by_id(session, table.id).generation == table.generation:
            _clear(session, prepared.table)
            catalog.set_dependencies(session, table.id, prepared.before)
