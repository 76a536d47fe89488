"""Statements that fill storage, and the view over it that users read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from airflow.providers.pgtrickle.engine.emit.apply import ROW_HASH, StorageColumn, row_hash
from airflow.providers.pgtrickle.engine.emit.relations import Emitter, Statement
from airflow.providers.pgtrickle.engine.emit.render import reference, render
from airflow.providers.pgtrickle.engine.names import QualifiedName, quote_identifier
from airflow.providers.pgtrickle.engine.ops.expressions import Expr
from airflow.providers.pgtrickle.engine.ops.nodes import Op
from airflow.providers.pgtrickle.engine.schema import Column


@dataclass(frozen=True, slots=True)
class ViewCut:
    """ORDER BY terms (value, direction) and the LIMIT, OFFSET or FETCH clauses that the view applies."""

    order: tuple[tuple[Expr, str], ...]
    clauses: str


def select_contents(
    emitter: Emitter, contents: Op, columns: Sequence[StorageColumn], hashed: Sequence[StorageColumn]
) -> Statement:
    """A SELECT of the contents under the physical names of storage, with the hash of the ``hashed`` ones."""
    targets = [f"{reference('c', item.column)} AS {quote_identifier(item.name)}" for item in columns]
    if hashed:
        targets.append(f"{row_hash(hashed, 'c')} AS {ROW_HASH}")
    return emitter.statement(f"SELECT {', '.join(targets)} FROM ({emitter.select(contents)}) AS c")


def fill_storage(
    storage: QualifiedName,
    contents: Statement,
    columns: Sequence[StorageColumn],
    hashed: Sequence[StorageColumn],
) -> Statement:
    """An INSERT of ``select_contents`` into empty storage."""
    names = [quote_identifier(item.name) for item in columns] + ([ROW_HASH] if hashed else [])
    return Statement(f"INSERT INTO {storage} ({', '.join(names)}) {contents.text}", contents.parameters)


def select_view(
    storage: QualifiedName,
    columns: Sequence[StorageColumn],
    outputs: Sequence[tuple[Column, Expr]],
    visible: Expr | None,
    cut: ViewCut | None = None,
) -> str:
    """The SELECT of the user's view: its columns over storage, and the rows of storage that it shows."""
    scope = {item.column: reference("s", item.name) for item in columns}
    targets = ", ".join(
        f"{render(value, scope)} AS {quote_identifier(column.name)}" for column, value in outputs
    )
    where = f" WHERE {render(visible, scope)}" if visible is not None else ""
    return f"SELECT {targets} FROM {storage} AS s{where}{_cut(cut, outputs, scope)}"


def _cut(cut: ViewCut | None, outputs: Sequence[tuple[Column, Expr]], scope: Mapping[str, str]) -> str:
    """ORDER BY and LIMIT. The order is total by equality; the text parts equal values that look different.

    WITH TIES asks for the ties: its order stays as it is.
    """
    if cut is None:
        return ""
    terms = [f"{render(value, scope)} {text}" for value, text in cut.order]
    if "WITH TIES" not in cut.clauses:
        terms += [
            f"CAST({render(value, scope)} AS text)"
            for column, value in outputs
            if not column.type.equal_image
        ]
    return f" ORDER BY {', '.join(terms)} {cut.clauses}" if terms else f" {cut.clauses}"
