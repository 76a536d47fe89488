"""What no refresh mode can maintain: refused by name."""

from __future__ import annotations

from airflow.providers.pgtrickle.engine.analysis.functions import volatile_function
from airflow.providers.pgtrickle.engine.errors import UnsupportedQuery
from airflow.providers.pgtrickle.engine.parse import locate
from airflow.providers.pgtrickle.engine.schema import Binding

_CLOCKS = frozenset(("clock_timestamp", "timeofday"))
_RANDOM = frozenset(("random", "random_normal", "gen_random_uuid", "uuidv4", "uuidv7"))
_SEQUENCES = frozenset(("nextval", "currval", "lastval", "setval"))

_CLAUSES = {
    "for_update": (
        "FOR UPDATE|FOR NO KEY UPDATE|FOR SHARE|FOR KEY SHARE",
        "a locking clause (FOR UPDATE or FOR SHARE)",
        "rows that are stored elsewhere cannot be locked by it",
        "Leave the clause out; a refresh reads its sources at one snapshot anyway.",
    ),
    "tablesample": (
        "TABLESAMPLE",
        "TABLESAMPLE",
        "each evaluation draws other rows, so there is no result to maintain",
        "Choose rows by what stays the same for a row: hashint8(id) % 100 < 5, for five per cent.",
    ),
}


def refuse(binding: Binding) -> None:
    """Raise UnsupportedQuery, with what it is about, the reason and what to write instead."""
    function = volatile_function(binding)
    if function is not None:
        construct = f"{function.name}()"
        reason = "it is VOLATILE: its answer changes by itself"
        raise UnsupportedQuery(
            f"The query calls {construct}{_through(binding, construct)}, and {reason}.",
            construct=_shown(binding, construct),
            reason=reason,
            hint=_instead_of(function.name, builtin=function.builtin),
        )
    for relation in binding.relations.values():
        name = relation.name.display
        if relation.kind == "catalog":
            reason = "changes of system relations cannot be captured"
            raise UnsupportedQuery(
                f"The query reads {name}{_through(binding, name)}: {reason}.",
                construct=_shown(binding, name),
                reason=reason,
                hint="Read ordinary tables; catalogs can be joined where the stream table is read.",
            )
        if relation.kind == "temporary":
            reason = "only one session sees it"
            raise UnsupportedQuery(
                f"The query reads the temporary table {name}: {reason}.",
                construct=name,
                reason=reason,
                hint="Use an ordinary table; an UNLOGGED one is as quick to write.",
            )
    for feature, (construct, title, reason, hint) in _CLAUSES.items():
        if feature in binding.features:
            raise UnsupportedQuery(
                f"The query has {title}{_through(binding, construct)}: {reason}.",
                construct=_shown(binding, construct),
                reason=reason,
                hint=hint,
            )


def _instead_of(function: str, *, builtin: bool) -> str:
    if function in _CLOCKS:
        return "Use now(): it is the time of the refresh, the same for all stream tables of a run."
    if function in _RANDOM:
        return "Draw the value when the row is written (DEFAULT), or derive it from a key: md5(id::text)."
    if function in _SEQUENCES:
        return "Number the rows with row_number() OVER (ORDER BY …), or when they are written."
    if not builtin:
        return (
            "Declare the function IMMUTABLE if its answer follows from its arguments alone, or compute the"
            " value when the row is written."
        )
    return "Compute the value when the row is written, or where the stream table is read."


def _view_with(binding: Binding, construct: str) -> str | None:
    """The view through which the query has a construct that its own text has not."""
    if locate(binding.text, construct) is not None:
        return None
    for relation in binding.relations.values():
        if relation.view_text is not None and locate(relation.view_text, construct) is not None:
            return relation.name.display
    return None


def _through(binding: Binding, construct: str) -> str:
    view = _view_with(binding, construct)
    return "" if view is None else f" (in the view {view})"


def _shown(binding: Binding, construct: str) -> str:
    """What to show in the query: the construct itself, or the view that has it."""
    return _view_with(binding, construct) or construct
