"""Random scalar expressions and predicates: always well-typed, deterministic, free of run-time errors.

Two facts are carried along to keep them so. ``digits`` bounds an integer's size, so that no product or sum
overflows. ``exact`` says that equal inputs always give this identical value: false for a numeric whose
scale depends on the rows behind it and for a float that rounded, of which SQL itself does not define the
average or sum.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from airflow.providers.pgtrickle.engine.testing.sqltypes import LITERALS, Kind


@dataclass(frozen=True, slots=True)
class Value:
    """A typed piece of SQL: a column reference, a literal or an expression in parentheses."""

    sql: str
    kind: Kind
    digits: int = 1
    exact: bool = True


Scope = Sequence[Value]
Production = tuple[int, Callable[[Scope, int], Value | None]]

_COMPARISONS = (
    "=",
    "=",
    "<>",
    "<>",
    "<",
    "<=",
    "<=",
    ">",
    ">=",
    ">=",
    "IS DISTINCT FROM",
    "IS NOT DISTINCT FROM",
)
_INTEGERS = (Kind.INT, Kind.BIGINT)
#: Kinds that compare with each other and can be joined.
_FAMILIES = ((Kind.INT, Kind.BIGINT, Kind.FIXED, Kind.NUMERIC, Kind.FLOAT),)


def comparable(left: Kind, right: Kind) -> bool:
    """Whether ``left = right`` has an operator that can also hash, so that outer joins may use it."""
    if left is right:
        return left.has_equality
    return left in _INTEGERS and right in _INTEGERS


class Expressions:
    """Draws expressions over a scope of visible columns."""

    def __init__(self, rng: random.Random, features: frozenset[str]) -> None:
        self._rng = rng
        self._features = features
        self._productions: dict[Kind, list[Production]] = {
            Kind.INT: [
                (3, self._int_arithmetic),
                (1, self._int_modulo),
                (1, self._int_quotient),
                (1, self._length),
                (1, self._from_boolean),
                (1, self._days_between),
                (1, self._year),
                (1, self._element),
                (1, self._cardinality),
            ],
            Kind.BIGINT: [(2, self._bigint_arithmetic), (1, self._widen)],
            Kind.FIXED: [(1, self._round_to_cents)],
            Kind.NUMERIC: [
                (2, self._fixed_arithmetic),
                (1, self._int_to_numeric),
                (1, self._numeric_arithmetic),
            ],
            Kind.FLOAT: [(2, self._float_arithmetic), (1, self._int_to_float)],
            Kind.TEXT: [
                (2, self._concatenate),
                (2, self._text_function),
                (1, self._int_to_text),
                (1, self._json_text),
            ],
            Kind.DATE: [(1, self._shift_date)],
            Kind.TIMESTAMP: [(1, self._shift_timestamp)],
            Kind.JSONB: [(1, self._json_member)],
            Kind.INTS: [(1, self._make_array)],
        }

    def value(self, kind: Kind, scope: Scope, depth: int) -> Value:
        """An expression of the kind: a column of the scope most of the time."""
        columns = [column for column in scope if column.kind is kind]
        roll = self._rng.random()
        if columns and (depth <= 0 or roll < 0.55 or "expressions" not in self._features):
            return self._rng.choice(columns)
        if depth > 0 and "expressions" in self._features:
            own = self._productions.get(kind, [])
            productions: list[Production] = [*own, (2 if kind is not Kind.BOOL else 1, self._generic(kind))]
            if kind is Kind.BOOL:
                productions.append((3, self._boolean))
            weights = [weight for weight, _ in productions]
            for _ in range(3):
                made = self._rng.choices(productions, weights)[0][1](scope, depth - 1)
                if made is not None:
                    return made
        if columns and roll < 0.9:
            return self._rng.choice(columns)
        return self.literal(kind)

    def literal(self, kind: Kind) -> Value:
        """A constant; rarely a typed NULL."""
        if self._rng.random() < 0.06:
            return Value(f"NULL::{kind.value}", kind)
        return Value(self._rng.choice(LITERALS[kind]), kind, exact=kind is not Kind.NUMERIC)

    def predicate(self, scope: Scope, depth: int = 2) -> str:
        """A condition over the scope, with three-valued logic."""
        roll = self._rng.random()
        if depth > 0 and roll < 0.42:
            left, right = self.predicate(scope, depth - 1), self.predicate(scope, depth - 1)
            return f"({left} {'AND' if self._rng.random() < 0.35 else 'OR'} {right})"
        if depth > 0 and roll < 0.5:
            return f"(NOT {self.predicate(scope, depth - 1)})"
        return self._atom(scope, depth)

    def likely(self, scope: Scope, depth: int = 2) -> str:
        """A condition that some rows of a small table are likely to meet."""
        roll = self._rng.random()
        condition = self.predicate(scope, depth)
        if roll < 0.25:
            return f"({condition} IS NOT {self._rng.choice(('TRUE', 'FALSE', 'FALSE'))})"
        if roll < 0.65:
            easy = self._pick(scope).sql
            return (
                f"({condition} OR {easy} IS NOT NULL)"
                if roll < 0.5
                else f"({easy} IS NOT NULL OR {condition})"
            )
        return condition

    def _atom(self, scope: Scope, depth: int) -> str:
        subject = self._pick(scope) if scope else self.literal(Kind.INT)
        if subject.kind is Kind.JSON:
            return f"({subject.sql} IS NOT NULL)"
        rng = self._rng
        if depth > 0 and rng.random() < 0.3:
            subject = self.value(subject.kind, scope, depth - 1)
        sql, kind = subject.sql, subject.kind
        other = self._counterpart(kind, scope, depth)
        forms: list[tuple[int, Callable[[], str]]] = [
            (8, lambda: f"({sql} {rng.choice(_COMPARISONS)} {other})"),
            (2, lambda: f"({sql} IS {rng.choice(('NULL', 'NOT NULL', 'NOT NULL'))})"),
            (2, lambda: f"({sql} {rng.choice(('', 'NOT '))}IN ({', '.join(self._items(kind, scope))}))"),
            (1, lambda: f"({sql} {rng.choice(('', 'NOT '))}BETWEEN {self.literal(kind).sql} AND {other})"),
            (1, lambda: f"(COALESCE({sql}, {self.literal(kind).sql}) <> {other})"),
        ]
        if kind is Kind.BOOL:
            forms += [
                (4, lambda: sql),
                (2, lambda: f"({sql} IS {rng.choice(('TRUE', 'NOT TRUE', 'UNKNOWN', 'NOT FALSE'))})"),
            ]
        if kind is not Kind.INTS:
            forms.append(
                (1, lambda: f"({sql} = ANY (ARRAY[{', '.join(self._items(kind, scope, literals=True))}]))")
            )
        if kind is Kind.TEXT:
            patterns = ("'%a%'", "'a%'", "'_'", "'%'")
            forms.append(
                (2, lambda: f"({sql} {rng.choice(('LIKE', 'NOT LIKE', 'ILIKE'))} {rng.choice(patterns)})")
            )
        if kind is Kind.JSONB:
            forms.append((4, lambda: f"""({sql} @> '{{"a": 1}}'::jsonb)"""))
        if kind is Kind.RANGE:
            forms.append((4, lambda: f"({sql} @> ({self.value(Kind.INT, scope, 0).sql})::integer)"))
        if kind is Kind.INTS:
            forms.append((4, lambda: f"({self.value(Kind.INT, scope, 0).sql} = ANY ({sql}))"))
        weights = [weight for weight, _ in forms]
        return rng.choices(forms, weights)[0][1]()

    def equality(self, left: Scope, right: Scope) -> str | None:
        """A condition ``l = r`` over one column of each side, or None when nothing fits."""
        pairs = [(one, two) for one in left for two in right if comparable(one.kind, two.kind)]
        if not pairs:
            return None
        # Large integers are keys on their way somewhere else: they seldom meet a partner.
        small = [pair for pair in pairs if all(side.kind is Kind.INT and side.digits <= 4 for side in pair)]
        one, two = self._rng.choice(small if small and self._rng.random() < 0.7 else pairs)
        return f"{one.sql} = {two.sql}" if self._rng.random() < 0.6 else f"{two.sql} = {one.sql}"

    def _pick(self, scope: Scope) -> Value:
        return self._rng.choice(list(scope))

    def _items(self, kind: Kind, scope: Scope, *, literals: bool = False) -> list[str]:
        count = self._rng.randint(1, 3)
        made = [self.literal(kind) if literals else self.value(kind, scope, 0) for _ in range(count)]
        return [value.sql for value in made]

    def _counterpart(self, kind: Kind, scope: Scope, depth: int) -> str:
        for family in _FAMILIES:
            if kind in family and self._rng.random() < 0.3:
                kind = self._rng.choice(family)
        if self._rng.random() < 0.45:
            return self.literal(kind).sql
        return self.value(kind, scope, depth - 1).sql

    # What any kind offers

    def _generic(self, kind: Kind) -> Callable[[Scope, int], Value]:
        def make(scope: Scope, depth: int) -> Value:
            one, two = self.value(kind, scope, depth), self.value(kind, scope, depth)
            roll = self._rng.random()
            if roll < 0.4 or kind is Kind.JSON:
                condition = self.predicate(scope, 0)
                ending = f" ELSE {two.sql}" if self._rng.random() < 0.7 else ""
                sql = f"(CASE WHEN {condition} THEN {one.sql}{ending} END)"
            elif roll < 0.75:
                sql = f"COALESCE({one.sql}, {two.sql})"
            elif roll < 0.88 or kind is Kind.BOOL:
                sql = f"NULLIF({one.sql}, {two.sql})"
                two = one
            else:
                sql = f"{self._rng.choice(('GREATEST', 'LEAST'))}({one.sql}, {two.sql})"
            exact = one.exact and two.exact and kind is not Kind.NUMERIC
            return Value(sql, kind, max(one.digits, two.digits), exact)

        return make

    def _boolean(self, scope: Scope, depth: int) -> Value:
        return Value(self.predicate(scope, depth), Kind.BOOL)

    # Integers

    def _int_arithmetic(self, scope: Scope, depth: int) -> Value | None:
        one, two = self.value(Kind.INT, scope, depth), self.value(Kind.INT, scope, depth)
        if one.digits + two.digits <= 8 and self._rng.random() < 0.4:
            return Value(f"({one.sql} * {two.sql})", Kind.INT, one.digits + two.digits)
        if max(one.digits, two.digits) >= 8:
            return None
        return Value(
            f"({one.sql} {self._rng.choice('+-')} {two.sql})", Kind.INT, max(one.digits, two.digits) + 1
        )

    def _int_modulo(self, scope: Scope, depth: int) -> Value:
        return Value(f"({self.value(Kind.INT, scope, depth).sql} % {self._rng.choice((2, 3))})", Kind.INT)

    def _int_quotient(self, scope: Scope, depth: int) -> Value:
        one, two = self.value(Kind.INT, scope, depth), self.value(Kind.INT, scope, 0)
        return Value(f"({one.sql} / NULLIF({two.sql}, 0))", Kind.INT, one.digits)

    def _length(self, scope: Scope, depth: int) -> Value:
        return Value(f"length({self.value(Kind.TEXT, scope, depth).sql})", Kind.INT, 3)

    def _from_boolean(self, scope: Scope, depth: int) -> Value:
        return Value(f"({self.predicate(scope, min(depth, 1))})::integer", Kind.INT)

    def _days_between(self, scope: Scope, depth: int) -> Value:
        one, two = self.value(Kind.DATE, scope, depth), self.value(Kind.DATE, scope, depth)
        return Value(f"({one.sql} - {two.sql})", Kind.INT, 6)

    def _year(self, scope: Scope, depth: int) -> Value:
        return Value(f"EXTRACT(year FROM {self.value(Kind.DATE, scope, depth).sql})::integer", Kind.INT, 4)

    def _element(self, scope: Scope, depth: int) -> Value:
        return Value(f"({self.value(Kind.INTS, scope, depth).sql})[1]", Kind.INT, 8)

    def _cardinality(self, scope: Scope, depth: int) -> Value:
        return Value(f"cardinality({self.value(Kind.INTS, scope, depth).sql})", Kind.INT, 2)

    def _bigint_arithmetic(self, scope: Scope, depth: int) -> Value | None:
        one = self.value(Kind.BIGINT, scope, depth)
        two = self.value(self._rng.choice(_INTEGERS), scope, depth)
        if one.digits + two.digits <= 17 and self._rng.random() < 0.4:
            return Value(f"({one.sql} * {two.sql})", Kind.BIGINT, one.digits + two.digits)
        if max(one.digits, two.digits) >= 17:
            return None
        return Value(
            f"({one.sql} {self._rng.choice('+-')} {two.sql})", Kind.BIGINT, max(one.digits, two.digits) + 1
        )

    def _widen(self, scope: Scope, depth: int) -> Value:
        one = self.value(Kind.INT, scope, depth)
        return Value(f"({one.sql})::bigint", Kind.BIGINT, one.digits)

    # Numeric and float

    def _round_to_cents(self, scope: Scope, depth: int) -> Value | None:
        one = self.value(Kind.FIXED, scope, depth)
        return Value(f"({one.sql} / 3)::numeric(8,2)", Kind.FIXED, one.digits)

    def _fixed_arithmetic(self, scope: Scope, depth: int) -> Value:
        one, two = self.value(Kind.FIXED, scope, depth), self.value(Kind.FIXED, scope, depth)
        return Value(f"({one.sql} {self._rng.choice('+-*')} {two.sql})", Kind.NUMERIC, exact=False)

    def _int_to_numeric(self, scope: Scope, depth: int) -> Value:
        return Value(
            f"({self.value(self._rng.choice(_INTEGERS), scope, depth).sql})::numeric",
            Kind.NUMERIC,
            exact=False,
        )

    def _numeric_arithmetic(self, scope: Scope, depth: int) -> Value:
        one, two = self.value(Kind.NUMERIC, scope, depth), self.value(Kind.NUMERIC, scope, depth)
        return Value(f"({one.sql} {self._rng.choice('+-')} {two.sql})", Kind.NUMERIC, exact=False)

    def _float_arithmetic(self, scope: Scope, depth: int) -> Value:
        one, two = self.value(Kind.FLOAT, scope, depth), self.value(Kind.FLOAT, scope, depth)
        return Value(
            f"({one.sql} {self._rng.choice('+-')} {two.sql})", Kind.FLOAT, exact=one.exact and two.exact
        )

    def _int_to_float(self, scope: Scope, depth: int) -> Value:
        one = self.value(Kind.INT, scope, depth)
        return Value(f"({one.sql})::float8", Kind.FLOAT, one.digits)

    # Text, dates, containers

    def _concatenate(self, scope: Scope, depth: int) -> Value:
        one, two = self.value(Kind.TEXT, scope, depth), self.value(Kind.TEXT, scope, 0)
        return Value(f"({one.sql} || {two.sql})", Kind.TEXT)

    def _text_function(self, scope: Scope, depth: int) -> Value:
        form = self._rng.choice(
            ("upper({0})", "lower({0})", "left({0}, 1)", "replace({0}, 'a', 'b')", "reverse({0})")
        )
        return Value(form.format(self.value(Kind.TEXT, scope, depth).sql), Kind.TEXT)

    def _int_to_text(self, scope: Scope, depth: int) -> Value:
        return Value(f"({self.value(self._rng.choice(_INTEGERS), scope, depth).sql})::text", Kind.TEXT)

    def _json_text(self, scope: Scope, depth: int) -> Value | None:
        if "exotic_types" not in self._features:
            return None
        return Value(f"({self.value(Kind.JSONB, scope, depth).sql} ->> 'a')", Kind.TEXT)

    def _json_member(self, scope: Scope, depth: int) -> Value:
        return Value(f"({self.value(Kind.JSONB, scope, depth).sql} -> 'a')", Kind.JSONB)

    def _shift_date(self, scope: Scope, depth: int) -> Value:
        return Value(f"({self.value(Kind.DATE, scope, depth).sql} + {self._rng.choice((1, 30))})", Kind.DATE)

    def _shift_timestamp(self, scope: Scope, depth: int) -> Value:
        one = self.value(Kind.TIMESTAMP, scope, depth)
        sql = self._rng.choice(("({} + INTERVAL '12 hours')", "date_trunc('day', {})")).format(one.sql)
        return Value(sql, Kind.TIMESTAMP)

    def _make_array(self, scope: Scope, depth: int) -> Value:
        one, two = self.value(Kind.INT, scope, depth), self.value(Kind.INT, scope, 0)
        return Value(f"ARRAY[{one.sql}, {two.sql}]", Kind.INTS)
