"""Operator trees to SELECT statements.

Nodes melt into one SELECT as far as SQL allows; a small subtree (analysis.size) that several nodes read is
bound once as a materialised common table expression. A large subtree stands where it is read, so that the
planner can drive it from the small relation beside it, unless the statement grew too long (analysis.sharing).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from airflow.providers.pgtrickle.engine.analysis.nullability import NotNull
from airflow.providers.pgtrickle.engine.analysis.sharing import shared_nodes
from airflow.providers.pgtrickle.engine.emit.blocks import WEIGHT, Block, atomic, is_null
from airflow.providers.pgtrickle.engine.emit.recursion import Step
from airflow.providers.pgtrickle.engine.emit.render import is_bare, reference, render
from airflow.providers.pgtrickle.engine.names import buffer_name, quote_identifier
from airflow.providers.pgtrickle.engine.ops import expressions as ex
from airflow.providers.pgtrickle.engine.ops.expressions import Expr
from airflow.providers.pgtrickle.engine.ops.nodes import (
    Aggregate,
    Apply,
    AsWeight,
    Changes,
    Consolidate,
    Constant,
    Empty,
    ExposeWeight,
    Filter,
    Join,
    KeyJoin,
    Negate,
    Number,
    Op,
    OuterJoin,
    Plain,
    Project,
    Query,
    Recursive,
    Repeat,
    Scan,
    SelfReference,
    SemiJoin,
    UnionAll,
    Window,
    walk,
)
from airflow.providers.pgtrickle.engine.schema import ColumnType

#: A projected expression longer than this is computed once in a subselect, not repeated by its readers.
_REPEATABLE = 120


#: A time for statements of which only the columns are of interest.
ANY_TIME: Mapping[str, str] = MappingProxyType({"hi:time": "2000-01-01 00:00:00+00"})


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL text with ``$n`` placeholders.

    ``parameters`` names what each stands for: ``lo:16384`` is a source's snapshot at the frontier that a
    refresh comes from, ``hi:time`` the time of the one that it goes to.
    """

    text: str
    parameters: tuple[str, ...] = ()


def time_parameter(bound: str) -> str:
    """The name of the parameter for the time at a bound of the interval."""
    return f"{bound}:time"


