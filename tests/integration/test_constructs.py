"""The registry of constructs tells the truth: every example has the outcome that its row names."""

from __future__ import annotations

from collections import Counter

import psycopg

from airflow.providers.pgtrickle import PgTrickle
from airflow.providers.pgtrickle.engine.errors import UnsupportedQuery
from airflow.providers.pgtrickle.engine.testing.constructs import (
    Construct,
    read_constructs,
    schema_of_examples,
)


def test_examples_have_the_outcome_of_their_row(database: str) -> None:
    constructs = list(read_constructs())
    found: Counter[str] = Counter()
    wrong: list[str] = []
    with psycopg.connect(database, autocommit=True) as connection:
        pgt = PgTrickle(connection)
        pgt.install()
        connection.execute(schema_of_examples())
        for construct in constructs:
            outcome, reason = outcome_of(pgt, construct)
            found[outcome] += 1
            if outcome != construct.outcome:
                wrong.append(f"{construct.title}: {outcome}, not {construct.outcome}: {reason}")
    print(dict(found))
    assert not wrong, "\n".join(wrong)
    assert len(constructs) >= 75
    assert min(found[outcome] for outcome in ("deltas", "touched keys", "recompute", "refused")) >= 4


def outcome_of(pgt: PgTrickle, construct: Construct) -> tuple[str, str | None]:
    try:
        explanation = pgt.explain_query(construct.example)
    except UnsupportedQuery as error:
        return "refused", str(error)
    return explanation.reads, explanation.reason
