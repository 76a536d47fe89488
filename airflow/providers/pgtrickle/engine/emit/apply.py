"""Statements that bring storage to a new state: one statement, so one snapshot and one plan.

Each returns one row: rows new, rows changed, rows gone, how many should have gone, and whether all changes
were read. The third and the fourth differ only when storage is not what the change was computed against; the
refresh then stops (see refresh.execute).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from airflow.providers.pgtrickle.engine.emit.blocks import WEIGHT, is_null
from airflow.providers.pgtrickle.engine.emit.relations import Emitter, Statement
from airflow.providers.pgtrickle.engine.names import QualifiedName, quote_identifier
from airflow.providers.pgtrickle.engine.ops.nodes import Op
from airflow.providers.pgtrickle.engine.schema import ColumnType

#: The column that finds a row by an index where no index can hold its key, or where it has none.
ROW_HASH = "__pgt_row_hash"


@dataclass(frozen=True, slots=True)
class StorageColumn:
    """A column of storage: its physical name, the tree's column that fills it, and its type."""

    name: str
    column: str
    type: ColumnType
    not_null: bool = False


def apply_keyed(
    emitter: Emitter,
    change: Op,
    sign: str | None,
    storage: QualifiedName,
    columns: Sequence[StorageColumn],
    key: Sequence[str],
) -> Statement:
    """Upsert the rows with a positive sign, delete the keys that have only negative ones.

    ``change`` supplies the columns of storage; ``sign`` is its column of signs, None when it is weighted.
    ``key`` lists the physical names of the key, which a unique index covers.
    """
    source = emitter.select(change)
    sign_column = quote_identifier(WEIGHT if sign is None else sign)
    fields = [(quote_identifier(item.name), quote_identifier(item.column)) for item in columns]
    targets = ", ".join(f"c.{column} AS {name}" for name, column in fields)
    names = ", ".join(name for name, _ in fields)
    key_names = [quote_identifier(name) for name in key]
    nullable = [item for item in columns if item.name in key and not item.not_null]
    rest = [item for item in columns if item.name not in key]
    over = f"PARTITION BY {', '.join(key_names)}"
    emitter.bind("change", f"SELECT {targets}, c.{sign_column} AS __pgt_sign FROM ({source}) AS c")
    emitter.bind("step", f"SELECT *, bool_or(__pgt_sign > 0) OVER ({over}) AS __pgt_stays FROM change")
    if rest:
        assigned = [quote_identifier(item.name) for item in rest]
        assignments = ", ".join(f"{name} = EXCLUDED.{name}" for name in assigned)
        action = (
            f"UPDATE SET {assignments} WHERE ROW({', '.join(image(item, 's') for item in rest)})"
            f" IS DISTINCT FROM ROW({', '.join(image(item, 'EXCLUDED') for item in rest)})"
        )
    else:
        action = "NOTHING"
    put = (
        f"INSERT INTO {storage} AS s ({names}) SELECT {names} FROM step WHERE __pgt_sign > 0"
        f" ON CONFLICT ({', '.join(key_names)}) DO {action} RETURNING (xmax = 0) AS is_new"
    )
    gone = [_delete_keys(storage, key_names, nullable=())]
    if nullable:
        gone = [
            _delete_keys(storage, key_names, nullable, null=False),
            _delete_keys(storage, key_names, nullable),
        ]
    parts = [f"put AS ({put})", *(f"gone{index} AS ({text})" for index, text in enumerate(gone))]
    counts = " + ".join(f"(SELECT count(*) FROM gone{index})" for index in range(len(gone)))
    text = (
        f"SELECT (SELECT count(*) FROM put WHERE is_new), (SELECT count(*) FROM put WHERE NOT is_new),"
        f" {counts}, (SELECT count(*) FROM step WHERE NOT __pgt_stays)"
    )
    return finished(emitter, parts, text)


def apply_unkeyed(
    emitter: Emitter, change: Op, storage: QualifiedName, columns: Sequence[StorageColumn]
) -> Statement:
    """Insert a row as many times as its weight says, or delete that many copies of it.

    ``change`` is consolidated. Copies are found by the hash of the row, then compared column by column.
    """
    parts = unkeyed_parts(emitter, change, storage, columns)
    text = "SELECT (SELECT count(*) FROM put), 0, (SELECT count(*) FROM gone), " + parts.expected
    return finished(emitter, [f"{name} AS ({text})" for name, text in parts.written], text)


