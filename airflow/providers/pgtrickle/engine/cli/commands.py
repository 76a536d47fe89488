"""The commands: each reads its options, calls the API, and prints what came back."""

from __future__ import annotations

import os
import sys
import webbrowser
from argparse import Namespace
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from graphlib import TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.providers.pgtrickle.engine.cli.output import STAGES, Exit, Output, exit_code
from airflow.providers.pgtrickle.engine.errors import InvalidOption, PgTrickleError
from airflow.providers.pgtrickle.engine.plain import plain

if TYPE_CHECKING:
    from airflow.providers.pgtrickle.engine.api import PgTrickle
    from airflow.providers.pgtrickle.engine.catalog import StreamTable

DSN_VARIABLE = "PGTRICKLE_DSN"


def run(options: Namespace, output: Output) -> Exit:
    """Run the command that the options name; the exit code. Raises PgTrickleError."""
    from airflow.providers.pgtrickle.engine.api import PgTrickle  # not needed to print help

    dsn = options.dsn or os.environ.get(DSN_VARIABLE, "")
    with PgTrickle.connect(dsn) as pgt:
        if options.command == "ui":
            # The page opens a connection for each request; this one has shown that the database answers.
            pgt.close()
            return ui(dsn, options, output)
        return COMMANDS[options.command](pgt, options, output)


def install(pgt: PgTrickle, _: Namespace, output: Output) -> Exit:
    """Make or migrate the catalog."""
    pgt.install()
    output.done("Installed.", installed=True)
    return Exit.OK


def create(pgt: PgTrickle, options: Namespace, output: Output) -> Exit:
    """Create a stream table."""
    query = _required_query(options)
    table = pgt.create_stream_table(
        options.name,
        query,
        schedule=options.schedule,
        refresh_mode=options.refresh_mode,
        initialize=not options.no_initialize,
        indexes=[tuple(column.strip() for column in index.split(",")) for index in options.index],
    )
    output.done(
        f"Created {table.name.display}, {table.effective_mode}{_because(table.reason)}", **_facts(table)
    )
    return Exit.OK


def alter(pgt: PgTrickle, options: Namespace, output: Output) -> Exit:
    """Change a stream table."""
    query = _query(options)
    if query is None and options.schedule is None and options.refresh_mode is None:
        raise InvalidOption("Nothing is to be changed.", hint="Give a query, --schedule or --refresh-mode.")
    table = pgt.alter_stream_table(
        options.name, query=query, schedule=options.schedule, refresh_mode=options.refresh_mode
    )
    output.done(
        f"Altered {table.name.display}, {table.effective_mode}{_because(table.reason)}", **_facts(table)
    )
    return Exit.OK


def alter_source(pgt: PgTrickle, options: Namespace, output: Output) -> Exit:
    """Run DDL on a source."""
    result = pgt.alter_source(_required_query(options))
    rebuilt = ", ".join(result.reinitialized) or "nothing"
    output.done(f"Done; rebuilt: {rebuilt}; as before: {len(result.unchanged)}.", **_facts(result))
    return Exit.OK


def refresh(pgt: PgTrickle, options: Namespace, output: Output) -> Exit:
    """Refresh stream tables; several of them, or all, to one frontier."""
    names = _names(pgt, options, lambda table: table.status != "SUSPENDED")
    frontier = options.run
    if len(names) > 1:
        names = _upstream_first(pgt, names)
        frontier = frontier or pgt.open_run(names)
    results: list[Mapping[str, Any]] = []
    failures: list[PgTrickleError] = []
    for name in names:
        try:
            results.append(_facts(pgt.refresh_stream_table(name, run=frontier, full=options.full)))
        except PgTrickleError as error:
            failures.append(error)
    columns = ("stream_table", "action", "rows_inserted", "rows_deleted", "duration_ms", "reason")
    output.table(results, columns, empty="Nothing to refresh.")
    for failure in failures:
        output.error(failure)
    return exit_code(failures[0]) if failures else Exit.OK


