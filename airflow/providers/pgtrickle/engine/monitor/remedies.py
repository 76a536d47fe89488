"""What to do about a refresh that failed, by PostgreSQL's code for the failure. Pure."""

from __future__ import annotations

from airflow.providers.pgtrickle.engine.errors import is_transient_sqlstate

#: By SQLSTATE or the beginning of one; the longest that fits counts.
_REMEDIES = {
    "08": "The connection broke. Look whether the server restarted or the network dropped it; the next "
    "refresh tries again.",
    "22": "A value in the sources does not fit what the query does with it (a division by zero, a cast, an "
    "overflow). "
    "Let the query guard against it, with NULLIF or a CASE; or correct the rows: the next refresh goes on.",
    "22012": "The query divides by zero. Put NULLIF(divisor, 0) into it; or correct the rows: the next "
    "refresh goes on.",
    "23": "A constraint on the stream table's storage refused a row. Verify the stream table; a full "
    "refresh rebuilds it.",
    "25P02": "An earlier statement of the transaction failed. Look at the error before this one.",
    "28": "The server refused the login. Correct the user or the password of the connection.",
    "40": "The refresh collided with other transactions. It is tried again; if that lasts, spread the "
    "refreshes or the writes.",
    "42501": "The role lacks a privilege. Refreshes run as the role that connects: it needs SELECT on the "
    "sources and "
    "must own the stream table.",
    "42": "A relation, column or function of the query is gone or has another type. Change sources with "
    "alter-source, or alter the stream table's query.",
    "53100": "The server's disk is full. Free space; nothing of the refresh was kept.",
    "53200": "The server ran out of memory. Lower work_mem, or refresh more often so that each refresh is "
    "smaller.",
    "53300": "The server has no connection left. Lower the parallelism of the DAG, or raise max_connections.",
    "53": "The server is short of a resource. The refresh is tried again; see the server's log.",
    "55P03": "Somebody holds a lock on a source or on the stream table. Look for long transactions in the "
    "system view.",
    "57014": "The statement was cancelled or ran into a time-out. Raise statement_timeout, or refresh more "
    "often.",
    "57P": "The server was shut down or the session ended by an administrator. The next refresh tries again.",
    "XX001": "The stream table's storage does not match its history. A full refresh rebuilds it from the "
    "query.",
}


def remedy(sqlstate: str | None) -> str:
    """What to do about a failure with this SQLSTATE (None: the engine's own refusal)."""
    if sqlstate is not None:
        fitting = [code for code in _REMEDIES if sqlstate.startswith(code)]
        if fitting:
            return _REMEDIES[max(fitting, key=len)]
        if is_transient_sqlstate(sqlstate):
            return "It may go away by itself; the next refresh tries again."
    return "Read the message; when its cause is removed, the next refresh takes up where this one left off."
