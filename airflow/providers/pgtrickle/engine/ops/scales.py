"""How many fractional digits a numeric expression can have.

The digits that PostgreSQL shows of a sum are those of its longest input, and an average is rounded by them. A
sum that is kept by addition remembers digits of rows that have left; it equals the query's to the last digit
only where the possible scales are known.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType

from sqlglot import exp

from airflow.providers.pgtrickle.engine.ops.expressions import Expr, column, column_of
from airflow.providers.pgtrickle.engine.ops.nodes import Aggregate, Op, Project, UnionAll, walk
from airflow.providers.pgtrickle.engine.schema import ColumnType

INTEGERS = frozenset({"smallint", "integer", "bigint"})
_MAX_SCALES = 4
_NUMERIC = re.compile(r"numeric\(\s*\d+\s*(?:,\s*(-?\d+)\s*)?\)")


def possible_scales(
    value: Expr,
    types: Mapping[str, ColumnType],
    computed: Mapping[str, Sequence[Expr]] = MappingProxyType({}),
) -> frozenset[int] | None:
    """The scales that a non-NULL value of the expression can have; None when they are not known.

    ``computed`` gives, for a column that expressions below supply, what it can be one of.
    """
    found = _Scales(types, computed).of(value.unnest())
    return found if found is not None and len(found) <= _MAX_SCALES else None


def computed_columns(op: Op) -> dict[str, list[Expr]]:
    """What the columns of a tree can be one of: projected expressions, columns of united branches.

    A sum of values has a scale that one of them has, and so have their extrema.
    """
    found: dict[str, list[Expr]] = {}
    for node in walk(op):
        match node:
            case Project():
                for name, value in node.outputs:
                    if column_of(value) != name:
                        found.setdefault(name, []).append(value)
            case UnionAll():
                for mapping in node.mappings:
                    for name, source in zip(node.columns, mapping, strict=True):
                        if source != name:
                            found.setdefault(name, []).append(column(source))
            case Aggregate():
                for item in node.calls:
                    if item.function in ("sum", "min", "max") and item.argument is not None:
                        found.setdefault(item.name, []).append(item.argument)
    return found


class _Scales:
    def __init__(self, types: Mapping[str, ColumnType], computed: Mapping[str, Sequence[Expr]]) -> None:
        self.types = types
        self.computed = computed
        self._open: set[str] = set()

    def of(self, value: Expr) -> frozenset[int] | None:
        match value:
            case exp.Column():
                return self._of_column(value.name)
            case exp.Null():
                return frozenset()
            case exp.Literal() if not value.is_string:
                return _literal_scale(value.name)
            case exp.Paren() | exp.Neg():
                return self.of(value.this)
            case exp.Mul():
                return self._combined(value, lambda one, other: one + other)
            case exp.Add() | exp.Sub():
                return self._combined(value, max)
            case exp.Cast():
                return self._of_cast(value)
            case exp.Coalesce():
                return self._united([value.this, *value.expressions])
            case exp.Case() if value.this is None:
                branches = [branch.args["true"] for branch in value.args["ifs"]]
                return self._united([*branches, value.args.get("default") or exp.Null()])
            case _:
                return None

    def _of_column(self, name: str) -> frozenset[int] | None:
        kind = self.types[name]
        known = _type_scales(kind.name, kind.base)
        if known is not None or name not in self.computed or name in self._open or kind.base != "numeric":
            return known
        self._open.add(name)
        try:
            return self._united(self.computed[name])
        finally:
            self._open.discard(name)

    def _of_cast(self, value: exp.Cast) -> frozenset[int] | None:
        target = str(value.to.args.get("kind") or value.to.sql(dialect="postgres")).lower()
        if target in INTEGERS:
            return frozenset({0})
        if target != "numeric":
            return _type_scales(target, "")
        inner = value.this.unnest()
        if isinstance(inner, exp.Literal):
            return _literal_scale(inner.name)
        return self.of(inner)

    def _combined(self, value: exp.Binary, rule: Callable[[int, int], int]) -> frozenset[int] | None:
        one, other = self.of(value.this), self.of(value.expression)
        if one is None or other is None:
            return None
        return frozenset(rule(a, b) for a in one for b in other)

    def _united(self, values: Iterable[Expr]) -> frozenset[int] | None:
        found: frozenset[int] = frozenset()
        for value in values:
            scales = self.of(value)
            if scales is None:
                return None
            found |= scales
        return found


def _type_scales(name: str, base: str) -> frozenset[int] | None:
    if base in INTEGERS:
        return frozenset({0})
    match = _NUMERIC.fullmatch(name)
    return frozenset({max(int(match.group(1) or 0), 0)}) if match else None


def _literal_scale(digits: str) -> frozenset[int] | None:
    if not re.fullmatch(r"\d+(\.\d*)?", digits):
        return None
    return frozenset({len(digits.partition(".")[2])})
