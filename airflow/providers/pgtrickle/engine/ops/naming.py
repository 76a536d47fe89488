"""Names that are unique in one operator tree, and the types of the columns that bear them."""

from __future__ import annotations

import re

from airflow.providers.pgtrickle.engine.schema import ColumnType

_STEM = re.compile(r"[^a-z0-9_]")
_MAX_STEM = 40

BIGINT = ColumnType(oid=20, typmod=-1, name="bigint", base="bigint", category="N")
INTEGER = ColumnType(oid=23, typmod=-1, name="integer", base="integer", category="N")
NUMERIC = ColumnType(oid=1700, typmod=-1, name="numeric", base="numeric", category="N", equal_image=False)
BOOLEAN = ColumnType(oid=16, typmod=-1, name="boolean", base="boolean", category="B")


class Names:
    """Gives out column names and remembers their types; one for each compilation."""

    def __init__(self) -> None:
        self.types: dict[str, ColumnType] = {}
        self._count = 0

    def fresh(self, stem: str, kind: ColumnType | None = None) -> str:
        """A name that no other column has, recognisably made from ``stem``."""
        self._count += 1
        name = f"{_STEM.sub('_', stem.lower())[:_MAX_STEM] or 'column'}_{self._count}"
        if kind is not None:
            self.types[name] = kind
        return name

    def another(self, column: str) -> str:
        """A fresh name for a copy of a column whose type may not be known yet."""
        return self.fresh(re.sub(r"_\d+$", "", column), self.types.get(column))

    def like(self, column: str) -> str:
        """A fresh name for a column of the same type as ``column``."""
        return self.fresh(re.sub(r"_\d+$", "", column), self.types[column])

    def branch(self) -> Names:
        """A copy that goes on from here on its own: what it gives out does not depend on other branches."""
        copy = Names()
        copy.types = dict(self.types)
        copy._count = self._count
        return copy
