"""What a DAG waits for besides the clock: assets, stream tables of other DAGs, changed base tables."""

from __future__ import annotations

import operator
from functools import reduce
from typing import TYPE_CHECKING, Any

from airflow.sdk import Asset, AssetOrTimeSchedule, AssetWatcher, CronTriggerTimetable

from airflow.providers.pgtrickle.assets.pgtrickle import asset_for
from airflow.providers.pgtrickle.engine.errors import InvalidConfig, InvalidName
from airflow.providers.pgtrickle.engine.names import parse_name
from airflow.providers.pgtrickle.factory.schedules import duration

if TYPE_CHECKING:
    from airflow.sdk.definitions.asset import BaseAsset

    from airflow.providers.pgtrickle.factory.entities import Config


def condition(schedule: dict[str, Any], config: Config) -> Any:
    """Airflow's form of a ``schedule`` that is a mapping. Raises InvalidConfig."""
    awaited: list[BaseAsset] = []
    if "assets" in schedule:
        awaited.append(_assets(schedule["assets"], config))
    if "sources" in schedule:
        awaited.append(_changed_sources(schedule, config))
    if not awaited:
        raise config.source.error(
            "The schedule waits for nothing.", "dag", "schedule", hint="Give assets or sources."
        )
    expression = reduce(operator.or_, awaited)
    if "cron" not in schedule:
        return expression if not isinstance(expression, Asset) else [expression]
    zone = config.dag.get("timezone", "UTC")
    return AssetOrTimeSchedule(
        timetable=CronTriggerTimetable(schedule["cron"], timezone=zone), assets=expression
    )


def _assets(value: Any, config: Config) -> BaseAsset:
    match value:
        case str() if "://" in value:
            return Asset(value)
        case str():
            return _awaited(value, config)
        case list():
            return reduce(operator.and_, [_assets(item, config) for item in value])
        case {"all": items}:
            return reduce(operator.and_, [_assets(item, config) for item in items])
    return reduce(operator.or_, [_assets(item, config) for item in value["any"]])


def stream_table_asset(name: str, config: Config) -> Asset:
    """The asset of a stream table in the database of this configuration. Raises InvalidName."""
    place = config.assets
    if place is None:
        return asset_for(name, connection=config.connection)
    return asset_for(name, host=place.host, database=place.database, port=place.port)


def _awaited(name: str, config: Config) -> Asset:
    try:
        return stream_table_asset(name, config)
    except InvalidName as error:
        raise _misnamed(error, config, "assets") from error


def _changed_sources(schedule: dict[str, Any], config: Config) -> Asset:
    """An asset that has an event when one of the base tables has changed."""
    from airflow.providers.pgtrickle.triggers.sources import SourcesChangedTrigger

    try:
        sources = sorted({parse_name(name).display for name in schedule["sources"]})
    except InvalidName as error:
        raise _misnamed(error, config, "sources") from error
    trigger = SourcesChangedTrigger(
        sources=sources,
        pgtrickle_conn_id=config.connection,
        **(
            {"poll_interval": duration(schedule["poll_interval"]).total_seconds()}
            if "poll_interval" in schedule
            else {}
        ),
    )
    return Asset(
        f"{config.connection}: changes of {', '.join(sources)}",
        group="pgtrickle",
        watchers=[AssetWatcher(name="sources", trigger=trigger)],
    )


def _misnamed(error: InvalidName, config: Config, key: str) -> InvalidConfig:
    return config.source.error(error.message, "dag", "schedule", key, hint=error.hint)
