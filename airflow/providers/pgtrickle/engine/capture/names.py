"""The names of all that belongs to the capture of one source."""

from __future__ import annotations

from typing import Literal

from airflow.providers.pgtrickle.engine.names import CHANGES_SCHEMA, QualifiedName, buffer_name

Trigger = Literal["insert", "update", "delete", "truncate", "row", "before", "after", "leave", "arrive"]


class CaptureNames:
    """What belongs to the capture of a source: its oid is in every name, so that renaming it changes none."""

    def __init__(self, source_oid: int) -> None:
        self.source_oid = source_oid
        self.buffer = buffer_name(source_oid)
        self.captured = self._own("captured")
        self.capture = self._own("capture")
        self.capture_descendant = self._own("capture_descendant")
        self.capture_row = self._own("capture_row")
        self.watch_merge = self._own("watch_merge")
        self.note_move = self._own("note_move")

    @property
    def trigger_functions(self) -> tuple[QualifiedName, ...]:
        """All functions that triggers of this source may call."""
        return self.capture, self.capture_descendant, self.capture_row, self.watch_merge, self.note_move

    def trigger(self, kind: Trigger) -> str:
        """The name of a trigger; the same on the source and on each of its descendants."""
        return f"pgtrickle_{self.source_oid}_{kind}"

    def _own(self, what: str) -> QualifiedName:
        return QualifiedName(CHANGES_SCHEMA, f"{what}_{self.source_oid}")
