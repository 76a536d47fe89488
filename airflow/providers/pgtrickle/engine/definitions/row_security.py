"""Row-level security: a stream table holds all rows of its sources, or it is refused.

A refresh runs with ``row_security = off``, under which PostgreSQL raises an error rather than filter. Here it
is said beforehand, by name.
"""

from __future__ import annotations

from airflow.providers.pgtrickle.engine.db import Session, load
from airflow.providers.pgtrickle.engine.errors import UnsupportedQuery
from airflow.providers.pgtrickle.engine.parse import locate
from airflow.providers.pgtrickle.engine.schema import Binding


def require_all_rows(session: Session, binding: Binding) -> None:
    """Raise UnsupportedQuery when a policy hides rows of a source from the current role.

    What is read through another role's view is seen with that role's rights, and left to PostgreSQL.
    """
    by_oid = {relation.oid: relation for relation in binding.relations.values()}
    for oid, is_owner, role in session.rows(load(__package__, "row_security"), (sorted(by_oid),)):
        name = by_oid[oid].name.display
        if not is_owner and locate(binding.text, name) is None:
            continue
        remedy = (
            f"ALTER TABLE {name} NO FORCE ROW LEVEL SECURITY, or let a role with BYPASSRLS create it."
            if is_owner
            else "Let the table's owner create it, or a role with BYPASSRLS."
        )
        reason = f"row-level security policies filter it for {role}"
        raise UnsupportedQuery(
            f"The query reads {name}, and {reason}: a stream table holds all rows of its sources.",
            construct=name,
            reason=reason,
            hint=f"{remedy} Who may read which of its rows is then for grants and views to say.",
        )
