"""Give every branch of a UNION ALL the column types of the whole.

PostgreSQL converts the branches when it plans the union; a delta reads one branch without the others, so the
conversion must be written out. Fires only where a branch's type differs.
"""

from __future__ import annotations

from airflow.providers.pgtrickle.engine.ops import expressions as ex
from airflow.providers.pgtrickle.engine.ops.naming import Names
from airflow.providers.pgtrickle.engine.ops.nodes import Op, Project, UnionAll
from airflow.providers.pgtrickle.engine.rewrite.rebuild import transform


def unify_unions(op: Op, names: Names) -> Op:
    """The tree with explicit casts in the branches of its unions."""
    return transform(op, lambda node: _unified(node, names) if isinstance(node, UnionAll) else node)


def _unified(union: UnionAll, names: Names) -> Op:
    types = names.types
    inputs: list[Op] = []
    mappings: list[tuple[str, ...]] = []
    for side, mapping in zip(union.inputs, union.mappings, strict=True):
        casts: dict[int, str] = {}
        outputs = [(name, ex.column(name)) for name in side.columns]
        for position, (target, source) in enumerate(zip(union.columns, mapping, strict=True)):
            if types[source].name != types[target].name:
                casts[position] = names.fresh(source, types[target])
                outputs.append((casts[position], ex.cast(ex.column(source), types[target].name)))
        inputs.append(Project(side, tuple(outputs)) if casts else side)
        mappings.append(tuple(casts.get(position, source) for position, source in enumerate(mapping)))
    return UnionAll(tuple(inputs), union.columns, tuple(mappings))
