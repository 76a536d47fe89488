"""Mutants of the delta laws: the same module with one thing wrong, made from its syntax tree.

Each mutant breaks a law in a way that people do: it drops a term of a union, turns a sign, takes the state
after the change for the one before it, a semi join for an anti join, a comparison that NULL decides for one
that it does not.
"""

from __future__ import annotations

import ast
import copy
import importlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

from airflow.providers.pgtrickle.engine.differentiate.context import Differentiate
from airflow.providers.pgtrickle.engine.ops.nodes import Negate, Op, Plain, union_all

Path_ = tuple[tuple[str, int | None], ...]

_COMPARISONS = {">": (">=", "<"), "<": ("<=", ">"), "=": ("<>",), "<>": ("=",), "<=": ("<",), ">=": (">",)}
_EXCHANGED = {
    "and_": "or_",
    "or_": "and_",
    "least": "greatest",
    "greatest": "least",
    "is_null": "is_not_null",
}
#: Calls whose first argument stands for the whole once they are forgotten.
_FORGOTTEN = {"Negate", "Consolidate", "negate", "coalesce", "multiply"}


@dataclass(frozen=True)
class Mutant:
    """``function`` is the qualified name in ``module``; ``change`` says what differs, unique within it.

    ``lines`` are those of the source between which the change is.
    """

    module: str
    function: str
    change: str
    lines: range
    code: CodeType

    @property
    def name(self) -> str:
        return f"{self.module.rpartition('.')[2]}.{self.function}: {self.change}"

    def apply(self) -> None:
        """Put the mutant in the place of the function, for this process."""
        target: Any = importlib.import_module(self.module)
        for part in self.function.split("."):
            target = target.__dict__[part] if isinstance(target, type) else getattr(target, part)
        function = target.fget if isinstance(target, property) else target
        assert isinstance(function, FunctionType)
        Differentiate.before = _before  # type: ignore[attr-defined]
        function.__code__ = self.code


def _before(delta: Differentiate, op: Op) -> Op:
    """The state before the change, which no law should ask for where it means the one after it."""
    return Plain(union_all((delta.state(op), Negate(delta.settled(op))), op.columns))


def mutants(module: str) -> Iterator[Mutant]:
    """All mutants of a module's functions, in the order of the source."""
    file = importlib.import_module(module).__file__
    assert file is not None
    tree = ast.parse(Path(file).read_text(encoding="utf-8"))
    for function, path in _functions(tree, ()):
        seen: Counter[str] = Counter()
        for inner, node in _walk(_at(tree, path), path):
            for change, replacement in _variants(node):
                seen[change] += 1
                numbered = change if seen[change] == 1 else f"{change} ({seen[change]})"
                mutated = _replaced(tree, inner, replacement)
                code = _code(compile(mutated, file, "exec", dont_inherit=True), function)
                yield Mutant(module, function, numbered, _lines(node), code)


# -- what to change ------------------------------------------------------------------------------------------


def _variants(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    match node:
        case ast.Call():
            yield from _calls(node)
        case ast.Attribute(attr="anti" | "full" | "scalar", ctx=ast.Load()):
            yield f"not {ast.unparse(node)}", ast.UnaryOp(ast.Not(), node)
        case ast.Constant(value=str() as text) if " IS NOT DISTINCT FROM " in text:
            yield "NULL is no key", ast.Constant(text.replace(" IS NOT DISTINCT FROM ", " = "))
        case ast.keyword(arg="anti", value=ast.Constant(value=True)):
            yield "anti=False", ast.keyword("anti", ast.Constant(value=False))
        case ast.Compare(ops=[ast.Lt()]):
            yield f"{ast.unparse(node)} -> <=", ast.Compare(node.left, [ast.LtE()], node.comparators)
            yield f"{ast.unparse(node)} -> >", ast.Compare(node.left, [ast.Gt()], node.comparators)
        case ast.IfExp():
            yield f"exchanged: {ast.unparse(node)}", ast.IfExp(node.test, node.orelse, node.body)
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr="append"))) | ast.AugAssign():
            yield f"without: {ast.unparse(node)}", ast.Pass()
        case _:
            return


