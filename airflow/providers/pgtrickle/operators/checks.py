"""Judging stream tables by their service levels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk.observability import stats

from airflow.providers.pgtrickle.engine.errors import FreshnessExceeded
from airflow.providers.pgtrickle.engine.names import parse_name
from airflow.providers.pgtrickle.links.pgtrickle import StreamTablesLink
from airflow.providers.pgtrickle.operators.base import StreamTableOperator

if TYPE_CHECKING:
    from airflow.sdk import BaseOperatorLink, Context


class StreamTableFreshnessCheckOperator(StreamTableOperator):
    """Fails when stream tables are staler than their freshness SLA; the last task of a DAG, or one beside it.

    Looks once, without waiting (StreamTableFreshnessSensor waits). One task judges all of them, also those
    whose refresh failed or was never begun; in a DAG that refreshes, give it ``trigger_rule="all_done"``. The
    XCom result is a dict: for each stream table its staleness in seconds, None for one that is not populated.
    Raises FreshnessExceeded, which no retry repeats.

    :param freshness_sla: by stream table, how old the sources that it shows may be
    """

    template_fields: Sequence[str] = StreamTableOperator.template_fields
    operator_extra_links: Sequence[BaseOperatorLink] = (StreamTablesLink(),)

    def __init__(self, *, freshness_sla: Mapping[str, timedelta], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.freshness_sla = freshness_sla

    def execute(self, context: Context) -> dict[str, float | None]:
        """Return the staleness of each; raise FreshnessExceeded."""
        with self.hook.get_engine() as engine:
            staleness = {row.name: row.staleness for row in engine.pgt_status()}
        found: dict[str, float | None] = {}
        late: list[str] = []
        for text, limit in self.freshness_sla.items():
            name = parse_name(text).display
            stale = staleness.get(name)
            found[name] = None if stale is None else stale.total_seconds()
            if stale is not None:
                stats.gauge(
                    "pgtrickle.freshness_lag_seconds", stale.total_seconds(), tags={"stream_table": name}
                )
            if name not in staleness:
                late.append(f"{name} (there is none)")
            elif stale is None:
                late.append(f"{name} (not populated)")
            elif stale > limit:
                late.append(f"{name} ({stale} behind, {limit} allowed)")
        if late:
            raise FreshnessExceeded(
                f"Staler than their freshness SLA: {', '.join(late)}.",
                hint="See why their last refresh failed or took long, or run the DAG more often.",
                subject=late[0].partition(" (")[0],
            )
        return found
