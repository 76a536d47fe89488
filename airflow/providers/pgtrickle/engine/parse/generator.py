"""SQL text of a tree, for PostgreSQL alone: every node is written as the parser read it."""

# ruff: noqa: ARG002, D102 - methods and signatures are sqlglot's
from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.generators.postgres import PostgresGenerator

from airflow.providers.pgtrickle.engine.parse import nodes
from airflow.providers.pgtrickle.engine.parse.keywords import QUOTED

_PLAIN = re.compile(r"[a-z_][a-z0-9_$]*")


def _infix(operator: str) -> Callable[[Any, Any], str]:
    return lambda self, node: f"{self.sql(node, 'this')} {operator} {self.sql(node, 'expression')}"


def _call(name: str) -> Callable[[Any, Any], str]:
    def write(self: Any, node: exp.Expr) -> str:
        arguments = [node.this, *node.expressions]
        if node.args.get("expression") is not None:
            arguments.append(node.args["expression"])
        return f"{name}({', '.join(self.sql(argument) for argument in arguments)})"

    return write


class CanonicalGenerator(PostgresGenerator):
    """sqlglot's PostgreSQL generator without its translations from other dialects."""

    TRANSFORMS: ClassVar[dict[type[exp.Expr], Callable[[Any, Any], str]]] = {
        **{kind: write for kind, write in PostgresGenerator.TRANSFORMS.items() if kind is not exp.Select},
        exp.Add: _infix("+"),
        exp.Sub: _infix("-"),
        exp.Mul: _infix("*"),
        exp.Div: _infix("/"),
        exp.Mod: _infix("%"),
        exp.Pow: _infix("^"),
        exp.DPipe: _infix("||"),
        exp.EQ: _infix("="),
        exp.NEQ: _infix("<>"),
        exp.LT: _infix("<"),
        exp.LTE: _infix("<="),
        exp.GT: _infix(">"),
        exp.GTE: _infix(">="),
        exp.Like: _infix("LIKE"),
        exp.ILike: _infix("ILIKE"),
        exp.SimilarTo: _infix("SIMILAR TO"),
        exp.Escape: _infix("ESCAPE"),
        exp.Overlaps: _infix("OVERLAPS"),
        exp.Collate: _infix("COLLATE"),
        exp.Kwarg: _infix("=>"),
        exp.NullSafeEQ: _infix("IS NOT DISTINCT FROM"),
        exp.NullSafeNEQ: _infix("IS DISTINCT FROM"),
        exp.Count: _call("count"),
        exp.Sum: _call("sum"),
        exp.Avg: _call("avg"),
        exp.Min: _call("min"),
        exp.Max: _call("max"),
        exp.Coalesce: _call("COALESCE"),
        exp.Greatest: _call("GREATEST"),
        exp.Least: _call("LEAST"),
        exp.Nullif: _call("NULLIF"),
        nodes.InfixOperator: lambda self, node: (
            f"{self.sql(node, 'this')} {node.args['operator']} {self.sql(node, 'expression')}"
        ),
        nodes.PrefixOperator: lambda self, node: f"{node.args['operator']} {self.sql(node, 'this')}",
        nodes.BitString: lambda _, node: node.this,
        nodes.RowPredicate: lambda self, node: f"{self.sql(node, 'this')} IS {node.args['words']}",
        nodes.AtLocal: lambda self, node: f"{self.sql(node, 'this')} AT LOCAL",
        nodes.Clock: lambda self, node: self.clock_text(node),
        nodes.SyntaxCall: lambda self, node: self.syntax_call(node),
        nodes.SearchedCTE: lambda self, node: " ".join(
            part for part in (self.cte_sql(node), self.sql(node, "search"), self.sql(node, "cycle")) if part
        ),
        nodes.SearchClause: lambda self, node: (
            f"SEARCH {'BREADTH' if node.args['breadth'] else 'DEPTH'} FIRST"
            f" BY {self.expressions(node, flat=True)} SET {self.sql(node, 'this')}"
        ),
        nodes.CycleClause: lambda self, node: self.cycle_clause(node),
        nodes.AliasedJoin: lambda self, node: f"{self.join_sql(node)} AS {self.sql(node, 'using_alias')}",
        exp.AtTimeZone: lambda self, node: f"{self.sql(node, 'this')} AT TIME ZONE {self.sql(node, 'zone')}",
        exp.Neg: lambda self, node: f"- {self.sql(node, 'this')}",
        exp.Parameter: lambda self, node: f"${self.sql(node, 'this')}",
    }

    def clock_text(self, expression: nodes.Clock) -> str:
        """The time, in a tree that is shown to people."""
        return "now" if expression.name == "hi" else "before"

    def identifier_sql(self, expression: exp.Identifier) -> str:
        """Quoted exactly where PostgreSQL's quote_identifier() would quote."""
        name = expression.name
        if _PLAIN.fullmatch(name) and name not in QUOTED:
            return name
        return '"' + name.replace('"', '""') + '"'

    def literal_sql(self, expression: exp.Literal) -> str:
        """Strings with a backslash as E'', so that standard_conforming_strings does not matter."""
        text = str(expression.this)
        if not expression.is_string:
            return text
        text = text.replace("'", "''")
        return "E'" + text.replace("\\", "\\\\") + "'" if "\\" in text else f"'{text}'"

    def anonymous_sql(self, expression: exp.Anonymous) -> str:
        name = expression.this
        text = self.sql(name) if isinstance(name, exp.Expr) else str(name)
        return f"{text}({self.expressions(expression, flat=True)})"

    def table_sql(self, expression: exp.Table, sep: str = " AS ") -> str:
        functions = expression.args.get("rows_from")
        if not functions:
            return super().table_sql(expression, sep)
        items = []
        for function in functions:
            shape = function.args.get("alias")
            columns = self.expressions(shape, key="columns", flat=True) if shape is not None else ""
            items.append(self.sql(function, "this") + (f" AS ({columns})" if columns else ""))
        ordinality = " WITH ORDINALITY" if expression.args.get("ordinality") else ""
        alias = self.sql(expression, "alias")
        joins = self.expressions(expression, key="joins", sep="", skip_first=True)
        return f"ROWS FROM({', '.join(items)}){ordinality}{sep + alias if alias else ''}{joins}"

    def distinct_sql(self, expression: exp.Distinct) -> str:
        on = self.sql(expression, "on")
        items = self.expressions(expression, flat=True)
        return "DISTINCT" + (f" ON {on}" if on else "") + (f" {items}" if items else "")

    def array_sql(self, expression: exp.Array) -> str:
        items = expression.expressions
        if len(items) == 1 and isinstance(items[0], (exp.Query, exp.Values)):
            return f"ARRAY({self.sql(items[0])})"
        inner = self.expressions(expression, flat=True)
        return f"[{inner}]" if isinstance(expression.parent, exp.Array) else f"ARRAY[{inner}]"

    def bracket_sql(self, expression: exp.Bracket) -> str:
        base = self.sql(expression, "this")
        if not isinstance(expression.this, (exp.Column, exp.Paren, exp.Bracket)):
            base = f"({base})"
        return f"{base}[{self.expressions(expression, flat=True)}]"

    def is_sql(self, expression: exp.Is) -> str:
        negation = "NOT " if expression.args.get("negate") else ""
        return f"{self.sql(expression, 'this')} IS {negation}{self.sql(expression, 'expression')}"

    def tablealias_sql(self, expression: exp.TableAlias) -> str:
        columns = self.expressions(expression, key="columns", flat=True)
        return self.sql(expression, "this") + (f"({columns})" if columns else "")

    def windowspec_sql(self, expression: exp.WindowSpec) -> str:
        frame = f"{expression.text('kind').upper()} "
        start = f"{self.sql(expression, 'start')} {expression.text('start_side').upper()}".strip()
        if expression.args.get("end"):
            end = f"{self.sql(expression, 'end')} {expression.text('end_side').upper()}".strip()
            frame += f"BETWEEN {start} AND {end}"
        else:
            frame += start
        exclude = self.sql(expression, "exclude").upper()
        return f"{frame} EXCLUDE {exclude}" if exclude else frame

    def any_sql(self, expression: exp.Any) -> str:
        return self._quantified("ANY", expression)

    def all_sql(self, expression: exp.All) -> str:
        return self._quantified("ALL", expression)

    def _quantified(self, word: str, expression: exp.Expr) -> str:
        inner = self.sql(expression, "this")
        return (
            f"{word} {inner}"
            if isinstance(expression.this, (exp.Paren, exp.Subquery))
            else f"{word} ({inner})"
        )

    def cycle_clause(self, expression: nodes.CycleClause) -> str:
        value, default = (self._constant(expression.args[name]) for name in ("value", "default"))
        to = "" if (value, default) == ("TRUE", "FALSE") else f" TO {value} DEFAULT {default}"
        columns, mark = self.expressions(expression, flat=True), self.sql(expression, "this")
        return f"CYCLE {columns} SET {mark}{to} USING {self.sql(expression, 'path')}"

    def _constant(self, expression: exp.Expr) -> str:
        """A constant where PostgreSQL wants one but prints a cast that it cannot read there."""
        if isinstance(expression, exp.Cast) and isinstance(expression.this, exp.Literal):
            kind, value = self.sql(expression, "to"), self.sql(expression, "this")
            return value if kind == "text" else f"{kind} {value}"
        return self.sql(expression)

    def syntax_call(self, expression: nodes.SyntaxCall) -> str:
        parts = " ".join(self.sql(part) for part in expression.expressions)
        if expression.name == "collation for":
            return f"COLLATION FOR ({parts})"
        return f"{expression.name.upper()}({parts})" if expression.name else parts

    def values_sql(self, expression: exp.Values, values_as_table: bool = True) -> str:
        rows = f"VALUES {self.expressions(expression, flat=True)}"
        alias = self.sql(expression, "alias")
        if alias:
            return f"({rows}) AS {alias}"
        if isinstance(expression.parent, (exp.From, exp.Join, exp.Table)):
            rows = f"({rows})"
        return self.query_modifiers(expression, rows)
