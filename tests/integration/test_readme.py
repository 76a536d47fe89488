"""The README's examples do what they say."""

from __future__ import annotations

import re
from pathlib import Path

import psycopg
import pytest
import yaml

from airflow.providers.pgtrickle import PgTrickle

README = (Path(__file__).resolve().parents[2] / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)


@pytest.fixture
def shop(database18: str) -> str:
    with psycopg.connect(database18, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA shop")
        connection.execute(
            "CREATE TABLE shop.orders (id integer PRIMARY KEY, customer text, amount numeric(10,2))"
        )
        connection.execute("INSERT INTO shop.orders VALUES (1, 'anna', 12.50), (2, 'bert', 1500)")
    return database18


def test_python_example_runs(shop: str, capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(blocks("python")[0], "README.md", "exec"), {"dsn": shop})
    assert capsys.readouterr().out.startswith("NO_DATA")


def test_queries_of_the_configuration_are_kept_by_deltas(shop: str) -> None:
    (text,) = blocks("yaml")
    with PgTrickle.connect(shop) as pgt:
        pgt.install()
        for entry in yaml.safe_load(text)["stream_tables"]:
            pgt.create_stream_table(entry["name"], entry["query"], refresh_mode="DIFFERENTIAL")
        with psycopg.connect(shop, autocommit=True) as connection:
            connection.execute("UPDATE shop.orders SET amount = 2000 WHERE customer = 'anna'")
            pgt.refresh_stream_table("shop.revenue")
            pgt.refresh_stream_table("shop.best_customers")
            rows = connection.execute("SELECT customer FROM shop.best_customers ORDER BY 1").fetchall()
    assert rows == [("anna",), ("bert",)]
