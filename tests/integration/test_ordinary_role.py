"""A role as managed services give it: no superuser, owner of its schema, CREATE on the database."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from airflow.providers.pgtrickle.engine.api import PgTrickle
from airflow.providers.pgtrickle.engine.errors import PgTrickleError

SCHEMA = """
CREATE SCHEMA shop;
CREATE TABLE shop.customer (id int PRIMARY KEY, name text NOT NULL, since date);
CREATE TABLE shop.sale (customer int, amount numeric(8,2));
CREATE TABLE shop.event (at date, kind text) PARTITION BY RANGE (at);
CREATE TABLE shop.event_all PARTITION OF shop.event DEFAULT;
CREATE VIEW shop.named AS SELECT s.amount, c.name FROM shop.sale s JOIN shop.customer c ON c.id = s.customer;
INSERT INTO shop.customer SELECT i, 'customer ' || i, '2024-01-01' FROM generate_series(1, 9) AS i;
INSERT INTO shop.sale SELECT i % 9 + 1, i FROM generate_series(1, 40) AS i;
INSERT INTO shop.event SELECT date '2024-12-01' + i, 'k' || i % 3 FROM generate_series(1, 60) AS i
"""
STREAM_TABLES = {
    "shop.by_name": "SELECT name, sum(amount) AS amount, max(amount) AS most FROM shop.named GROUP BY name",
    "shop.good": "SELECT name FROM shop.by_name WHERE amount > 80",
    "shop.kinds": "SELECT kind, count(DISTINCT at) AS days FROM shop.event GROUP BY kind",
    "shop.silent": "SELECT id FROM shop.customer c"
    " WHERE NOT EXISTS (SELECT FROM shop.sale s WHERE s.customer = c.id)",
}


@pytest.fixture
def owner(database: str) -> Iterator[psycopg.Connection]:
    """A connection of the role, which exists for this test only."""
    with psycopg.connect(database, autocommit=True) as admin:
        name = admin.info.dbname
        role = f"owner_of_{name}"
        admin.execute(
            f'CREATE ROLE "{role}" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS'
        )
        admin.execute(f'CREATE ROLE "{role}_reader"')
        admin.execute(f'GRANT CREATE ON DATABASE "{name}" TO "{role}"')
        with psycopg.connect(database, user=role, autocommit=True) as connection:
            yield connection
        admin.execute(f'DROP OWNED BY "{role}", "{role}_reader" CASCADE')
        admin.execute(f'DROP ROLE "{role}", "{role}_reader"')


def test_everything_works_without_superuser(owner: psycopg.Connection) -> None:
    assert owner.execute("SELECT usesuper FROM pg_user WHERE usename = current_user").fetchone() == (False,)
    owner.execute(SCHEMA)
    pgt = PgTrickle(owner)
    pgt.install()
    for name, query in STREAM_TABLES.items():
        made = pgt.create_stream_table(name, query, refresh_mode="DIFFERENTIAL", indexes=[])
        assert made.effective_mode == "DIFFERENTIAL"
    owner.execute("INSERT INTO shop.sale VALUES (1, 500); DELETE FROM shop.sale WHERE customer = 2")
    owner.execute(
        "MERGE INTO shop.customer c USING (VALUES (3), (30)) v (id) ON c.id = v.id"
        " WHEN MATCHED THEN UPDATE SET name = 'three' WHEN NOT MATCHED THEN INSERT VALUES (id, 'x')"
    )
    owner.execute("INSERT INTO shop.event VALUES ('2025-06-01', 'k9')")
    run = str(pgt.open_run(list(STREAM_TABLES)))
    for name in STREAM_TABLES:
        assert pgt.refresh_stream_table(name, run=run).action == "DIFFERENTIAL", name
        assert pgt.verify_stream_table(name), name
    pgt.alter_stream_table("shop.kinds", query="SELECT kind, count(*) AS days FROM shop.event GROUP BY kind")
    pgt.alter_source("ALTER TABLE shop.event ALTER COLUMN kind TYPE varchar(20)")
    owner.execute("TRUNCATE shop.sale")
    for name in STREAM_TABLES:
        pgt.refresh_stream_table(name)
        assert pgt.verify_stream_table(name), name
    pgt.uninstall(cascade=True)
    assert owner.execute("SELECT count(*) FROM pg_namespace WHERE nspname ~ 'pgtrickle'").fetchone() == (0,)
    assert owner.execute("SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal").fetchone() == (0,)


def test_a_reader_needs_a_grant_on_the_stream_table_only(owner: psycopg.Connection) -> None:
    owner.execute(SCHEMA)
    pgt = PgTrickle(owner)
    pgt.install()
    pgt.create_stream_table("shop.by_name", STREAM_TABLES["shop.by_name"])
    reader = f"owner_of_{owner.info.dbname}_reader"
    owner.execute(f'GRANT USAGE ON SCHEMA shop TO "{reader}"; GRANT SELECT ON shop.by_name TO "{reader}"')
    # A rebuild exchanges the storage under the view; what was granted on the view stays.
    pgt.alter_stream_table("shop.by_name", query=STREAM_TABLES["shop.by_name"].replace("max", "min"))
    admin = psycopg.connect(owner.info.dsn, user="postgres", autocommit=True)
    with admin:
        admin.execute(f'SET ROLE "{reader}"')
        assert admin.execute("SELECT count(*) FROM shop.by_name").fetchone() == (9,)
        for closed in ("shop.sale", "pgtrickle.pgt_stream_tables", "pgtrickle_data.st_1_2"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                admin.execute(f"SELECT * FROM {closed}")
        with pytest.raises((PgTrickleError, psycopg.errors.InsufficientPrivilege)):
            PgTrickle(admin).refresh_stream_table("shop.by_name")
