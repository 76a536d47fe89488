"""How many fractional digits a numeric expression can have.

The digits that PostgreSQL shows of a sum are those of its longest input, and an average is rounded by them. A
sum that is kept by addition remembers digits of rows that have left; it equals the query's to the last digit
only where the possible scales are known.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from sqlglot import exp

from airflow.providers.pgtrickle.engine.ops.expressions import Expr
from airflow.providers.pgtrickle.engine.schema import ColumnType

INTEGERS = frozenset({"smallint", "integer", "bigint"})
_MAX_SCALES = 4
_NUMERIC = re.compile(r"numeric\(\s*\d+\s*(?:,\s*(-?\d+)\s*)?\)")


def possible_scales(value: Expr, types: Mapping[str, ColumnType]) -> frozenset[int] | None:
    """The scales that a non-NULL value of the expression can have; None when they are not known."""
    found = _scales(value.unnest(), types)
    return found if found is not None and len(found) <= _MAX_SCALES else None


def _scales(value: Expr, types: Mapping[str, ColumnType]) -> frozenset[int] | None:
    match value:
        case exp.Column():
            return _type_scales(types[value.name].name, types[value.name].base)
        case exp.Null():
            return frozenset()
        case exp.Literal() if not value.is_string:
            return _literal_scale(value.name)
        case exp.Paren() | exp.Neg():
            return _scales(value.this, types)
        case exp.Mul():
            return _combined(value, types, lambda one, other: one + other)
        case exp.Add() | exp.Sub():
            return _combined(value, types, max)
        case exp.Cast():
            return _cast_scales(value, types)
        case exp.Coalesce():
            return _united([value.this, *value.expressions], types)
        case exp.Case() if value.this is None:
            branches = [branch.args["true"] for branch in value.args["ifs"]]
            return _united([*branches, value.args.get("default") or exp.Null()], types)
        case _:
            return None


def _type_scales(name: str, base: str) -> frozenset[int] | None:
    if base in INTEGERS:
        return frozenset({0})
    match = _NUMERIC.fullmatch(name)
    return frozenset({max(int(match.group(1) or 0), 0)}) if match else None


def _literal_scale(digits: str) -> frozenset[int] | None:
    if not re.fullmatch(r"\d+(\.\d*)?", digits):
        return None
    return frozenset({len(digits.partition(".")[2])})


def _cast_scales(value: exp.Cast, types: Mapping[str, ColumnType]) -> frozenset[int] | None:
    target = str(value.to.args.get("kind") or value.to.sql(dialect="postgres")).lower()
    if target in INTEGERS:
        return frozenset({0})
    if target != "numeric":
        return _type_scales(target, "")
    inner = value.this.unnest()
    if isinstance(inner, exp.Literal):
        return _literal_scale(inner.name)
    return _scales(inner, types)


def _combined(value: exp.Binary, types: Mapping[str, ColumnType], rule: object) -> frozenset[int] | None:
    one, other = _scales(value.this, types), _scales(value.expression, types)
    if one is None or other is None:
        return None
    return frozenset(rule(a, b) for a in one for b in other)  # type: ignore[operator]


def _united(values: list[Expr], types: Mapping[str, ColumnType]) -> frozenset[int] | None:
    found: frozenset[int] = frozenset()
    for value in values:
        scales = _scales(value, types)
        if scales is None:
            return None
        found |= scales
    return found
