"""From a task instance to the page of its stream table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from airflow.providers.common.compat.sdk import conf
from airflow.sdk import BaseOperatorLink

from airflow.providers.pgtrickle.engine.errors import InvalidName
from airflow.providers.pgtrickle.engine.names import parse_name

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator
    from airflow.sdk.types import TaskInstanceKey


def page_url(connection_id: str, stream_table: str | None = None) -> str:
    """Where Airflow serves the page of a stream table, or of all those behind a connection.

    The address begins with the path of ``[api] base_url``, for an Airflow that is served below one.
    """
    prefix = urlsplit(conf.get("api", "base_url", fallback="")).path.rstrip("/")
    parts = [connection_id]
    if stream_table is not None:
        try:
            parts.append(parse_name(stream_table).display)
        except InvalidName:
            parts.append(stream_table)
    return f"{prefix}/pgtrickle/stream-tables/{'/'.join(quote(part, safe='') for part in parts)}"


class StreamTableLink(BaseOperatorLink):
    """The page of the stream table that a task works on."""

    name = "Stream table"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:  # noqa: ARG002
        """The address, made when the task has run, so with its names rendered."""
        task: Any = operator
        return page_url(task.pgtrickle_conn_id, task.stream_table)


class StreamTablesLink(BaseOperatorLink):
    """The page of all stream tables behind the connection of a task."""

    name = "Stream tables"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:  # noqa: ARG002
        """The address, made when the task has run, so with its names rendered."""
        task: Any = operator
        return page_url(task.pgtrickle_conn_id)
