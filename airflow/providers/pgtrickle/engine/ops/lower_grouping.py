"""Lowering GROUP BY: keys, aggregates, grouping sets.

GROUPING SETS, ROLLUP and CUBE become an expansion: each input row once for every set, with the keys that the
set lacks made NULL and the set's number as one more key. The empty set, which has its row even over no input,
is a scalar aggregate of its own.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import product

from sqlglot import exp

from airflow.providers.pgtrickle.engine.ops import expressions as ex
from airflow.providers.pgtrickle.engine.ops.aggregates import called, filtered, is_aggregate, read_aggregate
from airflow.providers.pgtrickle.engine.ops.expressions import Expr
from airflow.providers.pgtrickle.engine.ops.naming import BOOLEAN, INTEGER, Names
from airflow.providers.pgtrickle.engine.ops.nodes import Aggregate, AggregateCall, Op, Project, UnionAll
from airflow.providers.pgtrickle.engine.ops.scopes import Entered, Unsupported

#: More sets than this and the expansion would multiply every change beyond reason.
MAX_GROUPING_SETS = 64

Targets = list[tuple[str, Expr]]


@dataclass(frozen=True, slots=True)
class GroupClause:
    """A GROUP BY clause over the tree: its key expressions, and its sets as positions in them (None.

    One set).
    """

    keys: tuple[Expr, ...]
    sets: tuple[tuple[int, ...], ...] | None


class Grouped:
    """Rewrites the expressions of a grouped query to read keys and aggregates, collecting the latter."""

    def __init__(self, names: Names, aggregate_names: Collection[str], opaque: Collection[str]) -> None:
        self.names = names
        self.aggregate_names = aggregate_names
        self.opaque = opaque
        self.keys: list[str] = []
        self.computed: list[tuple[str, Expr]] = []
        self.calls: list[AggregateCall] = []
        self.grouping: dict[str, tuple[str, ...]] = {}
        self.closed = False
        self._key_values: list[tuple[Expr, str]] = []
        self._seen: list[tuple[Expr, str]] = []

    def key(self, value: Expr) -> str:
        """The column of a group key; a computed one is computed below the aggregate."""
        value = value.unnest()
        name = ex.column_of(value) or next((known for seen, known in self._key_values if seen == value), None)
        if name is None:
            name = self.names.fresh("key")
            self.computed.append((name, value))
            self._key_values.append((value, name))
        if name not in self.keys:
            self.keys.append(name)
        return name

    def alias(self, value: Expr, column: Expr) -> None:
        """Let ``column`` be the column of the key ``value``, where it is another expression."""
        name = ex.column_of(column)
        if name is not None and value != column:
            self._key_values.append((value.unnest(), name))

    def rewrite(self, value: Expr) -> Expr:
        """The expression over keys and aggregates."""
        bare = value.unnest()
        for key, name in self._key_values:
            if bare == key:
                return ex.column(name)
        if isinstance(bare, exp.Anonymous) and bare.name.lower() == "grouping":
            return ex.column(self._grouping(bare))
        if is_aggregate(bare, self.aggregate_names):
            return ex.column(self._call(bare))
        if isinstance(bare, exp.Column):
            return self._column(bare)
        copied = value.copy()
        if isinstance(copied, exp.Window):
            # A function over a window of groups is no aggregate of a group: its arguments are read by group.
            self._rewrite_parts(called(copied.this))
            if isinstance(copied.this, (exp.Filter, exp.WithinGroup)):
                self._rewrite_parts(copied.this, skip="this")
            self._rewrite_parts(copied, skip="this")
        else:
            self._rewrite_parts(copied)
        return copied

    def _rewrite_parts(self, node: Expr, skip: str | None = None) -> None:
        for name, child in list(node.args.items()):
            if name == skip or isinstance(child, exp.DataType):
                continue
            if isinstance(child, exp.Expr):
                node.set(name, self.rewrite(child))
            elif isinstance(child, list):
                node.set(name, [self.rewrite(item) if isinstance(item, exp.Expr) else item for item in child])

    def _column(self, column: exp.Column) -> Expr:
        if column.name not in self.keys and column.name not in self.opaque:
            if self.closed:
                raise Unsupported("a correlated subquery over a column that is not grouped")
            # PostgreSQL accepted it ungrouped, so the keys determine it: grouping by it changes nothing.
            self.keys.append(column.name)
        return column

    def _grouping(self, call: exp.Anonymous) -> str:
        arguments = tuple(self.key(argument) for argument in call.expressions)
        for name, known in self.grouping.items():
            if known == arguments:
                return name
        name = self.names.fresh("grouping", INTEGER)
        self.grouping[name] = arguments
        return name

    def _call(self, value: Expr) -> str:
        for seen, name in self._seen:
            if seen == value:
                return name
        if self.closed:
            raise Unsupported("an aggregate of an outer query inside a subquery")
        call = read_aggregate(value, self.names)
        self.calls.append(call)
        self._seen.append((value, call.name))
        return call.name


def group(
    op: Op, clause: GroupClause, grouped: Grouped, targets: Targets, entered: Entered | None = None
) -> tuple[Op, Targets]:
    """The grouped tree and the targets over it; for each row of a domain if there is one."""
    domain = [grouped.key(ex.column(name)) for name in (entered.columns if entered is not None else ())]
    plain_keys = [grouped.key(value) for value in clause.keys]
    outputs = [(title, grouped.rewrite(value)) for title, value in targets]
    grouped.closed = True
    if grouped.computed:
        op = Project(op, (*_passed(op), *grouped.computed))
    if clause.sets is None:
        constant = {name: ex.integer(0) for name in grouped.grouping}
        outputs = [(title, ex.substitute(value, constant)) for title, value in outputs]
        if entered is not None and not clause.keys and len(grouped.keys) == len(domain):
            return _once_for_each(op, grouped, entered), outputs
        return Aggregate(op, tuple(grouped.keys), tuple(grouped.calls), scalar=not grouped.keys), outputs
    sets = [frozenset(plain_keys[position] for position in members) for members in clause.sets]
    return _expanded(op, sets, grouped, entered), outputs


def _once_for_each(op: Op, grouped: Grouped, entered: Entered) -> Aggregate:
    """Aggregates without GROUP BY over a domain: a row for each of its rows, for those without input as well.

    Every row of the domain brings a row of its own, which no aggregate counts: an aggregate of any kind then
    has the value that it has over no row.
    """
    names = grouped.names
    real = names.fresh("real", BOOLEAN)
    nulls = [(name, ex.null()) for name in op.columns if name not in entered.columns]
    own = Project(entered.op, (*_passed(entered.op), *nulls, (real, ex.FALSE)))
    rows = Project(op, (*_passed(op), (real, ex.TRUE)))
    columns = (*op.columns, real)
    both = UnionAll((rows, own), columns, (columns, columns))
    calls = tuple(filtered(call, ex.column(real)) for call in grouped.calls)
    return Aggregate(both, entered.columns, calls)


def sets_of(clause: exp.Group) -> list[list[list[exp.Expr]]] | None:
    """The grouping sets of a clause as lists of expressions, a list of alternatives for each item.

    None if plain.
    """
    if not any(isinstance(part, (exp.GroupingSets, exp.Cube, exp.Rollup)) for part in clause.walk()):
        return None
    return [_alternatives(item) for item in clause.expressions]


def cross(alternatives: Sequence[list[list[exp.Expr]]]) -> list[list[exp.Expr]]:
    """The sets of a whole clause: every choice of one alternative for each item."""
    count = 1
    for choices in alternatives:
        count *= len(choices)
    if count > MAX_GROUPING_SETS:
        raise Unsupported(f"{count} grouping sets (at most {MAX_GROUPING_SETS} are expanded)")
    return [[item for choice in choices for item in choice] for choices in product(*alternatives)]


def _alternatives(item: exp.Expr) -> list[list[exp.Expr]]:
    match item:
        case exp.GroupingSets():
            return [choice for part in item.expressions for choice in _alternatives(part)]
        case exp.Rollup():
            parts = [_members(part) for part in item.expressions]
            return [[m for part in parts[:length] for m in part] for length in range(len(parts), -1, -1)]
        case exp.Cube():
            parts = [_members(part) for part in item.expressions]
            choices = product((True, False), repeat=len(parts))
            return [
                [m for part, taken in zip(parts, choice, strict=True) if taken for m in part]
                for choice in choices
            ]
        case _:
            return [_members(item)]


def _members(item: exp.Expr) -> list[exp.Expr]:
    bare = item.unnest() if isinstance(item, exp.Paren) else item
    return list(bare.expressions) if isinstance(bare, exp.Tuple) else [bare]


def _expanded(op: Op, sets: Sequence[frozenset[str]], grouped: Grouped, entered: Entered | None) -> Op:
    """One aggregate over the expanded rows, and a scalar one for each empty set."""
    names = grouped.names
    number = names.fresh("set", INTEGER)
    own = {key: names.fresh(key) for key in grouped.keys}
    domain = frozenset(entered.columns if entered is not None else ())
    columns = (*own.values(), number, *grouped.grouping, *(item.name for item in grouped.calls))
    rows: list[Op] = []
    branches: list[Op] = []
    for position, members in enumerate(sets):
        tags = [(number, ex.integer(position))]
        tags += [(name, _bits(arguments, members)) for name, arguments in grouped.grouping.items()]
        if members:
            values = [(own[key], _or_null(key, key in members or key in domain)) for key in grouped.keys]
            rows.append(Project(op, (*_passed(op), *values, *tags)))
        else:
            total = Aggregate(op, (), tuple(grouped.calls), scalar=True)
            if entered is not None:
                total = _once_for_each(op, grouped, entered)
            values = [(name, ex.column(key) if key in domain else ex.null()) for key, name in own.items()]
            calls = [(item.name, ex.column(item.name)) for item in total.calls]
            branches.append(Project(total, (*values, *tags, *calls)))
    if rows:
        shape = rows[0].columns
        expanded = UnionAll(tuple(rows), shape, tuple(shape for _ in rows)) if len(rows) > 1 else rows[0]
        keys = (*own.values(), number, *grouped.grouping)
        branches.insert(0, Aggregate(expanded, keys, tuple(grouped.calls)))
    result = branches[0]
    if len(branches) > 1:
        result = UnionAll(tuple(branches), columns, tuple(columns for _ in branches))
    renamed = [(key, ex.column(name)) for key, name in own.items()]
    return Project(result, (*renamed, *((name, ex.column(name)) for name in columns[len(own) :])))


def _passed(op: Op) -> Targets:
    return [(name, ex.column(name)) for name in op.columns]


def _or_null(key: str, present: bool) -> Expr:
    """The key, or a NULL of its type."""
    return ex.column(key) if present else ex.case([(ex.or_(()), ex.column(key))])


def _bits(arguments: Sequence[str], members: frozenset[str]) -> Expr:
    """GROUPING(): a bit for each argument, 1 where the set lacks it; the last argument is the lowest bit."""
    value = 0
    for argument in arguments:
        value = value * 2 + (argument not in members)
    return ex.integer(value)
