"""Commands that others add to the command line."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from dataclasses import dataclass

from airflow.providers.pgtrickle.engine.cli.output import Exit, Output


@dataclass(frozen=True, slots=True)
class Command:
    """A command from outside of the engine; it opens what connection it needs itself."""

    name: str
    help: str
    """what it does, a phrase that begins in lower case"""
    configure: Callable[[ArgumentParser], None]
    run: Callable[[Namespace, Output], Exit]
