"""The nodes of the operator tree: frozen declarations, valid by construction.

Every column of a tree has a name of its own, so expressions need no qualification, a join never renames, and
a rewrite can move an expression to any place where its columns exist. A relation is *plain* (a multiset of
rows) or *weighted* (rows with an integer weight; see docs/algebra). The weight is no column: linear operators
carry it along, and only ``ExposeWeight`` and ``AsWeight`` turn it into a column and back.

Every node offers ``columns``, its output columns in order; ``inputs``, the relations it reads; and
``weighted``.

Nodes compare by identity: a subtree that is used twice is the same object, and is bound once when emitted.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias

from airflow.providers.pgtrickle.engine.names import QualifiedName
from airflow.providers.pgtrickle.engine.ops.expressions import Expr, column_names


class InvalidTree(AssertionError):
    """A node was built over columns that its inputs do not have: a defect of the engine."""


class _Plain:
    """A node that gives a multiset of rows, whatever it reads."""

    __slots__ = ()
    weighted: ClassVar[bool] = False


class _Weighted:
    """A node that gives rows with weights, whatever it reads."""

    __slots__ = ()
    weighted: ClassVar[bool] = True


class _Leaf:
    """A node that reads no other."""

    __slots__ = ()
    inputs: ClassVar[tuple[Op, ...]] = ()


class _OneInput:
    """A node over one relation; unless it says otherwise, with the columns of that, weighted if that is."""

    __slots__ = ()
    input: Op

    @property
    def inputs(self) -> tuple[Op, ...]:
        return (self.input,)

    @property
    def columns(self) -> tuple[str, ...]:
        return self.input.columns

    @property
    def weighted(self) -> bool:
        return self.input.weighted


@dataclass(frozen=True, slots=True)
class Source:
    """A stored relation that a tree reads: a base table, or the storage of a stream table."""

    oid: int
    name: QualifiedName


@dataclass(frozen=True, slots=True)
class SourceColumn:
    """A column of a source under its name in the tree; ``number`` is its attnum."""

    output: str
    name: str
    number: int


@dataclass(frozen=True, slots=True, eq=False)
class Scan(_Plain, _Leaf):
    """The present rows of a source."""

    source: Source
    fields: tuple[SourceColumn, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(field.output for field in self.fields)


@dataclass(frozen=True, slots=True, eq=False)
class Changes(_Weighted, _Leaf):
    """The buffered changes of a source.

    ``delta`` between the two frontiers of a refresh, ``late`` after them.
    """

    source: Source
    fields: tuple[SourceColumn, ...]
    interval: Literal["delta", "late"] = "delta"

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(field.output for field in self.fields)


@dataclass(frozen=True, slots=True, eq=False)
class Constant(_Plain, _Leaf):
    """Constant rows: VALUES, or one row without columns for a SELECT without FROM."""

    columns: tuple[str, ...] = ()
    rows: tuple[tuple[Expr, ...], ...] = ((),)

    def __post_init__(self) -> None:
        _require(all(len(row) == len(self.columns) for row in self.rows), "rows of unequal width")


@dataclass(frozen=True, slots=True, eq=False)
class Empty(_Weighted, _Leaf):
    """No rows; the delta of what did not change."""

    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Query(_Plain, _Leaf):
    """The rows of a SELECT given as SQL text, its columns under these names; plain."""

    text: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Filter(_OneInput):
    """The rows for which the predicate is true.

    ``few``: they are known to be few, as many as change, however large the input is.
    """

    input: Op
    predicate: Expr
    few: bool = False

    def __post_init__(self) -> None:
        _require_columns(self.predicate, self.input.columns)


@dataclass(frozen=True, slots=True, eq=False)
class Project(_OneInput):
    """One output row for each input row, computed by expressions."""

    input: Op
    outputs: tuple[tuple[str, Expr], ...]

    def __post_init__(self) -> None:
        available = frozenset(self.input.columns)
        for _, expression in self.outputs:
            _require_columns(expression, available)
        _require_distinct(self.columns)

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.outputs)


@dataclass(frozen=True, slots=True, eq=False)
class Join:
    """The n-ary inner join; without predicates the cross product. Weights multiply."""

    inputs: tuple[Op, ...]
    predicates: tuple[Expr, ...] = ()

    def __post_init__(self) -> None:
        _require_distinct(self.columns)
        for predicate in self.predicates:
            _require_columns(predicate, self.columns)

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(name for side in self.inputs for name in side.columns)

    @property
    def weighted(self) -> bool:
        return any(side.weighted for side in self.inputs)


@dataclass(frozen=True, slots=True, eq=False)
class OuterJoin(_Plain):
    """Left or full outer join of plain relations (a right join is a left one with its sides exchanged)."""

    left: Op
    right: Op
    predicates: tuple[Expr, ...]
    full: bool = False

    def __post_init__(self) -> None:
        _require(not self.left.weighted and not self.right.weighted, "outer join of weighted rows")
        _require_distinct(self.columns)
        for predicate in self.predicates:
            _require_columns(predicate, self.columns)

    @property
    def columns(self) -> tuple[str, ...]:
        return self.left.columns + self.right.columns

    @property
    def inputs(self) -> tuple[Op, ...]:
        return (self.left, self.right)


@dataclass(frozen=True, slots=True, eq=False)
class SemiJoin:
    """The left rows that have (``anti``: have no) right row for which all predicates are true."""

    left: Op
    right: Op
    predicates: tuple[Expr, ...]
    anti: bool = False

    def __post_init__(self) -> None:
        _require_distinct(self.left.columns + self.right.columns)
        for predicate in self.predicates:
            _require_columns(predicate, self.left.columns + self.right.columns)

    @property
    def columns(self) -> tuple[str, ...]:
        return self.left.columns

    @property
    def inputs(self) -> tuple[Op, ...]:
        return (self.left, self.right)

    @property
    def weighted(self) -> bool:
        return self.left.weighted


@dataclass(frozen=True, slots=True, eq=False)
class KeyJoin:
    """The input rows whose columns equal a row of ``keys``, NULL being equal to NULL.

    ``pairs`` names (input column, key column). ``keys`` is plain, small and free of duplicates. This is the
    restriction of the algebra where it meets a relation; ``rewrite.restrict`` pushes it down.
    """

    input: Op
    keys: Op
    pairs: tuple[tuple[str, str], ...]

    def __post_init__(self) -> None:
        _require(not self.keys.weighted, "weighted keys")
        _require(frozenset(p for p, _ in self.pairs) <= frozenset(self.input.columns), "unknown pair column")
        _require(frozenset(k for _, k in self.pairs) <= frozenset(self.keys.columns), "unknown key column")

    @property
    def columns(self) -> tuple[str, ...]:
        return self.input.columns

    @property
    def inputs(self) -> tuple[Op, ...]:
        return (self.input, self.keys)

    @property
    def weighted(self) -> bool:
        return self.input.weighted


@dataclass(frozen=True, slots=True)
class AggregateCall:
    """One aggregate: ``call`` is the whole expression, the rest what the laws need to know of it.

    ``function`` is count, sum, avg, min, max, bool_and, bool_or, bit_xor, var_pop, var_samp, stddev_pop,
    stddev_samp or ``other``; ``argument`` is None for count(*).
    """

    name: str
    call: Expr
    function: str = "other"
    argument: Expr | None = None
    where: Expr | None = None
    distinct: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Aggregate(_Plain, _OneInput):
    """GROUP BY the key columns; without keys one row for the whole input, even an empty one.

    Without aggregates it is DISTINCT. ``kept`` is the label of a table that holds its rows, if one does.
    """

    input: Op
    keys: tuple[str, ...]
    calls: tuple[AggregateCall, ...] = ()
    scalar: bool = False
    kept: str | None = None

    def __post_init__(self) -> None:
        _require(not self.input.weighted, "aggregate of weighted rows")
        _require(not (self.scalar and self.keys), "a scalar aggregate has no keys")
        _require(frozenset(self.keys) <= frozenset(self.input.columns), "unknown group key")
        for item in self.calls:
            _require_columns(item.call, self.input.columns)
        _require_distinct(self.columns)

    @property
    def columns(self) -> tuple[str, ...]:
        return self.keys + tuple(item.name for item in self.calls)


@dataclass(frozen=True, slots=True, eq=False)
class UnionAll:
    """The sum of multisets; ``mappings`` gives for each input its columns in the order of ``columns``."""

    inputs: tuple[Op, ...]
    columns: tuple[str, ...]
    mappings: tuple[tuple[str, ...], ...]

    def __post_init__(self) -> None:
        _require(len(self.inputs) == len(self.mappings), "one mapping for each input")
        for side, mapping in zip(self.inputs, self.mappings, strict=True):
            _require(len(mapping) == len(self.columns), "mapping of another width")
            _require(frozenset(mapping) <= frozenset(side.columns), "unknown column in a mapping")

    @property
    def weighted(self) -> bool:
        return any(side.weighted for side in self.inputs)


@dataclass(frozen=True, slots=True, eq=False)
class Negate(_Weighted, _OneInput):
    """The same rows with their weights' signs turned."""

    input: Op


