"""Trying a query out: everything that creating a stream table would find out about it, and nothing kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from airflow.providers.pgtrickle.engine.db import Session
from airflow.providers.pgtrickle.engine.definitions import Definition, define
from airflow.providers.pgtrickle.engine.definitions.bind import create_definition
from airflow.providers.pgtrickle.engine.names import QualifiedName, definition_name

T = TypeVar("T")


def tried(session: Session, query: str, look: Callable[[Definition, QualifiedName], T]) -> T:
    """What ``look`` makes of a query's definition and its view, in a transaction that is rolled back.

    Raises InvalidQuery and UnsupportedQuery.
    """
    view = definition_name(0)
    try:
        with session.transaction():
            create_definition(session, view, query)
            raise _Undo(look(define(session, view, 0, verify=True), view))  # noqa: TRY301 - rolls back
    except _Undo as undo:
        found: T = undo.found
        return found


class _Undo(Exception, Generic[T]):
    """Ends a transaction with nothing kept but what it found out."""

    def __init__(self, found: T) -> None:
        super().__init__()
        self.found = found