def status(pgt: PgTrickle, options: Namespace, output: Output) -> Exit:
    """Show how fresh stream tables are."""
    rows = _chosen(pgt, [_facts(row) for row in pgt.pgt_status()], options.names)
    columns = ("name", "status", "effective_mode", "schedule", "staleness", "pending_changes")
    output.table(rows, (*columns, "last_action", "last_reason"), empty="There are no stream tables.")
    if options.max_staleness is None:
        return Exit.OK
    stale = [row for row in rows if _staler(row, options.max_staleness)]
    for row in stale:
        output.note(f"{plain(row['name'])} is staler than {options.max_staleness:g} s, or not populated.")
    return Exit.NO if stale else Exit.OK


def list_(pgt: PgTrickle, _: Namespace, output: Output) -> Exit:
    """List stream tables."""
    columns = ("name", "status", "refresh_mode", "effective_mode", "schedule", "is_populated", "reason")
    rows = [_facts(table) for table in pgt.stream_tables()]
    output.table(rows, columns, empty="There are no stream tables.")
    return Exit.OK


def explain(pgt: PgTrickle, options: Namespace, output: Output) -> Exit:
    """Show the stages of one query."""
    query = _query(options)
    if (options.name is None) == (query is None):
        raise InvalidOption(
            "Explain wants a stream table or a query, one of them.", hint="See explain --help."
        )
    if query is None:
        explanation = pgt.explain_stream_table(options.name)
    else:
        explanation = pgt.explain_query(query)
    output.note(f"Refresh mode {explanation.refresh_mode}{_because(explanation.reason)}")
    stages = (options.stage,) if options.stage else STAGES
    texts = {stage: getattr(explanation, stage) for stage in stages}
    output.sections(texts, refresh_mode=explanation.refresh_mode, reason=explanation.reason)
    return Exit.OK


def verify(pgt: PgTrickle, options: Namespace, output: Output) -> Exit:
    """Compare stream tables with their queries."""
    rows = []
    for name in _names(pgt, options, lambda table: table.is_populated):
        verification = pgt.verify_stream_table(name)
        row = {each: getattr(verification, each) for each in ("exact", "rows", "missing", "unexpected")}
        rows.append({"stream_table": name, **row})
    output.table(rows, ("stream_table", "exact", "rows", "missing", "unexpected"), empty="Nothing to verify.")
    return Exit.OK if all(row["exact"] for row in rows) else Exit.NO


def history(pgt: PgTrickle, options: Namespace, output: Output) -> Exit:
    """Show the latest refreshes."""
    columns = (
        "started_at",
        "stream_table",
        "status",
        "action",
        "rows_inserted",
        "rows_deleted",
        "duration_ms",
    )
    rows = [_facts(row) for row in pgt.refresh_history(options.name, limit=options.limit)]
    output.table(rows, (*columns, "reason", "error_message"), empty="Nothing was refreshed yet.")
    return Exit.OK


def dependencies(pgt: PgTrickle, options: Namespace, output: Output) -> Exit:
    """Show what stream tables read."""
    rows = [_facts(row) for row in pgt.dependencies(options.name)]
    output.table(rows, tuple(rows[0]) if rows else (), empty="There are no stream tables.")
    return Exit.OK


def suspend(pgt: PgTrickle, options: Namespace, output: Output) -> Exit:
    """Suspend stream tables."""
    return _each(options.names, pgt.suspend_stream_table, "Suspended", output)


def resume(pgt: PgTrickle, options: Namespace, output: Output) -> Exit:
    """Resume stream tables."""
    return _each(options.names, pgt.resume_stream_table, "Resumed", output)


def drop(pgt: PgTrickle, options: Namespace, output: Output) -> Exit:
    """Drop stream tables."""

    def drop_one(name: str) -> None:
        pgt.drop_stream_table(name, if_exists=options.if_exists, cascade=options.cascade)

    return _each(options.names, drop_one, "Dropped", output)


