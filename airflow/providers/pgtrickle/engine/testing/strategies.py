"""Hypothesis strategies over the random cases.

A case is drawn as a seed and a size: Hypothesis makes the size small, the minimiser of the test suite then
takes the case itself apart, statement by statement and node by node, which shrinks further than replaying
draws could.
"""

from __future__ import annotations

from hypothesis import strategies as st

from airflow.providers.pgtrickle.engine.testing.cases import Case
from airflow.providers.pgtrickle.engine.testing.generate import Size, generate_case
from airflow.providers.pgtrickle.engine.testing.queries import DIFFERENTIAL_FEATURES


def sizes() -> st.SearchStrategy[Size]:
    """Sizes of cases, one stream table and no nesting being the smallest."""
    return st.builds(
        Size,
        stream_tables=st.integers(min_value=1, max_value=4),
        rounds=st.integers(min_value=2, max_value=4),
        depth=st.integers(min_value=0, max_value=3),
    )


def cases(features: frozenset[str] = DIFFERENTIAL_FEATURES) -> st.SearchStrategy[Case]:
    """Random cases whose queries use only the features named."""
    return st.builds(
        generate_case,
        seed=st.integers(min_value=0, max_value=2**48),
        features=st.just(features),
        size=sizes(),
    )
