"""Stream tables as Airflow assets: one stable URI for each, known without asking anything.

``postgres://host:port/database/schema/table`` where the database is said, the URI that every Postgres-aware
tool uses, so that lineage joins up. ``pgtrickle://connection/schema/table`` where only the Airflow connection
is known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlsplit

from airflow.sdk import Asset

from airflow.providers.pgtrickle.engine.errors import InvalidOption
from airflow.providers.pgtrickle.engine.names import parse_name

if TYPE_CHECKING:
    from urllib.parse import SplitResult

DEFAULT_PORT = 5432
SCHEME = "pgtrickle"


def asset_uri(
    name: str,
    *,
    host: str | None = None,
    database: str | None = None,
    port: int = DEFAULT_PORT,
    connection: str | None = None,
) -> str:
    """The asset URI of a stream table, from ``host`` and ``database`` or from the id of a ``connection``.

    ``name`` is ``schema.name`` or a bare name in ``public``. Raises InvalidName and InvalidOption.
    """
    qualified = parse_name(name)
    path = "/".join(quote(part, safe="") for part in (qualified.schema, qualified.name))
    if host is not None and database is not None and connection is None:
        return f"postgres://{host}:{port}/{quote(database, safe='')}/{path}"
    if connection is not None and host is None and database is None:
        return f"{SCHEME}://{quote(connection, safe='')}/{path}"
    raise InvalidOption(
        f"The asset of {qualified.display} is in no known place.",
        hint="Give host and database, or the id of a connection.",
        subject=qualified.display,
    )


def asset_for(
    name: str,
    *,
    host: str | None = None,
    database: str | None = None,
    port: int = DEFAULT_PORT,
    connection: str | None = None,
    extra: dict[str, Any] | None = None,
) -> Asset:
    """The asset of a stream table, for ``schedule=`` and ``outlets=``; asks no database.

    The same arguments give the same asset wherever they are written. Those of a factory's DAG are the file's
    ``assets`` (host, database, port) where it has them, else its ``connection``.
    """
    uri = asset_uri(name, host=host, database=database, port=port, connection=connection)
    return Asset(name=uri, uri=uri, group="pgtrickle", extra=extra)


def create_asset(*, connection: str, schema: str, table: str, extra: dict[str, Any] | None = None) -> Asset:
    """The asset behind a ``pgtrickle://`` URI from its parts as PostgreSQL stores them."""
    path = "/".join(quote(part, safe="") for part in (schema, table))
    return Asset(uri=f"{SCHEME}://{quote(connection, safe='')}/{path}", extra=extra)


def sanitize_uri(uri: SplitResult) -> SplitResult:
    """Accept ``pgtrickle://connection/schema/table``; ValueError for any other form."""
    parts = uri.path.split("/")
    if not uri.netloc or len(parts) != 3 or not all(parts[1:]):
        raise ValueError("URI format pgtrickle:// must contain a connection id, a schema and a table name")
    return uri


def convert_asset_to_openlineage(asset: Asset, lineage_context: Any) -> Any:  # noqa: ARG001
    """The OpenLineage dataset of a ``pgtrickle://`` asset: that of the table behind its connection."""
    from airflow.providers.pgtrickle.hooks.pgtrickle import PgTrickleHook
    from airflow.providers.pgtrickle.lineage import dataset, namespace_of

    parts = urlsplit(asset.uri)
    schema, table = (unquote(part) for part in parts.path.split("/")[1:])
    return dataset(namespace_of(PgTrickleHook(unquote(parts.netloc))), schema, table)
