"""A SELECT in the making: FROM items, conditions, and what each column of the tree is in terms of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from airflow.providers.pgtrickle.engine.emit.render import is_bare
from airflow.providers.pgtrickle.engine.names import quote_identifier
from airflow.providers.pgtrickle.engine.schema import ColumnType

#: The name under which a weighted relation carries its weight in SQL.
WEIGHT = "__pgt_weight"


@dataclass(slots=True)
class Block:
    """An unfinished SELECT that a parent may still extend.

    ``outputs`` maps columns to atomic SQL texts over ``sources``; ``weight`` is such a text, None when plain.
    """

    sources: list[str] = field(default_factory=list)
    conditions: list[str] = field(default_factory=list)
    outputs: dict[str, str] = field(default_factory=dict)
    weight: str | None = None

    @property
    def is_single(self) -> bool:
        """Whether the block is one FROM item as it stands, so that an outer join can use it directly."""
        return len(self.sources) == 1 and not self.conditions and all(map(is_bare, self.outputs.values()))

    def select(self, columns: Sequence[str], *, weighted: bool = False, tail: str = "") -> str:
        """The finished text, with the columns in this order and, if asked for, the weight as the last."""
        targets = [f"{self.outputs[name]} AS {quote_identifier(name)}" for name in columns]
        if weighted:
            targets.append(f"{self.weight or '1'} AS {quote_identifier(WEIGHT)}")
        return f"SELECT {', '.join(targets)}{self.clauses()}{tail}"

    def clauses(self) -> str:
        """FROM and WHERE."""
        text = f" FROM {', '.join(self.sources)}" if self.sources else ""
        return f"{text} WHERE {' AND '.join(self.conditions)}" if self.conditions else text


def atomic(sql: str) -> str:
    """The text as an operand: parenthesised unless it is a bare reference or a plain number."""
    return sql if is_bare(sql) or sql.isdigit() else f"({sql})"


def is_null(sql: str, kind: ColumnType) -> str:
    """Whether a value is NULL; ``IS NULL`` holds for a composite value of NULLs as well, which is none."""
    return f"pg_catalog.num_nulls({sql}) = 1" if kind.is_row else f"{sql} IS NULL"
