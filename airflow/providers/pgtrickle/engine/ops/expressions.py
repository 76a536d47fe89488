"""Scalar expressions: sqlglot trees over uniquely named columns, treated as values.

A column reference is an unqualified, quoted sqlglot Column whose name is unique in the whole operator tree.
Nothing here or elsewhere mutates an expression that a node holds; ``substitute`` works on a copy.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from sqlglot import exp

from airflow.providers.pgtrickle.engine.ops.memo import Memo

Expr: TypeAlias = exp.Expr

TRUE: Expr = exp.true()
FALSE: Expr = exp.false()


def column(name: str) -> Expr:
    """A reference to the column ``name``."""
    return exp.Column(this=exp.Identifier(this=name, quoted=True))


def integer(value: int) -> Expr:
    """An integer constant."""
    if value < 0:
        return exp.Neg(this=exp.Literal.number(-value))
    return exp.Literal.number(value)


def text(value: str) -> Expr:
    """A text constant."""
    return exp.Literal.string(value)


def null() -> Expr:
    """An untyped NULL."""
    return exp.Null()


def cast(value: Expr, type_name: str) -> Expr:
    """``value::type_name``; the type is PostgreSQL's own spelling, kept to the letter."""
    spelled = exp.DataType(this=exp.DType.USERDEFINED, kind=type_name)
    return exp.Cast(this=_copy(value), to=spelled)


def call(function: str, *arguments: Expr) -> Expr:
    """A call of a function of pg_catalog by its plain name."""
    return exp.Anonymous(this=function, expressions=[_copy(argument) for argument in arguments])


def whole_row(columns: Iterable[tuple[str, Expr]], type_name: str | None) -> Expr:
    """The columns as one value: of a named row type, or a record with their names."""
    if type_name is not None:
        return cast(call("row", *(value for _, value in columns)), type_name)
    name = exp.to_identifier("row", quoted=True)
    values = [
        exp.Alias(this=value.copy(), alias=exp.to_identifier(title, quoted=True)) for title, value in columns
    ]
    inner = exp.Subquery(this=exp.Select(expressions=values), alias=exp.TableAlias(this=name.copy()))
    return exp.Subquery(this=exp.Select(expressions=[name], from_=exp.From(this=inner)))


def type_of_whole_row(value: Expr) -> str | None:
    """The row type of what ``whole_row`` made of a relation's columns, else None."""
    bare = value.unnest()
    if isinstance(bare, exp.Cast) and isinstance(bare.this, exp.Anonymous) and bare.this.name == "row":
        return str(bare.to.args.get("kind"))
    return None


def row_hash(values: Iterable[Expr]) -> Expr:
    """The 64-bit hash of a row of values; never NULL."""
    parts = list(values)
    return (
        call("hash_record_extended", call("row", *parts), integer(0)) if parts else cast(integer(0), "bigint")
    )


def is_row_hash(value: Expr) -> bool:
    """Whether ``row_hash`` made the expression."""
    return isinstance(value, exp.Anonymous) and value.name == "hash_record_extended"


def binary(kind: type[exp.Binary], left: Expr, right: Expr) -> Expr:
    """A binary operation, each operand parenthesised where it is not atomic."""
    return kind(this=_operand(left), expression=_operand(right))


def equals(left: Expr, right: Expr) -> Expr:
    """``left = right``."""
    return binary(exp.EQ, left, right)


def add(left: Expr, right: Expr) -> Expr:
    """``left + right``."""
    return binary(exp.Add, left, right)


def subtract(left: Expr, right: Expr) -> Expr:
    """``left - right``."""
    return binary(exp.Sub, left, right)


def multiply(left: Expr, right: Expr) -> Expr:
    """``left * right``."""
    return binary(exp.Mul, left, right)


def is_odd(value: Expr) -> Expr:
    """Whether an integer is odd."""
    return compare(binary(exp.Mod, value, integer(2)), "<>", integer(0))


def compare(left: Expr, operator: str, right: Expr) -> Expr:
    """A comparison; ``operator`` is one of ``< <= > >= = <>``."""
    kinds: dict[str, type[exp.Binary]] = {
        "<": exp.LT,
        "<=": exp.LTE,
        ">": exp.GT,
        ">=": exp.GTE,
        "=": exp.EQ,
        "<>": exp.NEQ,
    }
    return binary(kinds[operator], left, right)


def same(left: Expr, right: Expr, *, as_text: bool = False) -> Expr:
    """``left IS NOT DISTINCT FROM right``; ``as_text`` for types that have no equality."""
    if as_text:
        left, right = cast(left, "text"), cast(right, "text")
    return binary(exp.NullSafeEQ, left, right)


def is_null(value: Expr) -> Expr:
    """``value IS NULL``."""
    return exp.Is(this=_operand(value), expression=exp.Null())


def is_not_null(value: Expr) -> Expr:
    """``value IS NOT NULL``."""
    return exp.Not(this=is_null(value))