def _calls(node: ast.Call) -> Iterator[tuple[str, ast.AST]]:
    name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
    text = ast.unparse(node)
    if (
        name in ("union_all", "UnionAll")
        and isinstance(node.args[0], ast.Tuple)
        and len(node.args[0].elts) > 1
    ):
        yield from _fewer_terms(node, node.args[0].elts)
    if name in _FORGOTTEN:
        yield f"{text} -> {ast.unparse(node.args[0])}", node.args[0]
    if name in _EXCHANGED and isinstance(node.func, ast.Attribute):
        exchanged = copy.deepcopy(node)
        exchanged.func.attr = _EXCHANGED[name]  # type: ignore[attr-defined]
        yield f"{text} -> {_EXCHANGED[name]}", exchanged
    if name == "is_not_true":
        yield f"{text} -> negate", ast.Call(ast.parse("ex.negate", mode="eval").body, node.args, [])
    if name == "compare" and isinstance(node.args[1], ast.Constant):
        for other in _COMPARISONS[node.args[1].value]:
            changed = ast.Call(node.func, [node.args[0], ast.Constant(other), node.args[2]], [])
            yield f"{text} -> {other}", changed
    if name == "integer" and isinstance(node.args[0], (ast.Constant, ast.UnaryOp)):
        value = ast.literal_eval(node.args[0])
        other = {1: -1, -1: 1, 0: 1}.get(value, value + 1)
        yield f"integer({value}) -> {other}", ast.Call(node.func, [ast.Constant(other)], [])
    if name in ("settled", "state") and ast.unparse(node.func).startswith("delta."):
        # Not consolidated; the state before for the one after.
        other_name = {"settled": "delta", "state": "delta.before"}[name]
        changed = ast.Call(ast.parse(other_name, mode="eval").body, node.args, [])
        yield f"{text} -> {ast.unparse(changed)}", changed


def _fewer_terms(node: ast.Call, terms: list[ast.expr]) -> Iterator[tuple[str, ast.AST]]:
    for position, term in enumerate(terms):
        fewer = copy.deepcopy(node)
        fewer.args[0].elts.pop(position)  # type: ignore[attr-defined]
        match fewer.args[2:]:
            case [ast.BinOp(op=ast.Mult(), right=ast.Constant() as times)]:
                times.value -= 1
            case [ast.Tuple() as mappings]:
                mappings.elts.pop(position)
        short = " ".join(ast.unparse(term).split())[:60]
        yield f"a term less: {short}", fewer


# -- syntax trees --------------------------------------------------------------------------------------------


def _functions(node: ast.AST, path: Path_, prefix: str = "") -> Iterator[tuple[str, Path_]]:
    for field, index, child in _children(node):
        if isinstance(child, ast.FunctionDef):
            yield f"{prefix}{child.name}", (*path, (field, index))
        elif isinstance(child, ast.ClassDef):
            yield from _functions(child, (*path, (field, index)), f"{prefix}{child.name}.")


def _children(node: ast.AST) -> Iterator[tuple[str, int | None, ast.AST]]:
    for field, value in ast.iter_fields(node):
        if isinstance(value, ast.AST):
            yield field, None, value
        elif isinstance(value, list):
            yield from ((field, index, item) for index, item in enumerate(value) if isinstance(item, ast.AST))


def _walk(node: ast.AST, path: Path_) -> Iterator[tuple[Path_, ast.AST]]:
    yield path, node
    for field, index, child in _children(node):
        if field not in ("annotation", "returns", "decorator_list"):
            yield from _walk(child, (*path, (field, index)))


def _at(node: Any, path: Path_) -> Any:
    for field, index in path:
        node = getattr(node, field) if index is None else getattr(node, field)[index]
    return node


def _replaced(tree: ast.Module, path: Path_, replacement: ast.AST) -> ast.Module:
    changed = copy.deepcopy(tree)
    parent, (field, index) = _at(changed, path[:-1]), path[-1]
    if index is None:
        setattr(parent, field, copy.deepcopy(replacement))
    else:
        getattr(parent, field)[index] = copy.deepcopy(replacement)
    return ast.fix_missing_locations(changed)


def _lines(node: ast.AST) -> range:
    places = [part for part in ast.walk(node) if isinstance(part, ast.expr | ast.stmt | ast.keyword)]
    return range(min(part.lineno for part in places), max(part.end_lineno or 0 for part in places) + 1)


def _code(module: CodeType, function: str) -> CodeType:
    """The code of a function within the code of its module."""
    found = module
    for part in function.split("."):
        found = next(c for c in found.co_consts if isinstance(c, CodeType) and c.co_name == part)
    return found
