"""How long a refresh takes, and which of its stages takes how long."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Literal

#: ``compile``: the query, unless the session knows it, and the statement. ``lock``: until nobody else is at
#: the stream table. ``look``: what changed, and what is to be done about it. ``apply``: the statement.
Stage = Literal["compile", "lock", "look", "apply"]


class Stopwatch:
    """Runs from its making; ``stages`` are milliseconds, summed over the attempts of one refresh."""

    def __init__(self) -> None:
        self.started = datetime.now(UTC)
        self.stages: dict[str, float] = {}
        self._clock = time.perf_counter()

    @property
    def milliseconds(self) -> float:
        """Wall clock since the beginning."""
        return (time.perf_counter() - self._clock) * 1000

    @contextmanager
    def stage(self, name: Stage) -> Iterator[None]:
        """Add the time that a block takes to a stage."""
        begin = self.milliseconds
        try:
            yield
        finally:
            self.stages[name] = self.stages.get(name, 0.0) + self.milliseconds - begin
