"""Removing the engine from a database."""

from __future__ import annotations

from airflow.providers.pgtrickle.engine import catalog
from airflow.providers.pgtrickle.engine.db import Session, compose, load
from airflow.providers.pgtrickle.engine.errors import DependentObjects
from airflow.providers.pgtrickle.engine.names import OWN_SCHEMAS
from airflow.providers.pgtrickle.engine.settings import Settings
from airflow.providers.pgtrickle.engine.stream_tables.drop import drop_stream_table


def uninstall(session: Session, settings: Settings, *, cascade: bool) -> None:
    """Drop the engine's schemas. Raises DependentObjects while stream tables exist, unless ``cascade``."""
    tables = catalog.all_stream_tables(session)
    if tables and not cascade:
        raise DependentObjects(
            f"{len(tables)} stream tables exist, {tables[0].name.display} among them.",
            hint="Drop them first, or pass cascade=True.",
        )
    for table in tables:
        if catalog.find(session, table.name) is not None:
            drop_stream_table(session, table, settings, cascade=True)
    with session.transaction():
        for schema in OWN_SCHEMAS:
            session.execute(compose(load(__package__, "drop_schema"), schema=schema))