@dataclass(frozen=True, slots=True)
class UnkeyedParts:
    """The writes of an unkeyed relation as common table expressions (name, text).

    ``expected`` is the number of rows that should go, ``missing`` how many of them were not found.
    """

    written: tuple[tuple[str, str], ...]
    expected: str
    missing: str


def unkeyed_parts(
    emitter: Emitter,
    change: Op,
    storage: QualifiedName,
    columns: Sequence[StorageColumn],
    prefix: str = "",
) -> UnkeyedParts:
    """The parts of ``apply_unkeyed``; ``prefix`` keeps their names apart from those of other relations."""
    source = emitter.select(change)
    fields = [(quote_identifier(item.name), quote_identifier(item.column)) for item in columns]
    names = ", ".join(name for name, _ in fields)
    targets = ", ".join(f"c.{column} AS {name}" for name, column in fields)
    step = f"{prefix}step"
    emitter.bind(
        step,
        f"SELECT {targets}, c.{quote_identifier(WEIGHT)} AS __pgt_sign, row_number() OVER () AS __pgt_row,"
        f" {row_hash(columns, 'c')} AS {ROW_HASH} FROM ({source}) AS c",
    )
    gone = (
        f"DELETE FROM {storage} WHERE ctid = ANY (ARRAY("
        f"SELECT place FROM ({_found(step, storage, columns)}) AS f WHERE copy <= wanted)) RETURNING 1"
    )
    put = (
        f"INSERT INTO {storage} ({names}, {ROW_HASH}) SELECT {names}, {ROW_HASH} FROM {step},"
        f" LATERAL pg_catalog.generate_series(1, __pgt_sign) WHERE __pgt_sign > 0 RETURNING 1"
    )
    expected = f"(SELECT COALESCE(sum(- __pgt_sign) FILTER (WHERE __pgt_sign < 0), 0)::bigint FROM {step})"
    return UnkeyedParts(
        ((f"{prefix}put", put), (f"{prefix}gone", gone)),
        expected,
        f"{expected} - (SELECT count(*) FROM {prefix}gone)",
    )


def _found(step: str, storage: QualifiedName, columns: Sequence[StorageColumn]) -> str:
    """The rows of storage equal to one that goes: ``place``, how many are ``wanted``, which ``copy`` it is.

    Equal values may look different (1.0 and 1.00): of rows that are equal those that look alike go first, and
    each of them for one only of the rows that go.
    """
    same = " AND ".join(_same(item, "s", "d") for item in columns)
    joined = f"FROM {step} AS d JOIN {storage} AS s ON s.{ROW_HASH} = d.{ROW_HASH} AND {same}"
    looks = [
        f"CAST(s.{name} AS text) IS NOT DISTINCT FROM CAST(d.{name} AS text)"
        for item in columns
        if item.type.has_equality and not item.type.equal_image
        for name in (quote_identifier(item.name),)
    ]
    if not looks:
        return (
            f"SELECT s.ctid AS place, - d.__pgt_sign AS wanted,"
            f" row_number() OVER (PARTITION BY d.__pgt_row) AS copy {joined} WHERE d.__pgt_sign < 0"
        )
    alike = f"FILTER (WHERE {' AND '.join(looks)})"
    matched = (
        f"SELECT s.ctid AS place, min(d.__pgt_row) AS kind, sum(- d.__pgt_sign) AS wanted,"
        f" max(d.__pgt_row) {alike} AS image, max(- d.__pgt_sign) {alike} AS times"
        f" {joined} WHERE d.__pgt_sign < 0 GROUP BY s.ctid"
    )
    ranked = (
        f"SELECT place, kind, wanted, (row_number() OVER (PARTITION BY kind, image ORDER BY place) <= times)"
        f" IS TRUE AS exact FROM ({matched}) AS m"
    )
    return (
        f"SELECT place, wanted, row_number() OVER (PARTITION BY kind ORDER BY exact DESC, place) AS copy"
        f" FROM ({ranked}) AS r"
    )


def row_hash(columns: Sequence[StorageColumn], alias: str) -> str:
    """The 64-bit hash of a row; values that are equal hash alike, whatever they look like."""
    values = [f"{alias}.{quote_identifier(item.column)}" for item in columns if item.type.has_hash]
    return f"pg_catalog.hash_record_extended(ROW({', '.join(values)}), 0)" if values else "0::bigint"


