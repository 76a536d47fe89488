"""Do the tests notice when a delta law is wrong? Runs every mutant of the laws and names those that live.

    python -m tests.mutation.run [--only TEXT] [--module NAME]

A mutant takes the place of its function in a process of its own, which creates stream tables whose deltas run
through the change, changes their tables round by round (every other round up to a run's frontier, with later
changes behind it) and verifies each after each refresh. It is caught by a difference or an error. Without a
mutant the same must show nothing. Mutants that compute the same are in equivalents.txt, with the reason.
Ends with 1 when another one lives.
"""

from __future__ import annotations

import argparse
import importlib
import os
import pkgutil
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FrameType

import psycopg

import airflow.providers.pgtrickle.engine.differentiate as laws
from airflow.providers.pgtrickle import PgTrickle
from airflow.providers.pgtrickle.engine.errors import PgTrickleError
from airflow.providers.pgtrickle.engine.refresh.values import RunFrontier
from airflow.providers.pgtrickle.engine.settings import Settings
from airflow.providers.pgtrickle.engine.testing.server import PostgresServer
from tests.mutation.mutants import Mutant, mutants

HERE = Path(__file__).parent
REGRESSION = HERE.parent / "regression"
ENGINE = "airflow.providers.pgtrickle.engine"
MODULES = (
    *(f"{laws.__name__}.{module.name}" for module in pkgutil.iter_modules(laws.__path__)),
    *(
        f"{ENGINE}.{name}"
        for name in ("analysis.states", "analysis.moments", "rewrite.restrict", "emit.relations")
    ),
)
SETTINGS = Settings(full_threshold=1.0)
#: Stream tables for one mutant; so many more for one that survives them.
ENOUGH, MORE = 8, 40
SECONDS = 120
TEMPLATE = "mutants_template"
START = datetime(2024, 3, 1, tzinfo=UTC)

