"""``pgtrickle``: the engine's command line, and the commands about configuration files."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path

from airflow.providers.pgtrickle.engine import cli
from airflow.providers.pgtrickle.engine.cli import Command, Exit, Output


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


COMMANDS = (
    Command(
        "lint", "check configuration files without any database; exit with 1 on a fault", _add_files, _lint
    ),
)
