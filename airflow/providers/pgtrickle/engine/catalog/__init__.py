"""The catalog: what stream tables there are, what they read, and how they got where they are."""

from __future__ import annotations

from airflow.providers.pgtrickle.engine.catalog.configurations import declare, declared
from airflow.providers.pgtrickle.engine.catalog.install import (
    install,
    is_restored,
    known_migrations,
    lock_installation,
    require_installed,
)
from airflow.providers.pgtrickle.engine.catalog.refreshes import (
    add_version,
    history,
    open_run,
    prune_history,
    prune_runs,
    record_refresh,
    run,
    version_at,
)
from airflow.providers.pgtrickle.engine.catalog.stream_tables import (
    all_stream_tables,
    by_id,
    consumers,
    delete,
    dependencies,
    downstream,
    find,
    get,
    insert,
    set_dependencies,
    update,
)
from airflow.providers.pgtrickle.engine.catalog.values import (
    Dependency,
    HistoryRow,
    Run,
    StreamTable,
    Version,
)

__all__ = [
    "Dependency",
    "HistoryRow",
    "Run",
    "StreamTable",
    "Version",
    "add_version",
    "all_stream_tables",
    "by_id",
    "consumers",
    "declare",
    "declared",
    "delete",
    "dependencies",
    "downstream",
    "find",
    "get",
    "history",
    "insert",
    "install",
    "is_restored",
    "known_migrations",
    "lock_installation",
    "open_run",
    "prune_history",
    "prune_runs",
    "record_refresh",
    "require_installed",
    "run",
    "set_dependencies",
    "update",
    "version_at",
]
