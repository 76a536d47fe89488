"""Reading a configuration file: YAML, environment, schema, defaults.

Whatever does not hold is an InvalidConfig with file and line.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Hashable, Mapping
from datetime import date, datetime, timedelta
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match

from airflow.providers.pgtrickle.definitions import StreamTableDefinition
from airflow.providers.pgtrickle.engine.errors import InvalidConfig, InvalidName
from airflow.providers.pgtrickle.engine.names import QualifiedName, parse_name
from airflow.providers.pgtrickle.factory.entities import OPTION_NAMES, Config, Entry, Group, TaskOptions
from airflow.providers.pgtrickle.factory.environment import expand
from airflow.providers.pgtrickle.factory.source import Source

DEFAULT_CONNECTION = "pgtrickle_default"

_DURATIONS = frozenset({"retry_delay", "execution_timeout"})
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d|w)")
_UNITS = {
    "ms": "milliseconds",
    "s": "seconds",
    "m": "minutes",
    "h": "hours",
    "d": "days",
    "w": "weeks",
}
#: Keys of a stream table of whose value the schema asks only that it is a text with something in it.
_FREE_TEXT = frozenset({"name", "query", "query_file", "doc"})
_NOT_IN_A_GROUP_ID = re.compile(r"[^A-Za-z0-9_-]+")


def load(path: Path, environment: Mapping[str, str]) -> Config:
    """Read the configuration file at ``path``.

    ``environment`` gives the values of ``${NAME}``. Raises InvalidConfig, with file and line.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidConfig(
            f"The configuration cannot be read: {error}.", file=str(path), hint="Check the path."
        ) from error
    return parse(Source(str(path), text), path.parent, environment)


def parse(source: Source, directory: Path, environment: Mapping[str, str]) -> Config:
    """Read a configuration's text; the files it names are relative to ``directory``."""
    document = source.read()
    if "${" in source.text:
        document = expand(document, environment, source)
    _validate(document, source)
    groups = {name: values or {} for name, values in document.get("groups", {}).items()}
    default = document.get("default", {})
    entries = tuple(
        _entry(position, table, default, groups, source, directory)
        for position, table in enumerate(document["stream_tables"])
    )
    _refuse_twins(entries, source)
    return Config(
        source=source,
        dag=_dag(document["dag"], source),
        connection=document.get("connection", DEFAULT_CONNECTION),
        entries=entries,
        groups={
            name: Group(values.get("tooltip", ""), _options(default | values))
            for name, values in groups.items()
        },
        options=_options(default),
        granularity=document.get("granularity", "table"),
        parallelism=document.get("parallelism", 4),
        create=document.get("create", True),
        on_change=document.get("on_change", "error"),
        content_hash=_content_hash(document, entries),
    )


@cache
def schema() -> dict[str, Any]:
    """The JSON Schema of configuration files."""
    text = files(__package__).joinpath("config.schema.json").read_text(encoding="utf-8")
    content: dict[str, Any] = json.loads(text)
    return content


def duration(value: str | float) -> timedelta:
    """A number of seconds, or a text such as ``1h30m`` that the schema has accepted."""
    if isinstance(value, str):
        return sum(
            (timedelta(**{_UNITS[unit]: float(number)}) for number, unit in _DURATION.findall(value)),
            timedelta(),
        )
    return timedelta(seconds=value)


def is_duration(text: str) -> bool:
    """Whether a text is a duration such as ``5m``."""
    return re.fullmatch(rf"(?:{_DURATION.pattern})+", text) is not None


@cache
def _validator() -> Draft202012Validator:
    return Draft202012Validator(schema())


def _validate(document: Any, source: Source) -> None:
    if _validator().is_valid(_one_of_each(document)):
        return
    error = best_match(_validator().iter_errors(document))
    if error is None:
        return
    path = tuple(error.absolute_path)
    hint = None
    message = error.message
    if error.validator == "additionalProperties":
        known = error.schema["properties"]
        unknown = next(key for key in error.instance if key not in known)
        path = (*path, unknown)
        message = f"{unknown!r} is not known here"
        close = get_close_matches(str(unknown), known, n=1)
        hint = f"Did you mean {close[0]!r}?" if close else f"Known are {', '.join(known)}."
    elif error.validator == "pattern" and "description" in error.schema:
        message = f"{error.instance!r} is not valid: {error.schema['description']}"
    raise source.error(f"{_where(path, error)}{message}.".replace("..", "."), *path, hint=hint)


def _one_of_each(document: Any) -> Any:
    """The document with one stream table for all that the schema cannot tell apart.

    Hundreds of tables have a handful of shapes; validating each takes longer than reading the file.
    """
    if not isinstance(document, dict) or not isinstance(document.get("stream_tables"), list):
        return document
    shapes = {_shape(table): table for table in document["stream_tables"]}
    return document | {"stream_tables": list(shapes.values())}


def _shape(table: Any) -> Hashable:
    """What the schema looks at in a stream table; of a free text only whether there is one."""
    if not isinstance(table, dict):
        return repr(table)
    return tuple(
        (key, True) if key in _FREE_TEXT and isinstance(value, str) and value else (key, repr(value))
        for key, value in table.items()
    )


def _where(path: tuple[Hashable, ...], error: ValidationError) -> str:
    if error.validator == "additionalProperties":
        path = path[:-1]
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")
    return f"{text}: " if text else ""


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
            schedule=values.get("schedule"),
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
    )


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


def _dag(values: dict[str, Any], source: Source) -> dict[str, Any]:
    arguments = dict(values)
    for key in ("start_date", "end_date"):
        if key in arguments:
            arguments[key] = _moment(arguments[key], source, "dag", key)
    if "dagrun_timeout" in arguments:
        arguments["dagrun_timeout"] = duration(arguments["dagrun_timeout"])
    schedule = arguments.get("schedule")
    if schedule is not None and is_duration(schedule):
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


def _refuse_twins(entries: tuple[Entry, ...], source: Source) -> None:
    first: dict[QualifiedName, int] = {}
    for entry in entries:
        if first.setdefault(entry.name, entry.position) != entry.position:
            line = source.line(("stream_tables", first[entry.name]))
            raise source.error(
                f"{entry.name.display} is declared twice.",
                "stream_tables",
                entry.position,
                "name",
                hint=f"The first is on line {line}.",
            )


def _content_hash(document: dict[str, Any], entries: tuple[Entry, ...]) -> str:
    """A hash of everything the DAG is made of: the expanded document and the queries of its files."""
    digest = hashlib.sha256(json.dumps(document, sort_keys=True, default=str).encode())
    for entry in entries:
        digest.update(entry.definition.query.encode())
    return digest.hexdigest()[:16]
