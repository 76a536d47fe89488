"""How the storage of a stream table is laid out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from airflow.providers.pgtrickle.engine.emit.apply import (
    StorageColumn,
)
from airflow.providers.pgtrickle.engine.ops import expressions as ex
from airflow.providers.pgtrickle.engine.ops.nodes import (
    Op,
    Project,
)

StorageKind = Literal["grouped", "keyed", "unkeyed"]


#: Changes whenever stored state would be laid out in another way for the same query: storage is then rebuilt.
LAYOUT_VERSION = 1


@dataclass(frozen=True, slots=True)
class Layout:
    """How storage is laid out.

    Its columns, the physical names of its key, and whether it is one row for ever.
    """

    kind: StorageKind
    columns: tuple[StorageColumn, ...]
    key: tuple[str, ...]

    @property
    def hashed(self) -> tuple[StorageColumn, ...]:
        """The columns by whose hash rows are found.

        All without a key, a key that no index may be able to hold.
        """
        if not self.key:
            return self.columns
        keyed = tuple(item for item in self.columns if item.name in self.key)
        # The keys of sources fit into the indexes that they have there; groups may be of any length.
        return keyed if self.kind == "grouped" and not all(item.type.is_short for item in keyed) else ()

    @property
    def joinable(self) -> bool:
        """Whether equality of keys finds every row: there is a unique index, and no key holds a NULL."""
        keyed = [item for item in self.columns if item.name in self.key]
        return bool(keyed) and not self.hashed and all(item.not_null for item in keyed)

    def as_json(self) -> dict[str, object]:
        """For comparison with what a stream table was created with."""
        return {
            "version": LAYOUT_VERSION,
            "kind": self.kind,
            "columns": [[item.name, item.type.name] for item in self.columns],
            "key": list(self.key),
            "hashed": [item.name for item in self.hashed],
        }


def with_only_key(op: Op, name: str) -> Op:
    """The one row of a scalar aggregate with the constant that is its key in storage."""
    passed = tuple((column, ex.column(column)) for column in op.columns)
    return Project(op, ((name, ex.cast(ex.TRUE, "boolean")), *passed))
