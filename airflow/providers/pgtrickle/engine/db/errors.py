"""From psycopg's errors to the engine's own: the one place where they are translated."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from airflow.providers.pgtrickle.engine.errors import InvalidQuery, RefreshFailed

#: libpq reports a connection that broke, or never came to be, without any SQLSTATE.
CONNECTION_FAILURE = "08006"


def translate(error: psycopg.Error, subject: str | None = None) -> RefreshFailed:
    """What PostgreSQL said, as an error of the engine's; the SQLSTATE tells whether it is transient.

    ``subject`` is the stream table or relation concerned. Raise the result ``from`` the error given.
    """
    sqlstate = error.sqlstate
    # Lost in the middle of a query, the connection's end arrives as a result without SQLSTATE, which psycopg
    # can only call a DatabaseError; its own complaints about how it is used are subclasses of that.
    lost = isinstance(error, psycopg.OperationalError) or type(error) is psycopg.DatabaseError
    if sqlstate is None and lost:
        sqlstate = CONNECTION_FAILURE
    return RefreshFailed(_message(error), sqlstate=sqlstate, hint=error.diag.message_hint, subject=subject)


@contextmanager
def as_query_error(subject: str | None = None, *, offset: int = 0) -> Iterator[None]:
    """Report what PostgreSQL rejects inside this block as a fault of the defining query.

    ``offset`` is the number of characters that the statement sent has before the query's own text; it is
    taken off PostgreSQL's position. Raises InvalidQuery; transient errors, and those that speak of a server
    in trouble rather than of the text, pass unchanged.
    """
    try:
        yield
    except RefreshFailed as failure:
        cause = failure.__cause__
        if failure.transient or not isinstance(cause, psycopg.Error) or not _speaks_of_the_text(cause):
            raise
        position = int(cause.diag.statement_position or 0) - offset
        raise InvalidQuery(
            failure.message,
            position=position if position > 0 else None,
            sqlstate=failure.sqlstate,
            hint=failure.hint,
            subject=subject or failure.subject,
        ) from cause


def _message(error: psycopg.Error) -> str:
    primary = error.diag.message_primary or str(error).strip() or type(error).__name__
    return " ".join(_sentence(part) for part in (primary, error.diag.message_detail) if part)


def _sentence(text: str) -> str:
    text = text.strip()
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _speaks_of_the_text(error: psycopg.Error) -> bool:
    # Feature not supported; data (a constant that cannot be read); schema name; syntax or access rule; limits
    # such as too many columns; errors raised by a function that PostgreSQL evaluates while it analyses.
    return (error.sqlstate or "").startswith(("0A", "22", "3F", "42", "54", "P0"))
