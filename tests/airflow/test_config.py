"""Reading configuration files: what they say, and the line of what is wrong in them."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from airflow.providers.pgtrickle.engine.errors import InvalidConfig
from airflow.providers.pgtrickle.engine.names import QualifiedName
from airflow.providers.pgtrickle.factory.config import load, parse
from airflow.providers.pgtrickle.factory.entities import Config, TaskOptions
from airflow.providers.pgtrickle.factory.schedules import duration
from airflow.providers.pgtrickle.factory.source import Source
from airflow.providers.pgtrickle.factory.validate import FREE_TEXT, schema

GOOD = """\
version: 1
dag:
  dag_id: shop
  schedule: "*/5 * * * *"
  start_date: 2026-01-31
  tags: [shop]
connection: shop_db
default:
  refresh_mode: DIFFERENTIAL
  retries: 3
  execution_timeout: 1h30m
groups:
  marts: {pool: refresh, retries: 5, tooltip: Reports}
  empty:
stream_tables:
  - name: shop.order_facts
    query_file: sql/order_facts.sql
    indexes: [[customer_id], [placed_at, customer_id]]
  - name: shop.revenue
    group: marts
    priority_weight: 7
    retries: 1
    query: |
      SELECT region, sum(amount) AS amount
      FROM shop.order_facts
      GROUP BY region
    depends_on: [shop.order_facts]
    doc: Revenue by region.
"""


def read(text: str, directory: Path = Path("/nowhere"), **environment: str) -> Config:
    return parse(Source("shop.yaml", text), directory, environment)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sql").mkdir()
    (tmp_path / "sql" / "order_facts.sql").write_text("SELECT * FROM shop.orders;\n")
    (tmp_path / "shop.yaml").write_text(GOOD)
    return tmp_path


def test_values_defaults_and_groups_are_applied(folder: Path) -> None:
    config = load(folder / "shop.yaml", {})
    facts, revenue = config.entries
    assert config.connection == "shop_db"
    assert config.dag == {
        "dag_id": "shop",
        "schedule": "*/5 * * * *",
        "start_date": datetime(2026, 1, 31),  # noqa: DTZ001
        "tags": ["shop"],
    }
    assert facts.name == QualifiedName("shop", "order_facts")
    assert facts.group == "shop"
    assert facts.definition.query == "SELECT * FROM shop.orders;\n"
    assert facts.definition.indexes == (("customer_id",), ("placed_at", "customer_id"))
    assert facts.options == TaskOptions(retries=3, execution_timeout=timedelta(minutes=90))
    assert revenue.options == TaskOptions(
        pool="refresh", retries=1, priority_weight=7, execution_timeout=timedelta(minutes=90)
    )
    assert revenue.depends_on == (facts.name,)
    assert revenue.definition.refresh_mode == "DIFFERENTIAL"
    assert config.groups["marts"].tooltip == "Reports"
    assert config.groups["marts"].options.retries == 5
    assert (config.granularity, config.create, config.on_change) == ("table", True, "error")


def test_hash_follows_the_file_its_queries_and_the_environment(folder: Path) -> None:
    path = folder / "shop.yaml"
    first = load(path, {}).content_hash
    assert load(path, {}).content_hash == first
    (folder / "sql" / "order_facts.sql").write_text("SELECT 1 FROM shop.orders")
    second = load(path, {}).content_hash
    path.write_text(GOOD.replace("shop_db", "${CONNECTION}"))
    third, fourth = (load(path, {"CONNECTION": value}).content_hash for value in ("a", "b"))
    assert len({first, second, third, fourth}) == 4


def test_environment_is_expanded_and_typed() -> None:
    text = """\
version: 1
dag: {dag_id: "${PREFIX}_shop", catchup: "${CATCHUP}", description: "costs $${5}"}
default: {retries: "${RETRIES:-4}"}
stream_tables:
  - {name: s.t, query: "SELECT '${PREFIX}' FROM s.a"}
