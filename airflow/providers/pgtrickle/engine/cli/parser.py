"""The words of the command line."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from typing import Any

from airflow.providers.pgtrickle.engine.cli.extension import Command
from airflow.providers.pgtrickle.engine.cli.output import STAGES, Exit

_DESCRIPTION = """\
Stream tables on plain PostgreSQL: tables that hold the rows of a query and follow its sources by deltas.

The database is the one of --dsn, else of the variable PGTRICKLE_DSN, else that of libpq's own variables
(PGHOST, PGDATABASE, PGSERVICE, ...).
"""


def build_parser(others: Iterable[Command] = ()) -> argparse.ArgumentParser:
    """The parser with all commands, those of ``others`` after the engine's own."""
    parser = argparse.ArgumentParser(
        prog="pgtrickle",
        description=_DESCRIPTION,
        epilog="exit codes:\n" + "\n".join(f"  {code:<4}{code.meaning}" for code in Exit),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_common(parser, default=None, json_default=False)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)

    def command(name: str, text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
        # Also after the command; suppressed, so that it does not undo what stands before it.
        _add_common(added, default=argparse.SUPPRESS, json_default=argparse.SUPPRESS)
        return added

    command("install", "make the catalog in the database, or bring it up to date; changes nothing twice")

    create = command("create", "create a stream table from a query")
    create.add_argument("name", help="name or schema.name")
    _add_query(create, required=True)
    create.add_argument(
        "--schedule", default="1m", metavar="EVERY", help="how fresh to keep it (default: 1m)"
    )
    _add_refresh_mode(create, default="AUTO")
    create.add_argument("--no-initialize", action="store_true", help="leave it empty until its first refresh")
    create.add_argument(
        "--index", action="append", default=[], metavar="COLUMN[,COLUMN...]", help="add an index; repeatable"
    )

    alter = command("alter", "change a stream table; what is not given stays")
    alter.add_argument("name", help="name or schema.name")
    _add_query(alter, required=False)
    alter.add_argument("--schedule", metavar="EVERY", help="how fresh to keep it")
    _add_refresh_mode(alter, default=None)

    source = command("alter-source", "run DDL on a source, and rebuild what it gives another meaning")
    _add_query(source, required=True, what="statement")

    refresh = command(
        "refresh", "bring stream tables to the present, several of them to one state of the sources"
    )
    _add_names(refresh)
    refresh.add_argument("--all", action="store_true", help="every stream table that is not suspended")
    refresh.add_argument("--full", action="store_true", help="recompute instead of following the changes")
    refresh.add_argument("--run", metavar="FRONTIER", help="bring them to the frontier of this run")

    status = command("status", "tell how fresh each stream table is; with --max-staleness judge it")
    _add_names(status)
    status.add_argument(
        "--max-staleness",
        type=_seconds,
        metavar="SECONDS",
        help="exit with 1 when one is staler, or not populated",
    )

    command("list", "list stream tables with their modes")

    explain = command("explain", "show what the engine makes of a query, stage by stage")
    explain.add_argument("name", nargs="?", help="a stream table; or give a query")
    _add_query(explain, required=False)
    explain.add_argument("--stage", choices=STAGES, help="this one only")

    verify = command(
        "verify", "compare stream tables with their queries, as multisets; exit with 1 on a difference"
    )
    _add_names(verify)
    verify.add_argument("--all", action="store_true", help="every stream table that is populated")

    history = command("history", "show the latest refreshes, newest first")
    history.add_argument("name", nargs="?")
    history.add_argument("--limit", type=_count, default=20, metavar="N", help="how many (default: 20)")

    dependencies = command("dependencies", "show what stream tables read")
    dependencies.add_argument("name", nargs="?")

    for name, text in (
        ("suspend", "stop refreshing stream tables"),
        ("resume", "refresh stream tables again"),
    ):
        _add_names(command(name, text), at_least="+")

    drop = command("drop", "drop stream tables")
    _add_names(drop, at_least="+")
    drop.add_argument("--if-exists", action="store_true", help="be content when there is none")
    drop.add_argument("--cascade", action="store_true", help="with everything that is built on them")

    ui = command("ui", "serve the page on this machine, until interrupted; prints the address to open")
    ui.add_argument("--port", type=_port, default=8770, help="0 takes a free one (default: 8770)")
    ui.add_argument("--open", action="store_true", help="open it in the browser")

    uninstall = command("uninstall", "remove the catalog and all capture from the database")
    uninstall.add_argument("--cascade", action="store_true", help="with the stream tables that there are")

    for other in others:
        other.configure(command(other.name, other.help))
    return parser


def _add_common(parser: argparse.ArgumentParser, *, default: Any, json_default: Any) -> None:
    parser.add_argument("--dsn", default=default, metavar="DSN", help="postgresql://... or key=value ...")
    parser.add_argument(
        "--json", action="store_true", default=json_default, help="one JSON value instead of tables"
    )


def _add_names(parser: argparse.ArgumentParser, at_least: str = "*") -> None:
    parser.add_argument("names", nargs=at_least, metavar="name", help="name or schema.name")


def _add_query(parser: argparse.ArgumentParser, *, required: bool, what: str = "defining query") -> None:
    group = parser.add_mutually_exclusive_group(required=required)
    group.add_argument("--query", metavar="SQL", help=f"the {what}")
    group.add_argument("--file", metavar="PATH", help=f"a file with the {what}; - for standard input")


def _add_refresh_mode(parser: argparse.ArgumentParser, *, default: str | None) -> None:
    parser.add_argument(
        "--refresh-mode",
        default=default,
        type=str.upper,
        choices=("AUTO", "DIFFERENTIAL", "FULL"),
        help="by deltas where the query allows it (AUTO), else refuse it (DIFFERENTIAL), or recompute (FULL)",
    )


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not a number of seconds")
    return value


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return value


def _port(text: str) -> int:
    value = int(text)
    if not 0 <= value <= 65_535:
        raise argparse.ArgumentTypeError(f"{text} is not a port")
    return value
