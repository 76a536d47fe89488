"""Candidate keys: sets of columns that identify a row of a plain relation, NULL being equal to NULL."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from airflow.providers.pgtrickle.engine.ops import expressions as ex
from airflow.providers.pgtrickle.engine.ops.nodes import (
    Aggregate,
    Filter,
    Join,
    Op,
    OuterJoin,
    Project,
    Scan,
    SemiJoin,
    Window,
)
from airflow.providers.pgtrickle.engine.schema import Binding

Key = frozenset[str]
#: The unique keys of sources, by oid: column names as the source has them.
UniqueKeys = Mapping[int, tuple[tuple[str, ...], ...]]
#: Candidates beyond this number are dropped: one good key is all that storage needs.
_MAX_CANDIDATES = 8


def unique_keys(binding: Binding) -> UniqueKeys:
    """The unique keys of a binding's relations."""
    return {relation.oid: relation.unique_keys for relation in binding.relations.values()}


def key_finder(binding: Binding) -> Callable[[Op], tuple[Key, ...]]:
    """``candidate_keys`` over the relations of a binding."""
    unique = unique_keys(binding)
    return lambda op: candidate_keys(op, unique)


def candidate_keys(op: Op, unique: UniqueKeys) -> tuple[Key, ...]:
    """Keys of a relation, the smallest first; none when rows can repeat.

    ``unique`` maps a source's oid to the unique keys of its columns, by their names in the source.
    """
    match op:
        case Scan():
            found = _scan_keys(op, unique)
        case Filter():
            found = _filter_keys(op, unique)
        case SemiJoin():
            found = candidate_keys(op.left, unique)
        case Project():
            found = _project_keys(op, unique)
        case Join():
            found = _join_keys(
                [(side.columns, candidate_keys(side, unique)) for side in op.inputs], op.predicates
            )
        case OuterJoin():
            found = _outer_join_keys(op, unique)
        case Aggregate():
            found = [frozenset(op.keys)]
        case Window():
            found = candidate_keys(op.input, unique)
        case _:
            found = []
    return tuple(sorted(set(found), key=lambda key: (len(key), sorted(key)))[:_MAX_CANDIDATES])


def _scan_keys(op: Scan, unique: UniqueKeys) -> Iterable[Key]:
    outputs = {item.name: item.output for item in op.fields}
    return [
        frozenset(outputs[name] for name in key)
        for key in unique.get(op.source.oid, ())
        if all(name in outputs for name in key)
    ]


def _project_keys(op: Project, unique: UniqueKeys) -> Iterable[Key]:
    renamed: dict[str, str] = {}
    for name, value in op.outputs:
        source = ex.column_of(value)
        if source is not None:
            renamed.setdefault(source, name)
    return [
        frozenset(renamed[name] for name in key)
        for key in candidate_keys(op.input, unique)
        if all(name in renamed for name in key)
    ]


def _filter_keys(op: Filter, unique: UniqueKeys) -> Iterable[Key]:
    """The keys of what is filtered, also without the columns that a condition makes constant."""
    conditions: list[ex.Expr] = []
    below: Op = op
    while isinstance(below, Filter):
        conditions += ex.conjuncts(below.predicate)
        below = below.input
    if isinstance(below, Join):
        sides = [(side.columns, candidate_keys(side, unique)) for side in below.inputs]
        found = list(_join_keys(sides, (*below.predicates, *conditions)))
    else:
        found = list(candidate_keys(below, unique))
    constant = frozenset(name for condition in conditions if (name := _made_constant(condition)))
    return [*found, *(key - constant for key in found)]


def _made_constant(condition: ex.Expr) -> str | None:
    """The column that the condition lets have one value only."""
    sides = ex.equated_sides(condition)
    for one, other in (sides, sides[::-1]) if sides is not None else ():
        name = ex.column_of(one)
        if name is not None and not ex.column_names(other):
            return name
    return None


def _join_keys(
    sides: list[tuple[tuple[str, ...], tuple[Key, ...]]], predicates: Iterable[ex.Expr]
) -> Iterable[Key]:
    """One key of each side, less the sides that the others determine through equalities."""
    if not all(keys for _, keys in sides):
        return []
    equal = [pair for predicate in predicates if (pair := ex.matched_columns(predicate)) is not None]
    chosen = [keys[0] for _, keys in sides]
    kept = list(range(len(sides)))
    for position in reversed(range(len(sides))):
        rest = [other for other in kept if other != position]
        start = frozenset[str]().union(*(chosen[other] for other in rest)) if rest else frozenset()
        if rest and all(keys[0] <= _closure(start, sides, equal) for _, keys in sides):
            kept = rest
    return [frozenset[str]().union(*(chosen[position] for position in kept))]


def _closure(
    start: Key, sides: list[tuple[tuple[str, ...], tuple[Key, ...]]], equal: list[tuple[str, str]]
) -> Key:
    known = set(start)
    while True:
        before = len(known)
        for columns, keys in sides:
            if any(key <= known for key in keys):
                known.update(columns)
        for one, other in equal:
            if one in known or other in known:
                known.update((one, other))
        if len(known) == before:
            return frozenset(known)


def _outer_join_keys(op: OuterJoin, unique: UniqueKeys) -> Iterable[Key]:
    left, right = candidate_keys(op.left, unique), candidate_keys(op.right, unique)
    if not left or not right:
        return []
    if not op.full:
        pairs = [pair for predicate in op.predicates if (pair := ex.matched_columns(predicate)) is not None]
        bound = {name for pair in pairs for name in pair if _joins_sides(pair, op)} & set(op.right.columns)
        if any(key <= bound for key in right):
            # At most one right row for each left row.
            return left
    return [
        one | other
        for one in left[:2]
        for other in right[:2]
        # Of a full join's unmatched rows two would be (NULL, NULL) if both sides had a row whose key is NULL.
        if not op.full or _identified(op.left, one, unique) or _identified(op.right, other, unique)
    ]


def _identified(op: Op, key: Key, unique: UniqueKeys) -> bool:
    """Whether no row can be NULL in all columns of the key."""
    match op:
        case Scan():
            # Unique keys of sources hold NOT NULL columns only.
            return any(known <= key for known in _scan_keys(op, unique))
        case Filter() | Window() | Aggregate():
            return _identified(op.input, key & frozenset(op.input.columns), unique)
        case SemiJoin():
            return _identified(op.left, key, unique)
        case Project():
            sources = {name: ex.column_of(value) for name, value in op.outputs}
            passed = frozenset(source for name in key if (source := sources.get(name)) is not None)
            return _identified(op.input, passed, unique)
        case Join():
            return any(_identified(side, key & frozenset(side.columns), unique) for side in op.inputs)
        case OuterJoin():
            left, right = key & frozenset(op.left.columns), key & frozenset(op.right.columns)
            if not _identified(op.left, left, unique):
                return False
            return not op.full or _identified(op.right, right, unique)
        case _:
            return False


def _joins_sides(pair: tuple[str, str], op: OuterJoin) -> bool:
    return (pair[0] in op.left.columns) != (pair[1] in op.left.columns)
