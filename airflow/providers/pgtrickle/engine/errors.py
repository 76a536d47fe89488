"""The error tree of the engine: what happened, why, and what to do about it.

PgTrickleError
 ├─ InputError                 the caller's words are wrong; nothing was changed
 │   ├─ InvalidName            a name that is not a relation name
 │   ├─ QueryError             something about the text of a query, at a place in it
 │   │   ├─ InvalidQuery       PostgreSQL rejected the defining query (its message and position)
 │   │   └─ UnsupportedQuery   the query cannot be a stream table, or not in the mode asked for
 │   ├─ InvalidOption          a parameter outside its range
 │   ├─ CircularDependency     stream tables read each other in a circle (engine.graph)
 │   ├─ InvalidSelector        a selector that is none, or that chooses nothing (engine.graph)
 │   └─ InvalidConfig          a configuration file that does not hold (file and line)
 ├─ StateError                 the object is not in a state that allows the request
 │   ├─ NotInstalled           the catalog is absent, or older than this version of the engine
 │   ├─ StreamTableNotFound
 │   ├─ StreamTableExists
 │   ├─ StreamTableSuspended
 │   ├─ DependentObjects       something else is built on what should be dropped or changed
 │   ├─ RunFrontierPassed      a run asks for a state that is already overtaken
 │   ├─ UpstreamNotReady       an upstream stream table of the run has not reached its frontier
 │   └─ ConnectionInUse        the connection handed over is inside a transaction
 ├─ FreshnessExceeded          a stream table is staler than its limit
 ├─ NotExact                   a stream table does not hold what its query gives
 └─ RefreshFailed              PostgreSQL stopped a refresh; carries its SQLSTATE
"""

from __future__ import annotations

from typing import Any

#: SQLSTATE classes and codes after which the same statement can succeed when it is tried again.
TRANSIENT_SQLSTATES = ("08", "40001", "40P01", "53", "55P03", "55006", "57P0", "57014")


def is_transient_sqlstate(sqlstate: str | None) -> bool:
    """Tell whether an error with this SQLSTATE may go away by itself."""
    return sqlstate is not None and sqlstate.startswith(TRANSIENT_SQLSTATES)


class PgTrickleError(Exception):
    """Base of all errors of the engine.

    Attributes
    ----------
    code:    stable identifier of the kind of error, such as ``"PGT-101"``
    message: what happened and why, one sentence
    hint:    what to do about it, one sentence, or None
    subject: the stream table, relation or file concerned, or None
    """

    code = "PGT-000"

    def __init__(self, message: str, *, hint: str | None = None, subject: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.subject = subject

    @property
    def transient(self) -> bool:
        """Whether the same call may succeed when tried again without any change."""
        return False

    def __str__(self) -> str:
        text = f"[{self.code}] {self.message}"
        return f"{text} Hint: {self.hint}" if self.hint else text

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.__dict__.copy())


def _rebuild(kind: type[PgTrickleError], fields: dict[str, Any]) -> PgTrickleError:
    error = kind.__new__(kind)
    Exception.__init__(error, fields.get("message", ""))
    error.__dict__.update(fields)
    return error


class InputError(PgTrickleError):
    """The caller's words are wrong; nothing was changed."""

    code = "PGT-100"


class InvalidName(InputError):
    """A text that does not name a relation."""

    code = "PGT-101"


class QueryError(InputError):
    """Something about the text of a query.

    ``position`` is the 1-based character that it is about, ``line`` and ``column`` the same in lines,
    ``excerpt`` shows it with a caret below; None where the place is not known.
    """

    code = "PGT-110"

    position: int | None = None
    line: int | None = None
    column: int | None = None
    excerpt: str | None = None

    def __str__(self) -> str:
        text = super().__str__()
        return f"{text}\n{self.excerpt}" if self.excerpt else text


class InvalidQuery(QueryError):
    """PostgreSQL rejected the defining query, at ``position``."""

    code = "PGT-102"

    def __init__(
        self,
        message: str,
        *,
        position: int | None = None,
        sqlstate: str | None = None,
        hint: str | None = None,
        subject: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint, subject=subject)
        self.position = position
        self.sqlstate = sqlstate


class UnsupportedQuery(QueryError):
    """The query cannot be a stream table, or not in the refresh mode asked for.

    ``construct`` names what in it cannot be maintained, such as ``random()``, ``TABLESAMPLE`` or a relation,
    where it has a name; ``reason`` says why. ``hint`` suggests what to write instead.
    """

    code = "PGT-103"

    def __init__(
        self,
        message: str,
        *,
        construct: str | None = None,
        reason: str | None = None,
        hint: str | None = None,
        subject: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint, subject=subject)
        self.construct = construct
        self.reason = reason


class InvalidOption(InputError):
    """A parameter outside its range."""

    code = "PGT-104"


class InvalidConfig(InputError):
    """A configuration file that does not hold; ``file`` and 1-based ``line`` say where."""

    code = "PGT-105"

    def __init__(
        self,
        message: str,
        *,
        file: str | None = None,
        line: int | None = None,
        hint: str | None = None,
        subject: str | None = None,
    ) -> None:
        place = ":".join(str(part) for part in (file, line) if part is not None)
        super().__init__(f"{place}: {message}" if place else message, hint=hint, subject=subject)
        self.file = file
        self.line = line


class StateError(PgTrickleError):
    """The object is not in a state that allows the request."""

    code = "PGT-200"


class NotInstalled(StateError):
    """The catalog is absent from the database, or too old: then ``version`` is the one it has."""

    code = "PGT-201"

    def __init__(
        self,
        message: str,
        *,
        version: int | None = None,
        hint: str | None = None,
        subject: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint, subject=subject)
        self.version = version


class StreamTableNotFound(StateError):
    """No stream table has this name."""

    code = "PGT-202"


class StreamTableExists(StateError):
    """The name is taken."""

    code = "PGT-203"


class StreamTableSuspended(StateError):
    """The stream table is suspended: it is not refreshed until it is resumed."""

    code = "PGT-204"


class DependentObjects(StateError):
    """Other objects are built on the one that should be dropped or changed."""

    code = "PGT-205"


class RunFrontierPassed(StateError):
    """A run asks for a state of a stream table that is already overtaken."""

    code = "PGT-206"


class UpstreamNotReady(StateError):
    """An upstream stream table of the same run has not reached the run's frontier."""

    code = "PGT-207"


class ConnectionInUse(StateError):
    """The connection handed over is inside a transaction of its owner's."""

    code = "PGT-208"


class FreshnessExceeded(PgTrickleError):
    """A stream table is staler than its limit."""

    code = "PGT-301"


class NotExact(PgTrickleError):
    """A stream table does not hold what its query gives at its frontier."""

    code = "PGT-304"


class RefreshFailed(PgTrickleError):
    """PostgreSQL stopped a refresh. Nothing of it is visible; the stream table is as it was before.

    ``sqlstate`` is PostgreSQL's code, by which ``transient`` is decided.
    """

    code = "PGT-302"

    def __init__(
        self,
        message: str,
        *,
        sqlstate: str | None = None,
        hint: str | None = None,
        subject: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint, subject=subject)
        self.sqlstate = sqlstate

    @property
    def transient(self) -> bool:
        """Whether PostgreSQL's SQLSTATE says that trying again can help."""
        return is_transient_sqlstate(self.sqlstate)
