"""A greedy minimiser: take pieces out of a failing case for as long as it fails in the same manner."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TypeVar

import sqlglot
from sqlglot import exp

from airflow.providers.pgtrickle.engine.testing.cases import Case, Round, StreamTableDefinition

_T = TypeVar("_T")
_NOTHING = "SELECT 1;"
Fails = Callable[[Case], bool]


def minimise(case: Case, fails: Fails, stop: Callable[[], bool] = lambda: False) -> Case:
    """The smallest case that greedy removal reaches; ``fails`` tells whether one still shows the failure."""
    while not stop():
        for candidate in _smaller(case):
            if stop():
                return case
            if len(candidate.script()) < len(case.script()) and fails(candidate):
                case = candidate
                break
        else:
            return case
    return case


def _smaller(case: Case) -> Iterator[Case]:
    yield from _fewer_stream_tables(case)
    yield from _fewer_rounds(case)
    yield from _smaller_queries(case)
    yield from _fewer_statements(case)
    yield from _fewer_rows(case)
    yield from _smaller_setup(case)


def _without(items: tuple[_T, ...]) -> Iterator[tuple[_T, ...]]:
    """The sequence without each of its items, the last first."""
    for position in reversed(range(len(items))):
        yield items[:position] + items[position + 1 :]


def _fewer_stream_tables(case: Case) -> Iterator[Case]:
    for fewer in _without(case.stream_tables):
        if fewer:
            yield replace(case, stream_tables=fewer)


def _fewer_rounds(case: Case) -> Iterator[Case]:
    for fewer in _without(case.rounds):
        yield replace(case, rounds=fewer)


def _fewer_statements(case: Case) -> Iterator[Case]:
    for number, step in enumerate(case.rounds):
        if step.sql == _NOTHING:
            continue
        transactions = re.findall(r"BEGIN;\n.*?\n(?:COMMIT|ROLLBACK);", step.sql, re.DOTALL) or [step.sql]
        for fewer in _without(tuple(transactions)):
            yield _with_round(case, number, "\n".join(fewer))
        for fewer_lines in _without(tuple(step.sql.split("\n"))):
            yield _with_round(case, number, "\n".join(fewer_lines))


def _with_round(case: Case, number: int, sql: str) -> Case:
    rounds = list(case.rounds)
    rounds[number] = Round(sql or _NOTHING, rounds[number].title)
    return replace(case, rounds=tuple(rounds))


def _fewer_rows(case: Case) -> Iterator[Case]:
    for setup in _texts_with_fewer_rows(case.setup):
        yield replace(case, setup=setup)
    for number, step in enumerate(case.rounds):
        for sql in _texts_with_fewer_rows(step.sql):
            yield _with_round(case, number, sql)


def _texts_with_fewer_rows(text: str) -> Iterator[str]:
    lines = text.split("\n")
    for position, line in enumerate(lines):
        head, word, tail = line.partition(" VALUES ")
        if not word or not head.startswith("INSERT"):
            continue
        rows = tuple(re.split(r"(?<=\)), (?=\()", tail.removesuffix(";")))
        if len(rows) > 1:
            for fewer in _without(rows):
                shorter = f"{head} VALUES {', '.join(fewer)};"
                yield "\n".join([*lines[:position], shorter, *lines[position + 1 :]])


def _smaller_setup(case: Case) -> Iterator[Case]:
    lines = tuple(case.setup.split("\n"))
    for fewer in _without(lines):
        yield replace(case, setup="\n".join(fewer))


def _smaller_queries(case: Case) -> Iterator[Case]:
    for number, definition in enumerate(case.stream_tables):
        for text in _smaller_texts(definition.query):
            if len(text) >= len(definition.query):
                continue
            tables = list(case.stream_tables)
            tables[number] = StreamTableDefinition(definition.name, text)
            yield replace(case, stream_tables=tuple(tables))


def _smaller_texts(text: str) -> Iterator[str]:
    try:
        tree = sqlglot.parse_one(text, dialect="postgres")
    except sqlglot.errors.SqlglotError:
        return
    for position, node in enumerate(list(tree.walk())):
        for change in _changes(node):
            copy = tree.copy()
            twin = list(copy.walk())[position]
            try:
                changed = change(twin)
                root = changed if twin is copy and changed is not None else copy
                shorter = root.sql(dialect="postgres")
            except (AttributeError, TypeError, ValueError):
                continue  # the edit made no tree
            yield shorter


Change = Callable[[exp.Expression], exp.Expression | None]


def _changes(node: exp.Expression) -> Iterator[Change]:
    """Edits of a node that may make the query smaller; each gets the node's twin in a copy of the tree."""
    if isinstance(node, exp.Select):
        yield from _select_changes(node)
    elif isinstance(node, exp.Union):
        yield lambda twin: _become(twin, twin.left)
        yield lambda twin: _become(twin, twin.right)
    elif isinstance(node, exp.Group):
        yield from (_drop_item("expressions", position) for position in range(len(node.expressions)))
    elif isinstance(node, exp.Filter | exp.Distinct | exp.Paren | exp.Not):
        yield lambda twin: _become(twin, twin.this)
    elif isinstance(node, exp.Connector | exp.Binary):
        yield lambda twin: _become(twin, twin.this)
        yield lambda twin: _become(twin, twin.expression)
    elif isinstance(node, exp.Case | exp.Func | exp.Cast):
        yield from (_take_child(child) for child in range(len(list(node.iter_expressions()))))
    if isinstance(node, exp.Predicate | exp.Connector | exp.Paren):
        yield lambda twin: _become(twin, exp.true())


def _select_changes(node: exp.Select) -> Iterator[Change]:
    yield from (_drop_part(part) for part in ("where", "having", "distinct", "with_") if node.args.get(part))
    if len(node.expressions) > 1:
        yield from (_drop_item("expressions", position) for position in range(len(node.expressions)))
    yield from (_drop_item("joins", position) for position in range(len(node.args.get("joins") or [])))
    if any(isinstance(subquery.this, exp.Select) for subquery in node.find_all(exp.Subquery)):
        yield _inner


def _drop_part(part: str) -> Change:
    def change(twin: exp.Expression) -> None:
        twin.set(part, None)

    return change


def _drop_item(part: str, position: int) -> Change:
    def change(twin: exp.Expression) -> None:
        del twin.args[part][position]

    return change


def _take_child(position: int) -> Change:
    def change(twin: exp.Expression) -> exp.Expression | None:
        children = list(twin.iter_expressions())
        return _become(twin, children[position]) if position < len(children) else None

    return change


def _become(twin: exp.Expression, other: exp.Expression) -> exp.Expression:
    other = other.copy()
    if twin.parent is not None:
        twin.replace(other)
    return other


def _inner(twin: exp.Expression) -> exp.Expression | None:
    subquery = next(iter(twin.find_all(exp.Subquery)), None)
    return _become(twin, subquery.this) if subquery is not None else None
