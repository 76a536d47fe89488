"""Whether a configuration has the form that its JSON Schema asks for, said with the line of what has not."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterator
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match

from airflow.providers.pgtrickle.engine.errors import InvalidConfig
from airflow.providers.pgtrickle.factory.source import Source

#: Keys of a stream table of whose value the schema asks only that it is a text with something in it.
FREE_TEXT = frozenset({"name", "query", "query_file", "doc"})


@cache
def schema() -> dict[str, Any]:
    """The JSON Schema of configuration files."""
    text = files(__package__).joinpath("config.schema.json").read_text(encoding="utf-8")
    content: dict[str, Any] = json.loads(text)
    return content


def violations(document: Any, source: Source) -> Iterator[InvalidConfig]:
    """What in the document the schema does not allow, in no particular order."""
    if _validator().is_valid(_one_of_each(document)):
        return
    for error in _validator().iter_errors(document):
        yield from _faults(best_match([error]) or error, source)


@cache
def _validator() -> Draft202012Validator:
    return Draft202012Validator(schema())


def _faults(error: ValidationError, source: Source) -> Iterator[InvalidConfig]:
    path = tuple(error.absolute_path)
    part: Any = error.schema
    where = _where(path)
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        known = part["properties"]
        for unknown in (key for key in error.instance if key not in known):
            close = get_close_matches(str(unknown), known, n=1)
            hint = f"Did you mean {close[0]!r}?" if close else f"Known are {', '.join(known)}."
            yield source.error(f"{where}{unknown!r} is not known here.", *path, unknown, hint=hint)
    elif error.validator == "pattern" and "description" in part:
        yield source.error(f"{where}{error.instance!r} is not valid: {part['description']}", *path)
    else:
        yield source.error(f"{where}{error.message.removesuffix('.')}.", *path)


def _where(path: tuple[Hashable, ...]) -> str:
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")
    return f"{text}: " if text else ""


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
        (key, True) if key in FREE_TEXT and isinstance(value, str) and value else (key, repr(value))
        for key, value in table.items()
    )
