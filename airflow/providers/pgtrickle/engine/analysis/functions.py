"""Which functions a maintained query may call.

An immutable function gives the same answer for a row when it came and when it goes. PostgreSQL's own stable
functions mostly depend on settings (the time zone, say), which a refresh pins to those of the definition;
those that read the clock, the session or other tables cannot be pinned. A user's stable function may read
anything.
"""

from __future__ import annotations

from collections.abc import Iterable

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

_CLOCK_AND_SESSION = frozenset(
    {
        "now",
        "transaction_timestamp",
        "statement_timestamp",
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
#: age(timestamptz) and age(timestamp): with one argument they count from today.
_AGE_FROM_TODAY = frozenset({1386, 2059})


def volatile_function(binding: Binding) -> Function | None:
    """A volatile function that the query calls, if there is one: its stored answer would be worth nothing."""
    return next((function for function in binding.functions if function.volatility == "volatile"), None)


def unstable_reason(functions: Iterable[Function]) -> str | None:
    """Why the query's answer can change without a change of its sources, or None."""
    for function in functions:
        if function.volatility != "stable":
            continue
        if not function.builtin:
            return f"the function {function.schema}.{function.name} is STABLE: it may read anything"
        if (
            function.name in _CLOCK_AND_SESSION
            or function.name.startswith(_CATALOG_PREFIXES)
            or function.oid in _AGE_FROM_TODAY
        ):
            return f"{function.name}() depends on the time, the session or the catalog"
    return None
