"""What to keep of a group so that its aggregates can be maintained.

    additive   count, sum, avg, variance and standard deviation on exact types, bool_and, bool_or: sums of
               per-row contributions, so a row of weight w adds w times its contribution (the invertible ones)
    xor        bit_xor: its own inverse, so the rows of odd weight decide
    extremum   min and max: a better value wins; when the stored one is deleted, the group is read again
    whole      everything else: the group is read again whenever it is touched

Floating point sums are not additive: their value depends on the rows that were ever in the group. Numeric NaN
is counted apart from the sum, and the possible scales are counted where there are several (ops.scales).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from airflow.providers.pgtrickle.engine.analysis.moments import deviation
from airflow.providers.pgtrickle.engine.ops import expressions as ex
from airflow.providers.pgtrickle.engine.ops.expressions import Expr
from airflow.providers.pgtrickle.engine.ops.naming import BIGINT, NUMERIC, Names
from airflow.providers.pgtrickle.engine.ops.nodes import Aggregate, AggregateCall
from airflow.providers.pgtrickle.engine.ops.scales import INTEGERS, computed_columns, possible_scales
from airflow.providers.pgtrickle.engine.schema import ColumnType

_DEVIATIONS = frozenset(("var_pop", "var_samp", "stddev_pop", "stddev_samp"))

StateKind = Literal["additive", "xor", "min", "max", "whole"]


@dataclass(frozen=True, slots=True)
class State:
    """One column of kept state.

    ``additive``: the sum of ``value`` (an exact number, 1 for counts) over the rows where ``where`` holds.
    ``xor``: the exclusive or of an integer ``value`` over them.
    ``min``/``max``: the extremum of ``value`` over them. ``whole``: ``value`` is the aggregate call itself.
    """

    name: str
    kind: StateKind
    value: Expr
    where: Expr | None
    type: ColumnType

    @property
    def accumulates(self) -> bool:
        """Whether the state after a change follows from the one before it and the change alone."""
        return self.kind in ("additive", "xor")

    def over_rows(self) -> Expr:
        """The aggregate call that computes the state from plain rows."""
        if self.accumulates:
            return self._total(self.value, self.where)
        if self.kind == "whole":
            return self.value
        return ex.aggregate_call(self.kind, self.value, self.where)

    def over_weights(self, weight: str) -> Expr:
        """The aggregate call for a state that accumulates, over rows that count ``weight`` times."""
        times = ex.column(weight)
        if self.kind == "xor":
            return self._total(self.value, _both(self.where, ex.is_odd(times)))
        return self._total(ex.multiply(self.value, times), self.where)

    def over_states(self) -> Expr:
        """The aggregate call that puts partial states, in the column of this name, together."""
        return self._total(ex.column(self.name), None)

    def _total(self, value: Expr, where: Expr | None) -> Expr:
        total = ex.aggregate_call("bit_xor" if self.kind == "xor" else "sum", value, where)
        return ex.cast(ex.coalesce(total, ex.integer(0)), self.type.name)


@dataclass(frozen=True, slots=True)
class GroupStates:
    """The state of a group: ``count`` is the number of its rows.

    ``values`` gives each aggregate in terms of it.
    """

    count: str
    states: tuple[State, ...]
    values: Mapping[str, Expr]

    @property
    def additive(self) -> bool:
        """Whether every state accumulates."""
        return all(state.accumulates for state in self.states)

    @property
    def whole(self) -> bool:
        """Whether a touched group must always be read again."""
        return any(state.kind == "whole" for state in self.states)


def group_states(op: Aggregate, names: Names) -> GroupStates:
    """Choose the state to keep for an aggregate."""
    builder = _Builder(names, computed_columns(op.input))
    values = {item.name: builder.value(item) for item in op.calls}
    return GroupStates(builder.count, tuple(builder.states), values)


class _Builder:
    def __init__(self, names: Names, computed: Mapping[str, Sequence[Expr]]) -> None:
        self.names = names
        self.computed = computed
        self.states: list[State] = []
        self.count = self._additive("rows", ex.integer(1), None, BIGINT)

    def value(self, item: AggregateCall) -> Expr:
        """Add the states that the call needs; return its value over them."""
        kind = self.names.types[item.name]
        if item.function == "count" and not item.distinct:
            return self._count(item)
        if item.function in ("min", "max") and item.argument is not None:
            return ex.column(self._add(item.function, item.argument, item.where, kind))  # type: ignore[arg-type]
        if item.function in ("sum", "avg") and not item.distinct and item.argument is not None:
            exact = self._exact_sum(item, item.argument, kind)
            if exact is not None:
                return exact
        if item.function in ("bool_and", "bool_or") and item.argument is not None:
            return self._decided(item, item.argument)
        if item.function == "bit_xor" and item.argument is not None and kind.base in INTEGERS:
            parity = ex.column(self._add("xor", item.argument, item.where, kind))
            return ex.case([(ex.compare(self._count(item), ">", ex.integer(0)), parity)])
        if item.function in _DEVIATIONS and item.argument is not None:
            exact = self._deviation(item, item.argument)
            if exact is not None:
                return exact
        return ex.column(self._add("whole", item.call, None, kind))

    def _count(self, item: AggregateCall) -> Expr:
        where = item.where
        if item.argument is not None:
            present = ex.is_not_null(item.argument)
            if self.names.types[argument_key(item)].is_row:
                # A composite value of NULLs "is NULL", yet it is counted.
                present = ex.equals(ex.call("num_nulls", item.argument), ex.integer(0))
            where = _both(where, present)
        return ex.column(
            self.count if where is None else self._additive("count", ex.integer(1), where, BIGINT)
        )

    def _exact_sum(self, item: AggregateCall, argument: Expr, kind: ColumnType) -> Expr | None:
        base = self.names.types[argument_key(item)].base
        if base in INTEGERS:
            width = NUMERIC if base == "bigint" else BIGINT
            number = self._count(item)
            total: Expr = ex.column(
                self._additive("sum", ex.cast(argument, width.name), _both(item.where, None), width)
            )
            return self._finished(item, ex.cast(total, kind.name), total, number)
        if base != "numeric":
            return None
        scales = possible_scales(argument, self.names.types, self.computed)
        if not scales:
            return None
        return self._numeric_sum(item, argument, sorted(scales, reverse=True))

    def _numeric_sum(self, item: AggregateCall, argument: Expr, scales: list[int]) -> Expr:
        not_a_number = ex.cast(ex.text("NaN"), "numeric")
        number = self._count(item)
        finite = _both(item.where, ex.compare(argument, "<>", not_a_number))
        total: Expr = ex.column(self._additive("sum", ex.cast(argument, "numeric"), finite, NUMERIC))
        nans = self._additive(
            "nans", ex.integer(1), _both(item.where, ex.equals(argument, not_a_number)), BIGINT
        )
        scaled = ex.call("round", total, ex.integer(scales[-1]))
        for scale in reversed(scales[:-1]):
            long = _both(finite, ex.equals(ex.call("scale", argument), ex.integer(scale)))
            counted = self._additive("scale", ex.integer(1), long, BIGINT)
            present = ex.compare(ex.column(counted), ">", ex.integer(0))
            scaled = ex.case([(present, ex.call("round", total, ex.integer(scale)))], scaled)
        total = ex.case([(ex.compare(ex.column(nans), ">", ex.integer(0)), not_a_number)], scaled)
        return self._finished(item, total, total, number)

    def _finished(self, item: AggregateCall, total: Expr, dividend: Expr, number: Expr) -> Expr:
        """The sum, or the average; NULL when no row contributed."""
        some = ex.compare(number, ">", ex.integer(0))
        if item.function == "sum":
            return ex.case([(some, total)])
        return ex.case([(some, ex.divide(ex.cast(dividend, "numeric"), ex.cast(number, "numeric")))])

    def _decided(self, item: AggregateCall, argument: Expr) -> Expr:
        """bool_and holds while no row says no, bool_or as soon as one says yes."""
        every = item.function == "bool_and"
        voice = ex.negate(argument) if every else argument
        voices = ex.column(self._additive("voices", ex.integer(1), _both(item.where, voice), BIGINT))
        some = ex.compare(self._count(item), ">", ex.integer(0))
        return ex.case([(some, ex.compare(voices, "=" if every else ">", ex.integer(0)))])

    def _deviation(self, item: AggregateCall, argument: Expr) -> Expr | None:
        base = self.names.types[argument_key(item)].base
        nans: Expr | None = None
        where, scale, total_type = item.where, 0, BIGINT
        if base not in INTEGERS:
            scales = possible_scales(argument, self.names.types, self.computed) if base == "numeric" else None
            if scales is None or len(scales) != 1:
                return None
            (scale,) = scales
            not_a_number = ex.cast(ex.text("NaN"), "numeric")
            where = _both(where, ex.compare(argument, "<>", not_a_number))
            is_nan = _both(item.where, ex.equals(argument, not_a_number))
            nans = ex.column(self._additive("nans", ex.integer(1), is_nan, BIGINT))
        if base in ("bigint", "numeric"):
            total_type = NUMERIC
        value = ex.cast(argument, "numeric")
        total = ex.column(self._additive("sum", ex.cast(argument, total_type.name), where, total_type))
        squares = ex.column(self._additive("squares", ex.multiply(value, value), where, NUMERIC))
        return deviation(item.function, self._count(item), total, squares, nans, scale)

    def _additive(self, stem: str, value: Expr, where: Expr | None, kind: ColumnType) -> str:
        return self._add("additive", value, where, kind, stem)

    def _add(
        self,
        kind: StateKind,
        value: Expr,
        where: Expr | None,
        column_type: ColumnType,
        stem: str | None = None,
    ) -> str:
        for state in self.states:
            if state.kind == kind and state.value == value and state.where == where:
                return state.name
        name = self.names.fresh(stem or kind, column_type)
        self.states.append(State(name, kind, value, where, column_type))
        return name


def argument_key(item: AggregateCall) -> str:
    """Where ``Names.types`` holds the type of a call's argument."""
    return f"{item.name}.argument"


def _both(one: Expr | None, other: Expr | None) -> Expr | None:
    parts = [part for part in (one, other) if part is not None]
    return ex.and_(parts) if len(parts) > 1 else (parts[0] if parts else None)
