"""Definitions: what PostgreSQL knows of a defining query, compiled."""

from __future__ import annotations

from airflow.providers.pgtrickle.engine.definitions.definition import Definition, define, define_stream_table

__all__ = ["Definition", "define", "define_stream_table"]
