"""Running what was planned: a statement with its arguments, under the settings that it needs."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from airflow.providers.pgtrickle.engine.capture import COUNT_LIMIT
from airflow.providers.pgtrickle.engine.catalog import StreamTable
from airflow.providers.pgtrickle.engine.db import Session, compose
from airflow.providers.pgtrickle.engine.definitions import Definition
from airflow.providers.pgtrickle.engine.emit.relations import Statement
from airflow.providers.pgtrickle.engine.frontier import Frontier
from airflow.providers.pgtrickle.engine.names import QualifiedName, storage_name
from airflow.providers.pgtrickle.engine.refresh.cache import Known
from airflow.providers.pgtrickle.engine.refresh.interruptions import StorageMismatch
from airflow.providers.pgtrickle.engine.refresh.moment import Moment
from airflow.providers.pgtrickle.engine.refresh.plan import Plan
from airflow.providers.pgtrickle.engine.refresh.rewound import rewound_query
from airflow.providers.pgtrickle.engine.refresh.stopwatch import Stopwatch
from airflow.providers.pgtrickle.engine.refresh.target import present, snapshots_at
from airflow.providers.pgtrickle.engine.settings import Settings

#: Delta statements join many small relations: let the planner see them whole, and compile nothing.
_PLANNER = {
    "plan_cache_mode": "force_custom_plan",
    "jit": "off",
    "from_collapse_limit": "12",
    "join_collapse_limit": "12",
    "geqo_threshold": "13",
}

#: A delta looks rows up by their keys, many of them written a moment ago: pages that are in memory. With the
#: default, made for disks, the planner would rather read a table than find a few thousand of its rows.
_PLANNER_OF_DELTAS = {"random_page_cost": "1.1"}


def apply_plan(
    session: Session,
    settings: Settings,
    table: StreamTable,
    known: Known,
    plan: Plan,
    moment: Moment,
    target: Frontier,
    counted: Mapping[int, int],
    watch: Stopwatch,
) -> tuple[int, int]:
    """Run the plan's statements; rows inserted and deleted. ``counted`` are the changes of each source.

    Raises StorageMismatch when what is stored is not what the changes belong to.
    """
    storage = storage_name(table.id, table.generation)
    is_empty = moment.current is None and not table.is_populated
    with watch.stage("compile"):
        statements = _statements(table, storage, known, plan, moment, target, is_empty)
    new = changed = gone = expected = 0
    whole = True
    with watch.stage("apply"):
        configure(session, settings, table, _PLANNER_OF_DELTAS if plan.action == "DIFFERENTIAL" else {})
        for relation, statement in statements:
            arguments = _arguments(known.definition, statement, moment.current, target, moment, counted)
            if is_empty:
                new = session.native_count(statement.text, arguments)
                session.execute(compose("ANALYZE {storage}", storage=relation))
                continue
            ((new, changed, gone, expected, whole),) = session.native(statement.text, arguments)
            if not whole or gone != expected:
                break
    if not whole:
        raise StorageMismatch(
            f"The refresh of {table.name.display} did not read all changes that it had counted.",
            sqlstate="XX001",
            subject=table.name.display,
        )
    if gone != expected:
        raise StorageMismatch(
            f"The stored rows of {table.name.display} were not those that the changes belong to "
            f"({gone} of {expected} rows found).",
            sqlstate="XX001",
            subject=table.name.display,
        )
    return new + changed, gone + changed


def _statements(
    table: StreamTable,
    storage: QualifiedName,
    known: Known,
    plan: Plan,
    moment: Moment,
    target: Frontier,
    is_empty: bool,
) -> list[tuple[QualifiedName, Statement]]:
    """What to run, and which relation each brings to its new state; that of storage is the last."""
    compiled, oid = known.definition.compiled, table.storage_oid or 0
    if plan.action == "DIFFERENTIAL":
        return [(storage, known.delta(storage, oid, plan.changed, plan.late))]
    query = None
    if not compiled.differential:
        at = snapshots_at(known.definition, target)
        query = rewound_query(known.definition, plan.late, at, moment.now, target.time)
    beside = [item for item in compiled.arrangements if item.number]
    make = compiled.fill_arrangement if is_empty else compiled.recompute_arrangement
    arranged = [(item.table(storage), make(item, storage, plan.late)) for item in beside]
    if is_empty:
        return [*arranged, (storage, compiled.fill(storage, plan.late, query))]
    return [*arranged, (storage, compiled.recompute(storage, oid, plan.late, query))]


def configure(
    session: Session,
    settings: Settings,
    table: StreamTable,
    planner: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Give the transaction the settings under which the query was defined, and those of a refresh."""
    wanted = {
        "search_path": "",
        "row_security": "off",
        **_PLANNER,
        **planner,
        **table.session_settings,
    }
    if settings.statement_timeout:
        wanted["statement_timeout"] = str(int(settings.statement_timeout * 1000))
    calls = ", ".join("pg_catalog.set_config(%s, %s, true)" for _ in wanted)
    session.row(f"SELECT {calls}", [part for item in wanted.items() for part in item])


def _arguments(
    definition: Definition,
    statement: Statement,
    current: Frontier | None,
    target: Frontier,
    moment: Moment,
    counted: Mapping[int, int],
) -> list[str]:
    frontiers = {"hi": target, "now": present(definition, moment)}
    if current is not None:
        frontiers["lo"] = current
    bounds = {bound: snapshots_at(definition, frontier) for bound, frontier in frontiers.items()}
    values: list[str] = []
    for name in statement.parameters:
        bound, _, source = name.partition(":")
        if source == "time":
            values.append(str(frontiers[bound].time))
        elif bound == "limit":
            values.append(str(_limit(counted[int(source)])))
        else:
            values.append(str(bounds[bound][int(source)]))
    return values


def _limit(counted: int) -> int:
    """How many changes a statement may read: one more than there are; many where counting stopped short."""
    return counted + 1 if counted < COUNT_LIMIT else 100 * COUNT_LIMIT