@dataclass(frozen=True, slots=True, eq=False)
class ExposeWeight(_Plain, _OneInput):
    """The rows with their weight as an ordinary column ``name`` (1 where the input is plain); plain."""

    input: Op
    name: str

    @property
    def columns(self) -> tuple[str, ...]:
        return (*self.input.columns, self.name)


@dataclass(frozen=True, slots=True, eq=False)
class AsWeight(_Weighted, _OneInput):
    """The rows with the integer column ``name`` as their weight; weighted."""

    input: Op
    name: str

    def __post_init__(self) -> None:
        _require(not self.input.weighted, "a second weight")
        _require(self.name in self.input.columns, "unknown weight column")

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(name for name in self.input.columns if name != self.name)


@dataclass(frozen=True, slots=True, eq=False)
class Consolidate(_Weighted, _OneInput):
    """One row for each distinct row of a weighted input, with the sum of its weights.

    None where that is 0.
    """

    input: Op


@dataclass(frozen=True, slots=True, eq=False)
class Plain(_Plain, _OneInput):
    """A weighted relation whose consolidated weights are not negative, as a plain one.

    Each row that often.
    """

    input: Op


@dataclass(frozen=True, slots=True, eq=False)
class Repeat(_OneInput):
    """Each row as often as its column ``name`` says; the column itself is gone. Weights multiply by it."""

    input: Op
    name: str

    def __post_init__(self) -> None:
        _require(self.name in self.input.columns, "unknown count column")

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(name for name in self.input.columns if name != self.name)


