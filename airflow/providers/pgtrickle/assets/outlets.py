"""Asset events of stream tables: emitted when rows changed, with what changed.

A task that succeeds gives each Asset among its outlets an event, whatever it did. What did not change is
therefore taken off the outlets of the executing task, which are its own copy. An asset behind an AssetAlias
has an event only when one is added.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal

from airflow.sdk import Asset, AssetAlias

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator, Context

    from airflow.providers.pgtrickle.observations import Observation

Emit = Literal["changed", "always", "never"]


def keep_outlets(operator: BaseOperator, assets: Iterable[Asset], alias: AssetAlias | None) -> None:
    """Add to the outlets of an operator what its stream tables emit."""
    if alias is not None:
        operator.outlets = [*operator.outlets, alias]
    else:
        operator.outlets = [*operator.outlets, *assets]


def announce(
    operator: BaseOperator,
    context: Context,
    observations: Iterable[Observation],
    assets: Mapping[str, Asset],
    *,
    alias: AssetAlias | None,
    emit: Emit,
) -> None:
    """Give the asset of each stream table that changed its event, and the others none.

    A try that comes after another one may find done what that one did and could not announce; it announces
    whatever it finds, since consumers may miss no change but may look twice.
    """
    if not assets:
        return
    if emit == "changed" and context["ti"].try_number > 1:
        emit = "always"
    silent = set(assets.values())
    for observation in observations:
        asset = assets.get(observation.result.stream_table)
        if asset is None or emit == "never" or (emit == "changed" and not observation.changed):
            continue
        silent.discard(asset)
        if alias is not None:
            context["outlet_events"][alias].add(asset, extra=event_extra(observation))
        else:
            context["outlet_events"][asset].extra.update(event_extra(observation))
    operator.outlets = [outlet for outlet in operator.outlets if outlet not in silent]


def event_extra(observation: Observation) -> dict[str, Any]:
    """What an event says about the refresh behind it."""
    result = observation.result
    return {
        "stream_table": result.stream_table,
        "action": result.action,
        "rows_changed": result.rows_inserted + result.rows_deleted,
        "rows_inserted": result.rows_inserted,
        "rows_deleted": result.rows_deleted,
        "frontier": result.frontier,
        "data_timestamp": result.data_timestamp.isoformat(),
        "lag_seconds": round(observation.lag.total_seconds(), 3),
    }
