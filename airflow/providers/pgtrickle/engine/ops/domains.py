"""Domains: what a correlated query reads of the query around it, as a relation of its own.

    A ⋈_θ q(A)  =  A ⋈ q(D)        D = the values of A's columns that q reads

The dependent join of Neumann & Kemper, Unnesting Arbitrary Queries (BTW 2015): q is lowered once, over D in
place of a single row of A, and every operator of q carries D's columns along (group keys, partition keys, the
columns of set operations). D is joined back on its columns, NULL being equal to NULL.

Where A has a key, D takes the key along and needs no DISTINCT: a change of A then touches the rows of D that
it touches in A, found by the key; the values alone would be counted anew by a look at all rows that share
them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from sqlglot import exp

from airflow.providers.pgtrickle.engine.ops import expressions as ex
from airflow.providers.pgtrickle.engine.ops.expressions import Expr
from airflow.providers.pgtrickle.engine.ops.naming import Names
from airflow.providers.pgtrickle.engine.ops.nodes import (
    Aggregate,
    Op,
    Project,
    SelfReference,
    walk,
)
from airflow.providers.pgtrickle.engine.ops.scopes import Entered, Frame, Scope, Unsupported

#: A key of more columns than this is no longer taken along.
_LONGEST_KEY = 4


class ValueDomain:
    """The values of some columns of a frame's tree."""

    def __init__(self, op: Op, columns: tuple[str, ...], scope: Scope, joined: int) -> None:
        self.op = op
        self.columns = columns
        self.scope = scope
        #: How many of the columns, from the first on, determine the others.
        self.joined = joined

    def entered(self, names: Names) -> Entered:
        """A use of the domain beside others."""
        fresh = {column: names.another(column) for column in self.columns}
        op = Project(self.op, tuple((new, ex.column(old)) for old, new in fresh.items()))
        return Entered(op, tuple(fresh.values()), Renamed(self.scope, fresh))

    def links(self, columns: Iterable[str]) -> tuple[Expr, ...]:
        """What joins rows that carry the domain's columns back to the frame's tree."""
        pairs = tuple(zip(self.columns, columns, strict=True))[: self.joined]
        return tuple(ex.same(ex.column(outer), ex.column(inner)) for outer, inner in pairs)


class Renamed(Scope):
    """Another scope, whose columns have other names; those without one are not in sight."""

    def __init__(self, base: Scope, columns: Mapping[str, str]) -> None:
        super().__init__(())
        self.base = base
        self.renamed = {old: ex.column(new) for old, new in columns.items()}

    def resolve(self, node: exp.Column) -> Expr:
        """What a reference means over the renamed columns."""
        found = self.base.resolve(node)
        if not ex.column_names(found) <= self.renamed.keys():
            raise Unsupported(f"the outer reference {node.sql(dialect='postgres')} in this place")
        return ex.substitute(found, self.renamed)


def domain_of(
    frame: Frame, read: frozenset[str], names: Names, keys_of: Callable[[Op], Iterable[frozenset[str]]]
) -> ValueDomain:
    """The domain of what a query reads (``read``) of a frame's tree."""
    if any(isinstance(node, SelfReference) for node in walk(frame.op)):
        # PostgreSQL lets a recursive query name itself once.
        raise Unsupported("a correlated subquery over the recursive reference of a query")
    for column in sorted(read):
        known = names.types.get(column)
        if known is not None and not known.has_equality:
            raise Unsupported(f"a subquery correlated by a value of type {known.name}, which has no equality")
    key = next((key for key in keys_of(frame.op) if len(key) <= _LONGEST_KEY), None)
    columns = (*sorted(key or ()), *sorted(read - (key or frozenset())))
    values = Project(frame.op, tuple((name, ex.column(name)) for name in columns))
    if key is None:
        return ValueDomain(Aggregate(values, columns), columns, frame.scope, len(columns))
    return ValueDomain(values, columns, frame.scope, len(key))
