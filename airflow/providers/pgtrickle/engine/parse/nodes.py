"""Syntax nodes that sqlglot has no faithful counterpart for. They keep what PostgreSQL printed."""

from __future__ import annotations

from typing import ClassVar

from sqlglot import exp


class InfixOperator(exp.Expression, exp.Binary):
    """An operator between operands; ``operator`` is its text: ``~~``, ``@>``, ``OPERATOR(shop.<#>)``."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True, "expression": True, "operator": True}


class PrefixOperator(exp.Unary):
    """An operator before its operand, such as ``@ x`` or ``~ flags``."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True, "operator": True}


class SyntaxCall(exp.Expression, exp.Func):
    """A function whose arguments are set apart by words: ``EXTRACT(epoch FROM x)``, ``JSON_VALUE(…)``.

    ``this`` is the name in lower case; ``expressions`` holds operands and words (exp.Var) in order.
    """

    arg_types: ClassVar[dict[str, bool]] = {"this": True, "expressions": False}
    is_var_len_args = True


class BitString(exp.Expression, exp.Condition):
    """``B'101'`` or ``X'1F'``, as written."""


class RowPredicate(exp.Expression, exp.Condition):
    """A test in words: ``x IS NFC NORMALIZED``, ``j IS JSON OBJECT WITH UNIQUE KEYS``, ``x IS UNKNOWN``."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True, "words": True}


class AtLocal(exp.Expression, exp.Condition):
    """``x AT LOCAL``."""


class Clock(exp.Expression, exp.Condition):
    """The time as a parameter of a tree, a timestamptz; no text of PostgreSQL's has it.

    ``this`` is the bound of the interval that it stands for: ``hi``, the time of the frontier that a refresh
    goes to, or ``lo``, that of the frontier it comes from.
    """


class SearchClause(exp.Expression):
    """``SEARCH … FIRST BY expressions SET this``."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True, "expressions": True, "breadth": False}


class CycleClause(exp.Expression):
    """``CYCLE expressions SET this TO value DEFAULT default USING path``; true and false unless given."""

    arg_types: ClassVar[dict[str, bool]] = {
        "this": True,
        "expressions": True,
        "value": True,
        "default": True,
        "path": True,
    }


class SearchedCTE(exp.CTE):
    """A common table expression with a SEARCH clause, a CYCLE clause, or both."""

    arg_types: ClassVar[dict[str, bool]] = {**exp.CTE.arg_types, "search": False, "cycle": False}


class AliasedJoin(exp.Join):
    """``… JOIN … USING (columns) AS using_alias``."""

    arg_types: ClassVar[dict[str, bool]] = {**exp.Join.arg_types, "using_alias": True}
