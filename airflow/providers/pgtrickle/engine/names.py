"""Relation names: parsing what a user types, and the names of the engine's own objects."""

from __future__ import annotations

import re
from dataclasses import dataclass

from airflow.providers.pgtrickle.engine.errors import InvalidName

CATALOG_SCHEMA = "pgtrickle"
CHANGES_SCHEMA = "pgtrickle_changes"
DEFINITIONS_SCHEMA = "pgtrickle_defs"
DATA_SCHEMA = "pgtrickle_data"
OWN_SCHEMAS = (CATALOG_SCHEMA, CHANGES_SCHEMA, DEFINITIONS_SCHEMA, DATA_SCHEMA)

#: PostgreSQL cuts longer identifiers silently (NAMEDATALEN - 1 bytes).
MAX_IDENTIFIER_BYTES = 63

_PLAIN = re.compile(r"[A-Za-z_\u0080-\U0010ffff][A-Za-z0-9_$\u0080-\U0010ffff]*")
_QUOTED = re.compile(r'"((?:[^"\x00]|"")+)"')


@dataclass(frozen=True, slots=True, order=True)
class QualifiedName:
    """A relation's schema and name, both as PostgreSQL stores them (folded, unquoted)."""

    schema: str
    name: str

    def __str__(self) -> str:
        return f"{quote_identifier(self.schema)}.{quote_identifier(self.name)}"

    @property
    def display(self) -> str:
        """The name as a user would type it: quotes only where they are needed."""
        return f"{_display(self.schema)}.{_display(self.name)}"


def quote_identifier(name: str) -> str:
    """Quote an identifier for SQL text; always quoted, embedded quotes doubled."""
    if "\x00" in name:
        raise InvalidName("An identifier contains a NUL character.", hint="Remove it.", subject=name)
    return '"' + name.replace('"', '""') + '"'


def parse_name(text: str, default_schema: str = "public") -> QualifiedName:
    """Read ``name`` or ``schema.name`` as PostgreSQL would: unquoted parts fold to lower case.

    Raises InvalidName for anything else, including identifiers PostgreSQL would cut silently.
    """
    parts: list[str] = []
    position = 0
    stripped = text.strip()
    while True:
        match = _QUOTED.match(stripped, position)
        if match:
            parts.append(match.group(1).replace('""', '"'))
        else:
            match = _PLAIN.match(stripped, position)
            if not match:
                raise _invalid(text, "it is not a name or schema.name")
            parts.append(match.group(0).lower())
        position = match.end()
        if position == len(stripped):
            break
        if stripped[position] != ".":
            raise _invalid(text, "it is not a name or schema.name")
        position += 1
    if len(parts) > 2:
        raise _invalid(text, "it has more than two parts")
    for part in parts:
        if len(part.encode()) > MAX_IDENTIFIER_BYTES:
            raise _invalid(text, f"a part is longer than PostgreSQL's {MAX_IDENTIFIER_BYTES} bytes")
    return QualifiedName(parts[0], parts[1]) if len(parts) == 2 else QualifiedName(default_schema, parts[0])


def buffer_name(source_oid: int) -> QualifiedName:
    """The change buffer of a source."""
    return QualifiedName(CHANGES_SCHEMA, f"changes_{source_oid}")


def definition_name(pgt_id: int) -> QualifiedName:
    """The view that holds a stream table's defining query."""
    return QualifiedName(DEFINITIONS_SCHEMA, f"def_{pgt_id}")


def next_definition_name(pgt_id: int) -> QualifiedName:
    """The view that holds a query which is not, or not yet, the stream table's."""
    return QualifiedName(DEFINITIONS_SCHEMA, f"def_{pgt_id}_next")


def storage_name(pgt_id: int, generation: int) -> QualifiedName:
    """The table that holds a stream table's rows and state; a rebuild takes the next generation."""
    return QualifiedName(DATA_SCHEMA, f"st_{pgt_id}_{generation}")


def _display(part: str) -> str:
    return part if re.fullmatch(r"[a-z_][a-z0-9_$]*", part) else quote_identifier(part)


def _invalid(text: str, reason: str) -> InvalidName:
    return InvalidName(
        f"{text!r} does not name a relation: {reason}.",
        hint="Write schema.name; put double quotes around a part with capitals or other characters.",
        subject=text,
    )
