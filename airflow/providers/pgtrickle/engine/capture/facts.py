"""Whether capture is whole: what the server's catalogs say now against what they said when it was made.

A trigger disabled and enabled again, dropped, or never put on a partition attached since: none of them leaves
a mark in the buffer. They leave one in the catalogs, which every refresh reads, in its own snapshot.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from airflow.providers.pgtrickle.engine.db import Session, load

#: By source oid (as text, for JSON): the epoch of its capture with the reason why it began, and what is wrong
#: with it now, if anything.
Fingerprint = dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class CaptureState:
    """The capture of one source: ``epoch`` 0 and no ``attnums`` when there is none.

    ``problem`` is a sentence saying what has, or may have, passed capture by; None while it is whole.
    ``reason`` is the problem that the epoch put an end to, None for the first. ``facts`` are what the
    catalogs said when capture was made whole, ``live_facts`` what they say now, ``gap`` why a transaction
    noted one; they are there only while there is a problem.
    """

    epoch: int
    reason: str | None
    attnums: frozenset[int]
    problem: str | None
    live_facts: Mapping[str, Any]
    facts: Mapping[str, Any] = field(default_factory=dict)
    gap: str | None = None


def fingerprint(session: Session, source_oids: Iterable[int]) -> Fingerprint:
    """What a stream table's exactness rests on in these sources; a JSON value. One query."""
    return {
        str(source): {"epoch": state.epoch, "reason": state.reason, "problem": state.problem}
        for source, state in sorted(read_states(session, source_oids).items())
    }


def difference(recorded: Fingerprint | None, live: Fingerprint) -> str | None:
    """Why a stream table with this recorded fingerprint must be reinitialised, as a sentence, or None."""
    recorded = recorded or {}
    for source, state in live.items():
        before = recorded.get(source)
        if state["problem"] is not None:
            return str(state["problem"])
        if before is None:
            return f"The changes of relation {source} have not been captured so far."
        if before["epoch"] != state["epoch"]:
            return str(state["reason"] or f"The changes of relation {source} are captured anew.")
    return None


def partitions_changed(session: Session, source_oids: Iterable[int]) -> bool:
    """Whether a partition that the transaction's snapshot does not show was attached to one of these sources.

    The fingerprint cannot tell: it is as old as the snapshot. Ask after the last statement that reads the
    sources, and do not commit what it gave when the answer is yes.
    """
    sources = sorted(set(source_oids))
    return bool(session.value(load(__package__, "partitions_changed"), {"sources": sources}))


def read_states(session: Session, source_oids: Iterable[int]) -> dict[int, CaptureState]:
    """The state of capture of each of these sources, as the current snapshot shows it."""
    rows = session.rows(load(__package__, "facts"), {"sources": sorted(set(source_oids))})
    return {
        source: CaptureState(
            epoch or 0,
            reason,
            frozenset(attnums or ()),
            _problem(name, epoch, recorded, live, gap) if not is_whole or gap else None,
            live or {},
            recorded or {},
            gap,
        )
        for source, name, epoch, reason, attnums, is_whole, recorded, live, gap in rows
    }


def store_facts(
    session: Session, source_oid: int, attnums: Iterable[int], epoch: int, reason: str | None
) -> None:
    """Record what the catalogs say now as the state in which capture of these columns is whole."""
    session.execute(
        load(__package__, "put_capture"),
        {"source": source_oid, "attnums": list(attnums), "epoch": epoch, "reason": reason},
    )
    # Read after the row is there: it names the columns that the facts are about.
    facts = read_states(session, [source_oid])[source_oid].live_facts
    if facts:
        session.execute(load(__package__, "put_facts"), {"source": source_oid, "facts": json.dumps(facts)})


def _problem(
    subject: str,
    epoch: int | None,
    recorded: Mapping[str, Any] | None,
    live: Mapping[str, Any] | None,
    gap: str | None,
) -> str:
    if epoch is None:
        return f"The changes of {subject} are not captured."
    if recorded is None or live is None or recorded == live:
        return f"Changes of {subject} passed capture by: {gap}."
    return f"Changes of {subject} may have passed capture by: {_what_differs(recorded, live)}."


def _what_differs(recorded: Mapping[str, Any], live: Mapping[str, Any]) -> str:
    before, now = recorded.get("relations") or {}, live.get("relations") or {}
    if not now:
        return "it was dropped"
    if before.keys() != now.keys():
        return "a partition or child was attached or detached"
    if before != now:
        return "it, or a part of it, became unlogged, logged, or another kind of relation"
    if recorded.get("columns") != live.get("columns") or recorded.get("captured") != live.get("captured"):
        return "a captured column was dropped or retyped"
    if recorded.get("generated") != live.get("generated"):
        return "a column is generated by another expression"
    if recorded.get("subscribed") != live.get("subscribed"):
        return "it was added to a subscription, or taken out of it"
    if recorded.get("has_other_parents") != live.get("has_other_parents"):
        return "it, or a part of it, became a part of another table, or ceased to be one"
    if recorded.get("survivor") != live.get("survivor"):
        return "it is unlogged, or a part of it is, and a crash has emptied it"
    before, now = recorded.get("triggers") or {}, live.get("triggers") or {}
    if before.keys() - now.keys():
        return "a capture trigger was dropped"
    disabled = [name for name, fact in now.items() if fact.split()[1] != before.get(name, "? ?").split()[1]]
    if disabled:
        return "a capture trigger was disabled, or enabled anew"
    return "a capture trigger was exchanged"
