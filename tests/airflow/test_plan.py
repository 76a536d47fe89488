"""From a configuration to tasks: edges from queries, granularity, ids."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from airflow.providers.pgtrickle.engine.errors import InvalidConfig
from airflow.providers.pgtrickle.engine.names import QualifiedName
from airflow.providers.pgtrickle.factory.config import parse
from airflow.providers.pgtrickle.factory.entities import Config, RefreshTask
from airflow.providers.pgtrickle.factory.plan import dependencies, plan, task_id
from airflow.providers.pgtrickle.factory.source import Source


def config(queries: Mapping[str, str], groups: Mapping[str, str] | None = None, **values: Any) -> Config:
    groups = groups or {}
    document = {
        "version": 1,
        "dag": {"dag_id": "shop"},
        "groups": {name: {"pool": f"pool_{name}"} for name in groups.values()},
        "stream_tables": [
            {"name": name, "query": query, **({"group": groups[name]} if name in groups else {})}
            for name, query in queries.items()
        ],
        **values,
    }
    return parse(Source("shop.yaml", yaml.safe_dump(document, sort_keys=False)), Path(), {})


#: a diamond, its end declared first, and a table on its own
DIAMOND = {
    "s.end": "SELECT * FROM s.left_half JOIN s.right_half USING (id)",
    "s.left_half": "SELECT * FROM s.start WHERE side = 'l'",
    "s.right_half": "WITH x AS (SELECT * FROM s.start) SELECT * FROM x WHERE side = 'r'",
    "s.start": "SELECT * FROM base.table",
    "s.alone": "SELECT 1 AS one FROM base.other",
}
HALVES = {"s.left_half": "halves", "s.right_half": "halves", "s.end": "ends"}


def upstream(config: Config) -> dict[str, set[str]]:
    return {task.task_id: set(task.upstream) for task in plan(config).tasks}


def test_edges_follow_the_queries() -> None:
    assert upstream(config(DIAMOND)) == {
        "s.start": set(),
        "s.alone": set(),
        "s.left_half": {"s.start"},
        "s.right_half": {"s.start"},
        "s.end": {"s.left_half", "s.right_half"},
    }


def test_tasks_and_members_come_upstream_first() -> None:
    planned = plan(config(DIAMOND))
    order = [task.task_id for task in planned.tasks]
    assert [entry.definition.name for entry in planned.config.entries] == order
    assert all(
        order.index(name) < order.index(task.task_id) for task in planned.tasks for name in task.upstream
    )


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELECT * FROM public.a", {"a"}),
        ("SELECT * FROM a", {"a"}),
        ('SELECT * FROM "A"', set()),
        ("SELECT * FROM A, other.a AS b", {"a"}),
        ("SELECT * FROM other.a", set()),
        ("SELECT 'FROM a' AS text -- FROM a", set()),
        ("SELECT a FROM (SELECT 1 AS a) AS x", set()),
        ("WITH a AS (SELECT 1) SELECT * FROM a", set()),
        ("SELECT (SELECT max(x) FROM a) FROM z", {"a"}),
        ("SELECT 1 FROM z WHERE EXISTS (SELECT FROM a WHERE a.id = z.id) UNION TABLE b", {"a", "b"}),
    ],
)
def test_reference_is_what_postgresql_would_resolve(query: str, expected: set[str]) -> None:
    graph = dependencies(config({"a": "SELECT 1", "b": "SELECT 1", "public.c": query}))
    assert graph.upstream_of(QualifiedName("public", "c")) == {
        QualifiedName("public", name) for name in expected
    }


def test_declared_dependencies_count_too() -> None:
    document = config({"s.a": "SELECT 1", "s.b": "SELECT 1"})
    text = document.source.text + "  depends_on: [S.A]\n"
    assert upstream(parse(Source("shop.yaml", text), Path(), {}))["s.b"] == {"s.a"}


def test_unknown_dependency_is_named_with_its_line() -> None:
    text = config({"s.a": "SELECT 1"}).source.text + "  depends_on:\n  - s.nothing\n"
    with pytest.raises(InvalidConfig, match=r"s\.nothing is not a stream table") as caught:
        plan(parse(Source("shop.yaml", text), Path(), {}))
    assert caught.value.line == len(text.splitlines())


@pytest.mark.parametrize(
    "queries",
    [
        {"s.a": "SELECT * FROM s.a"},
        {"s.a": "SELECT * FROM s.b", "s.b": "SELECT * FROM s.a"},
        {"s.a": "SELECT * FROM s.c", "s.b": "SELECT * FROM s.a", "s.c": "SELECT * FROM s.b"},
    ],
)
def test_cycle_is_refused(queries: dict[str, str]) -> None:
    with pytest.raises(InvalidConfig, match="in a circle") as caught:
        plan(config(queries))
    assert caught.value.line is not None
    assert all(name in str(caught.value) for name in queries)


def test_query_that_is_not_sql_is_named_with_its_line() -> None:
    with pytest.raises(InvalidConfig, match=r"The query of s\.b is not SQL") as caught:
        plan(config({"s.a": "SELECT 1", "s.b": "SELECT (1"}))
    text = caught.value.file
    assert text == "shop.yaml"
    assert caught.value.line == 8


def test_level_makes_a_task_of_each_level() -> None:
    first, second, third = plan(config(DIAMOND, granularity="level")).tasks
    assert first.waves == (("s.alone", "s.start"),)
    assert second.waves == (("s.left_half", "s.right_half"),)
    assert third.waves == (("s.end",),)
    assert (first.upstream, second.upstream, third.upstream) == ((), ("level_1",), ("level_2",))


def test_group_makes_a_task_of_each_group() -> None:
    tasks = {task.task_id: task for task in plan(config(DIAMOND, HALVES, granularity="group")).tasks}
    assert tasks["refresh_halves"].upstream == ("refresh_s",)
    assert tasks["refresh_ends"].upstream == ("refresh_halves",)
    assert tasks["refresh_s"].waves == (("s.alone", "s.start"),)
    assert tasks["refresh_halves"].options.pool == "pool_halves"


def test_groups_that_wait_for_each_other_are_refused() -> None:
    groups = {"s.start": "outer", "s.left_half": "inner", "s.right_half": "inner", "s.end": "outer"}
    assert plan(config(DIAMOND, groups)).tasks
    with pytest.raises(InvalidConfig, match="Groups wait for each other") as caught:
        plan(config(DIAMOND, groups, granularity="group"))
    assert caught.value.line is not None


def test_graph_makes_one_task_of_all() -> None:
    (task,) = plan(config(DIAMOND, HALVES, granularity="graph")).tasks
    assert task.waves == (("s.alone", "s.start"), ("s.left_half", "s.right_half"), ("s.end",))


@pytest.mark.parametrize("granularity", ["table", "level", "group", "graph"])
def test_every_granularity_refreshes_each_table_once_after_its_sources(granularity: str) -> None:
    document = config(DIAMOND, HALVES, granularity=granularity)
    planned = plan(document)
    position = {
        name: (number, wave)
        for number, task in enumerate(planned.tasks)
        for wave, names in enumerate(task.waves)
        for name in names
    }
    assert sorted(position) == sorted(DIAMOND)
    graph = dependencies(document)
    for name in graph:
        assert all(position[read.display] < position[name.display] for read in graph.upstream_of(name))


def test_task_id_is_the_name_where_airflow_allows() -> None:
    assert task_id(QualifiedName("shop", "revenue")) == "shop.revenue"
    odd = [
        QualifiedName("shop", "Umsatz (€)"),
        QualifiedName("shop", "Umsatz [€]"),
        QualifiedName("Shop", "a.b"),
    ]
    ids = [task_id(name) for name in odd]
    assert len(set(ids)) == len(odd)
    assert all(character.isalnum() or character in "._-" for text in ids for character in text)


def test_table_tasks_carry_group_options_and_documentation() -> None:
    tasks: dict[str, RefreshTask] = {task.task_id: task for task in plan(config(DIAMOND, HALVES)).tasks}
    assert tasks["s.left_half"].group == "halves"
    assert tasks["s.left_half"].options.pool == "pool_halves"
    assert tasks["s.start"].group == "s"
    assert tasks["s.start"].options.pool is None
