"""Scalar expressions to SQL text, columns replaced by what supplies them."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp
from sqlglot.errors import ErrorLevel

from airflow.providers.pgtrickle.engine.names import quote_identifier
from airflow.providers.pgtrickle.engine.ops.expressions import Expr
from airflow.providers.pgtrickle.engine.parse import dialect
from airflow.providers.pgtrickle.engine.parse.generator import CanonicalGenerator


class _ScopedGenerator(CanonicalGenerator):
    """The canonical generator, except that a column is written as what supplies it in the current scope."""

    scope: Mapping[str, str]

    def column_sql(self, expression: exp.Column) -> str:
        return self.scope[expression.name]


def render(expression: Expr, scope: Mapping[str, str]) -> str:
    """The SQL text of an expression; ``scope`` maps the tree's columns to atomic SQL texts."""
    if isinstance(expression, exp.Column):
        return scope[expression.name]
    generator = _ScopedGenerator(
        dialect=dialect(), normalize_functions=False, comments=False, unsupported_level=ErrorLevel.RAISE
    )
    generator.scope = scope
    return str(generator.generate(expression, copy=False))


def reference(alias: str, column: str) -> str:
    """``alias."column"``; the alias is one of the emitter's own plain names."""
    return f"{alias}.{quote_identifier(column)}"


def is_bare(sql: str) -> bool:
    """Whether a text is a reference made by ``reference``: cheap and safe to repeat."""
    alias, _, column = sql.partition(".")
    return alias.isidentifier() and column.startswith('"') and column.endswith('"') and column.count('"') == 2
