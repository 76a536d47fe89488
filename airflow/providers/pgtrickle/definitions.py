"""What a stream table should be, and bringing the database there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from airflow.providers.pgtrickle.engine.errors import (
    InvalidOption,
    StreamTableExists,
    StreamTableNotFound,
)

if TYPE_CHECKING:
    from airflow.providers.pgtrickle.engine.api import PgTrickle, StreamTable

OnChange = Literal["error", "alter"]
Outcome = Literal["created", "unchanged", "altered"]


@dataclass(frozen=True, slots=True)
class StreamTableDefinition:
    """A stream table as its author declares it.

    ``name`` is ``schema.name`` or a bare name in ``public``. ``schedule`` is the freshness that the engine's
    own loop keeps (``"1m"``), None when something else, such as a DAG, refreshes the table. ``indexes`` are
    lists of column names.
    """

    name: str
    query: str
    schedule: str | None = None
    refresh_mode: str = "AUTO"
    indexes: tuple[tuple[str, ...], ...] = ()


def ensure_stream_table(
    engine: PgTrickle,
    definition: StreamTableDefinition,
    *,
    on_change: OnChange = "error",
    initialize: bool = True,
) -> Outcome:
    """Create the stream table if it is absent; if it is there, see that it is the one declared.

    What differs from the declaration (query, refresh mode, schedule) is altered with ``on_change="alter"``.
    Raises StreamTableExists otherwise, with nothing changed, InvalidOption, and what creating and altering
    raise.
    """
    if on_change not in ("error", "alter"):
        raise InvalidOption(
            f"on_change is {on_change!r}.", hint="Use 'error' or 'alter'.", subject=definition.name
        )
    present = _find(engine, definition.name)
    if present is None:
        engine.create_stream_table(
            definition.name,
            definition.query,
            schedule=definition.schedule,
            refresh_mode=definition.refresh_mode,
            initialize=initialize,
            indexes=definition.indexes,
        )
        return "created"
    changes = changes_to(present, definition)
    if not changes:
        return "unchanged"
    if on_change == "error":
        raise StreamTableExists(
            f"{definition.name} exists with another {' and '.join(changes)}.",
            hint="Set on_change to 'alter' to change it, or drop the stream table first.",
            subject=definition.name,
        )
    engine.alter_stream_table(definition.name, **changes)
    return "altered"


def changes_to(present: StreamTable, definition: StreamTableDefinition) -> dict[str, str]:
    """What ``alter_stream_table`` would have to change of a stream table that is there."""
    changes: dict[str, str] = {}
    if statement(present.query) != statement(definition.query):
        changes["query"] = definition.query
    if present.refresh_mode != definition.refresh_mode:
        changes["refresh_mode"] = definition.refresh_mode
    if definition.schedule is not None and present.schedule != definition.schedule:
        changes["schedule"] = definition.schedule
    return changes


def _find(engine: PgTrickle, name: str) -> StreamTable | None:
    try:
        return engine.stream_table(name)
    except StreamTableNotFound:
        return None


def statement(query: str) -> str:
    """A query without what surrounds it: white space and the closing semicolon."""
    return query.strip().removesuffix(";").rstrip()
