"""Partitions that are new and empty: capture takes them in without a gap.

The partition of the next month is made ahead of its rows. As long as nobody has written to it, nothing can
have passed capture by, and the stream tables on the source go on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow.providers.pgtrickle.engine.capture.facts import CaptureState
from airflow.providers.pgtrickle.engine.capture.names import CaptureNames
from airflow.providers.pgtrickle.engine.db import Session, compose, load


def only_new_partitions(session: Session, source_oid: int, state: CaptureState) -> bool:
    """Whether all that is wrong with a source's capture is that it has new partitions without any row.

    Needs locks on the source and its descendants that keep writers out.
    """
    if state.gap or not state.facts or not state.live_facts:
        return False
    new = sorted(map(int, _members(state.live_facts) - _members(state.facts)))
    if not new or _without(state.live_facts, new) != _without(state.facts, new):
        return False
    statement = compose(load(__package__, "untouched"), buffer=CaptureNames(source_oid).buffer)
    return bool(session.value(statement, {"members": new}))


def _members(facts: Mapping[str, Any]) -> set[str]:
    return set(facts.get("relations") or {})


def _without(facts: Mapping[str, Any], members: list[int]) -> dict[str, Any]:
    """The facts without those of some relations, which begin with the relation's oid."""
    oids = {str(member) for member in members}
    return {
        name: {key: fact for key, fact in value.items() if key.split()[0] not in oids} or None
        if isinstance(value, dict)
        else value
        for name, value in facts.items()
        if name in ("relations", "triggers", "generated") or value is not None
    }