@dataclass(frozen=True, slots=True, eq=False)
class Apply(_OneInput):
    """Each row once for every row that a set-returning function of it returns, with that row's columns.

    ``ordinality``: the last of ``outputs`` numbers the function's rows. ``outer``: a row for which the
    function returns nothing stays, with NULLs.
    """

    input: Op
    call: Expr
    outputs: tuple[str, ...]
    ordinality: bool = False
    outer: bool = False

    def __post_init__(self) -> None:
        _require_columns(self.call, self.input.columns)
        _require_distinct(self.columns)

    @property
    def columns(self) -> tuple[str, ...]:
        return self.input.columns + self.outputs


@dataclass(frozen=True, slots=True, eq=False)
class Window(_Plain, _OneInput):
    """The rows with window functions over partitions by ``keys``.

    ``calls`` are whole ``… OVER (…)`` expressions.
    """

    input: Op
    keys: tuple[str, ...]
    calls: tuple[tuple[str, Expr], ...]

    def __post_init__(self) -> None:
        _require(not self.input.weighted, "window over weighted rows")
        _require(frozenset(self.keys) <= frozenset(self.input.columns), "unknown partition key")
        for _, call in self.calls:
            _require_columns(call, self.input.columns)
        _require_distinct(self.columns)

    @property
    def columns(self) -> tuple[str, ...]:
        return self.input.columns + tuple(name for name, _ in self.calls)


@dataclass(frozen=True, slots=True, eq=False)
class Number(_Plain, _OneInput):
    """The rows with a number of their own in the column ``name``; the weight becomes the column ``weight``.

    The numbers are stable within one statement only, because the node is bound once and materialised.
    """

    input: Op
    name: str
    weight: str

    @property
    def columns(self) -> tuple[str, ...]:
        return (*self.input.columns, self.name, self.weight)