class Emitter:
    """Emits relations that end up in one statement, with shared common table expressions and parameters."""

    def __init__(
        self,
        types: Mapping[str, ColumnType],
        not_null: NotNull,
        *roots: Op,
        literals: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.types = types
        self.not_null = not_null
        self.literals = literals
        self.parameters: list[str] = []
        self.bindings: list[tuple[str, str]] = []
        #: Numbers of rows that relations beside the statement's own should have had.
        self.missing: list[str] = []
        self._aliases = 0
        self._names = 0
        self._bound: dict[int, str] = {}
        self._steps: list[Step] = []
        self._shared = shared_nodes(*roots, worth=_worth_binding)
        self._read = _columns_read(*roots)
        self._buffers: dict[int, str] = {}

    def select(self, op: Op) -> str:
        """The SELECT of a relation; a weighted one has its weight as the last column (``blocks.WEIGHT``)."""
        return self._block(op).select(op.columns, weighted=op.weighted)

    def with_clause(self) -> str:
        """``WITH …`` for all that was bound, or nothing."""
        if not self.bindings:
            return ""
        bound = ", ".join(f"{name} AS MATERIALIZED ({text})" for name, text in self.bindings)
        return f"WITH {bound} "

    def bind(self, name: str, text: str) -> None:
        """Add a common table expression of the caller's own."""
        self.bindings.append((name, text))

    def parameter(self, name: str) -> str:
        """The placeholder for a named value, or the value itself where ``literals`` has it."""
        if name in self.literals:
            return "'" + self.literals[name].replace("'", "''") + "'"
        if name not in self.parameters:
            self.parameters.append(name)
        return f"${self.parameters.index(name) + 1}"

    def statement(self, text: str) -> Statement:
        """The finished statement: what was bound, then ``text``."""
        return Statement(self.with_clause() + text, tuple(self.parameters))

    def _render(self, expression: Expr, scope: Mapping[str, str]) -> str:
        return render(expression, scope, self._time)

    def _time(self, bound: str) -> str:
        return f"CAST({self.parameter(time_parameter(bound))} AS pg_catalog.timestamptz)"

    # -- blocks -------------------------------------------------------------------------------------------

    def _block(self, op: Op) -> Block:
        return self._bound_once(op) if id(op) in self._shared else self._fresh(op)

    def _bound_once(self, op: Op) -> Block:
        """A reference to the node's common table expression, which is made at the first."""
        name = self._bound.get(id(op))
        if name is None:
            text = self._fresh(op).select(op.columns, weighted=op.weighted)
            self._names += 1
            name = f"d{self._names}"
            self._bound[id(op)] = name
            step = next((step for step in self._steps if id(op) in step.dependent), None)
            (self.bindings if step is None else step.bindings).append((name, text))
        return self._item(name, op)

    def _alias(self) -> str:
        self._aliases += 1
        return f"t{self._aliases}"

    def _item(self, source: str, op: Op) -> Block:
        """A FROM item that offers the columns of ``op`` under their own names."""
        alias = self._alias()
        return Block(
            [f"{source} AS {alias}"],
            outputs={name: reference(alias, name) for name in op.columns},
            weight=reference(alias, WEIGHT) if op.weighted else None,
        )

    def _closed(self, text: str, op: Op) -> Block:
        return self._item(f"({text})", op)

    def _fresh(self, op: Op) -> Block:  # noqa: C901 - one case for each node
        match op:
            case Scan():
                return self._scan(op)
            case Changes():
                return self._changes(op)
            case Constant():
                return self._constant(op)
            case Empty():
                return self._empty(op)
            case Query():
                alias = self._alias()
                names = ", ".join(quote_identifier(name) for name in op.columns)
                return Block(
                    [f"({op.text}) AS {alias}({names})"],
                    outputs={name: reference(alias, name) for name in op.columns},
                )
            case Filter():
                block = self._block(op.input)
                block.conditions.append(atomic(self._render(op.predicate, block.outputs)))
                return block
            case Project():
                return self._project(op)
            case Join():
                return self._join(op)
            case OuterJoin():
                return self._outer_join(op)
            case SemiJoin():
                return self._semi_join(op)
            case KeyJoin():
                return self._key_join(op)
            case Aggregate():
                return self._aggregate(op)
            case UnionAll():
                return self._union_all(op)
            case Negate():
                block = self._block(op.input)
                block.weight = f"(- {atomic(block.weight or '1')})"
                return block
            case ExposeWeight():
                block = self._block(op.input)
                block.outputs[op.name] = block.weight or "1"
                block.weight = None
                return block
            case AsWeight():
                block = self._block(op.input)
                block.weight = block.outputs.pop(op.name)
                return block
            case Consolidate():
                return self._consolidate(op)
            case Plain():
                return self._plain(op)
            case Repeat():
                return self._repeat(op)
            case Apply():
                return self._apply(op)
            case Window():
                return self._window(op)
            case Number():
                return self._number(op)
            case SelfReference():
                return self._self_reference(op)
            case Recursive():
                return self._recursive(op)

    def _scan(self, op: Scan) -> Block:
        alias = self._alias()
        return Block(
            [f"{op.source.name} AS {alias}"],
            outputs={field.output: reference(alias, field.name) for field in op.fields},
        )

    def _changes(self, op: Changes) -> Block:
        oid = op.source.oid
        if op.interval == "delta" and oid in self._read:
            return self._counted_changes(op)
        alias = self._alias()
        return Block(
            [f"{buffer_name(oid)} AS {alias}"],
            self._within(alias, op),
            {field.output: reference(alias, f"c_{field.number}") for field in op.fields},
            reference(alias, "weight"),
        )

    def _counted_changes(self, op: Changes) -> Block:
        """The changes of a source, read once for all that ask for them.

        How many there are is known, and the planner learns it from a LIMIT that is one more. What it makes of
        the buffer's statistics would be worthless: rows come and go between two looks at them. A function of
        each row, which it takes for a thousand rows though it is one, keeps it from expecting fewer than the
        LIMIT. That the LIMIT cut nothing off is what ``read_whole`` tells.
        """
        oid = op.source.oid
        if oid not in self._buffers:
            columns = "".join(f"b.{quote_identifier(f'c_{number}')}, " for number in self._read[oid])
            conditions = " AND ".join(self._within("b", op))
            self._buffers[oid] = name = f"b{len(self._buffers) + 1}"
            limit = self.parameter(f"limit:{oid}")
            self.bind(
                name,
                f"SELECT r.* FROM (SELECT {columns}b.weight FROM {buffer_name(oid)} AS b"
                f" WHERE {conditions} OFFSET 0) AS r, LATERAL pg_catalog.generate_series(1, r.weight * 0 + 1)"
                f" LIMIT {limit}::pg_catalog.int8",
            )
        alias = self._alias()
        return Block(
            [f"{self._buffers[oid]} AS {alias}"],
            outputs={field.output: reference(alias, f"c_{field.number}") for field in op.fields},
            weight=reference(alias, "weight"),
        )

    def read_whole(self) -> str:
        """A condition: no LIMIT on the changes that the statement reads has cut any off."""
        tests = [
            f"(SELECT count(*) FROM {name}) < {self.parameter(f'limit:{oid}')}::pg_catalog.int8"
            for oid, name in self._buffers.items()
        ]
        return " AND ".join(tests) or "true"

    def _within(self, alias: str, op: Changes) -> list[str]:
        """Conditions that a row of the buffer lies in the interval."""
        low, high = ("lo", "hi") if op.interval == "delta" else ("hi", "now")
        low_text = f"{self.parameter(f'{low}:{op.source.oid}')}::pg_catalog.pg_snapshot"
        high_text = f"{self.parameter(f'{high}:{op.source.oid}')}::pg_catalog.pg_snapshot"
        xid = reference(alias, "xid")
        return [
            f"{xid} >= pg_catalog.pg_snapshot_xmin({low_text})",
            f"pg_catalog.pg_visible_in_snapshot({xid}, {high_text})",
            f"(NOT pg_catalog.pg_visible_in_snapshot({xid}, {low_text}))",
        ]

    def _constant(self, op: Constant) -> Block:
        if not op.columns and len(op.rows) == 1:
            return Block()
        rows = ", ".join(f"({', '.join(self._render(value, {}) for value in row)})" for row in op.rows)
        alias = self._alias()
        names = ", ".join(quote_identifier(name) for name in op.columns)
        return Block(
            [f"(VALUES {rows}) AS {alias}({names})"],
            outputs={name: reference(alias, name) for name in op.columns},
        )

    def _empty(self, op: Empty) -> Block:
        nulls = {name: f"NULL::{self.types[name].name}" for name in op.columns}
        block = Block(outputs=nulls, conditions=["false"], weight="0")
        return self._closed(block.select(op.columns, weighted=True), op)

    def _project(self, op: Project) -> Block:
        block = self._block(op.input)
        if any(len(text) > _REPEATABLE for text in block.outputs.values()):
            block = self._closed(block.select(op.input.columns, weighted=op.input.weighted), op.input)
        outputs = {
            name: atomic(self._target(name, self._render(value, block.outputs))) for name, value in op.outputs
        }
        return Block(block.sources, block.conditions, outputs, block.weight)

    def _target(self, name: str, text: str) -> str:
        """The text of a projected value; a bare NULL becomes text as soon as it passes a subselect."""
        return f"CAST(NULL AS {self.types[name].name})" if text == "NULL" and name in self.types else text

    def _join(self, op: Join) -> Block:
        joined = Block()
        weights: list[str] = []
        for side in op.inputs:
            block = self._block(side)
            joined.sources += block.sources
            joined.conditions += block.conditions
            joined.outputs |= block.outputs
            if block.weight is not None:
                weights.append(atomic(block.weight))
        joined.conditions += [self._condition(part, joined.outputs, *op.inputs) for part in op.predicates]
        if weights:
            joined.weight = weights[0] if len(weights) == 1 else f"({' * '.join(weights)})"
        return joined

    def _outer_join(self, op: OuterJoin) -> Block:
        left, right = self._single(op.left), self._single(op.right)
        outputs = left.outputs | right.outputs
        parts = [self._condition(part, outputs, op.left, op.right) for part in op.predicates]
        condition = " AND ".join(parts) or "true"
        kind = "FULL" if op.full else "LEFT"
        return Block([f"({left.sources[0]} {kind} JOIN {right.sources[0]} ON {condition})"], outputs=outputs)

    def _condition(self, predicate: Expr, scope: Mapping[str, str], *sides: Op) -> str:
        """The text of a join's condition.

        PostgreSQL joins by ``IS NOT DISTINCT FROM`` row by row. Equality means the same where one side is
        never NULL, and arrays of one element are equal when their elements are, NULL to NULL.
        """
        pair = ex.matched_columns(predicate) if ex.is_same(predicate) else None
        if pair is None:
            return atomic(self._render(predicate, scope))
        one, other = (scope[name] for name in pair)
        if any(name in self.not_null.of(side) for side in sides for name in pair):
            return f"({one} = {other})"
        kinds = [self.types[name] for name in pair if name in self.types]
        if len(kinds) == 2 and kinds[0].oid == kinds[1].oid and kinds[0].has_hash and kinds[0].is_scalar:
            # Arrays of a domain and of its base type are not comparable.
            base = kinds[0].base
            return f"(ARRAY[CAST({one} AS {base})] = ARRAY[CAST({other} AS {base})])"
        return f"({one} IS NOT DISTINCT FROM {other})"

    def _single(self, op: Op) -> Block:
        block = self._block(op)
        return block if block.is_single else self._closed(block.select(op.columns), op)

    def _semi_join(self, op: SemiJoin) -> Block:
        block, other = self._block(op.left), self._block(op.right)
        scope = block.outputs | other.outputs
        other.conditions += [self._condition(part, scope, op.left, op.right) for part in op.predicates]
        negation = "NOT " if op.anti else ""
        block.conditions.append(f"({negation}EXISTS (SELECT{other.clauses()}))")
        return block

    def _key_join(self, op: KeyJoin) -> Block:
        """Rows that match on non-NULL keys by equality, and apart from them those that match on a NULL.

        The two never meet, so an index serves the first; the second is planned behind a condition that is
        evaluated once, and costs nothing when no key holds a NULL.
        """
        never_null = self.not_null.of(op.keys) | frozenset(
            key for column, key in op.pairs if column in self.not_null.of(op.input)
        )
        nullable = [key for _, key in op.pairs if key not in never_null]
        if nullable:
            # Both branches read both relations: what is not looked up by an index is computed once.
            self._shared.add(id(op.keys))
            if not _is_looked_up(op.input):
                self._shared.add(id(op.input))
        block, keys = self._block(op.input), self._block(op.keys)
        outputs, weight = block.outputs, block.weight
        matched = Block(
            block.sources + keys.sources,
            block.conditions
            + keys.conditions
            + [f"{outputs[column]} = {keys.outputs[key]}" for column, key in op.pairs],
            outputs,
            weight,
        )
        if not nullable:
            return matched
        block, keys, probe = self._block(op.input), self._block(op.keys), self._block(op.keys)
        any_null = " OR ".join(is_null(probe.outputs[key], self.types[key]) for key in nullable)
        probe.conditions.append(f"({any_null})")
        conditions = [f"(SELECT EXISTS (SELECT{probe.clauses()}))"]
        on_null_key = " OR ".join(is_null(keys.outputs[key], self.types[key]) for key in nullable)
        conditions.append(f"({on_null_key})")
        for column, key in op.pairs:
            same = f"{block.outputs[column]} IS NOT DISTINCT FROM {keys.outputs[key]}"
            conditions.append(same if key in nullable else f"{block.outputs[column]} = {keys.outputs[key]}")
        on_null = Block(
            block.sources + keys.sources,
            block.conditions + keys.conditions + conditions,
            block.outputs,
            block.weight,
        )
        branches = [part.select(op.columns, weighted=op.weighted) for part in (matched, on_null)]
        return self._closed(" UNION ALL ".join(branches), op)

    def _aggregate(self, op: Aggregate) -> Block:
        block = self._groupable(op.input, op.keys)
        outputs = {name: block.outputs[name] for name in op.keys}
        outputs |= {item.name: self._render(item.call, block.outputs) for item in op.calls}
        tail = ""
        if op.keys:
            tail = " GROUP BY " + ", ".join(block.outputs[name] for name in op.keys)
        elif not op.scalar:
            tail = " LIMIT 1"
        elif not op.calls:
            # Without a call it takes HAVING to make one row of the input, whatever that holds.
            tail = " HAVING true"
        grouped = Block(block.sources, block.conditions, outputs)
        return self._closed(grouped.select(op.columns, tail=tail), op)

    def _groupable(self, op: Op, keys: Sequence[str]) -> Block:
        """The input with bare references as keys: in GROUP BY a constant would be a column's position."""
        block = self._block(op)
        if all(is_bare(block.outputs[name]) for name in keys):
            return block
        return self._closed(block.select(op.columns, weighted=op.weighted), op)

    def _union_all(self, op: UnionAll) -> Block:
        branches = []
        for side, mapping in zip(op.inputs, op.mappings, strict=True):
            block = self._block(side)
            branch = Block(
                block.sources,
                block.conditions,
                {name: block.outputs[source] for name, source in zip(op.columns, mapping, strict=True)},
                block.weight,
            )
            branches.append(branch.select(op.columns, weighted=op.weighted))
        return self._closed(" UNION ALL ".join(branches), op)

    def _consolidate(self, op: Consolidate) -> Block:
        """Rows are the same when no function can tell them apart: for some types more than equality."""
        block = self._groupable(op.input, op.columns)
        outputs: dict[str, str] = {}
        terms: list[str] = []
        for name in op.columns:
            sql, kind = block.outputs[name], self.types[name]
            if not kind.has_equality:
                outputs[name] = f"CAST(CAST({sql} AS text) AS {kind.name})"
                terms.append(f"CAST({sql} AS text)")
                continue
            outputs[name] = sql
            terms.append(sql)
            if not kind.equal_image:
                terms.append(f"CAST({sql} AS text)")
        total = f"sum({block.weight})"
        grouped = Block(block.sources, block.conditions, outputs, f"CAST({total} AS bigint)")
        group_by = f" GROUP BY {', '.join(terms)}" if terms else ""
        return self._closed(
            grouped.select(op.columns, weighted=True, tail=f"{group_by} HAVING {total} <> 0"), op
        )

    def _plain(self, op: Plain) -> Block:
        inner = op.input if isinstance(op.input, Consolidate) else Consolidate(op.input)
        block = self._consolidate(inner) if inner is not op.input else self._block(inner)
        block.sources.append(f"LATERAL pg_catalog.generate_series(1, {block.weight}) AS {self._alias()}")
        return Block(block.sources, block.conditions, block.outputs)

    def _repeat(self, op: Repeat) -> Block:
        block = self._block(op.input)
        times = atomic(block.outputs.pop(op.name))
        if block.weight is not None:
            block.weight = f"({atomic(block.weight)} * {times})"
        else:
            block.sources.append(f"LATERAL pg_catalog.generate_series(1, {times}) AS {self._alias()}")
        return block

    def _apply(self, op: Apply) -> Block:
        block, alias = self._block(op.input), self._alias()
        call = self._render(op.call, block.outputs) + (" WITH ORDINALITY" if op.ordinality else "")
        names = ", ".join(quote_identifier(name) for name in op.outputs)
        item = f"{call} AS {alias}({names})"
        if op.outer:
            item = f"(SELECT {alias}.* FROM (SELECT) AS o LEFT JOIN {item} ON true) AS {alias}"
        block.sources.append(f"LATERAL {item}")
        block.outputs |= {name: reference(alias, name) for name in op.outputs}
        return block

    def _window(self, op: Window) -> Block:
        block = self._groupable(op.input, op.input.columns)
        outputs = {name: block.outputs[name] for name in op.input.columns}
        outputs |= {name: self._render(call, block.outputs) for name, call in op.calls}
        computed = Block(block.sources, block.conditions, outputs)
        return self._closed(computed.select(op.columns), op)

    def _number(self, op: Number) -> Block:
        block = self._block(op.input)
        outputs = dict(block.outputs)
        outputs[op.name] = "row_number() OVER ()"
        outputs[op.weight] = block.weight or "1"
        numbered = Block(block.sources, block.conditions, outputs)
        return self._closed(numbered.select(op.columns), op)

    def _recursive(self, op: Recursive) -> Block:
        start = self._arm(op, op.start, op.mappings[0])
        step = Step(op)
        self._steps.append(step)
        body = self._arm(op, op.step, op.mappings[1])
        self._steps.pop()
        for node in step.dependent:
            self._bound.pop(node, None)
        names = ", ".join(map(quote_identifier, (*op.columns, *((WEIGHT,) if op.weighted else ()))))
        word = "UNION" if op.distinct else "UNION ALL"
        union = f"{start} {word} ({step.with_clause()}{body})"
        text = f"WITH RECURSIVE {op.label}({names}) AS ({union}) SELECT {names} FROM {op.label}"
        return self._closed(text, op)

    def _arm(self, op: Recursive, side: Op, mapping: Sequence[str]) -> str:
        """An arm with the declared types: PostgreSQL asks that both agree to the last modifier."""
        block = self._block(side)
        outputs = {
            name: f"CAST({block.outputs[source]} AS {self.types[name].name})"
            for name, source in zip(op.columns, mapping, strict=True)
        }
        weight = f"CAST({block.weight or '1'} AS bigint)"
        arm = Block(block.sources, block.conditions, outputs, weight)
        return arm.select(op.columns, weighted=op.weighted)

    def _self_reference(self, op: SelfReference) -> Block:
        step = next((step for step in self._steps if step.label == op.label), None)
        if step is None:
            nulls = (f"NULL::{self.types[name].name} AS {quote_identifier(name)}" for name in op.columns)
            return self._closed(f"SELECT {', '.join(nulls)}", op)
        alias = self._alias()
        names = ", ".join(map(quote_identifier, (*op.columns, *((WEIGHT,) if op.weighted else ()))))
        # PostgreSQL expects ten times the rows of the start, and would read whole tables to meet them.
        few = f"pg_catalog.num_nulls({reference(alias, op.columns[0])}) = ANY ('{{0,1}}'::int4[])"
        return Block(
            [f"{step.source} AS {alias}({names})"],
            [few] if op.few else [],
            {name: reference(alias, name) for name in op.columns},
            reference(alias, WEIGHT) if op.weighted else None,
        )


def _columns_read(*roots: Op) -> dict[int, list[int]]:
    """For each source whose changes are read, the attribute numbers of the columns."""
    found: dict[int, set[int]] = {}
    for node in walk(*roots):
        if isinstance(node, Changes) and node.interval == "delta":
            found.setdefault(node.source.oid, set()).update(field.number for field in node.fields)
    return {oid: sorted(numbers) for oid, numbers in found.items()}


def _worth_binding(node: Op) -> bool:
    """Bare constants are repeated; they cost nothing."""
    return not isinstance(node, (Constant, Empty, SelfReference))


def _is_looked_up(op: Op) -> bool:
    """Whether the relation is scans under filters, projections and inner joins alone."""
    return all(isinstance(node, (Scan, Filter, Project, Join)) for node in walk(op))
