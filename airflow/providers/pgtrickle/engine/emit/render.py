"""Scalar expressions to SQL text, columns replaced by what supplies them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from sqlglot import exp
from sqlglot.errors import ErrorLevel

from airflow.providers.pgtrickle.engine.names import quote_identifier
from airflow.providers.pgtrickle.engine.ops.expressions import Expr
from airflow.providers.pgtrickle.engine.ops.memo import Memo
from airflow.providers.pgtrickle.engine.parse import dialect
from airflow.providers.pgtrickle.engine.parse.generator import CanonicalGenerator
from airflow.providers.pgtrickle.engine.parse.nodes import Clock


def _no_clock(bound: str) -> str:
    raise ValueError(f"an expression outside of a refresh reads the clock ({bound})")


#: Stands around a hole in a text; no text of SQL can hold it.
_HOLE = "\x00"


class _Hole(NamedTuple):
    """A place in an expression's text: a column of the tree, or a bound of the clock."""

    name: str
    of_clock: bool


class _PatternGenerator(CanonicalGenerator):
    """The canonical generator, except that it leaves holes for columns and the clock."""

    holes: list[_Hole]

    def clock_text(self, expression: Clock) -> str:
        return self._hole(_Hole(expression.name, of_clock=True))

    def column_sql(self, expression: exp.Column) -> str:
        return self._hole(_Hole(expression.name, of_clock=False))

    def _hole(self, hole: _Hole) -> str:
        self.holes.append(hole)
        return f"{_HOLE}{len(self.holes) - 1}{_HOLE}"


def _find_pattern(expression: Expr) -> tuple[str | _Hole, ...]:
    """The text of an expression in pieces."""
    generator = _PatternGenerator(
        dialect=dialect(), normalize_functions=False, comments=False, unsupported_level=ErrorLevel.RAISE
    )
    generator.holes = []
    pieces = str(generator.generate(expression, copy=False)).split(_HOLE)
    return tuple(
        generator.holes[int(piece)] if position % 2 else piece for position, piece in enumerate(pieces)
    )


#: A delta repeats the expressions of its query many times, each time over other columns.
_pattern: Memo[Expr, tuple[str | _Hole, ...]] = Memo(_find_pattern)


def render(expression: Expr, scope: Mapping[str, str], clock: Callable[[str], str] = _no_clock) -> str:
    """The SQL text of an expression; ``scope`` maps the tree's columns to atomic SQL texts.

    ``clock`` gives the text for the time at a bound of the interval.
    """
    if isinstance(expression, exp.Column):
        return scope[expression.name]
    return "".join(
        piece if isinstance(piece, str) else clock(piece.name) if piece.of_clock else scope[piece.name]
        for piece in _pattern(expression)
    )


def reference(alias: str, column: str) -> str:
    """``alias."column"``; the alias is one of the emitter's own plain names."""
    return f"{alias}.{quote_identifier(column)}"


def is_bare(sql: str) -> bool:
    """Whether a text is a reference made by ``reference``: cheap and safe to repeat."""
    alias, _, column = sql.partition(".")
    return alias.isidentifier() and column.startswith('"') and column.endswith('"') and column.count('"') == 2
