"""Compilation: from a bound query to all that maintaining it takes."""

from __future__ import annotations

from airflow.providers.pgtrickle.engine.compile.compiled import Compiled
from airflow.providers.pgtrickle.engine.compile.layout import Layout
from airflow.providers.pgtrickle.engine.compile.query import compile_query

__all__ = ["Compiled", "Layout", "compile_query"]
