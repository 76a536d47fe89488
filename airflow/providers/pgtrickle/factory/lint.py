"""Everything that is wrong with a configuration file, said at once; asks no database and needs no Airflow."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from airflow.providers.pgtrickle.engine.errors import InvalidConfig
from airflow.providers.pgtrickle.factory.config import examine, read
from airflow.providers.pgtrickle.factory.entities import Config
from airflow.providers.pgtrickle.factory.plan import plan, references


def lint(path: Path, environment: Mapping[str, str]) -> list[InvalidConfig]:
    """The faults of the file at ``path``, by line: form, names, values, queries, then what waits for what."""
    try:
        found = examine(read(path), path.parent, environment)
    except InvalidConfig as error:
        return [error]
    return _faults(found) if isinstance(found, Config) else found


def _faults(config: Config) -> list[InvalidConfig]:
    faults = []
    for entry in config.entries:
        try:
            references(entry, config)
        except InvalidConfig as error:
            faults.append(error)
    if not faults:
        try:
            plan(config)
        except InvalidConfig as error:
            faults.append(error)
    return faults
