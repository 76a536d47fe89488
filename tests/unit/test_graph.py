"""Order, levels, closures, cycles, selectors."""

from __future__ import annotations

import pickle

import pytest

from airflow.providers.pgtrickle.engine.graph import CircularDependency, Graph, InvalidSelector, Node, select
from airflow.providers.pgtrickle.engine.names import QualifiedName


def name(text: str) -> QualifiedName:
    return QualifiedName("s", text)


def graph(**reads: str) -> Graph:
    return Graph.of(
        Node(name(node), frozenset(name(read) for read in sources.split())) for node, sources in reads.items()
    )


#: base → a → b → d, base → a → c → d, other → e
DIAMOND = graph(d="b c", c="a", b="a base", a="base", e="other")


def shown(names: object) -> str:
    return " ".join(found.name for found in names)  # type: ignore[attr-defined]


def test_every_table_comes_after_what_it_reads() -> None:
    assert shown(DIAMOND.order) == "a e b c d"
    assert [shown(level) for level in DIAMOND.levels] == ["a e", "b c", "d"]
    assert shown(sorted(DIAMOND.sources)) == "base other"


def test_neighbours_and_closures() -> None:
    assert shown(sorted(DIAMOND.upstream_of(name("b")))) == "a"
    assert shown(sorted(DIAMOND.downstream_of(name("base")))) == "a b"
    assert shown(sorted(DIAMOND.ancestors([name("d")]))) == "a b c"
    assert shown(sorted(DIAMOND.descendants([name("base")]))) == "a b c d"
    assert DIAMOND.descendants([name("d")]) == frozenset()
    assert DIAMOND.ancestors([name("b"), name("c")]) == {name("a")}


def test_a_part_of_a_graph_takes_the_rest_for_sources() -> None:
    part = DIAMOND.restricted([name("b"), name("d")])
    assert shown(part.order) == "b d"
    assert name("a") in part.sources


def test_a_cycle_is_named_in_order() -> None:
    with pytest.raises(CircularDependency) as caught:
        graph(a="c", b="a", c="b", d="a")
    error = caught.value
    assert error.cycle == (name("a"), name("c"), name("b"), name("a"))
    assert "s.a reads s.c reads s.b reads s.a" in error.message
    assert pickle.loads(pickle.dumps(error)).cycle == error.cycle


def test_a_table_that_reads_itself_is_a_cycle() -> None:
    with pytest.raises(CircularDependency, match=r"s\.a reads s\.a"):
        graph(a="a")


LABELLED = Graph.of(
    [
        Node(name("a"), frozenset({name("base")}), frozenset({"daily"}), "staging"),
        Node(name("b"), frozenset({name("a")}), frozenset({"daily", "big"}), "marts"),
        Node(name("c"), frozenset({name("b")}), group="marts"),
        Node(QualifiedName("public", "Odd"), frozenset({name("a")})),
    ]
)


@pytest.mark.parametrize(
    ("selectors", "exclude", "chosen"),
    [
        ([], [], "a Odd b c"),
        (["s.b"], [], "b"),
        (["+s.c"], [], "a b c"),
        (["s.b+"], [], "b c"),
        (["+s.b+"], [], "a b c"),
        (["tag:daily"], [], "a b"),
        (["group:marts"], [], "b c"),
        (["+tag:big"], [], "a b"),
        (["+group:staging+"], [], "a Odd b c"),
        (["s.*"], [], "a b c"),
        (["s.?", '"Odd"'], ["s.b"], "a Odd c"),
        (["s.c", "s.a"], [], "a c"),
        ([], ["s.b+"], "a Odd"),
        ([], ["tag:absent"], "a Odd b c"),
    ],
)
def test_selectors(selectors: list[str], exclude: list[str], chosen: str) -> None:
    assert shown(select(LABELLED, selectors, exclude=exclude)) == chosen


@pytest.mark.parametrize("selector", ["s.missing", "tag:none", "", "+", "a b", "group:"])
def test_selectors_that_choose_nothing_are_refused(selector: str) -> None:
    with pytest.raises(InvalidSelector):
        select(LABELLED, [selector])
