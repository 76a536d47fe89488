"""``pgtrickle``: the engine on the command line.

Answers go to standard output, as tables for people or with ``--json`` as one JSON value for programs; what
went wrong goes to standard error with its code and what to do about it. The exit code is one of ``Exit``.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from airflow.providers.pgtrickle.engine.cli.commands import run
from airflow.providers.pgtrickle.engine.cli.extension import Command
from airflow.providers.pgtrickle.engine.cli.output import Exit, Output, exit_code
from airflow.providers.pgtrickle.engine.cli.parser import build_parser
from airflow.providers.pgtrickle.engine.errors import PgTrickleError

__all__ = ["Command", "Exit", "Output", "main"]


def main(arguments: Sequence[str] | None = None, *, others: Sequence[Command] = ()) -> int:
    """Run one command, with ``sys.argv`` unless arguments are given; the exit code.

    ``others`` are commands beside the engine's own.
    """
    options = build_parser(others).parse_args(arguments)
    output = Output(as_json=options.json)
    other = next((command for command in others if command.name == options.command), None)
    try:
        code = run(options, output) if other is None else other.run(options, output)
        sys.stdout.flush()
    except PgTrickleError as error:
        output.error(error)
        return exit_code(error)
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except BrokenPipeError:
        # The reader has seen enough, `pgtrickle list | head`; flushing at exit must not complain again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.OK
    return code
