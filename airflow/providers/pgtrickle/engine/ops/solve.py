"""Ages solved for the column that they are taken of.

    now − x < z   =   x > now − |z|          |z| the interval z with months of 30 days and days of 24 hours

The difference of two timestamps is a number of microseconds, and intervals compare by |z|, so this is exact,
and ``now − |z|`` is exact too: a time of day alone is subtracted, which no calendar or time zone bends. With
the column alone on one side an index on it finds the rows for which the truth value changes with time. What
is no timestamptz is converted to one first, as the subtraction does it.
"""

from __future__ import annotations

import re

from sqlglot import exp

from airflow.providers.pgtrickle.engine.ops import expressions as ex
from airflow.providers.pgtrickle.engine.ops.expressions import Expr
from airflow.providers.pgtrickle.engine.parse.nodes import Clock

#: An interval as PostgreSQL prints it, short enough that subtracting it from the time cannot overflow.
_INTERVAL = re.compile(
    r"(?:(?P<years>-?\d{1,3}) years? ?)?(?:(?P<months>[-+]?\d{1,3}) mons? ?)?"
    r"(?:(?P<days>[-+]?\d{1,4}) days? ?)?"
    r"(?:(?P<sign>[-+])?(?P<hours>\d{1,5}):(?P<minutes>\d\d):(?P<seconds>\d\d)(?:\.(?P<fraction>\d{1,6}))?)?"
)
_MIRRORED: dict[type[exp.Expr], str] = {
    exp.LT: ">",
    exp.LTE: ">=",
    exp.GT: "<",
    exp.GTE: "<=",
    exp.EQ: "=",
    exp.NEQ: "<>",
}


def solved(test: Expr) -> Expr:
    """A comparison of ``now − x`` with a constant interval as one of x alone; any other test as it is."""
    bare = test.unnest()
    sides = ex.compared_sides(bare)
    if sides is None:
        return test
    age, other = (side.unnest() for side in sides)
    operator = _MIRRORED[type(bare)]
    if not isinstance(age, exp.Sub):
        age, other = other, age
        operator = {">": "<", ">=": "<=", "<": ">", "<=": ">="}.get(operator, operator)
    length = _length(other)
    if length is None or not isinstance(age, exp.Sub):
        return test
    clock, taken_of = age.this.unnest(), age.expression.unnest()
    if not isinstance(clock, Clock) or taken_of.find(Clock) is not None:
        return test
    instant = ex.cast(taken_of, "timestamp with time zone")
    return ex.compare(instant, operator, ex.subtract(clock, ex.cast(ex.text(length), "interval")))


def _length(value: Expr) -> str | None:
    """|z| of a constant interval as hours, minutes and seconds."""
    if not isinstance(value, exp.Cast) or value.to.args.get("kind") != "interval":
        return None
    literal = value.this
    if not isinstance(literal, exp.Literal) or not literal.is_string:
        return None
    found = _INTERVAL.fullmatch(literal.name)
    if found is None or not literal.name:
        return None
    number = {
        name: int(text) for name, text in found.groupdict("0").items() if name not in ("sign", "fraction")
    }
    time = (number["hours"] * 60 + number["minutes"]) * 60 + number["seconds"]
    micros = time * 1_000_000 + int((found["fraction"] or "").ljust(6, "0"))
    days = (number["years"] * 12 + number["months"]) * 30 + number["days"]
    total = days * 86_400_000_000 + (-micros if found["sign"] == "-" else micros)
    seconds, micros = divmod(abs(total), 1_000_000)
    minutes, seconds = divmod(seconds, 60)
    return f"{'-' if total < 0 else ''}{minutes // 60}:{minutes % 60:02}:{seconds:02}.{micros:06}"