def is_true(value: Expr) -> Expr:
    """``value IS TRUE``."""
    return exp.Is(this=_operand(value), expression=exp.true())


def is_not_true(value: Expr) -> Expr:
    """``value IS NOT TRUE``."""
    return exp.Not(this=exp.Paren(this=is_true(value)))


def is_not_false(value: Expr) -> Expr:
    """``value IS NOT FALSE``: true or NULL."""
    return exp.Not(this=exp.Paren(this=exp.Is(this=_operand(value), expression=exp.false())))


def negate(value: Expr) -> Expr:
    """``NOT value``."""
    return exp.Not(this=_operand(value))


def and_(conjuncts: Iterable[Expr]) -> Expr:
    """The conjunction; TRUE for none."""
    result: Expr | None = None
    for conjunct in conjuncts:
        result = _operand(conjunct) if result is None else exp.And(this=result, expression=_operand(conjunct))
    return TRUE if result is None else result


def or_(disjuncts: Iterable[Expr]) -> Expr:
    """The disjunction; FALSE for none."""
    result: Expr | None = None
    for disjunct in disjuncts:
        result = _operand(disjunct) if result is None else exp.Or(this=result, expression=_operand(disjunct))
    return exp.false() if result is None else result


def case(branches: Iterable[tuple[Expr, Expr]], default: Expr | None = None) -> Expr:
    """``CASE WHEN … THEN … ELSE default END``."""
    return exp.Case(
        ifs=[exp.If(this=_copy(condition), true=_copy(value)) for condition, value in branches],
        default=_copy(default) if default is not None else None,
    )


def aggregate_call(function: str, argument: Expr | None, where: Expr | None = None) -> Expr:
    """``function(argument) FILTER (WHERE where)``; no argument means ``*``."""
    inner: Expr = exp.Anonymous(
        this=function, expressions=[exp.Star() if argument is None else _copy(argument)]
    )
    if where is None:
        return inner
    return exp.Filter(this=inner, expression=exp.Where(this=_copy(where)))


def least(one: Expr, other: Expr) -> Expr:
    """The smaller value; a NULL gives way to the other."""
    return exp.Least(this=_copy(one), expressions=[_copy(other)])


def greatest(one: Expr, other: Expr) -> Expr:
    """The greater value; a NULL gives way to the other."""
    return exp.Greatest(this=_copy(one), expressions=[_copy(other)])


def coalesce(value: Expr, default: Expr) -> Expr:
    """``COALESCE(value, default)``."""
    return exp.Coalesce(this=_copy(value), expressions=[_copy(default)])


def divide(left: Expr, right: Expr) -> Expr:
    """``left / right``."""
    return binary(exp.Div, left, right)


def conjuncts(predicate: Expr) -> tuple[Expr, ...]:
    """The parts of a predicate that AND joins, parentheses removed."""
    unnested = predicate.unnest()
    if isinstance(unnested, exp.And):
        return conjuncts(unnested.this) + conjuncts(unnested.expression)
    if isinstance(unnested, exp.Boolean) and unnested.this is True:
        return ()
    return (unnested,)


def column_names(*expressions: Expr) -> frozenset[str]:
    """The columns that the expressions read."""
    if len(expressions) == 1:
        return _names_in(expressions[0])
    return frozenset[str]().union(*map(_names_in, expressions))


def _find_names(expression: Expr) -> frozenset[str]:
    return frozenset(node.name for node in expression.find_all(exp.Column))


_names_in: Memo[Expr, frozenset[str]] = Memo(_find_names)


def column_of(expression: Expr) -> str | None:
    """The column's name when the expression is a column and nothing else."""
    return _bare_column(expression)


def _find_bare_column(expression: Expr) -> str | None:
    bare = expression.unnest()
    return bare.name if isinstance(bare, exp.Column) else None


_bare_column: Memo[Expr, str | None] = Memo(_find_bare_column)


def substitute(expression: Expr, mapping: Mapping[str, Expr]) -> Expr:
    """The expression with columns replaced; columns that the mapping lacks stay."""
    if not mapping or column_names(expression).isdisjoint(mapping):
        return expression

    def replace(node: Expr) -> Expr:
        if isinstance(node, exp.Column) and node.name in mapping:
            return _operand(mapping[node.name])
        return node

    return expression.copy().transform(replace, copy=False)


def equated_columns(predicate: Expr) -> tuple[str, str] | None:
    """The two columns of a predicate ``column = column``, else None."""
    return _equated(predicate)


def _find_equated(predicate: Expr) -> tuple[str, str] | None:
    bare = predicate.unnest()
    if not isinstance(bare, exp.EQ):
        return None
    left, right = _find_bare_column(bare.this), _find_bare_column(bare.expression)
    return (left, right) if left and right and left != right else None


_equated: Memo[Expr, tuple[str, str] | None] = Memo(_find_equated)


