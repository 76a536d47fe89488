"""Definition views: a defining query becomes a view, and PostgreSQL's understanding of it a Binding."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from airflow.providers.pgtrickle.engine.db import Session, as_query_error, compose, load
from airflow.providers.pgtrickle.engine.errors import InvalidQuery, RefreshFailed, UnsupportedQuery
from airflow.providers.pgtrickle.engine.names import DATA_SCHEMA, QualifiedName
from airflow.providers.pgtrickle.engine.parse import (
    complete_orders,
    first_difference,
    generate,
    inline_views,
    line_and_column,
    parse_canonical,
    qualified_views,
    relation_names,
    single_query,
)
from airflow.providers.pgtrickle.engine.schema import Binding, Column, ColumnType, Function, Relation

#: How PostgreSQL is to print a query: every name qualified, every constant readable under any settings.
_CANONICAL = {
    "search_path": "",
    "datestyle": "ISO",
    "intervalstyle": "postgres",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "quote_all_identifiers": "off",
    # The catalog queries look dear to the planner and are not; compiling them would take a second.
    "jit": "off",
}
# In a node tree blanks within names and constants are escaped: these signs cannot be part of one.
_RELATION = re.compile(r":relid (\d+)")
_CALL = re.compile(r":(?:funcid|opfuncid|aggfnoid|winfnoid) (\d+)")
_FEATURES = {
    "for_update": ":rowMarks ({",
    "tablesample": "{TABLESAMPLECLAUSE ",
    "recursive": ":hasRecursive true",
    "set_returning": ":hasTargetSRFs true",
}
#: SQL's value functions have no OID; the order is that of SQLValueFunctionOp.
_VALUE_FUNCTION = re.compile(r"{SQLVALUEFUNCTION :op (\d+)")
_VALUE_FUNCTIONS = (
    "current_date", "current_time", "current_time", "current_timestamp", "current_timestamp", "localtime",
    "localtime", "localtimestamp", "localtimestamp", "current_role", "current_user", "user", "session_user",
    "current_catalog", "current_schema",
)  # fmt: skip
#: Words, as PostgreSQL prints them, without which no order decides anything.
_ORDERED = re.compile(r"\b(?:LIMIT|OFFSET|FETCH|DISTINCT ON|OVER|ARRAY)\b")
_STORAGE = re.compile(r"st_(\d+)_\d+")
_CYCLE_WITH_CAST = re.compile(r"\bCYCLE\b.*\bTO\b.*::.*\bUSING\b", re.DOTALL)
_DUPLICATE_COLUMN = "42701"
_INVALID_TABLE_DEFINITION = "42P16"
_FEATURE_NOT_SUPPORTED = "0A000"


def create_definition(session: Session, definition: QualifiedName, query: str) -> None:
    """Create the definition view from a query as a user typed it, under the session's search_path.

    Raises InvalidQuery, with PostgreSQL's message, SQLSTATE and the position in ``query``, for what it
    rejects and for anything but one query; UnsupportedQuery for a query of a temporary table.
    """
    text = single_query(query)
    # Before the view is made: afterwards the transaction is over.
    temporary = _temporary(session, text)
    head = compose(load(__package__, "create_definition"), definition=definition).as_string()
    try:
        with as_query_error(offset=len(head)):
            session.native(head + text)
    except InvalidQuery as error:
        raise _explained(error, query, temporary) from error


def _temporary(session: Session, query: str) -> str | None:
    """The first temporary table that a query names, as SQL writes it."""
    try:
        names = relation_names(query)
    except InvalidQuery:  # PostgreSQL says it better
        return None
    return session.value(load(__package__, "temporary_of"), (names,)) if names else None


def bind(session: Session, definition: QualifiedName, *, verify: bool = True) -> Binding:
    """Read what PostgreSQL knows about a definition view.

    ``verify=False`` leaves out the round trip through our parser (``Binding.obstacle`` is then None): for a
    text that passed it before on the same server. Runs in the session's transaction if there is one, else in
    its own, and leaves nothing behind. Raises InvalidQuery when there is no such view.
    """
    with _scope(session):
        views = _read_views(session, definition)
        if not views:
            raise InvalidQuery(
                f"There is no definition view {definition.display}.", subject=definition.display
            )
        relations = _read_relations(session, views)
        functions = _read_functions(session, views)
        read = [relations[view.oid] for view in views]
        obstacle = _obstacle(session, definition, read) if verify else None
        root = relations.pop(views[0].oid)
        by_name = {relation.name: relation for relation in relations.values()}
        completed = _completed(session, views[0].text, by_name)
    return Binding(
        text=_readable(views[0].text),
        columns=root.columns,
        relations=by_name,
        functions=functions,
        obstacle=obstacle,
        features=frozenset(feature for view in views for feature in view.features()),
        completed=completed,
    )


@dataclass(frozen=True, slots=True)
class _View:
    """A view: its canonical text, and the tree of its rule as PostgreSQL writes node trees."""

    oid: int
    text: str
    tree: str
    functional_dependency: bool

    def relations(self) -> set[int]:
        """The relations read, system catalogs included, for which there is no pg_depend entry."""
        return {int(oid) for oid in _RELATION.findall(self.tree)} - {self.oid}

    def functions(self) -> set[int]:
        """The functions called, those behind operators and aggregates included."""
        return {int(oid) for oid in _CALL.findall(self.tree)}

    def features(self) -> Iterator[str]:
        """Names of what the tree holds besides, see Binding."""
        for feature, sign in _FEATURES.items():
            if sign in self.tree:
                yield feature
        if self.functional_dependency:
            yield "functional_dependency"
        for operation in _VALUE_FUNCTION.findall(self.tree):
            yield _VALUE_FUNCTIONS[int(operation)]


@contextmanager
def _scope(session: Session) -> Iterator[None]:
    """The settings of canonical texts for the block, in a transaction; the owner's afterwards."""
    if not session.in_transaction:
        with session.transaction(), session.local_settings(_CANONICAL):
            yield
        return
    with session.local_settings(_CANONICAL):
        yield


