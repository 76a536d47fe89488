"""What may come between the beginning of a refresh and its end, and what is done about it.

An attempt raises one of these out of its transaction; ``execute`` clears the reason away and tries again.
"""

from __future__ import annotations

from airflow.providers.pgtrickle.engine.errors import RefreshFailed


class StorageMismatch(RefreshFailed):
    """Storage does not hold the rows that a change should have met: it is then rebuilt from the query."""

    code = "PGT-303"


class CaptureGap(Exception):
    """Capture has to be made whole before this refresh can go on."""


class DefinitionMoved(Exception):
    """The stream table was altered or dropped while this refresh waited for its lock."""


class LayoutMoved(Exception):
    """Storage is not laid out for the query as it is understood now; the message says why."""


class DeltaFailed(Exception):
    """An expression cannot be computed for a row that a delta met; the message is PostgreSQL's."""
