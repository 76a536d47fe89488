"""Refusals shown at their place in the query that the user typed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from airflow.providers.pgtrickle.engine.errors import InvalidQuery, UnsupportedQuery
from airflow.providers.pgtrickle.engine.parse import excerpt, line_and_column, locate


@contextmanager
def shown_in(query: str) -> Iterator[None]:
    """Give errors about the query the place that they are about, where it can be told."""
    try:
        yield
    except (InvalidQuery, UnsupportedQuery) as error:
        _place(error, query)
        raise


def _place(error: InvalidQuery | UnsupportedQuery, query: str) -> None:
    if error.position is None and isinstance(error, UnsupportedQuery) and error.construct is not None:
        found = locate(query, error.construct)
        if found is not None:
            error.position = found[0] + 1
        if "|" in error.construct:
            error.construct = query[slice(*found)] if found is not None else None
    if error.position is None or not 0 < error.position <= len(query) + 1:
        return
    error.line, error.column = line_and_column(query, error.position - 1)
    error.excerpt = excerpt(query, error.position - 1)
