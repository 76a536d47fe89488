"""``${NAME}`` and ``${NAME:-default}`` in the values of a configuration."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping
from typing import Any

import yaml

from airflow.providers.pgtrickle.factory.source import Source

_REFERENCE = re.compile(r"\$\$\{|\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^}]*))?\}")


def expand(value: Any, environment: Mapping[str, str], source: Source, *path: Hashable) -> Any:
    """The value with its references replaced; keys stay as they are.

    A text that is one reference and nothing else is read as YAML would read it, so that numbers and booleans
    can come from the environment. ``$${`` stands for ``${``. Raises InvalidConfig for a variable that is
    neither set nor has a default.
    """
    match value:
        case str() if "${" in value:
            return _expand_text(value, environment, source, path)
        case dict():
            return {key: expand(item, environment, source, *path, key) for key, item in value.items()}
        case list():
            return [expand(item, environment, source, *path, index) for index, item in enumerate(value)]
    return value


def _expand_text(
    text: str, environment: Mapping[str, str], source: Source, path: tuple[Hashable, ...]
) -> Any:
    def replace(reference: re.Match[str]) -> str:
        name, default = reference["name"], reference["default"]
        if name is None:
            return "${"
        found = environment.get(name, default)
        if found is None:
            raise source.error(
                f"The environment variable {name} is not set.",
                *path,
                hint=f"Set it, or write ${{{name}:-default}}.",
            )
        return found

    alone = _REFERENCE.fullmatch(text)
    expanded = _REFERENCE.sub(replace, text)
    if alone and alone["name"]:
        try:
            return yaml.load(expanded, Loader=yaml.CSafeLoader)
        except yaml.YAMLError:
            return expanded
    return expanded
