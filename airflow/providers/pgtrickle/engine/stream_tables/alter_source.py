"""DDL on a source that PostgreSQL refuses because definition views and capture depend on its columns.

One transaction takes away what stands in the way, runs the statement, and puts back what it took. A stream
table whose query means what it meant before keeps its rows; any other is recomputed or rebuilt afterwards, by
the same refresh that would find it out anyway. One whose query no longer works makes the whole transaction
fail.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from airflow.providers.pgtrickle.engine import catalog
from airflow.providers.pgtrickle.engine.capture import (
    difference,
    ensure_capture,
    fingerprint,
    release_capture,
)
from airflow.providers.pgtrickle.engine.capture.install import detach_capture
from airflow.providers.pgtrickle.engine.catalog import StreamTable
from airflow.providers.pgtrickle.engine.db import Session, as_query_error, compose, load, retrying
from airflow.providers.pgtrickle.engine.definitions import Definition
from airflow.providers.pgtrickle.engine.definitions.bind import bind, create_definition
from airflow.providers.pgtrickle.engine.errors import (
    DependentObjects,
    InvalidQuery,
    PgTrickleError,
    RefreshFailed,
    UnsupportedQuery,
)
from airflow.providers.pgtrickle.engine.names import (
    QualifiedName,
    definition_name,
    next_definition_name,
)
from airflow.providers.pgtrickle.engine.parse.lexer import Kind, scan
from airflow.providers.pgtrickle.engine.refresh.cache import Known
from airflow.providers.pgtrickle.engine.refresh.execute import Refresher
from airflow.providers.pgtrickle.engine.stream_tables.create import effective_mode
from airflow.providers.pgtrickle.engine.stream_tables.rebuild import (
    limit_waiting,
    rehearse,
    settings_of,
)

#: Something depends on it; a column that a view or a function reads cannot get another type.
_STANDS_IN_THE_WAY = ("2BP01", "0A000")
_DEFINITION = re.compile(r"\bdef_(\d+)\b")
_CAPTURED = re.compile(r"\bcaptured_(\d+)\(")

_VERBS = ("alter", "create", "drop")
_KINDS = ("table", "view", "foreign", "materialized", "type", "domain")


@dataclass(frozen=True, slots=True)
class AlterSourceResult:
    """What DDL on a source did to the stream tables that read it, by name.

    ``reinitialized``: the rows were recomputed, because they mean something else or capture had to begin
    anew; for a suspended stream table its next refresh does so. ``unchanged``: the rows are what they were.
    """

    reinitialized: tuple[str, ...]
    unchanged: tuple[str, ...]


def alter_source(refresher: Refresher, sql: str) -> AlterSourceResult:
    """Run one DDL statement with what depends on it out of the way; see PgTrickle.alter_source."""
    _require_ddl(sql)
    run = retrying(refresher.settings.lock_attempts)
    stale, unchanged = run(_run, refresher, sql)
    refresher.session.forget_types()
    failures: list[PgTrickleError] = []
    for table in (*stale, *unchanged):
        refresher.cache.forget(table.id)
    for table in stale:
        if table.is_populated and table.status != "SUSPENDED":
            try:
                refresher.refresh(catalog.by_id(refresher.session, table.id))
            except PgTrickleError as error:
                failures.append(error)
    if failures:
        raise failures[0]
    return AlterSourceResult(_names(stale), _names(unchanged))


def _names(tables: Iterable[StreamTable]) -> tuple[str, ...]:
    return tuple(table.name.display for table in tables)


def _require_ddl(sql: str) -> None:
    """InvalidQuery for anything but one DDL statement on a relation or a type."""
    lexemes = scan(sql)
    while lexemes and lexemes[-1].text == ";" and lexemes[-1].kind is Kind.MARK:
        lexemes.pop()
    words = [item.text for item in lexemes[:4] if item.kind is Kind.WORD]
    if words[1:3] == ["or", "replace"]:
        del words[1:3]
    if len(words) < 2 or words[0] not in _VERBS or words[1] not in _KINDS:
        raise InvalidQuery(
            "This is not DDL on a relation.",
            hint="Give one statement such as ALTER TABLE …; other statements need no help.",
            position=1,
        )
    for item in lexemes:
        if item.text == ";" and item.kind is Kind.MARK:
            raise InvalidQuery(
                "A second statement follows the first.",
                hint="Give one statement at a time.",
                position=item.end + 1,
                sqlstate="42601",
            )


def _run(refresher: Refresher, sql: str) -> tuple[list[StreamTable], list[StreamTable]]:
    """The transaction: the stream tables whose rows are to be recomputed, and the others concerned."""
    session = refresher.session
    with session.transaction():
        limit_waiting(refresher)
        tables = {table.id: table for table in catalog.all_stream_tables(session)}
        aside = _Aside(refresher, tables)
        aside.execute(sql)
        session.forget_types()
        touched, readers = session.row(load(__package__, "touched_definitions")) or ([], [])
        _refuse_stream_tables(tables.values(), set(touched))
        _refuse_lost_definitions(
            session, (table for table in tables.values() if table.id not in aside.definitions)
        )
        concerned = {int(found.group(1)) for name in readers if (found := _DEFINITION.fullmatch(name))}
        concerned |= aside.definitions.keys() | aside.readers()
        known = {id_: _follow(refresher, tables[id_], aside) for id_ in sorted(concerned & tables.keys())}
        _restore_capture(refresher, aside.sources)
        stale = [tables[id_] for id_ in known if _is_stale(session, tables[id_].id, known[id_])]
    return stale, [tables[id_] for id_ in known if tables[id_] not in stale]


# -- out of the way, and back -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Definition:
    """A definition view that was taken away: what it meant, and the query to make it from again.

    ``as_typed`` tells whether that is the query as the user typed it. After a column was renamed the typed
    text is out of date, and PostgreSQL's own is taken. ``current``: the view meant what is recorded.
    """

    known: Known
    text: str
    as_typed: bool
    current: bool


@dataclass(slots=True)
class _Aside:
    """What has been taken away so far for a statement to pass."""

    refresher: Refresher
    tables: dict[int, StreamTable]
    definitions: dict[int, _Definition] = field(default_factory=dict)
    sources: set[int] = field(default_factory=set)

    def execute(self, sql: str) -> None:
        """Run the statement, taking away what PostgreSQL names, as far as it is ours."""
        session = self.refresher.session
        while True:
            try:
                with session.savepoint(), as_query_error():
                    session.native(sql)
            except (InvalidQuery, RefreshFailed) as error:
                if error.sqlstate not in _STANDS_IN_THE_WAY:
                    raise
                if not self._take_away(error.message):
                    raise DependentObjects(
                        error.message,
                        hint="Change or drop what depends on it first, and create it again afterwards.",
                    ) from error
            else:
                return

    def readers(self) -> set[int]:
        """The stream tables that read a source whose capture was taken away."""
        session = self.refresher.session
        return {
            item.stream_table_id for source in self.sources for item in catalog.consumers(session, source)
        }

    def _take_away(self, message: str) -> bool:
        """Take away what PostgreSQL's message names; whether that was anything."""
        sources = {int(oid) for oid in _CAPTURED.findall(message)} - self.sources
        definitions = {int(id_) for id_ in _DEFINITION.findall(message)} & self.tables.keys()
        definitions -= self.definitions.keys()
        for source in sorted(sources):
            self._detach(source)
        for id_ in sorted(definitions):
            self._drop(self.tables[id_])
        return bool(sources or definitions)

    def _detach(self, source: int) -> None:
        session = self.refresher.session
        row = session.row(load(__package__, "relation_name"), (source,))
        if row is not None:
            # The source first, as writers have it: they come to the buffer with a lock on the source.
            session.execute(compose(load(__package__, "lock_source"), source=QualifiedName(*row)))
        detach_capture(session, source)
        self.sources.add(source)

    def _drop(self, table: StreamTable) -> None:
        session = self.refresher.session
        known = self.refresher.cache.compile(table)
        text = known.definition.compiled.binding.text
        as_typed = _typed_text(session, table) == text
        current = (table.fingerprint or {}).get("meaning") == list(known.meaning)
        self.definitions[table.id] = _Definition(
            known, table.query if as_typed else text, as_typed=as_typed, current=current
        )
        session.execute(compose(load(__package__, "drop_view"), view=definition_name(table.id)))


