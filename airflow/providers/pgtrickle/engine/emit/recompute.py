"""The statement that compares storage with its query, row by row, and writes what differs.

For storage whose key holds no NULL: one hash join by the key finds a row's counterpart, where a difference of
multisets would sort or hash both sides by all columns. Stored rows are then written by their place (ctid):
the refresh has locked storage, so that a place is good for the statement.
"""

from __future__ import annotations

from collections.abc import Sequence

from airflow.providers.pgtrickle.engine.emit.apply import StorageColumn, finished, image
from airflow.providers.pgtrickle.engine.emit.relations import Emitter, Statement
from airflow.providers.pgtrickle.engine.names import QualifiedName, quote_identifier
from airflow.providers.pgtrickle.engine.ops.nodes import Op


def recompute_keyed(
    emitter: Emitter,
    state: Op,
    storage: QualifiedName,
    columns: Sequence[StorageColumn],
    key: Sequence[str],
) -> Statement:
    """``state`` gives the rows that storage should hold; ``key`` lists the physical names of its key.

    The row that it returns is that of the statements in ``apply``.
    """
    fields = [(quote_identifier(item.name), quote_identifier(item.column)) for item in columns]
    names = ", ".join(name for name, _ in fields)
    fresh = f"SELECT true AS __pgt_here, {', '.join(f'c.{column} AS {name}' for name, column in fields)}"
    same_key = " AND ".join(f"f.{quote_identifier(name)} = s.{quote_identifier(name)}" for name in key)
    rest = [item for item in columns if item.name not in key]
    differs = ["f.__pgt_here IS NULL", "s.ctid IS NULL"]
    if rest:
        sides = [f"ROW({', '.join(image(item, alias) for item in rest)})" for alias in ("f", "s")]
        differs.append(f"{sides[0]} IS DISTINCT FROM {sides[1]}")
    source = emitter.select(state)
    emitter.bind(
        "step",
        f"SELECT f.*, s.ctid AS __pgt_place FROM ({fresh} FROM ({source}) AS c) AS f"
        f" FULL JOIN {storage} AS s ON {same_key} WHERE {' OR '.join(differs)}",
    )
    values = ", ".join(f"d.{name}" for name, _ in fields)
    assigned = ", ".join(f"{quote_identifier(item.name)} = d.{quote_identifier(item.name)}" for item in rest)
    parts = {
        "put": f"INSERT INTO {storage} ({names}) SELECT {values} FROM step AS d"
        " WHERE d.__pgt_place IS NULL RETURNING 1",
        "gone": f"DELETE FROM {storage} AS s USING step AS d"
        " WHERE d.__pgt_here IS NULL AND s.ctid = d.__pgt_place RETURNING 1",
    }
    if rest:
        parts["changed"] = (
            f"UPDATE {storage} AS s SET {assigned} FROM step AS d"
            " WHERE d.__pgt_here AND s.ctid = d.__pgt_place RETURNING 1"
        )
    counts = [
        f"(SELECT count(*) FROM {name})" if name in parts else "0" for name in ("put", "changed", "gone")
    ]
    written = [f"{name} AS ({text})" for name, text in parts.items()]
    text = f"SELECT {', '.join(counts)}, (SELECT count(*) FROM step WHERE __pgt_here IS NULL)"
    return finished(emitter, written, text)
