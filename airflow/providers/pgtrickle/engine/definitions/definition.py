"""A stream table's definition as the refresh needs it: bound, compiled, and what its meaning rests on."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

from airflow.providers.pgtrickle.engine import capture
from airflow.providers.pgtrickle.engine.catalog import Dependency, StreamTable
from airflow.providers.pgtrickle.engine.compile import Compiled, compile_query
from airflow.providers.pgtrickle.engine.db import Session
from airflow.providers.pgtrickle.engine.definitions.bind import bind
from airflow.providers.pgtrickle.engine.names import QualifiedName, definition_name
from airflow.providers.pgtrickle.engine.ops import expressions as ex
from airflow.providers.pgtrickle.engine.ops.nodes import Project, walk
from airflow.providers.pgtrickle.engine.schema import Binding, ColumnType


@dataclass(frozen=True, slots=True)
class Definition:
    """A compiled query with its sources, in the order of their oids.

    ``views`` and ``functions`` are the oids of what the query's meaning rests on apart from its sources.
    ``uncapturable`` says of sources why their changes cannot be captured: the query is recomputed at each
    refresh.
    """

    compiled: Compiled
    dependencies: tuple[Dependency, ...]
    views: tuple[int, ...]
    functions: tuple[int, ...]
    uncapturable: tuple[str, ...] = ()

    @property
    def sources(self) -> tuple[int, ...]:
        """The oids of the sources."""
        return tuple(item.source_oid for item in self.dependencies)

    @property
    def partitioned(self) -> tuple[int, ...]:
        """The oids of those sources that are partitioned tables."""
        return tuple(item.source_oid for item in self.dependencies if item.source_kind == "partitioned")

    @property
    def upstream(self) -> tuple[int, ...]:
        """The ids of the stream tables that the query reads."""
        return tuple(item.upstream_id for item in self.dependencies if item.upstream_id is not None)

    @property
    def layout(self) -> dict[str, Any]:
        """What the stored state rests on, as a JSON value: while it is the same, storage can be built upon.

        Besides the layout of storage it has the columns of the sources that were NOT NULL when the deltas
        were derived: a change from the time before such a constraint would be misread after it. And it has
        the columns of the rows that are read as one value.
        """
        columns = {relation.oid: relation.columns for relation in self.compiled.binding.relations.values()}
        not_null = {
            str(item.source_oid): numbers
            for item in self.dependencies
            if (
                numbers := [
                    column.number
                    for column in columns[item.source_oid]
                    if column.not_null and column.number in item.columns
                ]
            )
        }
        layout = {**self.compiled.layout.as_json(), "not_null": not_null}
        arrangements = [
            [[physical, self.compiled.names.types[column].name] for column, physical in item.columns]
            for item in self.compiled.arrangements
        ]
        if arrangements:
            layout["arrangements"] = arrangements
        if self._rows:
            layout["rows"] = self._rows
        return layout

    @property
    def _rows(self) -> dict[str, list[str]]:
        """By oid, the column names of the relations whose rows are read as one value.

        A column that is added or renamed shows in such values. A query that is recomputed may read any.
        """
        types = {
            ex.type_of_whole_row(value)
            for node in walk(self.compiled.root)
            if isinstance(node, Project)
            for _, value in node.outputs
        }
        return {
            str(relation.oid): [column.name for column in relation.columns]
            for relation in self.compiled.binding.relations.values()
            if str(relation.name) in types or not self.compiled.differential
        }


class _Describe:
    """The question about types that compilation asks PostgreSQL."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def __call__(self, text: str) -> Sequence[ColumnType]:
        # What PostgreSQL does not take is compiled in another manner, in the same transaction.
        with self.session.savepoint() if self.session.in_transaction else nullcontext():
            found = [(oid, typmod) for _, oid, typmod in self.session.describe(text)]
        types = self.session.describe_types(found)
        return [types[key] for key in found]


def define(session: Session, definition: QualifiedName, stream_table_id: int, *, verify: bool) -> Definition:
    """Bind and compile the query of a definition view.

    Raises UnsupportedQuery for what cannot be maintained.
    """
    binding = bind(session, definition, verify=verify)
    uncapturable = _uncapturable(session, binding)
    obstacle = next(iter(uncapturable.values()), None)
    compiled = compile_query(binding, _Describe(session), obstacle)
    by_oid = {relation.oid: relation for relation in binding.relations.values()}
    dependencies = tuple(
        Dependency(
            stream_table_id,
            oid,
            by_oid[oid].name.display,
            "stream_table" if by_oid[oid].stream_table_id is not None else by_oid[oid].kind,
            by_oid[oid].stream_table_id,
            compiled.sources[oid],
        )
        for oid in sorted(compiled.sources)
        if oid not in uncapturable
    )
    return Definition(
        compiled,
        dependencies,
        _views(session, definition, binding),
        tuple(sorted(item.oid for item in binding.functions if not item.builtin)),
        tuple(sorted(uncapturable.values())),
    )


def _uncapturable(session: Session, binding: Binding) -> dict[int, str]:
    """Why the changes of some sources cannot be captured, by oid."""
    found: dict[int, str] = {}
    for relation in binding.relations.values():
        if relation.kind == "view":
            continue
        members = capture.family(session, relation.oid)
        reason = capture.obstacle(members, relation.oid)
        if reason is None and relation.kind == "partitioned":
            source = next(member for member in members if member.oid == relation.oid)
            numbers = [column.number for column in relation.columns]
            reason = capture.generation_obstacle(session, source, numbers)
        if reason is not None:
            found[relation.oid] = reason.rstrip(".")
    return found


def define_stream_table(session: Session, table: StreamTable, *, verify: bool = False) -> Definition:
    """Bind and compile a stream table's own query."""
    return define(session, definition_name(table.id), table.id, verify=verify)


def _views(session: Session, definition: QualifiedName, binding: Binding) -> tuple[int, ...]:
    own = session.value(
        "SELECT pg_catalog.to_regclass(%s)::pg_catalog.oid::pg_catalog.int8", (str(definition),)
    )
    nested = [relation.oid for relation in binding.relations.values() if relation.kind == "view"]
    return tuple(sorted([own, *nested]))
