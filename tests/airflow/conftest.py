"""A small shop in a database, and Airflow over its DAG."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from airflow.providers.pgtrickle.engine.testing.server import PostgresServer
from tests.airflow import shop
from tools.local_airflow import LocalAirflow


@dataclass(frozen=True)
class ScheduledShop:
    """A running Airflow whose DAGs work on one database."""

    airflow: LocalAirflow
    dsn: str
    watched_dsn: str
    """another database, whose changes start runs"""


@pytest.fixture
def shop_dsn(pg18_server: PostgresServer) -> Iterator[str]:
    """A database with the shop's base tables, for one test."""
    yield from _shop(pg18_server)


@pytest.fixture(scope="module")
def scheduled_shop(
    pg18_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ScheduledShop]:
    """A real scheduler with LocalExecutor; the DAGs ``shop_table``, ``shop_level``, … share a database."""
    home = tmp_path_factory.mktemp("airflow")
    dags = tmp_path_factory.mktemp("dags")
    for granularity in shop.GRANULARITIES:
        shop.write_dag(dags, f"shop_{granularity}", granularity=granularity)
    shop.write_event_dags(dags)
    for dsn in _shop(pg18_server):
        for watched in _shop(pg18_server):
            connections = {"shop_db": dsn, "watched_db": watched}
            options = {"AIRFLOW__CORE__TEST_CONNECTION": "Enabled"}
            with LocalAirflow(
                home, dags, connections=connections, options=options, triggerer=True
            ) as airflow:
                airflow.wait_for_dag("shop_table")
                yield ScheduledShop(airflow, dsn, watched)


def _shop(server: PostgresServer) -> Iterator[str]:
    dsn = server.create_database()
    shop.execute(dsn, shop.SCHEMA)
    yield dsn
    server.drop_database(dsn.partition("@/")[2].partition("?")[0])
