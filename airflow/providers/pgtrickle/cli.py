"""``pgtrickle``: the engine's command line, and the commands about configuration files."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from airflow.providers.pgtrickle.engine import cli
from airflow.providers.pgtrickle.engine.cli import Command, Exit, Output
from airflow.providers.pgtrickle.engine.cli.commands import DSN_VARIABLE

if TYPE_CHECKING:
    from airflow.providers.pgtrickle.converge import Convergence
    from airflow.providers.pgtrickle.engine.api import PgTrickle
    from airflow.providers.pgtrickle.factory.entities import DagPlan


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command, with ``sys.argv`` unless arguments are given; the exit code."""
    return cli.main(arguments, others=COMMANDS)


def _add_files(parser: ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a configuration file")


def _lint(options: Namespace, output: Output) -> Exit:
    """Say all that is wrong with configuration files."""
    from airflow.providers.pgtrickle.factory.lint import lint

    faults = [fault for file in options.files for fault in lint(file, os.environ)]
    for fault in faults:
        output.error(fault)
    if faults:
        return Exit.NO
    output.done(f"Nothing to find fault with in {len(options.files)} files.", files=len(options.files))
    return Exit.OK


def _add_plan(parser: ArgumentParser) -> None:
    _add_file(parser)
    parser.add_argument(
        "--check", action="store_true", help="exit with 1 when something would have to be changed"
    )


def _add_apply(parser: ArgumentParser) -> None:
    _add_file(parser)
    parser.add_argument(
        "--recreate",
        action="store_true",
        help="drop and create again what reads a stream table whose new columns it cannot follow",
    )


def _add_file(parser: ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="a configuration file")
    parser.add_argument(
        "--drop", action="store_true", help="drop what the configuration declared before and declares no more"
    )


def _plan(options: Namespace, output: Output) -> Exit:
    """Show what would be done, what it costs and what would be lost."""
    from airflow.providers.pgtrickle.converge import step_values

    with _engine(options) as (engine, config):
        plan = _converging(engine, config, options)
    shown = [step_values(step) for step in plan.steps]
    columns = ("action", "stream_table", "refresh_mode", "rows", "cost", "reason")
    output.table(shown, columns, empty="Nothing is declared.")
    for step in plan.changes:
        for loss in step.lost:
            output.note(f"{step.action} {step.stream_table}: {loss}")
    for problem in plan.problems:
        output.error(problem)
    if plan.problems:
        return Exit.USAGE
    return Exit.NO if options.check and plan.changes else Exit.OK


def _apply(options: Namespace, output: Output) -> Exit:
    """Bring the database to what the file declares."""
    from airflow.providers.pgtrickle.converge import apply_plan, step_values

    with _engine(options) as (engine, config):
        engine.install()
        done = apply_plan(engine, _converging(engine, config, options), recreate=options.recreate)
    columns = ("action", "stream_table", "refresh_mode", "rows", "reason")
    output.table([step_values(step) for step in done], columns, empty="Nothing had to be changed.")
    return Exit.OK


def _converging(engine: PgTrickle, planned: DagPlan, options: Namespace) -> Convergence:
    from airflow.providers.pgtrickle.converge import converge_plan

    return converge_plan(
        engine,
        planned.config.name,
        [entry.definition for entry in planned.config.entries],
        others=planned.unselected,
        drop=options.drop,
    )


@contextmanager
def _engine(options: Namespace) -> Iterator[tuple[PgTrickle, DagPlan]]:
    """The database that is meant: that of ``--dsn``, else that of the file's Airflow connection."""
    from airflow.providers.pgtrickle.engine.api import PgTrickle
    from airflow.providers.pgtrickle.factory.config import load
    from airflow.providers.pgtrickle.factory.plan import plan

    planned = plan(load(options.file, os.environ))
    dsn = options.dsn or os.environ.get(DSN_VARIABLE)
    if dsn:
        with PgTrickle.connect(dsn) as engine:
            yield engine, planned
    else:
        from airflow.providers.pgtrickle.hooks.pgtrickle import PgTrickleHook

        with PgTrickleHook(planned.config.connection).get_engine() as engine:
            yield engine, planned


COMMANDS = (
    Command("plan", "show what would bring the database to what a file declares", _add_plan, _plan),
    Command("apply", "bring the database to what a file declares", _add_apply, _apply),
    Command(
        "lint", "check configuration files without any database; exit with 1 on a fault", _add_files, _lint
    ),
)
