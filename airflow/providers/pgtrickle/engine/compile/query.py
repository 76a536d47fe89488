"""From a binding to everything that maintaining it takes: storage, view, contents, delta.

Pure but for ``describe``.

binding ─lower─▶ Op ─rewrite─▶ Op ─split─▶ storage + view
                                      └─differentiate─▶ ΔOp ─emit─▶ SQL
"""

from __future__ import annotations

from dataclasses import replace

from airflow.providers.pgtrickle.engine.analysis.functions import reads_clock, spelled_time, unstable_reason
from airflow.providers.pgtrickle.engine.analysis.keys import (
    key_finder,
    unique_keys,
)
from airflow.providers.pgtrickle.engine.analysis.nullability import NotNull
from airflow.providers.pgtrickle.engine.analysis.refusals import refuse
from airflow.providers.pgtrickle.engine.compile.compiled import Compiled
from airflow.providers.pgtrickle.engine.compile.store import compile_whole, shown_columns, sort_columns, split
from airflow.providers.pgtrickle.engine.emit.annotate import Describe, annotate
from airflow.providers.pgtrickle.engine.errors import RefreshFailed, UnsupportedQuery
from airflow.providers.pgtrickle.engine.ops import expressions as ex
from airflow.providers.pgtrickle.engine.ops.expressions import Expr
from airflow.providers.pgtrickle.engine.ops.lower import lower
from airflow.providers.pgtrickle.engine.ops.naming import Names
from airflow.providers.pgtrickle.engine.ops.nodes import (
    Op,
    Project,
    Scan,
    walk,
)
from airflow.providers.pgtrickle.engine.ops.scopes import Lowered, Unsupported
from airflow.providers.pgtrickle.engine.rewrite.break_ties import break_ties
from airflow.providers.pgtrickle.engine.rewrite.inline_clock import inline_clock
from airflow.providers.pgtrickle.engine.rewrite.isolate_time import isolate_time
from airflow.providers.pgtrickle.engine.rewrite.push_predicates import push_predicates
from airflow.providers.pgtrickle.engine.rewrite.simplify_null_tests import simplify_null_tests
from airflow.providers.pgtrickle.engine.rewrite.unify_unions import unify_unions
from airflow.providers.pgtrickle.engine.schema import Binding


def compile_query(binding: Binding, describe: Describe, obstacle: str | None = None) -> Compiled:
    """Compile a binding. Where the query has no delta law, the result says why and recomputes it as a whole.

    ``obstacle`` is a reason of the caller's against deltas, such as a source that cannot be captured.

    Raises UnsupportedQuery for queries that cannot be stream tables at all.
    """
    refuse(binding)
    unstable = unstable_reason(binding.functions) or spelled_time(binding)
    compiled = _compiled(binding, describe, obstacle or binding.obstacle or unstable)
    return replace(compiled, reads_clock=reads_clock(binding), unsteady=unstable is not None)


def _compiled(binding: Binding, describe: Describe, reason: str | None) -> Compiled:
    if reason is None:
        try:
            return _compile_tree(binding, describe)
        except Unsupported as unsupported:
            reason = unsupported.reason
        except UnsupportedQuery as unreadable:
            reason = unreadable.message
        except RefreshFailed as refused:
            if refused.transient:
                raise
            reason = f"PostgreSQL cannot evaluate it operator by operator: {refused.message.rstrip('.')}"
        except RecursionError:
            reason = "its expressions are nested too deeply"
    return compile_whole(binding, reason)


def _compile_tree(binding: Binding, describe: Describe) -> Compiled:
    names = Names()
    lowered = lower(binding, names, key_finder(binding))
    tree = _projected(lowered, names)
    not_null = NotNull(_declared_not_null(tree.op, binding))
    annotate(tree.op, names, not_null, describe)
    op = inline_clock(unify_unions(tree.op, names))
    op = push_predicates(simplify_null_tests(break_ties(op, names, unique_keys(binding)), not_null))
    op = isolate_time(op, (*shown_columns(tree), *sort_columns(tree)), names)
    tree = _cast_outputs(replace(tree, op=op), binding, names)
    return split(binding, names, not_null, lowered.op, tree)


def _projected(lowered: Lowered, names: Names) -> Lowered:
    """Every output as a column of its own."""
    outputs: list[tuple[str, str]] = []
    copies: list[tuple[str, Expr]] = []
    seen: set[str] = set()
    for title, column in lowered.outputs:
        if column in seen:
            copies.append((names.fresh(title), ex.column(column)))
        output = copies[-1][0] if column in seen else column
        seen.add(output)
        outputs.append((title, output))
    if not copies:
        return lowered
    passed = tuple((name, ex.column(name)) for name in lowered.op.columns)
    return Lowered(Project(lowered.op, passed + tuple(copies)), tuple(outputs), lowered.cut)


def _declared_not_null(op: Op, binding: Binding) -> frozenset[str]:
    declared = {
        (relation.oid, column.name)
        for relation in binding.relations.values()
        for column in relation.columns
        if column.not_null
    }
    return frozenset(
        item.output
        for node in walk(op)
        if isinstance(node, Scan)
        for item in node.fields
        if (node.source.oid, item.name) in declared
    )


def _cast_outputs(tree: Lowered, binding: Binding, names: Names) -> Lowered:
    """The outputs with exactly the types that PostgreSQL gave the defining query's columns."""
    casts: list[tuple[str, Expr]] = []
    outputs: list[tuple[str, str]] = []
    for (title, column), target in zip(tree.outputs, binding.columns, strict=True):
        if names.types[column].name != target.type.name and names.types[column].base != target.type.name:
            casts.append((names.fresh(title, target.type), ex.cast(ex.column(column), target.type.name)))
            outputs.append((title, casts[-1][0]))
        else:
            outputs.append((title, column))
    if not casts:
        return tree
    passed = tuple((name, ex.column(name)) for name in tree.op.columns)
    return Lowered(Project(tree.op, passed + tuple(casts)), tuple(outputs), tree.cut)
