"""Choosing stream tables in words.

    shop.orders      that stream table          tag:daily     those with this tag
    +shop.orders     with all it depends on     group:marts   those of this group
    shop.orders+     with all that depend on it +group:marts+ closures of a whole set
    shop.*           names by pattern (* and ?)

Several selectors choose what any of them chooses.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

from airflow.providers.pgtrickle.engine.errors import InputError, InvalidName
from airflow.providers.pgtrickle.engine.graph.graph import Graph, Node
from airflow.providers.pgtrickle.engine.names import QualifiedName, parse_name


class InvalidSelector(InputError):
    """A selector that is not one, or that chooses nothing."""

    code = "PGT-107"


def select(
    graph: Graph, selectors: Iterable[str], *, exclude: Iterable[str] = ()
) -> tuple[QualifiedName, ...]:
    """The stream tables chosen, in dependency order; all of them when there is no selector.

    Raises InvalidSelector for a selector that is malformed or that chooses nothing; one in ``exclude`` may
    choose nothing.
    """
    chosen = frozenset[QualifiedName]()
    given = list(selectors)
    for selector in given:
        found = _choose(graph, selector)
        if not found:
            raise InvalidSelector(
                f"The selector {selector!r} chooses no stream table.",
                hint="Write a name, tag:… or group:…, with + for what is up- or downstream.",
                subject=selector,
            )
        chosen |= found
    if not given:
        chosen = frozenset(graph.nodes)
    for selector in exclude:
        chosen -= _choose(graph, selector)
    return tuple(name for name in graph.order if name in chosen)


def _choose(graph: Graph, selector: str) -> frozenset[QualifiedName]:
    core = selector.strip()
    upstream, core = core.startswith("+"), core.removeprefix("+")
    downstream, core = core.endswith("+"), core.removesuffix("+")
    named = frozenset(node.name for node in graph.nodes.values() if _matches(node, core, selector))
    found = named
    if upstream:
        found |= graph.ancestors(named)
    if downstream:
        found |= graph.descendants(named)
    return found


def _matches(node: Node, core: str, selector: str) -> bool:
    method, colon, value = core.partition(":")
    if colon and method == "tag":
        return value in node.tags
    if colon and method == "group":
        return value == node.group
    if "*" in core or "?" in core:
        return fnmatchcase(node.name.display, core)
    try:
        return node.name == parse_name(core)
    except InvalidName as error:
        raise InvalidSelector(
            f"{selector!r} is no selector: {error.message}", hint=error.hint, subject=selector
        ) from error
