"""Waiting until a stream table is fresh."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import psycopg
from airflow.triggers.base import BaseTrigger, TriggerEvent

from airflow.providers.pgtrickle.engine.db import load
from airflow.providers.pgtrickle.engine.names import parse_name
from airflow.providers.pgtrickle.watching import SharedConnection, is_lasting


class StreamTableFreshnessTrigger(BaseTrigger):
    """Fires when a stream table shows the sources as they were at most ``max_staleness`` ago.

    The event is a dict. ``status``: ``fresh``, with ``data_timestamp`` (ISO 8601) and ``staleness_seconds``;
    ``missing`` when there is no such stream table; ``error`` with a ``message``. A server that is away for a
    while is asked again.

    :param stream_table: ``schema.name``, or a bare name in ``public``
    :param max_staleness: seconds
    :param pgtrickle_conn_id: an Airflow connection of type ``pgtrickle`` or ``postgres``
    :param poll_interval: seconds between two looks
    """

    def __init__(
        self,
        *,
        stream_table: str,
        max_staleness: float,
        pgtrickle_conn_id: str,
        poll_interval: float = 60.0,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.stream_table = stream_table
        self.max_staleness = max_staleness
        self.pgtrickle_conn_id = pgtrickle_conn_id
        self.poll_interval = poll_interval

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """The class and its arguments, all of them JSON values."""
        return (
            f"{type(self).__module__}.{type(self).__qualname__}",
            {
                "stream_table": self.stream_table,
                "max_staleness": self.max_staleness,
                "pgtrickle_conn_id": self.pgtrickle_conn_id,
                "poll_interval": self.poll_interval,
            },
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look until there is something to tell."""
        async with SharedConnection.to(self.pgtrickle_conn_id) as shared:
            while True:
                event = await self._look(shared)
                if event is not None:
                    yield TriggerEvent(event)  # type: ignore[no-untyped-call]
                    return
                await asyncio.sleep(self.poll_interval)

    async def _look(self, shared: SharedConnection) -> dict[str, Any] | None:
        name = parse_name(self.stream_table)
        try:
            rows = await shared.rows(
                load(__package__, "staleness"), {"schema": name.schema, "name": name.name}
            )
        except psycopg.Error as error:
            if is_lasting(error):
                return {"status": "error", "message": str(error)}
            self.log.warning("The database cannot be asked now: %s", error)
            return None
        if not rows:
            return {"status": "missing"}
        shown, staleness = rows[0]
        if staleness is None or staleness > timedelta(seconds=self.max_staleness):
            return None
        return {
            "status": "fresh",
            "data_timestamp": shown.isoformat(),
            "staleness_seconds": staleness.total_seconds(),
        }
