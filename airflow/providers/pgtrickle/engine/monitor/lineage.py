"""The column lineage of a stream table, in terms of the relations that its query names."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from airflow.providers.pgtrickle.engine.analysis.keys import key_finder
from airflow.providers.pgtrickle.engine.analysis.lineage import ColumnLineage, Origin, column_lineage
from airflow.providers.pgtrickle.engine.ops.lower import lower
from airflow.providers.pgtrickle.engine.ops.naming import Names
from airflow.providers.pgtrickle.engine.ops.scopes import Unsupported
from airflow.providers.pgtrickle.engine.schema import Binding


@dataclass(frozen=True, slots=True)
class TableLineage:
    """The lineage of each column, and the columns that decide which rows there are.

    ``unknown`` says why it could not be told; there are no columns then.
    """

    columns: tuple[ColumnLineage, ...]
    conditions: tuple[Origin, ...]
    unknown: str | None = None


def lineage(binding: Binding, stream_table_views: Collection[int]) -> TableLineage:
    """The lineage of a bound query; pure.

    Stream tables that it reads, known by the oids of their views, count as relations of their own; other
    views are looked through.
    """
    relations = {
        name: replace(relation, kind="table", view_text=None)
        if relation.oid in stream_table_views
        else relation
        for name, relation in binding.relations.items()
    }
    if binding.obstacle is not None:
        return TableLineage((), (), binding.obstacle)
    try:
        lowered = lower(replace(binding, relations=relations, completed=None), Names(), key_finder(binding))
        found = column_lineage(lowered.op, lowered.outputs)
    except Unsupported as unsupported:
        return TableLineage((), (), unsupported.reason)
    except RecursionError:
        return TableLineage((), (), "its expressions are nested too deeply")
    titled = tuple(
        replace(item, column=column.name) for item, column in zip(found.columns, binding.columns, strict=True)
    )
    return TableLineage(titled, found.conditions)
