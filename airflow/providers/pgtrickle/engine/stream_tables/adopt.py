"""Taking over a database that was carried here from another server.

A dump carries transaction ids and oids along, in the catalog and in the names of what belongs to capture.
Here they mean nothing, or something else: a frontier of large ids would hide changes for good. So capture is
taken away, and every stream table is compared with its query at its next refresh.
"""

from __future__ import annotations

from airflow.providers.pgtrickle.engine import catalog
from airflow.providers.pgtrickle.engine.db import Session, load
from airflow.providers.pgtrickle.engine.errors import RefreshFailed, StateError

_INSUFFICIENT_PRIVILEGE = "42501"


def adopt_restored(session: Session) -> bool:
    """Adopt the database if it comes from another server; whether it does.

    In one transaction; of several sessions one does it. Raises StateError when the role may not.
    """
    if not catalog.is_restored(session):
        return False
    try:
        with session.transaction():
            catalog.lock_installation(session)
            if catalog.is_restored(session):
                session.execute(load(__package__, "adopt"))
    except RefreshFailed as failure:
        if failure.sqlstate != _INSUFFICIENT_PRIVILEGE:
            raise
        raise StateError(
            f"The database was carried here from another server, and this role may not adopt it: "
            f"{failure.message}",
            hint="Run `pgtrickle install` as the owner of the stream tables and of what they read.",
        ) from failure
    return True
