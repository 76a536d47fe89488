"""Capture: every change of a source, with its transaction and weight, in a change buffer of its own."""

from __future__ import annotations

from airflow.providers.pgtrickle.engine.capture.buffers import (
    COUNT_LIMIT,
    pending,
    pending_between,
    prune_buffers,
)
from airflow.providers.pgtrickle.engine.capture.facts import (
    Fingerprint,
    difference,
    fingerprint,
    partitions_changed,
    read_states,
)
from airflow.providers.pgtrickle.engine.capture.install import ensure_capture, release_capture
from airflow.providers.pgtrickle.engine.capture.source import (
    family,
    generation_obstacle,
    obstacle,
    require_capturable,
)

__all__ = [
    "COUNT_LIMIT",
    "Fingerprint",
    "difference",
    "ensure_capture",
    "family",
    "fingerprint",
    "generation_obstacle",
    "obstacle",
    "partitions_changed",
    "pending",
    "pending_between",
    "prune_buffers",
    "read_states",
    "release_capture",
    "require_capturable",
]
