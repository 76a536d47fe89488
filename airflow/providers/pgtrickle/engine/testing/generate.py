"""A whole random case: schema, views, stream tables over tables and each other, rounds of changes."""

from __future__ import annotations

import random
from dataclasses import dataclass

from airflow.providers.pgtrickle.engine.testing.cases import Case, Round, StreamTableDefinition
from airflow.providers.pgtrickle.engine.testing.joins import Source
from airflow.providers.pgtrickle.engine.testing.queries import DIFFERENTIAL_FEATURES
from airflow.providers.pgtrickle.engine.testing.sqltypes import TYPE_DDL
from airflow.providers.pgtrickle.engine.testing.unnesting import UnnestingQueries
from airflow.providers.pgtrickle.engine.testing.workload import Workload


@dataclass(frozen=True, slots=True)
class Size:
    """How large a case gets: stream tables, rounds, and how deep queries nest."""

    stream_tables: int = 4
    rounds: int = 4
    depth: int = 3


def generate_case(
    seed: int, *, features: frozenset[str] = DIFFERENTIAL_FEATURES, size: Size = Size()
) -> Case:
    """The case of this seed: the same seed, features and size always give the same case."""
    rng = random.Random(seed)
    workload = Workload(rng, features)
    setup = [TYPE_DDL, workload.schema()]
    queries = UnnestingQueries(rng, features, [table.source() for table in workload.tables])
    if "view" in features and rng.random() < 0.3:
        for number in range(1, rng.choice((1, 2)) + 1):
            view = queries.defining_query(1)
            setup.append(f"CREATE VIEW v{number} AS {view.sql};")
            queries.add(Source(f"v{number}", view.columns, view.rows, view.scans))
    stream_tables = []
    for number in range(1, rng.randint(1, size.stream_tables) + 1):
        query = queries.defining_query(rng.randint(0, size.depth))
        stream_tables.append(StreamTableDefinition(f"s{number}", query.sql))
        if "stream_table" in features:
            queries.add(Source(f"s{number}", query.columns, query.rows))
    rounds = tuple(Round(workload.round()) for _ in range(rng.randint(2, max(2, size.rounds))))
    return Case(f"seed {seed}", "\n".join(setup), tuple(stream_tables), rounds, "ANY")
