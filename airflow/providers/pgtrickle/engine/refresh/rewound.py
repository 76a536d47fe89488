"""The text of a defining query, evaluated at a frontier that later changes have left behind."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from airflow.providers.pgtrickle.engine.analysis.functions import age_argument
from airflow.providers.pgtrickle.engine.definitions import Definition
from airflow.providers.pgtrickle.engine.emit.rewind import rows_at
from airflow.providers.pgtrickle.engine.frontier import Snapshot
from airflow.providers.pgtrickle.engine.parse import complete_groups, inline_views, pin_clock, rewind


def rewound_query(
    definition: Definition,
    late: Collection[int],
    at: Mapping[int, Snapshot],
    now: Snapshot,
    time: datetime | None,
) -> str:
    """The canonical text, each source with late changes replaced by its rows at its snapshot ``at``.

    What reads the clock is replaced by the ``time`` of the frontier.
    """
    compiled = definition.compiled
    if not compiled.reads_clock or time is None:
        return _at_snapshots(definition, late, at, now)
    text = _at_snapshots(definition, late, at, now)
    if not late:
        text = inline_views(text, compiled.binding.relations)
    return pin_clock(text, str(time), age_argument(compiled.binding.functions))


def _at_snapshots(
    definition: Definition, late: Collection[int], at: Mapping[int, Snapshot], now: Snapshot
) -> str:
    binding = definition.compiled.binding
    if not late:
        return binding.query
    by_oid = {relation.oid: relation for relation in binding.relations.values()}
    replacements = {
        by_oid[item.source_oid].name: rows_at(by_oid[item.source_oid], item.columns, at[item.source_oid], now)
        for item in definition.dependencies
        if item.source_oid in late
    }
    text = inline_views(binding.query, binding.relations)
    if "functional_dependency" in binding.features:
        aggregates = {function.name for function in binding.functions if function.kind == "aggregate"}
        text = complete_groups(text, aggregates)
    return rewind(text, replacements)
