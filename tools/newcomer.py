"""Walk through the Airflow quickstart as somebody does who has nothing: every step of the page, and no other.

Builds the wheel, makes an environment with Airflow and the wheel alone, writes what the page shows into the
DAG folder of a running Airflow, lets it run, changes the sources, runs it again, and compares each stream
table with its query. Takes some minutes, most of them for installing Airflow; with the path of an environment
that was made before it uses that one: ``python -m tools.newcomer VENV``.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg

from airflow.providers.pgtrickle.engine.testing.server import PostgresServer
from tools.local_airflow import LocalAirflow

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "airflow" / "quickstart.md"

#: What the page takes for granted: the user's own tables.
TABLES = """
CREATE SCHEMA shop;
CREATE TABLE shop.customers (id int PRIMARY KEY, region text NOT NULL);
CREATE TABLE shop.orders (id int PRIMARY KEY, customer_id int NOT NULL, amount numeric NOT NULL);
INSERT INTO shop.customers SELECT n, 'region ' || n % 5 FROM generate_series(1, 100) AS n;
INSERT INTO shop.orders SELECT n, 1 + n % 100, n % 97 FROM generate_series(1, 5000) AS n;
"""
CHANGES = """
INSERT INTO shop.orders SELECT n, 1 + n % 100, n % 13 FROM generate_series(5001, 5100) AS n;
UPDATE shop.orders SET amount = amount + 1 WHERE id % 50 = 0;
DELETE FROM shop.orders WHERE id % 41 = 0;
"""
EXPECTED = """
SELECT region, count(*), sum(amount)
FROM shop.orders JOIN shop.customers ON customers.id = customer_id GROUP BY region ORDER BY region
"""


def main() -> int:
    """Do all of it; 0 when the tables are exact."""
    blocks = dict(re.findall(r"```(\w+)\n(.*?)```", _dedented(PAGE.read_text()), flags=re.DOTALL))
    (install, connect) = re.findall(r"```sh\n(.*?)```", _dedented(PAGE.read_text()), flags=re.DOTALL)[:2]
    assert "pip install apache-airflow-providers-pgtrickle" in install
    with (
        tempfile.TemporaryDirectory(prefix="pgtrickle-newcomer-") as directory,
        PostgresServer(settings={"max_connections": "60"}) as server,
    ):
        place = Path(directory)
        dsn = server.create_database("shop")
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute(TABLES)
        programs = Path(sys.argv[1]).resolve() / "bin" if sys.argv[1:] else _environment(place)
        dags = place / "dags"
        dags.mkdir()
        airflow = LocalAirflow(place / "airflow", dags, connections={}, programs=programs)
        airflow.home.mkdir()
        airflow.command("db", "migrate")
        command = connect.strip().replace("postgresql://loader:secret@db.example.org:5432/shop", dsn)
        assert dsn in command
        airflow.command(*shlex.split(command)[1:])
        with airflow:
            (dags / "shop.yaml").write_text(blocks["yaml"])
            (dags / "shop.py").write_text(blocks["python"])
            airflow.wait_for_dag("shop")
            for round_, statement in enumerate(("", CHANGES)):
                with psycopg.connect(dsn, autocommit=True) as connection:
                    if statement:
                        connection.execute(statement)
                run_id = airflow.trigger("shop")
                state = airflow.wait_for_run("shop", run_id)
                result = airflow.result("shop", run_id, "shop.revenue_by_region")
                print(f"run {round_ + 1}: {state}, {result['action']}, {result['reason']}")
                assert state == "success"
                with psycopg.connect(dsn) as connection:
                    found = connection.execute(
                        "SELECT * FROM shop.revenue_by_region ORDER BY region"
                    ).fetchall()
                    assert found == connection.execute(EXPECTED).fetchall()
                    assert len(found) == 5
            assert result["action"] == "DIFFERENTIAL"
            page = airflow.text("/pgtrickle/")
            assert "<html" in page.lower()
        verify = [programs / "pgtrickle", "verify", "--all", "--dsn", dsn]
        print(subprocess.run(verify, check=True, capture_output=True, text=True).stdout)
    return 0


def _environment(place: Path) -> Path:
    """An environment with the wheel and what it asks for; the folder of its programs."""
    begin = time.monotonic()
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(place)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = place.glob("*.whl")
    subprocess.run([sys.executable, "-m", "venv", place / "venv"], check=True)
    programs = place / "venv" / "bin"
    subprocess.run(
        [programs / "python", "-m", "pip", "install", "-q", "-c", ROOT / "constraints.txt", wheel],
        check=True,
        cwd=place,
    )
    subprocess.run([programs / "python", "-m", "pip", "check"], check=True, cwd=place, capture_output=True)
    print(f"installed {wheel.name} in {time.monotonic() - begin:.0f} s")
    return programs


def _dedented(text: str) -> str:
    """The page with the blocks inside of its list at the margin."""
    return re.sub(r"^   ", "", text, flags=re.MULTILINE)


if __name__ == "__main__":
    sys.exit(main())