@dataclass(frozen=True, slots=True, eq=False)
class SelfReference(_Leaf):
    """In the step of a ``Recursive``: the rows that the previous iteration added to it.

    ``label`` is the one of the ``Recursive``. Standing alone, outside of it, it has no rows to give.
    ``few``: they are known to be as many as change.
    """

    label: str
    columns: tuple[str, ...]
    weighted: bool = False
    few: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Recursive:
    """A recursive query, as PostgreSQL does it: ``start``, then ``step`` over what came last, while any came.

    ``mappings`` gives for either arm its columns in the order of ``columns``. ``distinct`` (UNION): a row
    comes once. The columns of the ``SelfReference`` in ``step`` stand in the order of ``columns`` too.
    Weighted rows are not added up between iterations: weights of one sign only make it end. ``by_text`` are
    columns of ``start`` that are compared by their text.
    """

    label: str
    start: Op
    step: Op
    columns: tuple[str, ...]
    mappings: tuple[tuple[str, ...], tuple[str, ...]]
    distinct: bool
    by_text: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _require(not (self.distinct and self.weighted), "UNION of weighted rows")
        for arm, mapping in zip(self.inputs, self.mappings, strict=True):
            _require(len(mapping) == len(self.columns), "mapping of another width")
            _require(frozenset(mapping) <= frozenset(arm.columns), "unknown column in a mapping")

    @property
    def inputs(self) -> tuple[Op, ...]:
        return (self.start, self.step)

    @property
    def weighted(self) -> bool:
        return self.start.weighted or self.step.weighted


Op: TypeAlias = (
    Scan
    | Changes
    | Constant
    | Empty
    | Query
    | Filter
    | Project
    | Join
    | OuterJoin
    | SemiJoin
    | KeyJoin
    | Aggregate
    | UnionAll
    | Negate
    | ExposeWeight
    | AsWeight
    | Consolidate
    | Plain
    | Repeat
    | Apply
    | Window
    | Number
    | SelfReference
    | Recursive
)


def label_of(op: Op) -> str | None:
    """The label of what is stored in a table of its own: recursions, kept groups."""
    match op:
        case Recursive():
            return op.label
        case Aggregate():
            return op.kept
        case _:
            return None


def walk(*roots: Op) -> Iterator[Op]:
    """Every node once, inputs before the nodes that read them."""
    seen: set[int] = set()
    stack: list[tuple[Op, bool]] = [(root, False) for root in reversed(roots)]
    while stack:
        node, done = stack.pop()
        if done:
            yield node
        elif id(node) not in seen:
            seen.add(id(node))
            stack.append((node, True))
            stack.extend((child, False) for child in reversed(node.inputs))


def expressions_of(node: Op) -> tuple[Expr, ...]:
    """The scalar expressions that a node itself evaluates."""
    match node:
        case Filter():
            return (node.predicate,)
        case Project():
            return tuple(value for _, value in node.outputs)
        case Join() | OuterJoin() | SemiJoin():
            return node.predicates
        case Aggregate():
            return tuple(item.call for item in node.calls)
        case Window():
            return tuple(call for _, call in node.calls)
        case Apply():
            return (node.call,)
        case Constant():
            return tuple(value for row in node.rows for value in row)
        case _:
            return ()


def union_all(parts: tuple[Op, ...], columns: tuple[str, ...]) -> Op:
    """The sum of relations that have the same column names; Empty parts vanish."""
    present = tuple(part for part in parts if not isinstance(part, Empty))
    if not present:
        return Empty(columns)
    if len(present) == 1 and present[0].columns == columns:
        return present[0]
    return UnionAll(present, columns, tuple(columns for _ in present))


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise InvalidTree(message)


def _require_distinct(columns: tuple[str, ...]) -> None:
    _require(len(set(columns)) == len(columns), f"a column twice in {columns}")


def _require_columns(expression: Expr, columns: Collection[str]) -> None:
    missing = column_names(expression).difference(columns)
    if missing:
        raise InvalidTree(f"an expression reads {sorted(missing)}, which its input lacks: {expression!r}")
