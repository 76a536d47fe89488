"""The page behind Airflow's own authorisation: who may look at which connection, and act on it.

Imported by the API server alone. Airflow protects none of the applications that plugins mount, so that every
route of the page depends on ``visitor``.

*Looking* takes access to plugins, and a connection that is offered: those named in ``[pgtrickle]
page_connections``, those of type ``pgtrickle`` that the user may read, and those with which a task of a DAG
that the user may read has worked on stream tables. *Acting* takes the right to edit the connection itself.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import psycopg
from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import AccessView, ConnectionDetails
from airflow.api_fastapi.core_api.security import GetUserDep, requires_access_view
from airflow.models.connection import Connection as AirflowConnection
from airflow.models.renderedtifields import RenderedTaskInstanceFields as Rendered
from airflow.providers.common.compat.sdk import conf
from airflow.sdk.exceptions import AirflowException
from airflow.utils.session import create_session
from fastapi import Depends, FastAPI
from sqlalchemy import select

from airflow.providers.pgtrickle.engine.api import PgTrickle
from airflow.providers.pgtrickle.engine.db import translate
from airflow.providers.pgtrickle.engine.errors import InvalidName, StateError
from airflow.providers.pgtrickle.engine.names import parse_name
from airflow.providers.pgtrickle.engine.web.app import create_app
from airflow.providers.pgtrickle.engine.web.host import Connection, Host, TaskReference
from airflow.providers.pgtrickle.hooks.pgtrickle import PgTrickleHook

#: Seconds for which what tasks have rendered is not read again: it is one scan for everybody.
_REMEMBERED = 15.0
_ENVIRONMENT = "AIRFLOW_CONN_"


def page_app() -> FastAPI:
    """The page's application for the API server."""
    return create_app(Host("airflow", visitor, open_engine))


def visitor(user: GetUserDep, _: None = Depends(requires_access_view(AccessView.PLUGINS))) -> AirflowVisitor:
    """Who is looking: nobody gets 401, and who may not see plugins 403."""
    return AirflowVisitor(user)


@contextmanager
def open_engine(connection_id: str) -> Iterator[PgTrickle]:
    """The engine over an Airflow connection."""
    try:
        hook = PgTrickleHook(connection_id)
        with hook.get_engine() as engine:
            yield engine
    except psycopg.Error as error:
        raise translate(error) from error
    except AirflowException as error:
        raise StateError(
            f"Connection {connection_id} cannot be used: {error}",
            hint="Correct it under Admin, Connections.",
            subject=connection_id,
        ) from error


@dataclass
class AirflowVisitor:
    """A user of Airflow's. Made for one request, so that rights are asked for anew each time."""

    user: Any

    @property
    def name(self) -> str:
        """Their name in Airflow."""
        return str(self.user.get_name())

    def connections(self) -> Sequence[Connection]:
        """Those on offer for this user, by id."""
        return tuple(Connection(each, may_act=self._may("PUT", each)) for each in sorted(self._offered))

    def connection(self, connection_id: str) -> Connection | None:
        """One of them."""
        if connection_id not in self._offered:
            return None
        return Connection(connection_id, may_act=self._may("PUT", connection_id))

    def tasks(self) -> Sequence[TaskReference]:
        """The tasks of the DAGs that this user may read."""
        readable = self._readable_dags
        return tuple(each for each in _known_tasks.read() if each.dag_id in readable)

    @cached_property
    def _offered(self) -> frozenset[str]:
        named = {
            each.strip()
            for each in conf.get("pgtrickle", "page_connections", fallback="").split(",")
            if each.strip()
        }
        typed = {each for each in _of_our_type() if self._may("GET", each)}
        return frozenset(named | typed | {each.connection for each in self.tasks()})

    @cached_property
    def _readable_dags(self) -> set[str]:
        return get_auth_manager().get_authorized_dag_ids(user=self.user, method="GET")

    def _may(self, method: Any, connection_id: str) -> bool:
        details = ConnectionDetails(conn_id=connection_id)
        return get_auth_manager().is_authorized_connection(method=method, details=details, user=self.user)


def _of_our_type() -> set[str]:
    """The connections of type ``pgtrickle`` in Airflow's database and in its environment."""
    with create_session() as session:
        query = select(AirflowConnection.conn_id).where(
            AirflowConnection.conn_type == PgTrickleHook.conn_type
        )
        found = set(session.scalars(query))
    in_environment = {
        name.removeprefix(_ENVIRONMENT).lower()
        for name, value in os.environ.items()
        if name.startswith(_ENVIRONMENT) and _type_of(value) == PgTrickleHook.conn_type
    }
    return found | in_environment


def _type_of(text: str) -> str | None:
    """The type of a connection that is written as a URI or as JSON."""
    if not text.lstrip().startswith("{"):
        return text.partition("://")[0]
    try:
        return str(json.loads(text).get("conn_type"))
    except json.JSONDecodeError:
        return None


@dataclass
class _KnownTasks:
    """What tasks have worked on which stream tables, from the fields that they rendered when they ran."""

    _read_at: float = field(default=float("-inf"))
    _tasks: tuple[TaskReference, ...] = ()

    def read(self) -> tuple[TaskReference, ...]:
        """Every task that has run with our operators, as of some seconds ago at most."""
        now = time.monotonic()
        if now - self._read_at > _REMEMBERED:
            self._tasks = tuple(_read_tasks())
            self._read_at = now
        return self._tasks


_known_tasks = _KnownTasks()


def _read_tasks() -> Iterator[TaskReference]:
    fields = Rendered.rendered_fields
    connection = fields["pgtrickle_conn_id"].as_string()
    query = (
        select(Rendered.dag_id, Rendered.task_id, connection, fields)
        .where(connection.is_not(None))
        .order_by(Rendered.dag_id, Rendered.task_id)
    )
    found: dict[tuple[str, str, str], set[str]] = {}
    refreshing: set[tuple[str, str, str]] = set()
    with create_session() as session:
        for dag_id, task_id, connection_id, rendered in session.execute(query):
            task = (dag_id, task_id, connection_id)
            names = found.setdefault(task, set())
            # What refreshes takes the frontier of a run.
            if "run" in rendered:
                refreshing.add(task)
            for key in ("stream_table", "stream_tables"):
                names.update(_names(rendered.get(key)))
    for task, names in found.items():
        yield TaskReference(*task, tuple(sorted(names)), refreshes=task in refreshing)


def _names(value: Any) -> Iterator[str]:
    """The stream tables in a rendered field: a name, names, or waves of names."""
    match value:
        case str():
            try:
                yield parse_name(value).display
            except InvalidName:
                return
        case list() | tuple():
            for each in value:
                yield from _names(each)