def _read_views(session: Session, definition: QualifiedName) -> list[_View]:
    rows = session.rows(
        load(__package__, "bind_views"), {"schema": definition.schema, "name": definition.name}
    )
    return [_View(oid, _without_semicolon(text), tree, dependent) for oid, text, tree, dependent in rows]


def _read_relations(session: Session, views: Sequence[_View]) -> dict[int, Relation]:
    """The views and all relations that they read, by oid."""
    texts = {view.oid: view.text for view in views}
    oids = set(texts).union(*(view.relations() for view in views))
    rows = session.rows(load(__package__, "bind_relations"), (sorted(oids),))
    types = session.describe_types({(column[1], column[2]) for row in rows for column in row[4]})
    return {
        oid: Relation(
            oid=oid,
            name=QualifiedName(schema, name),
            kind=kind,
            columns=tuple(_column(column, types) for column in columns),
            unique_keys=tuple(tuple(key) for key in keys),
            view_text=texts.get(oid),
            stream_table_id=_stream_table_id(schema, name),
        )
        for oid, schema, name, kind, columns, keys in rows
    }


def _column(fields: Sequence[Any], types: dict[tuple[int, int], ColumnType]) -> Column:
    name, oid, typmod, not_null, deterministic, number = fields
    described = types[oid, typmod]
    if not deterministic and described.equal_image:
        described = replace(described, equal_image=False)
    return Column(name=name, type=described, not_null=not_null, number=number)


def _stream_table_id(schema: str, name: str) -> int | None:
    match = _STORAGE.fullmatch(name) if schema == DATA_SCHEMA else None
    return int(match.group(1)) if match else None


def _read_functions(session: Session, views: Sequence[_View]) -> tuple[Function, ...]:
    oids = sorted(set[int]().union(*(view.functions() for view in views)))
    return tuple(Function(*row) for row in session.rows(load(__package__, "bind_functions"), (oids,)))


def _completed(session: Session, text: str, relations: Mapping[QualifiedName, Relation]) -> str | None:
    """The text with its orders made total, views written out where theirs were not; None where they are."""
    texts = [text, *(relation.view_text for relation in relations.values() if relation.view_text is not None)]
    if not any(_ORDERED.search(each) for each in texts):
        return None
    try:
        views = qualified_views(relations)
        if any(complete_orders(view, by_text=False) is not None for view in views.values()):
            readable = {
                name: replace(relation, view_text=views.get(name)) for name, relation in relations.items()
            }
            text = inline_views(text, readable)
        for by_text in (False, True):
            completed = complete_orders(text, by_text=by_text)
            if completed is None or _is_valid(session, completed):
                return completed
    except UnsupportedQuery:
        # What our parser cannot read has its obstacle.
        return None
    return None


