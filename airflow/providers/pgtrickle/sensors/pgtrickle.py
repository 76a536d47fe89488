"""Waiting until a stream table is fresh."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import conf
from airflow.sdk import BaseSensorOperator, PokeReturnValue

from airflow.providers.pgtrickle.engine.errors import RefreshFailed, StreamTableNotFound
from airflow.providers.pgtrickle.engine.names import parse_name
from airflow.providers.pgtrickle.hooks.pgtrickle import PgTrickleHook
from airflow.providers.pgtrickle.links.pgtrickle import StreamTableLink
from airflow.providers.pgtrickle.triggers.freshness import StreamTableFreshnessTrigger

if TYPE_CHECKING:
    from airflow.sdk import BaseOperatorLink, Context


class StreamTableFreshnessSensor(BaseSensorOperator):
    """Waits until a stream table shows the sources as they were at most ``max_staleness`` ago.

    Staleness is the server's clock minus the table's data timestamp: the moment whose sources it shows. The
    XCom result is a dict: ``stream_table``, ``data_timestamp`` (ISO 8601), ``staleness_seconds``.

    :param stream_table: ``schema.name``, or a bare name in ``public``
    :param max_staleness: a duration, or a number of seconds
    :param pgtrickle_conn_id: an Airflow connection of type ``pgtrickle`` or ``postgres``
    :param deferrable: look once, and wait in the triggerer if that was not enough; all that wait for one
        database share a connection there
    """

    template_fields: Sequence[str] = ("stream_table", "max_staleness", "pgtrickle_conn_id")
    operator_extra_links: Sequence[BaseOperatorLink] = (StreamTableLink(),)
    ui_color = "#e6f1f2"

    def __init__(
        self,
        *,
        stream_table: str,
        max_staleness: timedelta | float | str,
        pgtrickle_conn_id: str = PgTrickleHook.default_conn_name,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.stream_table = stream_table
        self.max_staleness = max_staleness
        self.pgtrickle_conn_id = pgtrickle_conn_id
        self.deferrable = deferrable

    @cached_property
    def hook(self) -> PgTrickleHook:
        """The hook of this task's connection."""
        return PgTrickleHook(self.pgtrickle_conn_id)

    def execute(self, context: Context) -> Any:
        """Wait, in the triggerer if the sensor is deferrable and has to wait at all."""
        if not self.deferrable:
            return super().execute(context)
        found = self.poke(context)
        if found.is_done:
            return found.xcom_value
        return self.defer(
            trigger=StreamTableFreshnessTrigger(
                stream_table=self.stream_table,
                max_staleness=_duration(self.max_staleness).total_seconds(),
                pgtrickle_conn_id=self.pgtrickle_conn_id,
                poll_interval=self.poke_interval,
            ),
            method_name="execute_complete",
            timeout=timedelta(seconds=self.timeout),
        )

    def execute_complete(self, context: Context, event: dict[str, Any]) -> dict[str, Any]:
        """What the trigger found. Raises StreamTableNotFound, or RefreshFailed for what the server says."""
        match event:
            case {"status": "fresh", "data_timestamp": shown, "staleness_seconds": seconds}:
                return self._values(shown, seconds)
            case {"status": "missing"}:
                raise self._missing()
        raise RefreshFailed(
            f"Waiting for {self.stream_table} ended: {event.get('message', event)}", subject=self.stream_table
        )

    def poke(self, context: Context) -> PokeReturnValue:
        """Look once."""
        with self.hook.get_engine() as engine:
            name = parse_name(self.stream_table).display
            status = next((row for row in engine.pgt_status() if row.name == name), None)
        if status is None:
            raise self._missing()
        staleness, shown = status.staleness, status.data_timestamp
        if staleness is None or shown is None:
            self.log.info("%s has not been filled yet", self.stream_table)
            return PokeReturnValue(is_done=False)
        self.log.info("%s is %s behind", self.stream_table, staleness)
        if staleness > _duration(self.max_staleness):
            return PokeReturnValue(is_done=False)
        return PokeReturnValue(
            is_done=True, xcom_value=self._values(shown.isoformat(), staleness.total_seconds())
        )

    def _values(self, shown: str, seconds: float) -> dict[str, Any]:
        return {
            "stream_table": self.stream_table,
            "data_timestamp": shown,
            "staleness_seconds": seconds,
        }

    def _missing(self) -> StreamTableNotFound:
        return StreamTableNotFound(
            f"There is no stream table {self.stream_table}.",
            hint="Create it first, or correct the name.",
            subject=self.stream_table,
        )


def _duration(value: timedelta | float | str) -> timedelta:
    return value if isinstance(value, timedelta) else timedelta(seconds=float(value))
