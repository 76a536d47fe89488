"""Scalar expressions to SQL text, columns replaced by what supplies them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlglot import exp
from sqlglot.errors import ErrorLevel

from airflow.providers.pgtrickle.engine.names import quote_identifier
from airflow.providers.pgtrickle.engine.ops.expressions import Expr
from airflow.providers.pgtrickle.engine.parse import dialect
from airflow.providers.pgtrickle.engine.parse.generator import CanonicalGenerator
from airflow.providers.pgtrickle.engine.parse.nodes import Clock


def _no_clock(bound: str) -> str:
    raise ValueError(f"an expression outside of a refresh reads the clock ({bound})")


class _ScopedGenerator(CanonicalGenerator):
    """The canonical generator, except that a column is written as what supplies it in the current scope."""

    scope: Mapping[str, str]
    clock: Callable[[str], str]

    def clock_text(self, expression: Clock) -> str:
        return self.clock(expression.name)

    def column_sql(self, expression: exp.Column) -> str:
        return self.scope[expression.name]


def render(expression: Expr, scope: Mapping[str, str], clock: Callable[[str], str] = _no_clock) -> str:
    """The SQL text of an expression; ``scope`` maps the tree's columns to atomic SQL texts.

    ``clock`` gives the text for the time at a bound of the interval.
    """
    if isinstance(expression, exp.Column):
        return scope[expression.name]
    generator = _ScopedGenerator(
        dialect=dialect(), normalize_functions=False, comments=False, unsupported_level=ErrorLevel.RAISE
    )
    generator.scope = scope
    generator.clock = clock
    return str(generator.generate(expression, copy=False))


def reference(alias: str, column: str) -> str:
    """``alias."column"``; the alias is one of the emitter's own plain names."""
    return f"{alias}.{quote_identifier(column)}"


def is_bare(sql: str) -> bool:
    """Whether a text is a reference made by ``reference``: cheap and safe to repeat."""
    alias, _, column = sql.partition(".")
    return alias.isidentifier() and column.startswith('"') and column.endswith('"') and column.count('"') == 2