def _is_valid(session: Session, text: str) -> bool:
    """Whether PostgreSQL can sort as the text says: some types have no order."""
    try:
        with session.savepoint():
            session.describe(text)
    except RefreshFailed as error:
        if error.transient:
            raise
        return False
    return True


def _without_semicolon(text: str) -> str:
    return text.strip().removesuffix(";")


def _obstacle(session: Session, definition: QualifiedName, views: Sequence[Relation]) -> str | None:
    """Why one of these views cannot be read by our parser without loss, or None."""
    for view in views:
        if problem := _round_trip(session, definition, view):
            place = "" if view.name == definition else f"View {view.name.display}: "
            return place + problem
    return None


def _readable(text: str) -> str:
    """The text as PostgreSQL can read it: constants of a CYCLE it prints with casts that it refuses there."""
    if not _CYCLE_WITH_CAST.search(text):
        return text
    try:
        return generate(parse_canonical(text))
    except UnsupportedQuery:
        return text


def _round_trip(session: Session, definition: QualifiedName, view: Relation) -> str | None:
    text = view.view_text or ""
    try:
        regenerated = generate(parse_canonical(text))
    except UnsupportedQuery as error:
        return error.message
    try:
        deparsed = _deparse(session, definition, view.columns, regenerated)
        problem = first_difference(text, deparsed)
        if problem is not None:
            # PostgreSQL may print its own text anew in another form (ARRAY[…]::type[]); ours must match that.
            problem = first_difference(_deparse(session, definition, view.columns, text), deparsed)
    except RefreshFailed as error:
        if error.transient:
            raise
        return f"PostgreSQL cannot read the query's text as it was understood: {error.message}"
    return None if problem is None else f"The query was read as another one: {problem}."


class _Undo(Exception):
    """Leaves a savepoint with nothing kept."""


def _deparse(session: Session, definition: QualifiedName, columns: Sequence[Column], text: str) -> str:
    """What PostgreSQL prints for a query text with these output columns; the view made for it is undone."""
    view = QualifiedName(definition.schema, f"round_trip_{session.backend_pid}")
    head = compose(
        load(__package__, "create_round_trip"), view=view, columns=[column.name for column in columns]
    ).as_string()
    printed = ""
    try:
        with session.savepoint():
            session.native(head + text)
            found = session.value(
                load(__package__, "read_definition"), {"schema": view.schema, "name": view.name}
            )
            printed = _without_semicolon(str(found))
            raise _Undo  # noqa: TRY301 - the way out of a savepoint that keeps nothing
    except _Undo:
        return printed


def _explained(error: InvalidQuery, query: str, temporary: str | None) -> InvalidQuery | UnsupportedQuery:
    """PostgreSQL's message with what a user of stream tables should know."""
    if error.sqlstate == _INVALID_TABLE_DEFINITION and "temporary" in error.message:
        named = "a temporary table" if temporary is None else f"the temporary table {temporary}"
        return UnsupportedQuery(
            f"The query reads {named}, which only the session that made it can see.",
            construct=temporary,
            reason="only one session sees it",
            hint="Use an ordinary table; an UNLOGGED one is as quick to write.",
        )
    if error.sqlstate == _FEATURE_NOT_SUPPORTED and "data-modifying" in error.message:
        return UnsupportedQuery(
            "The query changes data in WITH, but a query is evaluated at every refresh.",
            construct="INSERT INTO|UPDATE|DELETE FROM|MERGE INTO",
            reason="a query is evaluated at every refresh, and must not do more than read",
            hint="Run the change on its own; a trigger on the source can keep what it returned.",
        )
    message, hint = error.message, error.hint
    if error.sqlstate == _DUPLICATE_COLUMN:
        name = re.search('"(.*)"', message)
        unnamed = name is not None and name.group(1) == "?column?"
        message = (
            "Two output columns have no name." if unnamed else f"Two output columns share a name: {message}"
        )
        hint = hint or "Give every output column a name of its own with AS."
    if error.position is not None:
        line, column = line_and_column(query, error.position - 1)
        message = f"{message.rstrip('.')} (line {line}, column {column})."
    return InvalidQuery(
        message, position=error.position, sqlstate=error.sqlstate, hint=hint, subject=error.subject
    )
