"""Notifications through PostgreSQL: applications that listen hear of runs and tasks where the data is."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseNotifier

from airflow.providers.pgtrickle.engine.db import load
from airflow.providers.pgtrickle.hooks.pgtrickle import PgTrickleHook

if TYPE_CHECKING:
    from airflow.sdk import Context

#: PostgreSQL takes payloads of less than 8000 bytes.
_LONGEST = 7000


class PgTrickleNotifier(BaseNotifier):
    """Sends NOTIFY with a JSON payload; for ``on_failure_callback`` and the like, and for deadlines.

    The payload has ``message``, ``dag_id``, ``run_id``, ``task_id`` (None where it is about a run) and
    ``state``. A listener runs ``LISTEN channel`` and looks at the stream tables when it hears of them.

    :param message: free text, a template
    :param channel: the channel, a template
    :param pgtrickle_conn_id: an Airflow connection of type ``pgtrickle`` or ``postgres``
    """

    template_fields: Sequence[str] = ("message", "channel", "pgtrickle_conn_id")

    def __init__(
        self,
        *,
        message: str = "",
        channel: str = "pgtrickle",
        pgtrickle_conn_id: str = PgTrickleHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.message = message
        self.channel = channel
        self.pgtrickle_conn_id = pgtrickle_conn_id

    def notify(self, context: Context) -> None:
        """Send it from a worker or the DAG processor."""
        with PgTrickleHook(self.pgtrickle_conn_id).get_conn() as connection:
            connection.execute(load(__package__, "notify"), self._parameters(context))

    async def async_notify(self, context: Context) -> None:
        """Send it from the triggerer."""
        from airflow.providers.pgtrickle.watching import SharedConnection

        async with SharedConnection.to(self.pgtrickle_conn_id) as shared:
            await shared.rows(load(__package__, "notify"), self._parameters(context))

    def _parameters(self, context: Context) -> dict[str, str]:
        told: Any = context
        task, run = told.get("ti"), told.get("dag_run")
        payload = {
            "message": str(self.message)[:_LONGEST],
            "dag_id": _of(task, "dag_id") or _of(run, "dag_id"),
            "run_id": _of(task, "run_id") or _of(run, "run_id") or _of(run, "dag_run_id"),
            "task_id": _of(task, "task_id"),
            "state": _of(task, "state") or _of(run, "state"),
        }
        text = json.dumps(payload)
        if len(text.encode()) > _LONGEST:
            text = json.dumps({**payload, "message": ""})
        return {"channel": self.channel, "payload": text}


def _of(thing: Any, name: str) -> str | None:
    """A field of an object, or of the mapping that deadlines give instead of one."""
    value = thing.get(name) if isinstance(thing, dict) else getattr(thing, name, None)
    return None if value is None else str(value)
