"""The engine's values as JSON has them. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime, timedelta
from typing import Any

from airflow.providers.pgtrickle.engine.frontier import Snapshot
from airflow.providers.pgtrickle.engine.names import QualifiedName


def plain(value: Any) -> Any:
    """A value for JSON: names as users type them, durations in seconds, moments in ISO 8601."""
    match value:
        case float() if not math.isfinite(value):
            return None
        case None | bool() | int() | float() | str():
            return value
        case QualifiedName():
            return value.display
        case Snapshot():
            return str(value)
        case datetime() | date():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case Mapping():
            return {str(key): plain(each) for key, each in value.items()}
        case list() | tuple() | set() | frozenset():
            return [plain(each) for each in value]
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    return str(value)
