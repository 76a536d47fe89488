"""Noticing that base tables have changed, so that a DAG can run when there is something to do.

What is asked is not *were there changes* but *do stream tables wait for changes*: a change buffer has rows
that the frontier of a stream table does not see. That question needs no memory and misses nothing,
transactions that commit late included. A stream table's changes are reported once for each frontier that it
is at, so that there is one run while a run is on its way, however much is written meanwhile; and again when
the frontier has not moved for a while, because the run may have failed.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from airflow.triggers.base import BaseEventTrigger, TriggerEvent

from airflow.providers.pgtrickle.engine.db import compose, load, union_all
from airflow.providers.pgtrickle.engine.names import QualifiedName, buffer_name, parse_name
from airflow.providers.pgtrickle.watching import SharedConnection, is_lasting


@dataclass(frozen=True, slots=True)
class Waiting:
    """A stream table that waits for changes of a source, and the frontier that it is at."""

    source: str
    reader: int
    frontier: str


class SourcesChangedTrigger(BaseEventTrigger):
    """Fires when base tables have changes that stream tables wait for; for an AssetWatcher.

    The event's payload is a dict: ``sources``, the names of those that changed. All triggers of one
    connection and interval share one question to the database. Base tables are known to it once a stream
    table reads them.

    :param sources: ``schema.name`` of base tables, or bare names in ``public``
    :param pgtrickle_conn_id: an Airflow connection of type ``pgtrickle`` or ``postgres``
    :param poll_interval: seconds between two looks
    :param repeat_after: seconds after which changes that are still waiting are reported again
    """

    def __init__(
        self,
        *,
        sources: Sequence[str],
        pgtrickle_conn_id: str,
        poll_interval: float = 5.0,
        repeat_after: float = 600.0,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.sources = list(sources)
        self.pgtrickle_conn_id = pgtrickle_conn_id
        self.poll_interval = poll_interval
        self.repeat_after = repeat_after

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """The class and its arguments, all of them JSON values."""
        return (
            f"{type(self).__module__}.{type(self).__qualname__}",
            {
                "sources": self.sources,
                "pgtrickle_conn_id": self.pgtrickle_conn_id,
                "poll_interval": self.poll_interval,
                "repeat_after": self.repeat_after,
            },
        )

    def shared_stream_key(self) -> Hashable:
        """Whoever watches the same database in the same rhythm shares the stream."""
        return ("pgtrickle sources", self.pgtrickle_conn_id, self.poll_interval)

    @classmethod
    async def open_shared_stream(cls, kwargs: dict[str, Any]) -> AsyncIterator[tuple[Waiting, ...]]:
        """At each look, all that waits in the database."""
        interval = kwargs.get("poll_interval", 5.0)
        async with SharedConnection.to(kwargs["pgtrickle_conn_id"]) as shared:
            while True:
                try:
                    waiting = await look(shared)
                except psycopg.Error as error:
                    if is_lasting(error) and error.sqlstate not in _NOT_INSTALLED:
                        raise
                    waiting = ()
                yield waiting
                await asyncio.sleep(interval)

    async def filter_shared_stream(
        self, shared_stream: AsyncIterator[tuple[Waiting, ...]]
    ) -> AsyncIterator[TriggerEvent]:
        """The events for the sources of this trigger."""
        wanted = {parse_name(source).display for source in self.sources}
        reported: dict[tuple[str, int], tuple[str, float]] = {}
        async for waiting in shared_stream:
            now = time.monotonic()
            mine = [item for item in waiting if item.source in wanted]
            news = [item for item in mine if self._is_news(item, reported, now)]
            reported = {
                key: value
                for key, value in reported.items()
                if key in {(item.source, item.reader) for item in mine}
            }
            if news:
                reported |= {(item.source, item.reader): (item.frontier, now) for item in mine}
                yield TriggerEvent({"sources": sorted({item.source for item in news})})  # type: ignore[no-untyped-call]

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """The same without sharing, for a triggerer that does not."""
        async for event in self.filter_shared_stream(self.open_shared_stream(self.serialize()[1])):
            yield event

    def _is_news(
        self, item: Waiting, reported: Mapping[tuple[str, int], tuple[str, float]], now: float
    ) -> bool:
        frontier, when = reported.get((item.source, item.reader), ("", 0.0))
        return frontier != item.frontier or now - when >= self.repeat_after


#: The catalog, or a buffer that has just been dropped, is not there: there is nothing to wait for.
_NOT_INSTALLED = ("42P01", "3F000")


async def look(shared: SharedConnection) -> tuple[Waiting, ...]:
    """What waits in the database now: two statements, however many sources there are."""
    names = {
        oid: QualifiedName(schema, name).display
        for oid, schema, name in await shared.rows(load(__package__, "captured_sources"))
    }
    if not names:
        return ()
    statement = load(__package__, "waiting_changes")
    branches = [compose(statement, source=oid, buffer=buffer_name(oid)) for oid in sorted(names)]
    return tuple(
        Waiting(names[oid], reader, frontier)
        for oid, reader, frontier in await shared.rows(union_all(branches))
    )
