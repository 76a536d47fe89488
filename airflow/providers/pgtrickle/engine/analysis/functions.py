"""Which functions a maintained query may call.

An immutable function gives the same answer for a row when it came and when it goes. PostgreSQL's own stable
functions mostly depend on settings (the time zone, say), which a refresh pins to those of the definition;
those that read the session or other tables cannot be pinned. A user's stable function may read anything. The
clock is a parameter of the tree (ops.clock): the time of the frontier.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from airflow.providers.pgtrickle.engine.ops.clock import AGE_FROM_TODAY
from airflow.providers.pgtrickle.engine.parse.clock import CLOCK_FUNCTIONS, CLOCK_VALUES
from airflow.providers.pgtrickle.engine.schema import Binding, Function

#: Settings that PostgreSQL's stable functions depend on, pinned at creation.
PINNED_SETTINGS = (
    "TimeZone",
    "DateStyle",
    "IntervalStyle",
    "extra_float_digits",
    "bytea_output",
    "xmloption",
    "lc_monetary",
    "lc_numeric",
    "lc_time",
    "default_text_search_config",
    "array_nulls",
    "quote_all_identifiers",
)

_SESSION = frozenset(
    {
        "current_setting",
        "current_database",
        "current_schema",
        "current_schemas",
        "current_user",
        "session_user",
        "current_query",
        "getdatabaseencoding",
        "inet_client_addr",
        "inet_client_port",
        "inet_server_addr",
        "inet_server_port",
        "row_security_active",
        "to_regclass",
        "to_regproc",
        "to_regtype",
        "version",
        "obj_description",
        "col_description",
        "shobj_description",
    }
)
_CATALOG_PREFIXES = (
    "pg_",
    "txid_",
    "has_",
    "query_to_",
    "table_to_",
    "schema_to_",
    "database_to_",
    "cursor_to_",
)


_SPELLED_TIME = re.compile(
    r"'\s*((?:now|today|tomorrow|yesterday)\b[^']*)'::(?:text|character varying|bpchar)(?:\(\d+\))?\)*"
    r"::(?:date|time)",
    re.IGNORECASE,
)


def volatile_function(binding: Binding) -> Function | None:
    """A volatile function that the query calls, if there is one: its stored answer would be worth nothing."""
    return next((function for function in binding.functions if function.volatility == "volatile"), None)


def unstable_reason(functions: Collection[Function]) -> str | None:
    """Why the query's answer can change without a change of its sources, or None."""
    for function in functions:
        if function.volatility != "stable":
            continue
        if not function.builtin:
            return f"the function {function.schema}.{function.name} is STABLE: it may read anything"
        if (
            function.name in _SESSION
            or function.name.startswith(_CATALOG_PREFIXES)
            or (function.oid in AGE_FROM_TODAY and age_argument(functions) is None)
        ):
            return f"{function.name}() depends on the session or the catalog"
    return None


def spelled_time(binding: Binding) -> str | None:
    """The reason against a query that reads a time spelled as a word anew at each evaluation, or None.

    ``'today'::date`` is a constant since the query was typed; ``'today'::text::date`` is not.
    """
    views = (relation.view_text for relation in binding.relations.values())
    for text in (binding.text, *views):
        found = _SPELLED_TIME.search(text or "")
        if found is not None:
            return f"the text '{found.group(1)}' is read as a time, another one at every refresh"
    return None


def age_argument(functions: Iterable[Function]) -> str | None:
    """The type of what age() is called with, where it counts from today; None for neither or both types."""
    kinds = [AGE_FROM_TODAY[item.oid] for item in functions if item.oid in AGE_FROM_TODAY]
    return kinds[0] if len(kinds) == 1 else None


def reads_clock(binding: Binding) -> bool:
    """Whether the query's answer depends on the time."""
    return not binding.features.isdisjoint(CLOCK_VALUES) or any(
        item.builtin and (item.name in CLOCK_FUNCTIONS or item.oid in AGE_FROM_TODAY)
        for item in binding.functions
    )