Line = tuple[str, int]
Uses = dict[Line, list[str]]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", default="", help="mutants whose name has this text")
    parser.add_argument("--module", default="", help="modules whose name ends so")
    options = parser.parse_args()
    known = equivalents()
    selected = [mutant for mutant in all_mutants(options.module) if options.only in mutant.name]
    open_ones = [mutant for mutant in selected if mutant.name not in known]
    alive: list[str] = []
    began = time.monotonic()
    with PostgresServer() as server:
        prepare(server)
        uses = lines_used(server)
        tried = {mutant.name: chosen(uses, mutant, MORE) for mutant in open_ones}
        queries = list(dict.fromkeys(query for each in tried.values() for query in each))
        for start in range(0, len(queries), MORE):
            if not survives(server, None, queries[start : start + MORE]):
                print("The queries are not exact without any mutant.")
                return 2
        for mutant in open_ones:
            first = tried[mutant.name][:: max(1, MORE // ENOUGH)]
            more = [query for query in tried[mutant.name] if query not in first]
            if survives(server, mutant, first) and (not more or survives(server, mutant, more)):
                alive.append(mutant.name)
                print(f"LIVES  {mutant.name}  ({len(tried[mutant.name])} queries)", flush=True)
    print(
        f"{len(selected)} mutants: {len(open_ones) - len(alive)} caught, {len(alive)} live,"
        f" {len(selected) - len(open_ones)} known to be equivalent;"
        f" {len(queries)} queries, {time.monotonic() - began:.0f} s"
    )
    return 1 if alive else 0


def all_mutants(suffix: str = "") -> Iterator[Mutant]:
    for module in MODULES:
        if module.endswith(suffix):
            yield from mutants(module)


def equivalents() -> dict[str, str]:
    """Name → why the mutant computes the same."""
    text = (HERE / "equivalents.txt").read_text(encoding="utf-8")
    entries = (
        block.split("\n    ", 1) for block in text.split("\n\n") if block and not block.startswith("#")
    )
    return {name.strip(): " ".join(reason.split()) for name, reason in entries}


def candidates() -> list[str]:
    """The queries that mutants are tried on: the ground of the regression suite, and the clock's."""
    files = [
        path for path in sorted(REGRESSION.glob("*.sql")) if path.name not in ("schema.sql", "rounds.sql")
    ]
    lines = [
        line
        for path in (HERE / "queries.sql", *files)
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    return [line.strip().removesuffix(";") for line in lines if line.strip() and not line.startswith("--")]


def rounds() -> list[str]:
    return [
        part.partition("\n")[2]
        for part in (REGRESSION / "rounds.sql").read_text(encoding="utf-8").split("-- round: ")[1:]
    ]


def prepare(server: PostgresServer) -> None:
    """The database that each mutant gets a copy of."""
    with (
        psycopg.connect(server.create_database(TEMPLATE), autocommit=True) as connection,
        PgTrickle.connect(server.dsn(TEMPLATE)) as pgt,
    ):
        pgt.install()
        connection.execute((REGRESSION / "schema.sql").read_text(encoding="utf-8"))


def lines_used(server: PostgresServer) -> Uses:
    """For each line of the modules the queries whose delta runs through it."""
    files = {importlib.import_module(module).__file__: module for module in MODULES}
    uses: Uses = defaultdict(list)
    with PgTrickle.connect(server.dsn(TEMPLATE), settings=SETTINGS) as pgt:
        for query in candidates():
            passed: set[Line] = set()

            def note(frame: FrameType, event: str, _: object, passed: set[Line] = passed) -> object:
                module = files.get(frame.f_code.co_filename)
                if module is None:
                    return None
                if event == "line":
                    passed.add((module, frame.f_lineno))
                return note

            sys.settrace(note)
            try:
                differential = pgt.explain_query(query).refresh_mode == "DIFFERENTIAL"
            except PgTrickleError:
                differential = False
            finally:
                sys.settrace(None)
            for line in passed if differential else ():
                uses[line].append(query)
    return uses


def chosen(uses: Uses, mutant: Mutant, most: int) -> list[str]:
    """Queries whose delta runs through the change, taken evenly from all of them."""
    found = list(
        dict.fromkeys(query for line in mutant.lines for query in uses.get((mutant.module, line), ()))
    )
    found = found or candidates()
    step = max(1, len(found) // most)
    return found[::step][:most]


def survives(server: PostgresServer, mutant: Mutant | None, queries: list[str]) -> bool:
    """Whether nothing shows that the mutant is in place."""
    dsn = server.create_database(template=TEMPLATE)
    child = os.fork()
    if child == 0:
        signal.alarm(SECONDS if mutant is not None else 10 * SECONDS)
        with Path(os.devnull).open("w") as nothing:
            os.dup2(nothing.fileno(), 1)
            os.dup2(nothing.fileno(), 2)
        try:
            if mutant is not None:
                mutant.apply()
            os._exit(0 if all_exact(dsn, queries) else 1)
        except BaseException:  # noqa: BLE001 - any error shows the mutant
            os._exit(1)
    _, status = os.waitpid(child, 0)
    server.drop_database(dsn.partition("@/")[2].partition("?")[0])
    return status == 0


def all_exact(dsn: str, queries: list[str]) -> bool:
    """Follow the queries through the rounds; whether every stream table is exact after each refresh."""
    now = START
    with (
        psycopg.connect(dsn, autocommit=True, options="-c jit=off") as connection,
        PgTrickle.connect(dsn, settings=SETTINGS, clock=lambda: now) as pgt,
    ):
        tables = []
        for position, query in enumerate(queries):
            name = f"m{position}"
            pgt.create_stream_table(name, with_unique_columns(connection, query))
            tables.append(name)
        changes = iter(rounds())
        to_a_run = False
        for change in changes:
            connection.execute(change)
            now += timedelta(days=20)
            to_a_run = not to_a_run
            if to_a_run and (later := next(changes, None)) is not None:
                # The next changes come after the run's frontier, and are not to be seen at it.
                run = pgt.open_run(tables)
                connection.execute(later)
                if not refreshed(pgt, tables, run):
                    return False
            if not refreshed(pgt, tables, None):
                return False
    return True


def refreshed(pgt: PgTrickle, tables: list[str], run: RunFrontier | None) -> bool:
    """Refresh all; whether all are exact, without help."""
    for name in tables:
        # A delta that does not fit what is stored makes the engine rebuild the stream table.
        if pgt.refresh_stream_table(name, run=run).action == "REINITIALIZE":
            return False
        if not pgt.verify_stream_table(name):
            return False
    return True


def with_unique_columns(connection: psycopg.Connection, query: str) -> str:
    """The query, its columns numbered where two have one name."""
    names = [column.name for column in connection.execute(query).description or ()]
    if len(set(names)) == len(names):
        return query
    return f"SELECT * FROM ({query}) AS z({', '.join(f'c{n}' for n in range(len(names)))})"


if __name__ == "__main__":
    sys.exit(main())
