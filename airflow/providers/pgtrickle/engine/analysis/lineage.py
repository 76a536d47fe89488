"""Column lineage: which columns of the relations it reads each output column of a tree is computed from.

An output column's *origins* are the source columns whose values its value is made of. What decides only
whether a row is there, or which rows meet (predicates of filters and joins), is not an origin of any column;
it belongs to the relation as a whole and is told apart as *conditions*. Group and partition keys are origins
of themselves and conditions for the aggregates or window functions beside them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from airflow.providers.pgtrickle.engine.names import QualifiedName
from airflow.providers.pgtrickle.engine.ops import expressions as ex
from airflow.providers.pgtrickle.engine.ops.expressions import Expr
from airflow.providers.pgtrickle.engine.ops.nodes import (
    Aggregate,
    Apply,
    Filter,
    Join,
    KeyJoin,
    Op,
    OuterJoin,
    Project,
    Scan,
    SemiJoin,
    UnionAll,
    Window,
    walk,
)

#: How a value comes about, from the plainest on: handed on as it is, computed from one row, from many.
Derivation = Literal["identity", "expression", "aggregate"]
_ORDER: tuple[Derivation, ...] = ("identity", "expression", "aggregate")


@dataclass(frozen=True, slots=True, order=True)
class Origin:
    """A column of a relation that the query reads."""

    relation: QualifiedName
    column: str


@dataclass(frozen=True, slots=True)
class ColumnLineage:
    """What one output column is made of. A constant has no origins."""

    column: str
    origins: tuple[Origin, ...]
    derivation: Derivation


@dataclass(frozen=True, slots=True)
class Lineage:
    """The lineage of each output column, and the source columns that decide which rows there are."""

    columns: tuple[ColumnLineage, ...]
    conditions: tuple[Origin, ...]


@dataclass(frozen=True, slots=True)
class _Made:
    origins: frozenset[Origin] = frozenset()
    derivation: Derivation = "identity"


def column_lineage(op: Op, outputs: Iterable[tuple[str, str]]) -> Lineage:
    """The lineage of ``outputs``, pairs of (title, column of the tree).

    One walk from the sources up; columns of a tree have names of their own, so one table holds them all. A
    node of a kind that is not known here hands on the columns of its inputs, and makes its new ones of all
    of them.
    """
    made: dict[str, _Made] = {}
    conditions: set[Origin] = set()
    for node in walk(op):
        conditions.update(origin for name in _deciding(node) for origin in made[name].origins)
        made.update(_made_by(node, made))
    columns = tuple(
        ColumnLineage(title, tuple(sorted(made[name].origins)), made[name].derivation)
        for title, name in outputs
    )
    return Lineage(columns, tuple(sorted(conditions)))


def _made_by(node: Op, made: Mapping[str, _Made]) -> dict[str, _Made]:
    """The columns that a node adds to those of its inputs."""
    match node:
        case Scan():
            return {
                field.output: _Made(frozenset({Origin(node.source.name, field.name)}))
                for field in node.fields
            }
        case Project():
            return {name: _computed(value, made) for name, value in node.outputs}
        case Aggregate():
            return {item.name: _of(ex.column_names(item.call), made, "aggregate") for item in node.calls}
        case Window():
            return {name: _of(ex.column_names(call), made, "aggregate") for name, call in node.calls}
        case Apply():
            return dict.fromkeys(node.outputs, _of(ex.column_names(node.call), made, "expression"))
        case UnionAll():
            return {
                name: _united([made[mapping[position]] for mapping in node.mappings])
                for position, name in enumerate(node.columns)
            }
        case _:
            inputs = [name for side in node.inputs for name in side.columns]
            new = set(node.columns).difference(inputs)
            return dict.fromkeys(new, _of(inputs, made, "expression"))


def _deciding(node: Op) -> frozenset[str]:
    """The input columns by which a node chooses, matches or groups rows."""
    match node:
        case Filter():
            return ex.column_names(node.predicate)
        case Join() | OuterJoin() | SemiJoin():
            return ex.column_names(*node.predicates)
        case KeyJoin():
            return frozenset(name for pair in node.pairs for name in pair)
        case Aggregate() | Window():
            return frozenset(node.keys)
        case _:
            return frozenset()


def _computed(value: Expr, made: Mapping[str, _Made]) -> _Made:
    source = ex.column_of(value)
    return made[source] if source is not None else _of(ex.column_names(value), made, "expression")


def _of(names: Iterable[str], made: Mapping[str, _Made], derivation: Derivation) -> _Made:
    return _united([_Made(derivation=derivation), *(made[name] for name in names)])


def _united(parts: Iterable[_Made]) -> _Made:
    parts = list(parts)
    return _Made(
        frozenset[Origin]().union(*(part.origins for part in parts)),
        max((part.derivation for part in parts), key=_ORDER.index, default="identity"),
    )
