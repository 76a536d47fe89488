"""The statement behind verification: by how many rows two relations differ, as multisets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from airflow.providers.pgtrickle.engine.analysis.nullability import NotNull
from airflow.providers.pgtrickle.engine.emit.blocks import WEIGHT
from airflow.providers.pgtrickle.engine.emit.relations import Emitter, Statement
from airflow.providers.pgtrickle.engine.names import QualifiedName
from airflow.providers.pgtrickle.engine.ops.nodes import Consolidate, Negate, Query, UnionAll
from airflow.providers.pgtrickle.engine.schema import Column


def compare_relations(columns: Sequence[Column], query: str, view: QualifiedName) -> Statement:
    """One row.

    Rows of ``query`` missing in ``view``, rows of ``view`` that ``query`` does not have, rows of ``view``.

    Rows are the same when their columns are equal, NULL to NULL; types without equality compare by their
    text.
    """
    names = tuple(f"c{position}" for position in range(1, len(columns) + 1))
    # Equality alone decides here, not what else two equal values may show.
    types = {
        name: replace(column.type, equal_image=True) for name, column in zip(names, columns, strict=True)
    }
    expected, actual = Query(query, names), Query(f"SELECT * FROM {view}", names)
    difference = Consolidate(UnionAll((expected, Negate(actual)), names, (names, names)))
    emitter = Emitter(types, NotNull(()), difference)
    text = (
        f"SELECT COALESCE(sum(d.{WEIGHT}) FILTER (WHERE d.{WEIGHT} > 0), 0)::bigint,"
        f" COALESCE(- sum(d.{WEIGHT}) FILTER (WHERE d.{WEIGHT} < 0), 0)::bigint,"
        f" (SELECT count(*) FROM {view}) FROM ({emitter.select(difference)}) AS d"
    )
    return emitter.statement(text)
