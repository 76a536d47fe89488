"""Reading a configuration file: YAML, environment, schema, defaults.

Whatever does not hold is an InvalidConfig with file and line.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Hashable, Mapping, Sequence
from datetime import date, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from airflow.providers.pgtrickle.definitions import StreamTableDefinition
from airflow.providers.pgtrickle.engine.errors import InvalidConfig, InvalidName
from airflow.providers.pgtrickle.engine.names import QualifiedName, parse_name
from airflow.providers.pgtrickle.factory.entities import (
    OPTION_NAMES,
    AssetPlace,
    Config,
    Entry,
    Group,
    TaskOptions,
)
from airflow.providers.pgtrickle.factory.environment import expand
from airflow.providers.pgtrickle.factory.schedules import Schedule, duration, is_duration
from airflow.providers.pgtrickle.factory.source import Source
from airflow.providers.pgtrickle.factory.validate import violations

DEFAULT_CONNECTION = "pgtrickle_default"

_DURATIONS = frozenset({"retry_delay", "execution_timeout"})
_NOT_IN_A_GROUP_ID = re.compile(r"[^A-Za-z0-9_-]+")


def load(path: Path, environment: Mapping[str, str]) -> Config:
    """Read the configuration file at ``path``.

    ``environment`` gives the values of ``${NAME}``. Raises InvalidConfig, with file and line.
    """
    return parse(read(path), path.parent, environment)


def read(path: Path) -> Source:
    """The text of the file at ``path``; InvalidConfig when there is none."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidConfig(
            f"The configuration cannot be read: {error}.", file=str(path), hint="Check the path."
        ) from error
    return Source(str(path), text)


def parse(source: Source, directory: Path, environment: Mapping[str, str]) -> Config:
    """Read a configuration's text; the files it names are relative to ``directory``."""
    found = examine(source, directory, environment)
    if isinstance(found, Config):
        return found
    raise found[0]


def examine(source: Source, directory: Path, environment: Mapping[str, str]) -> Config | list[InvalidConfig]:
    """The configuration, or all that is wrong with it, the first in the file first.

    What the schema forbids hides what could be said about values.
    """
    try:
        document = source.read()
        if source.has_references:
            document = expand(document, environment, source)
    except InvalidConfig as error:
        return [error]
    faults = list(violations(document, source)) or _duplicates(document, source)
    config = None
    if not faults:
        config = _config(document, source, directory, faults)
    if config is None or faults:
        return sorted(faults, key=lambda fault: fault.line or 0)
    return config


def _config(
    document: dict[str, Any], source: Source, directory: Path, faults: list[InvalidConfig]
) -> Config | None:
    """The configuration of a document that has the right form; what is wrong with it goes to ``faults``."""
    groups = {name: values or {} for name, values in document.get("groups", {}).items()}
    default = document.get("default", {})
    entries = []
    for position, table in enumerate(document["stream_tables"]):
        try:
            entries.append(_entry(position, table, default, groups, source, directory))
        except InvalidConfig as error:
            faults.append(error)
    try:
        dag = _dag(document.get("dag"), source)
    except InvalidConfig as error:
        faults.append(error)
        return None
    place = document.get("assets")
    return Config(
        source=source,
        name=document.get("name") or dag.get("dag_id") or Path(source.file).stem,
        dag=dag,
        connection=document.get("connection", DEFAULT_CONNECTION),
        entries=tuple(entries),
        groups={
            name: Group(values.get("tooltip", ""), _options(default | values), values.get("granularity"))
            for name, values in groups.items()
        },
        options=_options(default),
        granularity=document.get("granularity", "table"),
        parallelism=document.get("parallelism", 4),
        create=document.get("create", True),
        on_change=document.get("on_change", "error"),
        on_remove=document.get("on_remove", "leave"),
        select=_texts(document.get("select", ())),
        exclude=_texts(document.get("exclude", ())),
        assets=AssetPlace(place["host"], place["database"], place.get("port", 5432)) if place else None,
        emit=document.get("emit", "changed"),
        content_hash=_content_hash(document, entries),
    )


