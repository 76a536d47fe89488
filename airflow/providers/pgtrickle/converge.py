"""From the stream tables that a configuration declares to a database that has them: plan, then apply.

The plan compares what is declared with what is there and says for each stream table what would be done, what
that costs, and what would be lost. Applying walks the same list. Each step happens as a whole or not at all,
and a plan that was cut short is made again from what is there, so that trying again converges.

Nothing is dropped unless it is asked for. What a configuration declares no more is known by a note in the
catalog that says which one declares a stream table: those made by hand, or by another configuration, are left
alone.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING, Any, Literal

from airflow.providers.pgtrickle.definitions import StreamTableDefinition, changes_to
from airflow.providers.pgtrickle.engine.errors import DependentObjects, InputError, NotInstalled
from airflow.providers.pgtrickle.engine.parse import table_references

if TYPE_CHECKING:
    from airflow.providers.pgtrickle.engine.api import Estimate, PgTrickle, StreamTable

OnDifference = Literal["error", "alter", "recreate"]
OnRemove = Literal["leave", "drop"]
Action = Literal["keep", "create", "rebuild", "alter", "leave", "drop"]


@dataclass(frozen=True, slots=True)
class Step:
    """What becomes of one stream table.

    ``keep``: it is as declared. ``create``; ``rebuild``: a new query is filled beside the old one and swapped
    in; ``alter``: only the catalog changes. ``leave``: it is declared no more and stays, ``drop``: it goes.

    ``estimate`` is None where nothing is computed, or nothing can be told before other steps are done.
    ``lost`` says what is gone or stands still because of it. ``problem`` says why the step cannot succeed.
    """

    action: Action
    stream_table: str
    reason: str
    definition: StreamTableDefinition | None = None
    estimate: Estimate | None = None
    lost: tuple[str, ...] = ()
    problem: InputError | None = None
    noted: bool = False
    """whether the catalog has it already that the configuration declares it"""


@dataclass(frozen=True, slots=True)
class Convergence:
    """The steps to a database as a configuration declares it, in the order in which they are done."""

    configuration: str
    steps: tuple[Step, ...]

    @property
    def changes(self) -> tuple[Step, ...]:
        """The steps that change something."""
        return tuple(step for step in self.steps if step.action not in ("keep", "leave"))

    @property
    def problems(self) -> tuple[InputError, ...]:
        """Why the plan cannot succeed as it is."""
        return tuple(step.problem for step in self.steps if step.problem is not None)


def step_values(step: Step) -> dict[str, Any]:
    """A step as JSON values."""
    estimate = step.estimate
    return {
        "action": step.action,
        "stream_table": step.stream_table,
        "reason": step.reason,
        "refresh_mode": None if estimate is None else estimate.refresh_mode,
        "rows": None if estimate is None else estimate.rows,
        "cost": None if estimate is None else estimate.cost,
        "lost": list(step.lost),
        "problem": None if step.problem is None else str(step.problem),
    }


def converge_plan(
    engine: PgTrickle,
    configuration: str,
    declared: Sequence[StreamTableDefinition],
    *,
    others: Collection[str] = (),
    drop: bool = False,
    estimate: bool = True,
) -> Convergence:
    """Compare what a configuration declares, upstream first, with what is in the database.

    ``others`` are declared too and not looked at. ``drop`` plans to drop what is declared no more.
    ``estimate=False`` does not try queries, for those who go on to apply the plan. Nothing is changed; a
    database without the catalog counts as an empty one. Raises NotInstalled for one whose catalog is too old.
    """
    try:
        present = {table.name.display: table for table in engine.stream_tables()}
        owners = engine.declared()
    except NotInstalled as error:
        if error.version is not None:
            raise
        absent = (Step("create", each.name, "It is absent.", each) for each in declared)
        return Convergence(configuration, tuple(absent))
    names = {definition.name for definition in declared}.union(others)
    gone = {
        name: table
        for name, table in present.items()
        if owners.get(name) == configuration and name not in names
    }
    readers = _readers(engine)
    unsettled: set[str] = set()
    steps = []
    for definition in declared:
        step = _step(engine, definition, present.get(definition.name), readers)
        if estimate and step.action != "keep":
            step = _tried(engine, step, definition, unsettled)
        if step.action in ("create", "rebuild"):
            unsettled.add(definition.name)
        steps.append(_renamed(_claimed(step, owners.get(definition.name), configuration), gone))
    # Those that nothing declared reads go first: they would hold up changes of what they read.
    order = TopologicalSorter({name: gone.keys() & readers.get(name, ()) for name in gone}).static_order()
    removals = [_removal(engine, name, readers.get(name, ()), drop=drop) for name in order]
    first = [step for step in removals if gone.keys() >= set(_all_readers(readers, step.stream_table))]
    return Convergence(configuration, (*first, *steps, *(step for step in removals if step not in first)))


def apply_plan(
    engine: PgTrickle,
    plan: Convergence,
    *,
    recreate: bool = False,
    told: Callable[[Step], None] = lambda _: None,
) -> tuple[Step, ...]:
    """Do what a plan says, and note what the configuration declares; the steps that changed something.

    The catalog has to be installed by then.
    ``recreate`` allows to drop and create again the stream tables of the configuration that read one whose
    new columns they cannot follow: they are away meanwhile, for as long as filling them takes. ``told`` hears
    of each step before it is done. Raises the plan's first problem before anything is changed, and what the
    steps raise; those before have been done then, and stay.
    """
    if plan.problems:
        raise plan.problems[0]
    definitions = {step.stream_table: step.definition for step in plan.steps if step.definition is not None}
    # At once, because there may be thousands; those that are kept are not lost by what happens to the others.
    engine.declare(plan.configuration, [step.stream_table for step in plan.steps if _is_unnoted(step)])
    absent: set[str] = set()
    done: list[Step] = []
    for step in plan.steps:
        if step.action not in ("keep", "leave"):
            told(step)
            done.append(step)
        definition = step.definition
        if definition is None:
            if step.action == "drop":
                engine.drop_stream_table(step.stream_table)
            continue
        if step.action == "create" or step.stream_table in absent:
            _create(engine, definition)
            engine.declare(plan.configuration, [step.stream_table])
        elif step.action in ("rebuild", "alter"):
            absent.update(_alter(engine, definition, definitions if recreate else {}))
    return tuple(done)


def _step(
    engine: PgTrickle,
    definition: StreamTableDefinition,
    present: StreamTable | None,
    readers: Mapping[str, tuple[str, ...]],
) -> Step:
    name = definition.name
    if present is None:
        return Step("create", name, "It is absent.", definition)
    changes = changes_to(present, definition)
    if "query" in changes:
        size = engine.stored_size(name)
        lost = [f"{_rows(size.rows)} ({_bytes(size.bytes)}) are computed anew; the old ones show meanwhile"]
        if name in readers:
            lost.append(f"what reads it follows: {', '.join(readers[name])}")
        return Step("rebuild", name, "Its query is another one.", definition, lost=tuple(lost))
    if changes:
        words = ", ".join(f"{key} becomes {value}" for key, value in changes.items())
        return Step("alter", name, f"{words}.", definition)
    return Step("keep", name, "It is as declared.", definition)


def _tried(
    engine: PgTrickle, step: Step, definition: StreamTableDefinition, unsettled: Collection[str]
) -> Step:
    """The step with what PostgreSQL and the engine think of its query.

    A query over a stream table that earlier steps create or change may be right although it is wrong now.
    """
    try:
        estimate = engine.estimate_query(
            definition.name, definition.query, refresh_mode=definition.refresh_mode
        )
    except InputError as error:
        read = {name.display for name in table_references(definition.query)}
        return step if read.intersection(unsettled) else replace(step, problem=error)
    return replace(step, estimate=estimate)


def _claimed(step: Step, owner: str | None, configuration: str) -> Step:
    """The step with what is known of who declares its stream table."""
    if step.action == "create" or owner is None:
        return step
    if owner == configuration:
        return replace(step, noted=True)
    return replace(step, reason=f"{step.reason} The configuration {owner} loses it to this one.")


def _is_unnoted(step: Step) -> bool:
    return step.action in ("keep", "rebuild", "alter") and not step.noted


def _renamed(step: Step, gone: Mapping[str, StreamTable]) -> Step:
    """Say when what is created looks like something that is declared no more, under another name."""
    if step.action != "create" or step.definition is None:
        return step
    for name, table in gone.items():
        if not changes_to(table, step.definition):
            return replace(
                step, reason=f"It is absent; {name}, which is declared no more, has the same query."
            )
    return step


def _removal(engine: PgTrickle, name: str, readers: Iterable[str], *, drop: bool) -> Step:
    if not drop:
        return Step("leave", name, "It is declared no more; dropping has to be asked for.")
    size = engine.stored_size(name)
    lost = [f"{_rows(size.rows)} ({_bytes(size.bytes)}) and their history"]
    lost += [f"{reader} reads it" for reader in readers]
    return Step("drop", name, "It is declared no more.", lost=tuple(lost))


def _create(engine: PgTrickle, definition: StreamTableDefinition) -> None:
    engine.create_stream_table(
        definition.name,
        definition.query,
        schedule=definition.schedule,
        refresh_mode=definition.refresh_mode,
        indexes=definition.indexes,
    )


def _alter(
    engine: PgTrickle,
    definition: StreamTableDefinition,
    recreatable: Mapping[str, StreamTableDefinition],
) -> list[str]:
    """Alter a stream table; the names of those that had to be dropped for it, to be created again."""
    changes = changes_to(engine.stream_table(definition.name), definition)
    try:
        engine.alter_stream_table(definition.name, **changes)
    except DependentObjects as error:
        readers = _all_readers(_readers(engine), definition.name)
        if not readers or not recreatable.keys() >= set(readers):
            hint = error.hint
            if readers and not recreatable:
                hint = f"Allow to create again what reads it: {', '.join(readers)}."
            raise DependentObjects(error.message, hint=hint, subject=error.subject) from error
        for reader in reversed(readers):
            engine.drop_stream_table(reader)
        engine.alter_stream_table(definition.name, **changes)
        return readers
    return []


def _readers(engine: PgTrickle) -> dict[str, tuple[str, ...]]:
    """By stream table, the stream tables that read it."""
    found: dict[str, set[str]] = {}
    for row in engine.dependencies():
        if row.upstream is not None:
            found.setdefault(row.upstream, set()).add(row.stream_table)
    return {name: tuple(sorted(names)) for name, names in found.items()}


def _all_readers(readers: Mapping[str, Iterable[str]], name: str) -> list[str]:
    """All that reads a stream table, directly or not, each after what it reads itself."""
    order: list[str] = []

    def visit(each: str) -> None:
        for reader in readers.get(each, ()):
            if reader not in order:
                visit(reader)
                order.append(reader)

    visit(name)
    return order[::-1]


def _rows(rows: int | None) -> str:
    return "its rows" if rows is None else f"{rows:,} rows"


def _bytes(size: int) -> str:
    value = float(size)
    for unit in ("bytes", "kB", "MB", "GB"):
        if value < 1024:
            return f"{value:.0f} {unit}"
        value /= 1024
    return f"{value:.1f} TB"
