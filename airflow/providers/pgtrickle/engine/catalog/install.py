"""Installing the catalog: schemas, then numbered migrations, forward only, each applied once.

The schema of the catalog is the sum of its migrations; there is no second description of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from airflow.providers.pgtrickle.engine.db import Session, compose, load
from airflow.providers.pgtrickle.engine.errors import NotInstalled, RefreshFailed, StateError
from airflow.providers.pgtrickle.engine.names import OWN_SCHEMAS

_MIGRATIONS = f"{__package__}.migrations"


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of the catalog's schema: applied in the order of ``version``."""

    version: int
    name: str
    text: str


@cache
def known_migrations() -> tuple[Migration, ...]:
    """All migrations that this engine knows, oldest first."""
    stems = sorted(
        entry.name.removesuffix(".sql")
        for entry in files(_MIGRATIONS).iterdir()
        if entry.name.endswith(".sql")
    )
    return tuple(Migration(int(stem[:4]), stem[5:], load(_MIGRATIONS, stem)) for stem in stems)


def install(session: Session) -> int:
    """Create the catalog or bring it up to this engine's version; the number of migrations applied.

    Runs in one transaction; installing what is installed changes nothing. A catalog of a newer engine is left
    as it is. Raises StateError when a schema of that name belongs to an extension, RefreshFailed when the
    role lacks the CREATE privilege on the database.
    """
    with session.transaction():
        lock_installation(session)
        _create_schemas(session)
        session.execute(load(__package__, "bootstrap"))
        applied = _applied(session)
        pending = [migration for migration in known_migrations() if migration.version not in applied]
        for migration in pending:
            session.execute(migration.text)
            session.execute(load(__package__, "record_migration"), (migration.version, migration.name))
    return len(pending)


def require_installed(session: Session) -> None:
    """Raise NotInstalled when the catalog is absent or older than this engine needs."""
    try:
        if session.in_transaction:
            with session.savepoint():
                applied = _applied(session)
        else:
            applied = _applied(session)
    except RefreshFailed as failure:
        if failure.sqlstate not in ("42P01", "3F000"):
            raise
        raise NotInstalled(
            "The database has no pgtrickle catalog.", hint="Call install(), or run `pgtrickle install`."
        ) from failure
    missing = [migration.version for migration in known_migrations() if migration.version not in applied]
    if missing:
        raise NotInstalled(
            f"The catalog is at version {max(applied, default=0)}, this engine needs {missing[-1]}.",
            version=max(applied, default=0),
            hint="Call install(), or run `pgtrickle install`.",
        )


def is_restored(session: Session) -> bool:
    """Whether the database was carried here from another server, by a dump or an upgrade."""
    return bool(session.value(load(__package__, "is_restored")))


def lock_installation(session: Session) -> None:
    """Let no other session install or adopt the catalog until the end of the transaction."""
    session.rows(load(__package__, "install_lock"))


def _applied(session: Session) -> set[int]:
    return {row[0] for row in session.rows(load(__package__, "applied_migrations"))}


def _create_schemas(session: Session) -> None:
    present: dict[str, str | None] = dict(session.rows(load(__package__, "schemas"), (list(OWN_SCHEMAS),)))
    for schema in OWN_SCHEMAS:
        if present.get(schema) is not None:
            raise StateError(
                f"Schema {schema} belongs to the extension {present[schema]}.",
                hint="Both cannot live in one database: drop the extension, or choose another database.",
                subject=schema,
            )
        # Not CREATE SCHEMA IF NOT EXISTS: that asks for the CREATE privilege even with nothing to create.
        if schema not in present:
            session.execute(compose(load(__package__, "create_schema"), schema=schema))
