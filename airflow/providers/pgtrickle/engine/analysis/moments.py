"""Variance and standard deviation from a count, a sum and a sum of squares, with PostgreSQL's digits.

    var = (N·Σx² − (Σx)²) / (N·N)         over a population;  N·(N − 1) divides for a sample
    stddev = √var, rounded to as many digits as var has

These are the steps of numeric_stddev_internal (src/backend/utils/adt/numeric.c): product and quotient have
the scales that numeric's own operators give, a numerator that is not positive gives a plain 0, NaN among the
values gives NaN, and a sample of one gives NULL. Its square root is rounded once, at the quotient's scale d;
numeric's sqrt() rounds where it likes, so the root is taken with more digits first. A root that these could
carry across a midpoint m of d + 1 digits would lie closer to it than 10^-(2d + 2) / 2√var: var − m² is a
multiple of 10^-(2d + 2), and not 0, as m² ends in a 5 that var has no place for. As many digits more as var
is long decide.
"""

from __future__ import annotations

from airflow.providers.pgtrickle.engine.ops import expressions as ex
from airflow.providers.pgtrickle.engine.ops.expressions import Expr


def deviation(function: str, number: Expr, total: Expr, squares: Expr, nans: Expr | None, scale: int) -> Expr:
    """``function`` (var_pop, var_samp, stddev_pop, stddev_samp) of ``number`` values of a fixed ``scale``.

    ``total`` is their sum, ``squares`` the sum of their squares, ``nans`` counts those that are NaN.
    """
    sample = function.endswith("_samp")
    zero = ex.integer(0)
    count = ex.cast(number, "numeric")
    sum_ = ex.call("round", ex.cast(total, "numeric"), ex.integer(scale))
    sum_of_squares = ex.call("round", squares, ex.integer(2 * scale))
    numerator = ex.subtract(ex.multiply(count, sum_of_squares), ex.multiply(sum_, sum_))
    others = ex.subtract(count, ex.cast(ex.integer(1), "numeric")) if sample else count
    variance = ex.divide(numerator, ex.multiply(count, others))
    value = variance if function.startswith("var") else _root(variance)
    cases = [(ex.compare(number, "<=", ex.integer(int(sample))), ex.cast(ex.null(), "numeric"))]
    if nans is not None:
        cases.append((ex.compare(nans, ">", zero), ex.cast(ex.text("NaN"), "numeric")))
    cases.append((ex.compare(numerator, "<=", zero), ex.cast(zero, "numeric")))
    return ex.case(cases, value)


def _root(variance: Expr) -> Expr:
    digits = ex.call("scale", variance)
    length = ex.call("length", ex.cast(variance, "text"))
    longer = ex.call("round", variance, ex.add(ex.add(digits, length), ex.integer(10)))
    return ex.call("round", ex.call("sqrt", longer), digits)