def uninstall(pgt: PgTrickle, options: Namespace, output: Output) -> Exit:
    """Remove the catalog."""
    pgt.uninstall(cascade=options.cascade)
    output.done("Uninstalled.", uninstalled=True)
    return Exit.OK


def ui(dsn: str, options: Namespace, output: Output) -> Exit:
    """Serve the page."""
    from airflow.providers.pgtrickle.engine.web import local

    token = local.new_token()
    with local.listen(options.port) as listener:
        port = listener.getsockname()[1]
        address = f"http://{local.HOST}:{port}/?token={token}"
        output.done(f"The page is at {address}\nPress Ctrl+C to end it.", address=address)
        sys.stdout.flush()
        if options.open:
            webbrowser.open(address)
        local.serve(dsn, listener, token)
    return Exit.OK


COMMANDS: Mapping[str, Callable[[PgTrickle, Namespace, Output], Exit]] = {
    "install": install,
    "create": create,
    "alter": alter,
    "alter-source": alter_source,
    "refresh": refresh,
    "status": status,
    "list": list_,
    "explain": explain,
    "verify": verify,
    "history": history,
    "dependencies": dependencies,
    "suspend": suspend,
    "resume": resume,
    "drop": drop,
    "uninstall": uninstall,
}


def _each(names: Iterable[str], act: Callable[[str], Any], done: str, output: Output) -> Exit:
    names = list(names)
    for name in names:
        act(name)
    output.done(f"{done} {', '.join(names)}.", **{done.lower(): names})
    return Exit.OK


def _names(pgt: PgTrickle, options: Namespace, concerned: Callable[[StreamTable], bool]) -> list[str]:
    """The stream tables that are meant: those named, or with ``--all`` those which the command concerns."""
    if bool(options.names) == options.all:
        raise InvalidOption("Which stream tables?", hint="Name them, or say --all.")
    if options.all:
        return [table.name.display for table in pgt.stream_tables() if concerned(table)]
    return list(options.names)


def _upstream_first(pgt: PgTrickle, names: Iterable[str]) -> list[str]:
    """The stream tables named, once each, every one after those that it reads."""
    wanted = {pgt.stream_table(name).name.display for name in names}
    order: TopologicalSorter[str] = TopologicalSorter(dict.fromkeys(wanted, ()))
    for row in pgt.dependencies():
        if row.upstream is not None:
            order.add(row.stream_table, row.upstream)
    return [name for name in order.static_order() if name in wanted]


def _chosen(pgt: PgTrickle, rows: list[dict[str, Any]], names: list[str]) -> list[dict[str, Any]]:
    """The rows of the stream tables named, or all when none is. Raises StreamTableNotFound."""
    wanted = {pgt.stream_table(name).name.display for name in names}
    return [row for row in rows if not wanted or plain(row["name"]) in wanted]


def _staler(row: Mapping[str, Any], seconds: float) -> bool:
    return not row["is_populated"] or row["staleness"] is None or row["staleness"].total_seconds() > seconds


def _query(options: Namespace) -> str | None:
    """The text that was given, or is in the file that was given, if any."""
    if options.query is not None or options.file is None:
        return None if options.query is None else str(options.query)
    try:
        return sys.stdin.read() if options.file == "-" else Path(options.file).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidOption(f"{options.file} cannot be read: {error}", subject=options.file) from error


def _required_query(options: Namespace) -> str:
    query = _query(options)
    if query is None:
        raise InvalidOption("There is no query.", hint="Give --query or --file.")
    return query


def _because(reason: str | None) -> str:
    return f": {reason}" if reason else ""


def _facts(value: Any) -> dict[str, Any]:
    """The fields of a dataclass, as they are."""
    return {field.name: getattr(value, field.name) for field in fields(value)}
