"""Stream tables as Airflow assets: one stable URI for each, the one every Postgres-aware tool uses."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from airflow.sdk import Asset

from airflow.providers.pgtrickle.engine.names import parse_name

DEFAULT_PORT = 5432


def asset_uri(name: str, *, host: str, database: str, port: int = DEFAULT_PORT) -> str:
    """The asset URI of a stream table: ``postgres://host:port/database/schema/table``.

    ``name`` is ``schema.name`` or a bare name in ``public``. Raises InvalidName.
    """
    qualified = parse_name(name)
    path = "/".join(quote(part, safe="") for part in (database, qualified.schema, qualified.name))
    return f"postgres://{host}:{port}/{path}"


def asset_for(
    name: str,
    *,
    host: str,
    database: str,
    port: int = DEFAULT_PORT,
    extra: dict[str, Any] | None = None,
) -> Asset:
    """The asset of a stream table, for ``schedule=`` and ``outlets=``; needs no connection."""
    uri = asset_uri(name, host=host, database=database, port=port)
    return Asset(name=uri, uri=uri, group="pgtrickle", extra=extra)
