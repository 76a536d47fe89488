"""Query text to syntax tree and back; pure. The only place, with ops and emit, that knows sqlglot."""

from __future__ import annotations

from airflow.providers.pgtrickle.engine.parse.clock import pin_clock
from airflow.providers.pgtrickle.engine.parse.dialect import dialect, generate, parse_canonical
from airflow.providers.pgtrickle.engine.parse.groups import complete_groups
from airflow.providers.pgtrickle.engine.parse.lexer import line_and_column
from airflow.providers.pgtrickle.engine.parse.locate import excerpt, locate
from airflow.providers.pgtrickle.engine.parse.orders import complete_orders, qualified_views
from airflow.providers.pgtrickle.engine.parse.references import relation_names, table_references
from airflow.providers.pgtrickle.engine.parse.statement import first_difference, single_query
from airflow.providers.pgtrickle.engine.parse.substitute import inline_views, rewind

__all__ = [
    "complete_groups",
    "complete_orders",
    "dialect",
    "excerpt",
    "first_difference",
    "generate",
    "inline_views",
    "line_and_column",
    "locate",
    "parse_canonical",
    "pin_clock",
    "qualified_views",
    "relation_names",
    "rewind",
    "single_query",
    "table_references",
]
