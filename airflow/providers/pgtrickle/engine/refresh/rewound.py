"""The text of a defining query, evaluated at a frontier that later changes have left behind."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from airflow.providers.pgtrickle.engine.definitions import Definition
from airflow.providers.pgtrickle.engine.emit.rewind import rows_at
from airflow.providers.pgtrickle.engine.frontier import Snapshot
from airflow.providers.pgtrickle.engine.parse import complete_groups, inline_views, rewind


def rewound_query(
    definition: Definition, late: Collection[int], at: Mapping[int, Snapshot], now: Snapshot
) -> str:
    """The canonical text, each source with late changes replaced by its rows at its snapshot ``at``."""
    binding = definition.compiled.binding
    if not late:
        return binding.text
    by_oid = {relation.oid: relation for relation in binding.relations.values()}
    replacements = {
        by_oid[item.source_oid].name: rows_at(by_oid[item.source_oid], item.columns, at[item.source_oid], now)
        for item in definition.dependencies
        if item.source_oid in late
    }
    text = inline_views(binding.text, binding.relations)
    if "functional_dependency" in binding.features:
        aggregates = {function.name for function in binding.functions if function.kind == "aggregate"}
        text = complete_groups(text, aggregates)
    return rewind(text, replacements)
