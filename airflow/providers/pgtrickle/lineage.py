"""What OpenLineage is told: the relations that were read and written, and the columns that became columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow.providers.pgtrickle.assets.pgtrickle import DEFAULT_PORT
from airflow.providers.pgtrickle.engine.names import parse_name

if TYPE_CHECKING:
    from airflow.providers.pgtrickle.engine.analysis.lineage import Origin
    from airflow.providers.pgtrickle.engine.api import RefreshResult
    from airflow.providers.pgtrickle.engine.monitor import TableLineage
    from airflow.providers.pgtrickle.hooks.pgtrickle import PgTrickleHook


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


def lineage_of(hook: PgTrickleHook, refreshed: Mapping[str, RefreshResult | None]) -> Any:
    """The lineage of refreshes, as an OperatorLineage; None where OpenLineage is not installed.

    ``refreshed`` has the stream tables of a task, with what their refreshes did as far as they were made.
    """
    try:
        from airflow.providers.openlineage.extractors import OperatorLineage
        from openlineage.client.event_v2 import OutputDataset
    except ImportError:
        return None
    place = namespace_of(hook)
    inputs: dict[str, Any] = {}
    outputs = []
    with hook.get_engine() as engine:
        for text, result in refreshed.items():
            name = parse_name(text)
            for row in engine.dependencies(name.display):
                source = parse_name(row.source)
                inputs[row.source] = dataset(place, source.schema, source.name)
            whole = dataset(place, name.schema, name.name)
            outputs.append(
                OutputDataset(
                    namespace=whole.namespace,
                    name=whole.name,
                    facets=_column_facets(engine.column_lineage(name.display), place),
                    outputFacets=_statistics(result),
                )
            )
    return OperatorLineage(inputs=list(inputs.values()), outputs=outputs)


def _column_facets(lineage: TableLineage, place: tuple[str, str]) -> dict[str, Any]:
    """The columns, what each is made of, and what decides which rows there are."""
    from openlineage.client.generated import column_lineage_dataset, schema_dataset

    if lineage.unknown is not None:
        return {}

    def origin(found: Origin, kind: str, subtype: str) -> Any:
        relation = dataset(place, found.relation.schema, found.relation.name)
        return column_lineage_dataset.InputField(
            namespace=relation.namespace,
            name=relation.name,
            field=found.column,
            transformations=[column_lineage_dataset.Transformation(type=kind, subtype=subtype)],
        )

    fields = {
        column.column: column_lineage_dataset.Fields(
            inputFields=[origin(each, "DIRECT", _SUBTYPES[column.derivation]) for each in column.origins]
        )
        for column in lineage.columns
    }
    return {
        "schema": schema_dataset.SchemaDatasetFacet(
            fields=[schema_dataset.SchemaDatasetFacetFields(name=column.column) for column in lineage.columns]
        ),
        "columnLineage": column_lineage_dataset.ColumnLineageDatasetFacet(
            fields=fields, dataset=[origin(each, "INDIRECT", "FILTER") for each in lineage.conditions]
        ),
    }


#: What OpenLineage calls the ways in which a value comes about.
_SUBTYPES = {"identity": "IDENTITY", "expression": "TRANSFORMATION", "aggregate": "AGGREGATION"}


def _statistics(result: RefreshResult | None) -> dict[str, Any]:
    from openlineage.client.generated.output_statistics_output_dataset import (
        OutputStatisticsOutputDatasetFacet,
    )

    if result is None:
        return {}
    rows = result.rows_inserted + result.rows_deleted
    return {"outputStatistics": OutputStatisticsOutputDatasetFacet(rowCount=rows)}
