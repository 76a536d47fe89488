"""What PostgreSQL says of the types of a tree's columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from airflow.providers.pgtrickle.engine.analysis.nullability import NotNull
from airflow.providers.pgtrickle.engine.analysis.recursion import recursions
from airflow.providers.pgtrickle.engine.analysis.states import argument_key
from airflow.providers.pgtrickle.engine.emit.relations import ANY_TIME, Emitter
from airflow.providers.pgtrickle.engine.ops import expressions as ex
from airflow.providers.pgtrickle.engine.ops.naming import Names
from airflow.providers.pgtrickle.engine.ops.nodes import (
    Aggregate,
    Apply,
    Constant,
    Op,
    Project,
    Recursive,
    SelfReference,
    UnionAll,
    Window,
    walk,
)
from airflow.providers.pgtrickle.engine.ops.scopes import Unsupported
from airflow.providers.pgtrickle.engine.schema import ColumnType

#: Answers, for a SELECT, the type of each of its columns; parse analysis only.
Describe = Callable[[str], Sequence[ColumnType]]


def annotate(op: Op, names: Names, not_null: NotNull, describe: Describe) -> None:
    """Learn the types of all columns of a tree: PostgreSQL tells those of expressions, in one question.

    Each recursion takes one more, as its start decides the types that its step reads.
    """
    for recursion in reversed(recursions(op)):
        annotate(recursion.start, names, not_null, describe)
        if not all(names.types[name].equal_image for name in recursion.by_text):
            raise Unsupported("CYCLE over a column whose equal values can look different")
        given = [names.types[name] for name in recursion.mappings[0]]
        references = [node.columns for node in walk(recursion.step) if _refers_to(node, recursion)]
        for columns in (recursion.columns, *references):
            names.types.update(zip(columns, given, strict=True))
    asked: list[tuple[str, Op]] = []
    for node in walk(op):
        unknown = [name for name in node.columns if name not in names.types]
        match node:
            case Project():
                asked += [(name, node) for name in unknown]
            case Aggregate():
                asked += [(name, node) for name in unknown]
                arguments = tuple(
                    (argument_key(item), item.argument) for item in node.calls if item.argument is not None
                )
                asked += [(key, Project(node.input, arguments)) for key, _ in arguments]
            case Constant() | UnionAll() | Window() | Apply():
                asked += [(name, node) for name in unknown]
    distinct = list(dict.fromkeys(asked))
    if not distinct:
        return
    emitter = Emitter(names.types, not_null, literals=ANY_TIME)
    nodes = list(dict.fromkeys(node for _, node in distinct))
    aliases = {id(node): f"n{position}" for position, node in enumerate(nodes)}
    ranges = ", ".join(f"({emitter.select(node)}) AS {aliases[id(node)]}" for node in nodes)
    targets = ", ".join(f'{aliases[id(node)]}."{name}"' for name, node in distinct)
    found = describe(f"SELECT {targets} FROM {ranges}")
    for (name, _), kind in zip(distinct, found, strict=True):
        names.types.setdefault(name, kind)
    for node in walk(op):
        if isinstance(node, Project):
            for name, value in node.outputs:
                source = ex.column_of(value)
                if source is not None and source in names.types:
                    names.types[name] = names.types[source]


def _refers_to(node: Op, recursion: Recursive) -> bool:
    return isinstance(node, SelfReference) and node.label == recursion.label
