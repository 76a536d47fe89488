"""What surrounds the page: who is looking, at which databases, and what they may do there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from airflow.providers.pgtrickle.engine.api import PgTrickle


@dataclass(frozen=True, slots=True)
class Connection:
    """A database that the page can show, under the name that stands in addresses."""

    id: str
    may_act: bool


@dataclass(frozen=True, slots=True)
class TaskReference:
    """An Airflow task and its stream tables; ``refreshes`` when it brings them up to date."""

    dag_id: str
    task_id: str
    connection: str
    stream_tables: tuple[str, ...]
    refreshes: bool


class Visitor(Protocol):
    """Somebody who was let in."""

    @property
    def name(self) -> str:
        """What to call them."""

    def connections(self) -> Sequence[Connection]:
        """The databases that they may look at."""

    def connection(self, connection_id: str) -> Connection | None:
        """One of them; None for any other."""

    def tasks(self) -> Sequence[TaskReference]:
        """The tasks that work on stream tables, as far as they may see them."""


@dataclass(frozen=True, slots=True)
class Host:
    """The surroundings.

    ``visitor`` is a FastAPI dependency that every route has: it gives the Visitor, or raises HTTPException
    (401 for nobody, 403 for somebody who may not). ``open`` opens the engine for a connection id that a
    visitor has; errors are the engine's. ``name`` tells the front end where it is.
    """

    name: str
    visitor: Callable[..., Any]
    open: Callable[[str], AbstractContextManager[PgTrickle]]
