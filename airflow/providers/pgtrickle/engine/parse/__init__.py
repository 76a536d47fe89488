"""Query text to syntax tree and back; pure. The only place, with ops and emit, that knows sqlglot."""

from __future__ import annotations

from airflow.providers.pgtrickle.engine.parse.dialect import dialect, generate, parse_canonical

__all__ = ["dialect", "generate", "parse_canonical"]
