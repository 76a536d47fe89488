"""What the engine knows about relations, columns, types and functions: values read once at binding."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from airflow.providers.pgtrickle.engine.names import QualifiedName

RelationKind = Literal["table", "partitioned", "view", "materialized_view", "foreign", "temporary", "catalog"]
Volatility = Literal["immutable", "stable", "volatile"]


#: Types of a fixed, small size.
_SHORT = frozenset(
    {
        "boolean",
        "smallint",
        "integer",
        "bigint",
        "real",
        "double precision",
        "money",
        "oid",
        "date",
        "time without time zone",
        "time with time zone",
        "timestamp without time zone",
        "timestamp with time zone",
        "interval",
        "uuid",
        "inet",
        "cidr",
        "macaddr",
        "macaddr8",
        "name",
        '"char"',
    }
)


@dataclass(frozen=True, slots=True)
class ColumnType:
    """A PostgreSQL type as a column has it.

    ``name`` is format_type(oid, typmod), valid SQL under an empty search_path. ``has_equality``: values can
    be grouped and compared (a default btree or hash equality). ``has_hash``: hash_record_extended accepts it.
    ``equal_image``: equal values are identical in every respect (false for numeric, float, interval, jsonb,
    collations that are not deterministic, ...; for numeric with a fixed scale it is true).
    ``category`` is pg_type.typcategory of the base type ('N' numeric, 'S' string, ...), ``base`` the name of
    the type under all domains, without its typmod (``numeric``, ``bigint``, ``timestamp with time zone``).
    """

    oid: int
    typmod: int
    name: str
    base: str
    category: str = "U"
    has_equality: bool = True
    has_hash: bool = True
    equal_image: bool = True

    @property
    def is_short(self) -> bool:
        """Whether all values are short enough for an index entry beside a dozen others."""
        limit = re.fullmatch(
            r"(?:character varying|character|bit varying|bit|numeric)\((\d+)(?:,-?\d+)?\)", self.name
        )
        return (
            self.base in _SHORT or self.category == "E" or (limit is not None and int(limit.group(1)) <= 100)
        )

    @property
    def is_scalar(self) -> bool:
        """Whether a value is neither an array nor a row, so that an array of it has one dimension."""
        return self.category not in ("A", "C", "P")

    @property
    def is_row(self) -> bool:
        """Whether values are rows, of which ``IS NULL`` says something else than that there is none."""
        return self.category == "C" or self.name == "record"

    @property
    def is_domain(self) -> bool:
        """Whether the type is a domain, or spelled unlike its base for another reason (``interval year``)."""
        return re.sub(r"\([-\d,]+\)", "", self.name) != self.base


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a relation or of a query's result; ``number`` is its attnum in the relation."""

    name: str
    type: ColumnType
    not_null: bool = False
    number: int = 0


@dataclass(frozen=True, slots=True)
class Relation:
    """A relation that a defining query reads, directly or through views.

    ``unique_keys`` lists the column names of primary keys and of unique constraints or indexes that always
    hold for visible rows (valid, immediate, not partial, no expressions, all columns NOT NULL), primary key
    first.
    ``view_text`` is pg_get_viewdef under an empty search_path for views, None for the rest.
    ``stream_table_id`` is the catalog id when the relation is the storage table of a stream table.
    """

    oid: int
    name: QualifiedName
    kind: RelationKind
    columns: tuple[Column, ...]
    unique_keys: tuple[tuple[str, ...], ...] = ()
    view_text: str | None = None
    stream_table_id: int | None = None

    def column(self, name: str) -> Column:
        """The column of this name; KeyError when there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)


@dataclass(frozen=True, slots=True)
class Function:
    """A function, operator function or aggregate that a defining query really calls."""

    oid: int
    schema: str
    name: str
    kind: Literal["function", "aggregate", "window", "procedure"]
    volatility: Volatility
    builtin: bool
    set_returning: bool = False


@dataclass(frozen=True, slots=True)
class Binding:
    """A defining query as PostgreSQL understood it.

    ``text`` is the canonical text (pg_get_viewdef under an empty search_path); ``relations`` holds every
    relation reached from it, views included, by name as they are written in the texts. ``obstacle`` is None
    when the text survived the round trip through our parser, else the reason why it cannot be read by it.
    ``features`` names what else PostgreSQL's trees hold: ``for_update``, ``tablesample``, ``recursive``,
    ``set_returning`` (a set-returning function in a select list), ``functional_dependency`` (a GROUP BY that
    rests on a primary key), and SQL's value functions, which have no OID (``current_date``, …).
    ``completed`` is the text with its orders made total, so that it has one answer, where it was not so.
    """

    text: str
    columns: tuple[Column, ...]
    relations: Mapping[QualifiedName, Relation]
    functions: tuple[Function, ...] = field(default=())
    obstacle: str | None = None
    features: frozenset[str] = frozenset()
    completed: str | None = None

    @property
    def query(self) -> str:
        """The text that is evaluated: ``completed`` if there is one, else ``text``."""
        return self.text if self.completed is None else self.completed
