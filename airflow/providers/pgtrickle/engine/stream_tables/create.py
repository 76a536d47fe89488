"""Creating a stream table, and building its storage anew.

Two transactions: the first installs capture and the empty storage, the second takes one snapshot, fills the
storage in it and shows the view. Whatever is written after the first is captured, whatever is visible to the
second is in the fill, and the snapshot tells the two apart. Writers are held up only while the first has its
locks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow.providers.pgtrickle.engine import catalog
from airflow.providers.pgtrickle.engine.analysis.advice import advice
from airflow.providers.pgtrickle.engine.analysis.functions import PINNED_SETTINGS
from airflow.providers.pgtrickle.engine.capture import ensure_capture
from airflow.providers.pgtrickle.engine.catalog import StreamTable
from airflow.providers.pgtrickle.engine.db import Session, compose, load, retrying, verbatim
from airflow.providers.pgtrickle.engine.definitions import Definition, define
from airflow.providers.pgtrickle.engine.definitions.bind import create_definition
from airflow.providers.pgtrickle.engine.definitions.row_security import require_all_rows
from airflow.providers.pgtrickle.engine.errors import (
    InvalidName,
    InvalidOption,
    StreamTableExists,
    UnsupportedQuery,
)
from airflow.providers.pgtrickle.engine.names import (
    OWN_SCHEMAS,
    QualifiedName,
    definition_name,
    parse_name,
    storage_name,
)
from airflow.providers.pgtrickle.engine.ops.expressions import column_of
from airflow.providers.pgtrickle.engine.refresh.execute import Refresher
from airflow.providers.pgtrickle.engine.settings import Settings
from airflow.providers.pgtrickle.engine.stream_tables.drop import discard

REFRESH_MODES = ("AUTO", "DIFFERENTIAL", "FULL")


def create_stream_table(
    session: Session,
    refresher: Refresher,
    settings: Settings,
    *,
    name: str,
    query: str,
    schedule: str | None,
    refresh_mode: str,
    initialize: bool,
    indexes: Sequence[Sequence[str]],
) -> StreamTable:
    """Create a stream table; when anything fails, nothing of it is left.

    Raises InvalidName, InvalidOption, InvalidQuery, UnsupportedQuery, StreamTableExists, RefreshFailed.
    """
    mode = checked_mode(refresh_mode)
    with session.transaction():
        facts = _session_facts(session)
    target = _checked_name(name, facts["schema"])
    table = retrying(settings.lock_attempts)(
        _prepare, session, settings, target, query, schedule, mode, indexes, facts
    )
    try:
        if initialize:
            refresher.refresh(table)
        with session.transaction():
            _show(session, table, refresher)
    except BaseException:
        if not session.closed:
            discard(session, table, settings)
        raise
    return catalog.by_id(session, table.id)


def checked_mode(refresh_mode: str) -> Any:
    """The refresh mode in capitals; InvalidOption for anything that is none."""
    mode = refresh_mode.upper()
    if mode == "IMMEDIATE":
        raise InvalidOption(
            "Refresh mode IMMEDIATE is not available yet.",
            hint="Use AUTO, DIFFERENTIAL or FULL.",
            subject=mode,
        )
    if mode not in REFRESH_MODES:
        raise InvalidOption(
            f"{refresh_mode!r} is not a refresh mode.", hint="Use AUTO, DIFFERENTIAL or FULL.", subject=mode
        )
    return mode


def _session_facts(session: Session) -> dict[str, Any]:
    row = session.row(load(__package__, "session_facts"), {"settings": list(PINNED_SETTINGS)})
    if row is None:
        raise RuntimeError("a SELECT without FROM gives one row")
    return {"schema": row[0], "search_path": row[1], "settings": row[2]}


def _checked_name(name: str, current_schema: str | None) -> QualifiedName:
    target = parse_name(name, current_schema or "public")
    if (
        target.schema in OWN_SCHEMAS
        or target.schema.startswith("pg_")
        or target.schema == "information_schema"
    ):
        raise InvalidName(
            f"Schema {target.schema} is not for stream tables.",
            hint="Use a schema of your own.",
            subject=name,
        )
    return target


def _prepare(
    session: Session,
    settings: Settings,
    name: QualifiedName,
    query: str,
    schedule: str | None,
    mode: Any,
    indexes: Sequence[Sequence[str]],
    facts: dict[str, Any],
) -> StreamTable:
    """The first transaction: definition, empty storage, capture, catalog row."""
    with session.transaction():
        _require_free(session, name)
        table = catalog.insert(
            session,
            name=name,
            query=query,
            search_path=facts["search_path"],
            schedule=schedule,
            refresh_mode=mode,
            effective_mode="FULL",
            session_settings=facts["settings"],
        )
        create_definition(session, definition_name(table.id), query)
        definition = define(session, definition_name(table.id), table.id, verify=True)
        require_all_rows(session, definition.compiled.binding)
        effective, reason = effective_mode(definition, mode, name)
        build_storage(session, table, definition, indexes)
        for item in definition.dependencies:
            ensure_capture(session, item.source_oid, item.columns, settings=settings)
        catalog.set_dependencies(session, table.id, definition.dependencies)
        storage_oid = session.value(
            "SELECT pg_catalog.to_regclass(%s)::pg_catalog.oid::pg_catalog.int8",
            (str(storage_name(table.id, table.generation)),),
        )
        catalog.update(
            session,
            table.id,
            effective_mode=effective,
            reason=reason,
            storage_oid=storage_oid,
            layout={**definition.layout, "indexes": [list(index) for index in indexes]},
        )
    return catalog.by_id(session, table.id)


def effective_mode(definition: Definition, mode: str, name: QualifiedName) -> tuple[Any, str | None]:
    """DIFFERENTIAL or FULL, and why not DIFFERENTIAL; UnsupportedQuery when that was asked for."""
    reason = definition.compiled.reason
    if mode == "FULL":
        return "FULL", "the refresh mode is FULL"
    if reason is None:
        return "DIFFERENTIAL", None
    if mode == "DIFFERENTIAL":
        known = advice(reason)
        recomputed = "refresh_mode AUTO to have it recomputed at each refresh."
        raise UnsupportedQuery(
            f"The query cannot be maintained by deltas: {reason}.",
            construct=known.construct,
            reason=reason,
            hint=f"{known.rewrite} Or use {recomputed}" if known.rewrite else f"Use {recomputed}",
            subject=name.display,
        )
    return "FULL", reason


def build_storage(
    session: Session, table: StreamTable, definition: Definition, indexes: Sequence[Sequence[str]]
) -> None:
    """Create empty storage and its arrangements, with their indexes."""
    storage = storage_name(table.id, table.generation)
    compiled = definition.compiled
    _create_table(session, storage, compiled.shape())
    for arrangement in compiled.arrangements:
        relation = arrangement.table(storage)
        if arrangement.number:
            _create_table(session, relation, compiled.arrangement_shape(arrangement))
            session.execute(compose(load(__package__, "create_row_hash_index"), storage=relation))
        for lookup in arrangement.lookups(compiled.names):
            session.execute(
                compose(load(__package__, "create_index"), storage=relation, columns=list(lookup))
            )
    if compiled.layout.key and not compiled.layout.hashed:
        session.execute(
            compose(load(__package__, "create_key"), storage=storage, key=list(compiled.layout.key))
        )
    else:
        session.execute(compose(load(__package__, "create_row_hash_index"), storage=storage))
    physical = _physical(definition)
    for index in indexes:
        for column in index:
            if column not in physical:
                raise InvalidOption(
                    f"{column!r} cannot be indexed: it is not a stored column of {table.name.display}.",
                    hint="Index columns that the query outputs as they are or groups by.",
                    subject=column,
                )
        columns = [physical[column] for column in index]
        session.execute(compose(load(__package__, "create_index"), storage=storage, columns=columns))


def _create_table(session: Session, name: QualifiedName, shape: str) -> None:
    statement = compose(load(__package__, "create_storage"), storage=name, contents=verbatim(shape))
    session.native(statement.as_string())


def indexable(definition: Definition) -> frozenset[str]:
    """The names of the output columns that are stored as they are, so that an index can be on them."""
    return frozenset(_physical(definition))


def _physical(definition: Definition) -> dict[str, str]:
    compiled = definition.compiled
    stored = {item.column: item.name for item in compiled.layout.columns}
    found: dict[str, str] = {}
    for output, value in compiled.outputs:
        source = column_of(value)
        if source is not None:
            found[output.name] = stored[source]
    return found


def _require_free(session: Session, name: QualifiedName) -> None:
    if session.value("SELECT pg_catalog.to_regclass(%s) IS NOT NULL", (str(name),)):
        kind = "a stream table" if catalog.find(session, name) else "a relation"
        raise StreamTableExists(
            f"There is {kind} {name.display} already.",
            hint="Choose another name, or drop it.",
            subject=name.display,
        )
    if not session.value("SELECT pg_catalog.to_regnamespace(%s) IS NOT NULL", (f'"{name.schema}"',)):
        raise InvalidName(
            f"There is no schema {name.schema}.",
            hint=f"Run CREATE SCHEMA {name.schema} first.",
            subject=name.display,
        )


def _show(session: Session, table: StreamTable, refresher: Refresher) -> None:
    """Create the view that users read."""
    definition = refresher.cache.get(table).definition
    storage = storage_name(table.id, table.generation)
    query = verbatim(definition.compiled.view(storage))
    session.native(compose(load(__package__, "create_view"), view=table.name, query=query).as_string())
    view_oid = session.value(
        "SELECT pg_catalog.to_regclass(%s)::pg_catalog.oid::pg_catalog.int8", (str(table.name),)
    )
    catalog.update(session, table.id, view_oid=view_oid, status="ACTIVE")
