"""What happened: the history of refreshes, the versions that they made, the runs that they belong to."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from airflow.providers.pgtrickle.engine.catalog.stream_tables import patch
from airflow.providers.pgtrickle.engine.catalog.values import Action, HistoryRow, RefreshStatus, Run, Version
from airflow.providers.pgtrickle.engine.db import Session, compose, load, verbatim
from airflow.providers.pgtrickle.engine.frontier import Snapshot
from airflow.providers.pgtrickle.engine.names import QualifiedName


def record_refresh(
    session: Session,
    stream_table_id: int,
    *,
    action: Action | None,
    reason: str | None,
    status: RefreshStatus,
    started_at: datetime,
    ended_at: datetime | None = None,
    rows_inserted: int | None = None,
    rows_deleted: int | None = None,
    pending_changes: int | None = None,
    duration_ms: float | None = None,
    stages: Any = None,
    sqlstate: str | None = None,
    error_message: str | None = None,
    run_id: str | None = None,
    frontier: Snapshot | None = None,
    changes: Mapping[str, Any] | None = None,
) -> int:
    """Write one refresh into the history, and what it changed in the stream table's own entry; its id.

    ``stages`` is any JSON value; ``changes`` are as for ``update``.
    """
    refresh_id: int = session.value(
        _record_refresh(),
        {
            "pgt_id": stream_table_id,
            "patch": patch(changes or {}),
            "action": action,
            "reason": reason,
            "status": status,
            "started_at": started_at,
            "ended_at": ended_at,
            "rows_inserted": rows_inserted,
            "rows_deleted": rows_deleted,
            "pending_changes": pending_changes,
            "duration_ms": duration_ms,
            "stages": None if stages is None else json.dumps(stages),
            "sqlstate": sqlstate,
            "error_message": error_message,
            "run_id": run_id,
            "frontier": None if frontier is None else str(frontier),
        },
    )
    return refresh_id


@cache
def _record_refresh() -> str:
    update = verbatim(load(__package__, "update_stream_table"))
    return compose(load(__package__, "record_refresh"), update_stream_table=update).as_string()


def history(session: Session, stream_table_id: int | None = None, *, limit: int = 20) -> list[HistoryRow]:
    """The latest refreshes of one stream table, or of all, newest first."""
    rows = session.rows(load(__package__, "history"), {"pgt_id": stream_table_id, "limit": limit})
    return [_history_row(row) for row in rows]


def add_version(
    session: Session, stream_table_id: int, snapshot: Snapshot, *, xid: int | None = None
) -> Version:
    """Note that transaction ``xid`` (the current one when None) brought a stream table to ``snapshot``."""
    made_by = session.value(
        load(__package__, "insert_version"),
        (stream_table_id, None if xid is None else str(xid), str(snapshot)),
    )
    return Version(int(made_by), snapshot)


def version_at(session: Session, stream_table_id: int, snapshot: Snapshot) -> Version | None:
    """The latest version of a stream table whose frontier lies within ``snapshot``, or None."""
    before: str | None = None
    while True:
        page = session.rows(
            load(__package__, "versions"),
            {"pgt_id": stream_table_id, "before": before, "xmax": str(snapshot.xmax)},
        )
        for xid, text in page:
            reached = Snapshot.parse(text)
            if snapshot.contains(reached):
                return Version(int(xid), reached)
            before = xid
        if not page:
            return None


def open_run(
    session: Session,
    run_id: str,
    members: Sequence[int] = (),
    *,
    snapshot: Snapshot | None = None,
    opened_at: datetime | None = None,
) -> Run:
    """Open a run at ``snapshot`` and the time ``opened_at`` (now, when None).

    Gives back the one opened under this id before, if there is one.
    """
    session.execute(
        load(__package__, "insert_run"),
        {
            "run_id": run_id,
            "snapshot": None if snapshot is None else str(snapshot),
            "members": list(members),
            "opened_at": opened_at,
        },
    )
    opened = run(session, run_id)
    if opened is None:
        # Another transaction inserted it after this one's snapshot, or pruned it in between.
        raise RuntimeError(f"Run {run_id!r} cannot be opened in this transaction.")
    return opened


def run(session: Session, run_id: str) -> Run | None:
    """The run of this id, or None."""
    row = session.row(load(__package__, "run"), (run_id,))
    if row is None:
        return None
    return Run(row[0], Snapshot.parse(row[1]), tuple(row[2]), row[3])


def prune_history(session: Session, retention: float) -> int:
    """Forget refreshes begun more than ``retention`` seconds ago, but never a stream table's last."""
    return session.execute(load(__package__, "prune_history"), (retention,))


def prune_runs(session: Session, retention: float) -> int:
    """Forget runs opened more than ``retention`` seconds ago, and the versions only they could ask for."""
    session.execute(load(__package__, "prune_versions"), (retention,))
    return session.execute(load(__package__, "prune_runs"), (retention,))


def _history_row(row: tuple[Any, ...]) -> HistoryRow:
    refresh_id, stream_table_id, schema, name, *plain, frontier = row
    reached = None if frontier is None else Snapshot.parse(frontier)
    values = (refresh_id, stream_table_id, QualifiedName(schema, name), *plain, reached)
    return HistoryRow(*values)
