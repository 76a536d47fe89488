"""What the catalog holds, as frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from airflow.providers.pgtrickle.engine.frontier import Frontier, Snapshot
from airflow.providers.pgtrickle.engine.names import QualifiedName

RefreshMode = Literal["AUTO", "DIFFERENTIAL", "FULL", "IMMEDIATE"]
EffectiveMode = Literal["DIFFERENTIAL", "FULL"]
Status = Literal["ACTIVE", "SUSPENDED", "INITIALIZING"]
Action = Literal["NO_DATA", "DIFFERENTIAL", "FULL", "REINITIALIZE"]
RefreshStatus = Literal["RUNNING", "COMPLETED", "FAILED"]


@dataclass(frozen=True, slots=True)
class StreamTable:
    """A stream table as the catalog knows it.

    ``reason`` says why the effective mode is not DIFFERENTIAL. ``frontier`` is None until it is populated.
    ``layout`` and ``fingerprint`` are JSON values that only those who write them understand; ``search_path``
    and ``session_settings`` are those under which the query was typed.
    """

    id: int
    name: QualifiedName
    query: str
    search_path: str
    schedule: str | None
    refresh_mode: RefreshMode
    effective_mode: EffectiveMode
    reason: str | None
    status: Status
    is_populated: bool
    generation: int
    view_oid: int | None
    storage_oid: int | None
    frontier: Frontier | None
    data_timestamp: datetime | None
    layout: Any
    session_settings: Mapping[str, str]
    fingerprint: Any
    consecutive_errors: int
    last_error: str | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Dependency:
    """One source of a stream table; ``columns`` are the attribute numbers that capture must follow.

    ``upstream_id`` is the stream table whose storage the source is, or None for the user's own relations.
    """

    stream_table_id: int
    source_oid: int
    source_name: str
    source_kind: str
    upstream_id: int | None = None
    columns: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One refresh. ``duration_ms`` is wall-clock time, ``frontier`` the base tables' snapshot reached."""

    id: int
    stream_table_id: int
    stream_table: QualifiedName
    action: Action | None
    reason: str | None
    status: RefreshStatus
    started_at: datetime
    ended_at: datetime | None
    rows_inserted: int | None
    rows_deleted: int | None
    pending_changes: int | None
    duration_ms: float | None
    stages: Any
    sqlstate: str | None
    error_message: str | None
    run_id: str | None
    frontier: Snapshot | None


@dataclass(frozen=True, slots=True)
class Version:
    """The state that one refresh, transaction ``xid``, gave a stream table: that of frontier ``snapshot``."""

    xid: int
    snapshot: Snapshot


@dataclass(frozen=True, slots=True)
class Run:
    """A run of refreshes that all go to one frontier."""

    id: str
    snapshot: Snapshot
    members: tuple[int, ...]
    opened_at: datetime
