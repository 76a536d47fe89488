"""A small shop: base tables, four stream tables in a configuration file, and what their queries give."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import yaml

SCHEMA = """
CREATE SCHEMA shop;
CREATE TABLE shop.orders (id int PRIMARY KEY, customer int NOT NULL, amount int NOT NULL);
INSERT INTO shop.orders SELECT n, n % 20, n % 97 FROM generate_series(1, 500) AS n;
"""

#: ``big`` is in the middle: it reads a stream table and is read by one. ``total`` depends on none of them.
QUERIES = {
    "shop.total": "SELECT count(*) AS orders, sum(amount) AS amount FROM shop.orders",
    "shop.by_customer": (
        "SELECT customer, count(*) AS orders, sum(amount) AS amount FROM shop.orders GROUP BY customer"
    ),
    "shop.big": "SELECT customer, amount FROM shop.by_customer WHERE amount > 1150",
    "shop.summary": "SELECT count(*) AS customers, sum(amount) AS amount FROM shop.big",
}

#: The same over base tables alone, so that what they should be can be asked at any time.
_BY_CUSTOMER = QUERIES["shop.by_customer"]
_BIG = f"SELECT customer, amount FROM ({_BY_CUSTOMER}) AS by_customer WHERE amount > 1150"
EXPECTED = {
    "shop.total": QUERIES["shop.total"],
    "shop.by_customer": _BY_CUSTOMER,
    "shop.big": _BIG,
    "shop.summary": f"SELECT count(*) AS customers, sum(amount) AS amount FROM ({_BIG}) AS big",
}

GRANULARITIES = ("table", "level", "group", "graph")

Rows = list[tuple[Any, ...]]
State = dict[str, Rows]


def write_dag(folder: Path, dag_id: str = "shop", **values: Any) -> None:
    """Put the configuration and the one-line DAG file into a DAG folder."""
    document = {
        "version": 1,
        "dag": {"dag_id": dag_id, "schedule": None},
        "connection": "shop_db",
        "default": {"refresh_mode": "DIFFERENTIAL", "retries": 3},
        "groups": {"marts": {"tooltip": "What is read"}},
        "stream_tables": [
            {"name": name, "query": query, **({"group": "marts"} if name == "shop.summary" else {})}
            for name, query in QUERIES.items()
        ],
        **values,
    }
    (folder / f"{dag_id}.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
    (folder / f"{dag_id}.py").write_text(
        "from airflow.providers.pgtrickle import pgtrickle_dag_factory\n"
        f'pgtrickle_dag_factory("{dag_id}.yaml")\n'
    )


CONSUMER = """
from airflow.providers.pgtrickle import asset_for
from airflow.providers.pgtrickle.sensors.pgtrickle import StreamTableFreshnessSensor
from airflow.sdk import DAG, task

with DAG(
    "consumer", schedule=[asset_for("shop.summary", connection="shop_db")], is_paused_upon_creation=True
):
    @task
    def read(triggering_asset_events=None):
        return [event.extra for events in triggering_asset_events.values() for event in events]

    read()

with DAG("waiting", schedule=None):
    StreamTableFreshnessSensor(
        task_id="wait",
        stream_table="shop.late",
        max_staleness=3600,
        pgtrickle_conn_id="watched_db",
        deferrable=True,
        poke_interval=0.5,
        retries=2,
    )
"""


def write_event_dags(folder: Path) -> None:
    """DAGs that run when sources have changed, when an asset says so, and one that waits in the triggerer."""
    write_dag(
        folder,
        "watching",
        dag={
            "dag_id": "watching",
            "schedule": {"sources": ["shop.orders"], "poll_interval": "500ms"},
            "run_deadline": "1s",
            "is_paused_upon_creation": True,
        },
        connection="watched_db",
        granularity="graph",
        default={"freshness_sla": "1h"},
    )
    (folder / "consumer.py").write_text(CONSUMER)


def execute(dsn: str, statement: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(statement)


def write(dsn: str, seed: int) -> None:
    """Commit some orders, changed amounts and deletions; each seed changes every stream table."""
    with psycopg.connect(dsn) as connection:
        connection.execute(
            "INSERT INTO shop.orders SELECT 10000 * %(seed)s + n, n %% 20, 50 + n + %(seed)s"
            " FROM generate_series(1, 60) AS n",
            {"seed": seed},
        )
        connection.execute("UPDATE shop.orders SET amount = amount + %s WHERE id %% 7 = %s", (seed, seed % 7))
        connection.execute("DELETE FROM shop.orders WHERE id %% 31 = %s", (seed % 31,))


def expected(dsn: str) -> State:
    """What each stream table would hold if it were refreshed now."""
    return _read(dsn, EXPECTED)


def stored(dsn: str) -> State:
    """What each stream table holds."""
    return _read(dsn, {name: f"SELECT * FROM {name}" for name in QUERIES})


def _read(dsn: str, queries: dict[str, str]) -> State:
    with psycopg.connect(dsn) as connection:
        return {name: sorted(connection.execute(query).fetchall()) for name, query in queries.items()}
