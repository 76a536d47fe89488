"""What names mean while a query is lowered: ranges, common table expressions, outer queries."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from sqlglot import exp

from airflow.providers.pgtrickle.engine.ops import expressions as ex
from airflow.providers.pgtrickle.engine.ops.expressions import Expr
from airflow.providers.pgtrickle.engine.ops.naming import Names
from airflow.providers.pgtrickle.engine.ops.nodes import Op, Project


class Unsupported(Exception):
    """A construct without a delta law; ``reason`` names it for people."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Cut:
    """ORDER BY with LIMIT, OFFSET or FETCH at the top of a query, which the view over storage applies.

    ``order`` pairs a column of the tree with the text after it (``DESC NULLS LAST``); ``clauses`` are the
    LIMIT, OFFSET and FETCH clauses as text.
    """

    order: tuple[tuple[str, str], ...]
    clauses: str


@dataclass(frozen=True, slots=True)
class Lowered:
    """A query's tree and its output columns: (name as the query has it, column of the tree).

    ``domain`` are the columns that a correlated query carries along (see ``domains``).
    """

    op: Op
    outputs: tuple[tuple[str, str], ...]
    cut: Cut | None = None
    domain: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[tuple[str, Expr], ...]:
        """The output columns as expressions, under their titles."""
        return tuple((title, ex.column(column)) for title, column in self.outputs)

    def exactly(self) -> Op:
        """The tree with the domain and the outputs as its columns, each once."""
        columns = tuple(dict.fromkeys((*self.domain, *(column for _, column in self.outputs))))
        if self.op.columns == columns:
            return self.op
        return Project(self.op, tuple((name, ex.column(name)) for name in columns))


def titled(lowered: Lowered, titles: Sequence[str]) -> Lowered:
    """The query under the column names of an alias, which may name the first columns only."""
    outputs = tuple(
        (titles[position] if position < len(titles) else title, column)
        for position, (title, column) in enumerate(lowered.outputs)
    )
    return Lowered(lowered.op, outputs)


@dataclass(frozen=True, slots=True)
class Range:
    """What one FROM item offers under its alias: column name → expression over the tree.

    ``row`` is the whole row as one value, where something reads it.
    """

    alias: str | None
    columns: Mapping[str, Expr]
    row: Expr | None = None


@dataclass(frozen=True, slots=True)
class FromItem:
    """A FROM item: its tree, its ranges, and its columns in order (after USING merged some)."""

    op: Op
    ranges: tuple[Range, ...]
    columns: tuple[tuple[str, Expr], ...]


@dataclass(slots=True)
class Environment:
    """The common table expressions in sight: not lowered yet, or lowered once."""

    definitions: dict[str, tuple[exp.CTE, Environment]] = field(default_factory=dict)
    lowered: dict[str, Lowered] = field(default_factory=dict)
    parent: Environment | None = None

    def find(self, name: str) -> Environment | None:
        """The innermost environment that defines the name."""
        environment: Environment | None = self
        while environment is not None and name not in environment.definitions:
            environment = environment.parent
        return environment


class Scope:
    """Resolves column references as PostgreSQL printed them; unknown ones in the outer query's scope."""

    def __init__(
        self,
        ranges: Sequence[Range],
        columns: Sequence[tuple[str, Expr]] = (),
        outer: Scope | None = None,
        rewrite: Callable[[Expr], Expr] | None = None,
    ) -> None:
        self.ranges = ranges
        self.columns = columns
        self.outer = outer
        self.rewrite = rewrite

    def resolve(self, node: exp.Column) -> Expr:
        """What a reference means over the tree; Unsupported when it cannot be told."""
        found = self._find(node)
        if found is not None:
            return found if self.rewrite is None else self.rewrite(found)
        if self.outer is not None:
            return self.outer.resolve(node)
        raise Unsupported(f"the reference {node.sql(dialect='postgres')}")

    def _find(self, node: exp.Column) -> Expr | None:
        if node.args.get("db"):
            return None
        name, qualifier = node.name, node.table
        if qualifier:
            for offered in reversed(self.ranges):
                if offered.alias == qualifier and isinstance(node.this, exp.Star):
                    if offered.row is None:
                        raise Unsupported("a whole-row reference to a function")
                    return offered.row
                if offered.alias == qualifier:
                    return offered.columns.get(name)
            return None
        return next((value for title, value in self.columns if title == name), None)


@dataclass(slots=True)
class Frame:
    """A SELECT in the making: its tree so far, which subqueries in its expressions extend by joins.

    While ``deferred`` is a dict, subqueries are put off: they stand in expressions as the columns named in
    it.
    """

    op: Op
    scope: Scope
    environment: Environment
    deferred: dict[str, exp.Expr] | None = None
    entered: Entered | None = None

    @property
    def domain(self) -> tuple[str, ...]:
        """The columns of the domain that the tree carries along."""
        return self.entered.columns if self.entered is not None else ()


class Lowerer(Protocol):
    """What the parts of the lowering, one a module, ask of each other."""

    names: Names

    def query(self, node: exp.Expr, environment: Environment, *, domain: Domain | None = None) -> Lowered:
        """Lower a query that stands in another; over a domain if it reads what stands around it."""

    def environment(self, node: exp.Expr, outer: Environment) -> Environment:
        """The environment within a query: what its own WITH adds."""

    def scalar(self, node: exp.Expr, frame: Frame) -> Expr:
        """An expression over the frame's tree, which subqueries in it extend."""

    def closed(self, node: exp.Expr, frame: Frame) -> Expr:
        """A query that reads no relation as an expression over the frame's tree."""

    def condition(self, node: exp.Expr, frame: Frame) -> None:
        """Restrict the frame's tree to the rows for which the condition is true."""

    def from_frame(
        self, node: exp.Select, environment: Environment, outer: Scope | None, prefix: Op | None = None
    ) -> Frame:
        """The frame that the FROM clause of a SELECT makes."""

    def domain(self, frame: Frame, read: frozenset[str]) -> Domain:
        """The domain of the columns ``read`` of a frame's tree."""

    def dependent(
        self, node: exp.Expr, frame: Frame, *, optional: bool = False
    ) -> tuple[tuple[str, Expr], ...] | None:
        """Join a lateral query to the frame's tree (``optional``: by a left join); its columns.

        None, and nothing done, when the query reads nothing of the frame.
        """

    def is_aggregate(self, node: exp.Expr) -> bool:
        """Whether the node is a whole aggregate call."""

    def returns_set(self, select: exp.Select) -> bool:
        """Whether a set-returning function stands in the select list."""

    def keys_of(self, op: Op) -> Iterable[frozenset[str]]:
        """Sets of columns that identify a row of a relation."""


class Domain(Protocol):
    """What a correlated query reads of the query around it (``domains``)."""

    columns: tuple[str, ...]
    scope: Scope

    def entered(self, names: Names) -> Entered:
        """A use of the domain beside others."""

    def links(self, columns: Iterable[str]) -> tuple[Expr, ...]:
        """What joins rows that carry the domain's columns back to the frame's tree."""


@dataclass(frozen=True, slots=True)
class Entered:
    """One use of a domain: its relation, its columns under names of their own, the scope that finds them."""

    op: Op
    columns: tuple[str, ...]
    scope: Scope