class _Undo(Exception):
    """Leaves a savepoint with nothing kept."""


def _typed_text(session: Session, table: StreamTable) -> str | None:
    """What the query as it was typed means now, in PostgreSQL's words; None when it fails by now."""
    text: str | None = None
    try:
        with session.savepoint():
            _create(session, table, next_definition_name(table.id), table.query, as_typed=True)
            text = bind(session, next_definition_name(table.id), verify=False).text
            raise _Undo  # noqa: TRY301 - the way out of a savepoint that keeps nothing
    except (_Undo, InvalidQuery, UnsupportedQuery):
        return text


def _create(session: Session, table: StreamTable, view: QualifiedName, text: str, *, as_typed: bool) -> None:
    with settings_of(session, table):
        if not as_typed:
            session.set_local("search_path", "")
        create_definition(session, view, text)


def _follow(refresher: Refresher, table: StreamTable, aside: _Aside) -> Known:
    """Put a stream table's definition view back if it was taken away, and write down what it means now.

    Raises DependentObjects when the query, or what reads the stream table, cannot follow.
    """
    session = refresher.session
    before = aside.definitions.get(table.id)
    try:
        with session.savepoint():
            if before is not None:
                view = definition_name(table.id)
                _create(session, table, view, before.text, as_typed=before.as_typed)
            known = refresher.cache.compile(table, verify=True)
            effective, reason = effective_mode(known.definition, table.refresh_mode, table.name)
            if not known.fits:
                rehearse(refresher, _next(table), known.definition)
    except (InvalidQuery, UnsupportedQuery, DependentObjects) as error:
        raise DependentObjects(
            f"Stream table {table.name.display} cannot follow: {error.message}",
            hint="Alter its query or drop it first.",
            subject=table.name.display,
        ) from error
    for item in known.definition.dependencies:
        ensure_capture(session, item.source_oid, item.columns, settings=refresher.settings)
    given_up = {item.source_oid for item in catalog.dependencies(session, table.id)}
    catalog.set_dependencies(session, table.id, known.definition.dependencies)
    for source in sorted(given_up.difference(known.definition.sources)):
        release_capture(session, source, settings=refresher.settings)
    changes: dict[str, Any] = {"effective_mode": effective, "reason": reason}
    if (
        before is not None
        and before.current
        and _meaning(before.known.definition) == _meaning(known.definition)
    ):
        changes["fingerprint"] = {**(table.fingerprint or {}), "meaning": list(known.meaning)}
    catalog.update(session, table.id, **changes)
    return known