def is_same(predicate: Expr) -> bool:
    """Whether the predicate is ``… IS NOT DISTINCT FROM …``."""
    return isinstance(predicate.unnest(), exp.NullSafeEQ)


def matched_columns(predicate: Expr) -> tuple[str, str] | None:
    """The two columns of ``column = column`` or ``column IS NOT DISTINCT FROM column``, else None."""
    bare = predicate.unnest()
    if not isinstance(bare, exp.NullSafeEQ):
        return equated_columns(predicate)
    left, right = column_of(bare.this), column_of(bare.expression)
    return (left, right) if left and right and left != right else None


def equated_sides(predicate: Expr) -> tuple[Expr, Expr] | None:
    """The two sides of a predicate ``expression = expression``, else None."""
    bare = predicate.unnest()
    if not isinstance(bare, exp.EQ) or isinstance(bare.expression, _QUANTIFIED):
        return None
    return bare.this, bare.expression


def is_constant(expression: Expr, *, value: bool) -> bool:
    """Whether the expression is this truth value and nothing else."""
    bare = expression.unnest()
    return isinstance(bare, exp.Boolean) and bool(bare.this) is value


_QUANTIFIED = (exp.Any, exp.All)
_ATOMIC = (exp.Column, exp.Literal, exp.Paren, exp.Boolean, exp.Null, exp.Func, exp.Star)


def _copy(expression: Expr) -> Expr:
    """A copy; columns, the most frequent case, are made anew at less cost."""
    return column(expression.name) if isinstance(expression, exp.Column) else expression.copy()


def _operand(expression: Expr) -> Expr:
    copied = _copy(expression)
    if isinstance(expression, _ATOMIC) and not isinstance(expression, (exp.Connector, exp.Case)):
        return copied
    return exp.Paren(this=copied)


def tested_not_false(predicate: Expr) -> Expr | None:
    """What ``… IS NOT FALSE`` tests, else None."""
    bare = predicate.unnest()
    inside = bare.this.unnest() if isinstance(bare, exp.Not) else None
    if not isinstance(inside, exp.Is) or not isinstance(inside.expression, exp.Boolean):
        return None
    return None if inside.expression.this else inside.this.unnest()


def compared_sides(predicate: Expr) -> tuple[Expr, Expr] | None:
    """The two sides of a comparison by ``= <> < <= > >=``, else None."""
    bare = predicate.unnest()
    if not isinstance(bare, (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE)):
        return None
    if isinstance(bare.expression, _QUANTIFIED):
        return None
    return bare.this, bare.expression


def rejected_null(predicate: Expr) -> frozenset[str]:
    """Columns of which none can be NULL where the predicate is true.

    Comparisons and arithmetic of pg_catalog are strict; operators of other schemas are nodes of another kind.
    """
    bare = predicate.unnest()
    if isinstance(bare, exp.And):
        return rejected_null(bare.this) | rejected_null(bare.expression)
    sides = compared_sides(bare)
    return frozenset() if sides is None else _strict_in(sides[0]) | _strict_in(sides[1])


def _strict_in(value: Expr) -> frozenset[str]:
    """Columns whose NULL makes the value NULL."""
    bare = value.unnest()
    if isinstance(bare, exp.Column):
        return frozenset((bare.name,))
    if isinstance(bare, (exp.Add, exp.Sub, exp.Mul, exp.Div)):
        return _strict_in(bare.this) | _strict_in(bare.expression)
    if isinstance(bare, exp.Neg):
        return _strict_in(bare.this)
    if isinstance(bare, exp.Cast) and _cast_target(bare) in _STRICT_CASTS:
        return _strict_in(bare.this)
    return frozenset()


def _cast_target(value: exp.Cast) -> str:
    return str(value.to.args.get("kind") or "").partition("(")[0].strip().lower()


#: Types of pg_catalog to which every cast of a NULL is NULL.
_STRICT_CASTS = frozenset(
    {"smallint", "integer", "bigint", "numeric", "real", "double precision", "text", "date"}
)


#: The alias by which the expression of ``only_value`` is known.
_ROWS = "pgt_rows"


def only_value(value: Expr, rows: Expr) -> Expr:
    """The value, if it is of one row; PostgreSQL's own error if ``rows``, their number, is more than one."""
    alias = exp.TableAlias(this=exp.Identifier(this=_ROWS, quoted=False))
    series = exp.Table(this=call("generate_series", integer(1), rows), alias=alias)
    several = exp.Select(expressions=[value.copy()])
    several.set("from_", exp.From(this=series))
    return case([(compare(rows, ">", integer(1)), exp.Subquery(this=several))], value)


def can_raise(expression: Expr) -> bool:
    """Whether ``only_value`` made a part of the expression: it is for rows that exist, and for no others."""
    return any(table.alias == _ROWS for table in expression.find_all(exp.Table))