def _texts(value: str | Sequence[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _entry(
    position: int,
    table: dict[str, Any],
    default: dict[str, Any],
    groups: dict[str, dict[str, Any]],
    source: Source,
    directory: Path,
) -> Entry:
    place = ("stream_tables", position)
    name = _name(table["name"], source, *place, "name")
    group = table.get("group")
    if group is None:
        group, values = _NOT_IN_A_GROUP_ID.sub("_", name.schema), default | table
    elif group in groups:
        values = default | groups[group] | table
    else:
        close = get_close_matches(group, groups, n=1)
        raise source.error(
            f"Group {group!r} is not declared under groups.",
            *place,
            "group",
            hint=f"Did you mean {close[0]!r}?" if close else "Declare it, with or without values.",
        )
    return Entry(
        position=position,
        name=name,
        definition=StreamTableDefinition(
            name=name.display,
            query=_query(table, source, directory, place),
            refresh_mode=values.get("refresh_mode", "AUTO"),
            indexes=tuple(tuple(columns) for columns in table.get("indexes", ())),
        ),
        group=group,
        depends_on=tuple(
            _name(other, source, *place, "depends_on", index)
            for index, other in enumerate(table.get("depends_on", ()))
        ),
        options=_options(values),
        doc=table.get("doc"),
        # Tags add up, whatever else overrides what.
        tags=frozenset(
            tag for part in (default, groups.get(group, {}), table) for tag in part.get("tags", ())
        ),
        export=table.get("export", False),
        schedule=_schedule(values.get("schedule"), source, *place, "schedule"),
        freshness_sla=duration(values["freshness_sla"]) if "freshness_sla" in values else None,
    )


def _schedule(text: str | None, source: Source, *path: Hashable) -> Schedule | None:
    try:
        return None if text is None else Schedule.parse(text)
    except ValueError as error:
        raise source.error(
            f"{error}.", *path, hint="Write 1h, a cron expression such as 0 6 * * *, or CALCULATED."
        ) from error


def _name(text: str, source: Source, *path: Hashable) -> QualifiedName:
    try:
        return parse_name(text)
    except InvalidName as error:
        raise source.error(error.message, *path, hint=error.hint) from error


def _query(table: dict[str, Any], source: Source, directory: Path, place: tuple[Hashable, ...]) -> str:
    if ("query" in table) == ("query_file" in table):
        raise source.error(
            f"{table['name']} needs a query or a query_file, one of the two.",
            *place,
            hint="Write the query under 'query', or the path of a .sql file under 'query_file'.",
        )
    if "query" in table:
        text: str = table["query"]
    else:
        path = directory / table["query_file"]
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise source.error(
                f"The query file cannot be read: {error}.",
                *place,
                "query_file",
                hint=f"The path is relative to {directory}.",
            ) from error
    if not text.strip():
        raise source.error(f"The query of {table['name']} is empty.", *place)
    return text


def _options(values: Mapping[str, Any]) -> TaskOptions:
    given: dict[str, Any] = {name: values[name] for name in OPTION_NAMES if name in values}
    for name in given.keys() & _DURATIONS:
        given[name] = duration(given[name])
    return TaskOptions(**given)


def _dag(values: dict[str, Any] | None, source: Source) -> dict[str, Any]:
    arguments = dict(values or {})
    for key in ("start_date", "end_date"):
        if key in arguments:
            arguments[key] = _moment(arguments[key], source, "dag", key)
    for key in ("dagrun_timeout", "run_deadline"):
        if key in arguments:
            arguments[key] = duration(arguments[key])
    schedule = arguments.get("schedule")
    if isinstance(schedule, str) and is_duration(schedule):
        arguments["schedule"] = duration(schedule)
    return arguments


def _moment(value: Any, source: Source, *path: Hashable) -> datetime:
    match value:
        case datetime():
            return value
        case date():
            return datetime(value.year, value.month, value.day)  # noqa: DTZ001 -- the DAG's time zone is given later
        case str():
            try:
                return datetime.fromisoformat(value)
            except ValueError:
                pass
    raise source.error(
        f"{value!r} is not a date.", *path, hint="Write it like 2026-01-31 or 2026-01-31T06:00."
    )


def _duplicates(document: dict[str, Any], source: Source) -> list[InvalidConfig]:
    """Stream tables that are declared again; names that are none are somebody else's concern."""
    faults = []
    first: dict[QualifiedName, int] = {}
    for position, table in enumerate(document["stream_tables"]):
        try:
            name = parse_name(table["name"])
        except InvalidName:
            continue
        if first.setdefault(name, position) != position:
            line = source.line(("stream_tables", first[name]))
            faults.append(
                source.error(
                    f"{name.display} is declared twice.",
                    "stream_tables",
                    position,
                    "name",
                    hint=f"The first is on line {line}.",
                )
            )
    return faults


def _content_hash(document: dict[str, Any], entries: Sequence[Entry]) -> str:
    """A hash of everything the DAG is made of: the expanded document and the queries of its files."""
    digest = hashlib.sha256(json.dumps(document, sort_keys=True, default=str).encode())
    for entry in entries:
        digest.update(entry.definition.query.encode())
    return digest.hexdigest()[:16]