"""
    config = read(text, PREFIX="dev", CATCHUP="false")
    assert config.dag == {"dag_id": "dev_shop", "catchup": False, "description": "costs ${5}"}
    assert config.entries[0].options.retries == 4
    assert config.entries[0].definition.query == "SELECT 'dev' FROM s.a"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (90, timedelta(seconds=90)),
        (0.5, timedelta(milliseconds=500)),
        ("90s", timedelta(seconds=90)),
        ("1h30m", timedelta(minutes=90)),
        ("1.5d", timedelta(hours=36)),
        ("250ms", timedelta(milliseconds=250)),
        ("2w", timedelta(days=14)),
    ],
)
def test_durations(value: str | float, expected: timedelta) -> None:
    assert duration(value) == expected


def test_schedule_may_be_a_duration() -> None:
    config = read(
        GOOD.replace('"*/5 * * * *"', "5m").replace("query_file: sql/order_facts.sql", "query: SELECT 1")
    )
    assert config.dag["schedule"] == timedelta(minutes=5)


MISTAKES = [
    ("misspelt key", "  retries: 3", "  retires: 3", 10, "Did you mean 'retries'?"),
    ("key of nowhere", "connection: shop_db", "zebra: 1", 7, "Known are version, dag"),
    ("wrong type", "  retries: 3", "  retries: many", 10, "default.retries: 'many' is not of type 'integer'"),
    ("out of range", "retries: 1", "retries: -1", 22, "less than the minimum of 0"),
    ("not a duration", "1h30m", "soon", 11, "such as 90s, 5m, 1h30m, 1d"),
    ("unknown mode", "DIFFERENTIAL", "DIFFERENTAL", 9, "'DIFFERENTAL' is not one of"),
    ("missing name", "- name: shop.revenue", "- pool: x", 19, "'name' is a required property"),
    ("missing dag_id", "  dag_id: shop\n", "", 2, "'dag_id' is a required property"),
    ("not a name", "name: shop.revenue", "name: a.b.c", 19, "more than two parts"),
    ("not a name to wait for", "[shop.order_facts]", '["x y"]', 27, "does not name a relation"),
    ("undeclared group", "group: marts", "group: mart", 20, "Did you mean 'marts'?"),
    ("declared twice", "name: shop.revenue", "name: SHOP.order_facts", 19, "The first is on line 16"),
    ("key twice", "    group: marts", "    name: other", 20, "'name' is written twice"),
    ("neither query nor file", "    query_file: sql/order_facts.sql\n", "", 16, "query or a query_file"),
    ("both query and file", "    doc: Revenue by region.", "    query_file: x", 19, "query or a query_file"),
    ("file that is not there", "sql/order_facts", "sql/nothing", 17, "relative to"),
    ("not a date", "2026-01-31", "tomorrow", 5, "is not a date"),
    ("not YAML", "tags: [shop]", "tags: [shop", 7, "not YAML"),
    ("unset variable", "shop_db", "${SHOP_DB}", 7, "SHOP_DB is not set"),
    ("another version", "version: 1", "version: 2", 1, "1 was expected"),
    ("no stream tables", GOOD[GOOD.index("stream_tables") :], "stream_tables: []", 15, "stream_tables"),
]


@pytest.mark.parametrize(
    ("old", "new", "line", "text"), [case[1:] for case in MISTAKES], ids=[case[0] for case in MISTAKES]
)
def test_mistake_is_named_with_its_line(folder: Path, old: str, new: str, line: int, text: str) -> None:
    assert old in GOOD
    path = folder / "shop.yaml"
    path.write_text(GOOD.replace(old, new, 1))
    with pytest.raises(InvalidConfig) as caught:
        load(path, {})
    assert (caught.value.file, caught.value.line) == (str(path), line), str(caught.value)
    assert text in str(caught.value)


@pytest.mark.parametrize("text", ["", "shop", "- a", "version: 1"])
def test_document_that_is_no_configuration_is_refused(text: str) -> None:
    with pytest.raises(InvalidConfig) as caught:
        read(text)
    assert caught.value.line == 1


def test_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfig, match="cannot be read"):
        load(tmp_path / "missing.yaml", {})


def test_schema_is_one_and_knows_every_option() -> None:
    Draft202012Validator.check_schema(schema())
    options = {option.name for option in fields(TaskOptions)}
    places = (
        schema()["properties"]["default"],
        schema()["properties"]["groups"]["additionalProperties"],
        schema()["$defs"]["stream_table"],
    )
    for place in places:
        assert options <= place["properties"].keys()


def test_schema_asks_nothing_of_free_texts_but_to_be_there() -> None:
    """Stream tables that differ in such texts only are validated once."""
    properties = schema()["$defs"]["stream_table"]["properties"]
    for key in FREE_TEXT:
        assert properties[key].keys() <= {"type", "minLength", "description"}
        assert properties[key]["type"] == "string"
        assert properties[key].get("minLength", 0) <= 1


def test_mistake_in_one_of_many_like_tables_is_found() -> None:
    tables = "\n".join(f"  - {{name: s.t{number}, query: SELECT 1}}" for number in range(20))
    text = f"version: 1\ndag: {{dag_id: x}}\nstream_tables:\n{tables}\n"
    assert len(read(text).entries) == 20
    for wrong in (
        '{name: s.t13, query: ""}',
        "{name: 13, query: SELECT 1}",
        "{name: s.t13, query: [a]}",
        "t13",
    ):
        with pytest.raises(InvalidConfig) as caught:
            read(text.replace("{name: s.t13, query: SELECT 1}", wrong))
        assert caught.value.line == 17