def apply_hashed(
    emitter: Emitter,
    change: Op,
    sign: str | None,
    storage: QualifiedName,
    columns: Sequence[StorageColumn],
    key: Sequence[str],
) -> Statement:
    """As ``apply_keyed``, for keys that may be too long for an index: rows are found by the hash of the key.

    No unique index arbitrates: the rows of all keys in the change are deleted, and those that stay inserted.
    """
    source = emitter.select(change)
    sign_column = quote_identifier(WEIGHT if sign is None else sign)
    fields = [(quote_identifier(item.name), quote_identifier(item.column)) for item in columns]
    targets = ", ".join(f"c.{column} AS {name}" for name, column in fields)
    names = ", ".join(name for name, _ in fields)
    keyed = [item for item in columns if item.name in key]
    over = f"PARTITION BY {', '.join(quote_identifier(item.name) for item in keyed)}"
    emitter.bind(
        "change",
        f"SELECT {targets}, c.{sign_column} AS __pgt_sign, {row_hash(keyed, 'c')} AS {ROW_HASH}"
        f" FROM ({source}) AS c",
    )
    emitter.bind("step", f"SELECT *, bool_or(__pgt_sign > 0) OVER ({over}) AS __pgt_stays FROM change")
    same = " AND ".join(_same(item, "s", "d") for item in keyed)
    gone = (
        f"DELETE FROM {storage} AS s USING step AS d WHERE s.{ROW_HASH} = d.{ROW_HASH} AND {same}"
        f" RETURNING d.__pgt_stays"
    )
    put = (
        f"INSERT INTO {storage} ({names}, {ROW_HASH}) SELECT {names}, {ROW_HASH} FROM step"
        f" WHERE __pgt_sign > 0 RETURNING 1"
    )
    text = (
        "SELECT (SELECT count(*) FROM put) - (SELECT count(*) FROM gone WHERE __pgt_stays),"
        " (SELECT count(*) FROM gone WHERE __pgt_stays), (SELECT count(*) FROM gone WHERE NOT __pgt_stays),"
        " (SELECT count(*) FROM step WHERE NOT __pgt_stays)"
    )
    return finished(emitter, [f"gone AS ({gone})", f"put AS ({put})"], text)


def _delete_keys(
    storage: QualifiedName, key: Sequence[str], nullable: Sequence[StorageColumn], *, null: bool = True
) -> str:
    """Delete by key; keys with a NULL apart, behind a condition that is evaluated once."""
    conditions = ["NOT d.__pgt_stays"]
    if nullable and null:
        conditions.append(f"(SELECT EXISTS (SELECT FROM step AS p WHERE {_any_null(nullable, 'p')}))")
        conditions.append(f"({_any_null(nullable, 'd')})")
        conditions += [f"s.{name} IS NOT DISTINCT FROM d.{name}" for name in key]
    else:
        conditions += [f"s.{name} = d.{name}" for name in key]
    return f"DELETE FROM {storage} AS s USING step AS d WHERE {' AND '.join(conditions)} RETURNING 1"


def _any_null(columns: Sequence[StorageColumn], alias: str) -> str:
    return " OR ".join(is_null(f"{alias}.{quote_identifier(item.name)}", item.type) for item in columns)


def image(item: StorageColumn, alias: str) -> str:
    """The value such that equality means identity.

    What two equal values may show differently is compared too.
    """
    value = f"{alias}.{quote_identifier(item.name)}"
    return value if item.type.has_equality and item.type.equal_image else f"CAST({value} AS text)"


def _same(item: StorageColumn, one: str, other: str) -> str:
    name = quote_identifier(item.name)
    left, right = f"{one}.{name}", f"{other}.{name}"
    if not item.type.has_equality:
        left, right = f"CAST({left} AS text)", f"CAST({right} AS text)"
    return f"{left} = {right}" if item.not_null else f"{left} IS NOT DISTINCT FROM {right}"


def finished(emitter: Emitter, parts: Sequence[str], text: str) -> Statement:
    """The whole. What is missing elsewhere is added to the last number of ``text``, of what should go."""
    head = emitter.with_clause().rstrip()
    text += "".join(f" + {missing}" for missing in emitter.missing) + f", {emitter.read_whole()}"
    return Statement(f"{head}, {', '.join(parts)} {text}", tuple(emitter.parameters))
