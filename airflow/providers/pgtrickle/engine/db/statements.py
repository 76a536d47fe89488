"""The engine's own SQL: texts in ``.sql`` files beside the module that runs them, holes for identifiers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files

from psycopg import sql

from airflow.providers.pgtrickle.engine.names import QualifiedName
from airflow.providers.pgtrickle.engine.schema import ColumnType

#: What fills a hole: an identifier, a qualified one, a type as PostgreSQL itself spells it, a number, a part
#: composed before, or several of these, comma-separated.
Hole = str | QualifiedName | ColumnType | int | sql.Composable | Sequence["Hole"]


@cache
def load(package: str, name: str) -> str:
    """The text of ``<name>.sql`` in the package (its dotted name); FileNotFoundError when there is none."""
    return files(package).joinpath(f"{name}.sql").read_text(encoding="utf-8")


def compose(text: str, **holes: Hole) -> sql.Composed:
    """Fill the holes ``{like_this}`` of our own SQL text; a literal brace is written twice.

    Identifiers are always quoted. KeyError when the text has a hole that is not given.
    """
    return sql.SQL(text).format(**{name: _render(hole) for name, hole in holes.items()})


def union_all(branches: Iterable[sql.Composable]) -> sql.Composed:
    """Several queries of our own as one."""
    return sql.SQL(" UNION ALL ").join(list(branches))


def verbatim(text: str) -> sql.SQL:
    """SQL that PostgreSQL itself wrote (pg_get_expr, pg_get_viewdef), to go into a hole as it is."""
    return sql.SQL(text)


def _render(hole: Hole) -> sql.Composable:
    match hole:
        case str():
            return sql.Identifier(hole)
        case QualifiedName(schema, name):
            return sql.Identifier(schema, name)
        case ColumnType(name=type_name):
            return sql.SQL(type_name)
        case sql.Composable():
            return hole
        case int():
            return sql.Literal(hole)
        case _:
            return sql.SQL(", ").join([_render(part) for part in hole])
