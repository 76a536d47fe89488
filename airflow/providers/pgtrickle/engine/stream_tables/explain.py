"""Explaining a query: each stage from the operator tree to the SQL of its delta."""

from __future__ import annotations

from dataclasses import dataclass

from airflow.providers.pgtrickle.engine.analysis.recursion import obstacle
from airflow.providers.pgtrickle.engine.compile import Compiled
from airflow.providers.pgtrickle.engine.db import Session
from airflow.providers.pgtrickle.engine.definitions import Definition
from airflow.providers.pgtrickle.engine.differentiate.arrangements import Arrangement
from airflow.providers.pgtrickle.engine.names import QualifiedName, storage_name
from airflow.providers.pgtrickle.engine.ops.nodes import Recursive
from airflow.providers.pgtrickle.engine.ops.show import show
from airflow.providers.pgtrickle.engine.stream_tables.trial import tried

_NO_TREE = "The query is recomputed as a whole: {reason}."


@dataclass(frozen=True, slots=True)
class Explanation:
    """The stages of a query's compilation as text.

    ``ops``: the operator tree. ``rewritten``: after the rewrites. ``delta``: its derivative when every source
    changes. ``sql``: the statement that applies it. ``stages``: what storage looks like and what a refresh
    does. ``refresh_mode`` is the effective one, ``reason`` why it is not DIFFERENTIAL. ``reads`` says what a
    refresh reads besides the change: ``deltas`` (matching rows and stored state), ``touched keys`` (all rows
    of touched groups or partitions), ``recompute`` (the whole query).
    """

    ops: str
    rewritten: str
    delta: str
    sql: str
    stages: str
    refresh_mode: str
    reason: str | None
    reads: str


def explain_compiled(compiled: Compiled, storage: QualifiedName) -> Explanation:
    """The explanation of a compiled query."""
    columns = ", ".join(f"{item.name} {item.type.name}" for item in compiled.layout.columns)
    key = ", ".join(compiled.layout.key) or "none (rows are found by their hash)"
    stages = "\n".join(
        (
            f"storage: {compiled.layout.kind}, key: {key}",
            f"columns: {columns}",
            f"view: {compiled.view(storage)}",
            f"reads: {compiled.reads}",
            *(_arrangement(item, storage) for item in compiled.arrangements),
            "refresh: lock, take the snapshot, apply the changes in (lo, hi], note the frontier",
        )
    )
    if compiled.reason is not None:
        text = _NO_TREE.format(reason=compiled.reason)
        sql = compiled.recompute(storage, 0, query=compiled.binding.query).text
        return Explanation(text, text, text, sql, stages, "FULL", compiled.reason, compiled.reads)
    return Explanation(
        show(compiled.lowered),
        show(compiled.rewritten),
        compiled.explain_delta(),
        compiled.delta(storage, 0, compiled.sources).text,
        stages,
        "DIFFERENTIAL",
        None,
        compiled.reads,
    )


def _arrangement(arrangement: Arrangement, storage: QualifiedName) -> str:
    """What is kept beside storage, or serves there as well, and how it is followed."""
    place = f"in {arrangement.table(storage).display}" if arrangement.number else "in storage"
    op = arrangement.op
    if not isinstance(op, Recursive):
        return f"groups {arrangement.label}: kept {place}"
    why_not = obstacle(op)
    law = "delete and rederive" if op.distinct else "derivations that go and come"
    how = law if why_not is None else f"evaluated again at each refresh that its sources changed: {why_not}"
    return f"recursion {op.label}: kept {place}; {how}"


def explain_query(session: Session, query: str) -> Explanation:
    """Explain a query without keeping anything of it."""

    def explain(definition: Definition, _: QualifiedName) -> Explanation:
        return explain_compiled(definition.compiled, storage_name(0, 1))

    return tried(session, query, explain)
