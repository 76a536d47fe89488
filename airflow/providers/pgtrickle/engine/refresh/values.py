"""What a refresh gives back, and what it may be given."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from airflow.providers.pgtrickle.engine.catalog.values import Action
from airflow.providers.pgtrickle.engine.errors import InvalidOption
from airflow.providers.pgtrickle.engine.frontier import Snapshot


@dataclass(frozen=True, slots=True)
class RefreshResult:
    """What one refresh did. A row that changed counts as one deleted and one inserted.

    ``duration_ms`` is wall clock, ``stages`` how many of these milliseconds each stage took (the commit is in
    none). ``frontier`` is the snapshot of the base tables that the stream table shows now,
    ``data_timestamp`` its time.
    """

    stream_table: str
    action: Action
    reason: str
    rows_inserted: int
    rows_deleted: int
    duration_ms: float
    frontier: str
    data_timestamp: datetime
    stages: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RunFrontier:
    """The frontier that all refreshes of one run go to. ``str()`` is JSON text that ``parse`` reads back."""

    run_id: str
    snapshot: Snapshot
    opened_at: datetime

    def __str__(self) -> str:
        return json.dumps(
            {
                "run_id": self.run_id,
                "snapshot": str(self.snapshot),
                "opened_at": self.opened_at.isoformat(),
            }
        )

    @classmethod
    def parse(cls, text: str) -> RunFrontier:
        """Read what ``str()`` wrote; InvalidOption for anything else."""
        try:
            fields = json.loads(text)
            return cls(
                str(fields["run_id"]),
                Snapshot.parse(fields["snapshot"]),
                datetime.fromisoformat(fields["opened_at"]),
            )
        except (ValueError, KeyError, TypeError) as error:
            raise InvalidOption(
                f"{text!r} is not a run frontier.", hint="Pass on what open_run() returned, or its str()."
            ) from error