def _next(table: StreamTable) -> StreamTable:
    return replace(table, generation=table.generation + 1)


def _meaning(definition: Definition) -> tuple[object, ...]:
    """What the rows of a query depend on, but for the rows of its sources."""
    binding = definition.compiled.binding
    relations = {relation.oid: relation for relation in binding.relations.values()}
    return (
        binding.text,
        binding.columns,
        binding.functions,
        sorted(relation.view_text or "" for relation in relations.values()),
        [
            (
                item.source_oid,
                [column for column in relations[item.source_oid].columns if column.number in item.columns],
            )
            for item in definition.dependencies
        ],
    )


def _restore_capture(refresher: Refresher, sources: Iterable[int]) -> None:
    """Capture again what was let go of and is still read."""
    session = refresher.session
    for source in sorted(sources):
        columns = {number for item in catalog.consumers(session, source) for number in item.columns}
        if columns or catalog.consumers(session, source):
            ensure_capture(session, source, columns, settings=refresher.settings)
        else:
            release_capture(session, source, settings=refresher.settings)


def _is_stale(session: Session, stream_table_id: int, known: Known) -> bool:
    """Whether the next refresh would find that the rows mean something else."""
    recorded = catalog.by_id(session, stream_table_id).fingerprint or {}
    live = fingerprint(session, known.definition.sources)
    return (
        not known.fits
        or recorded.get("meaning") != list(known.meaning)
        or difference(recorded.get("capture"), live) is not None
    )


# -- refusals ---------------------------------------------------------------------------------------------


def _refuse_stream_tables(tables: Iterable[StreamTable], touched: set[int]) -> None:
    for table in tables:
        if touched & {table.view_oid, table.storage_oid}:
            raise DependentObjects(
                f"{table.name.display} is a stream table.",
                hint="Use alter_stream_table() or drop_stream_table().",
                subject=table.name.display,
            )


def _refuse_lost_definitions(session: Session, tables: Iterable[StreamTable]) -> None:
    """A statement with CASCADE takes definition views with it without asking."""
    for table in tables:
        found = session.value(
            "SELECT pg_catalog.to_regclass(%s) IS NOT NULL", (str(definition_name(table.id)),)
        )
        if not found:
            raise DependentObjects(
                f"The statement would take away what stream table {table.name.display} reads.",
                hint="Alter its query or drop it first.",
                subject=table.name.display,
            )
