"""Random cases against the engine, many on one connection: a schema each, dropped when nothing was wrong.

    python -m tests.property.driver --major 18 --checks 2000 --minimise

prints what was checked and, for each wrong case, a script that can be pasted into tests/sql.
"""

from __future__ import annotations

import argparse
import itertools
import signal
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from time import monotonic

import psycopg

from airflow.providers.pgtrickle.engine.api import PgTrickle
from airflow.providers.pgtrickle.engine.settings import Settings
from airflow.providers.pgtrickle.engine.testing.advanced import ADVANCED_FEATURES
from airflow.providers.pgtrickle.engine.testing.cases import Case
from airflow.providers.pgtrickle.engine.testing.generate import Size, generate_case
from airflow.providers.pgtrickle.engine.testing.queries import DIFFERENTIAL_FEATURES
from airflow.providers.pgtrickle.engine.testing.runner import Checker, Report, SetClock
from airflow.providers.pgtrickle.engine.testing.server import PostgresServer
from airflow.providers.pgtrickle.engine.testing.unnesting import UNNESTING_FEATURES
from tests.property.minimise import minimise

#: Never recompute for the cost of it: the delta laws are what is tested, on tables where everything changes.
SETTINGS = Settings(full_threshold=1.0)

#: A case that takes longer than this is wrong too.
CASE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Wrong:
    """A case that failed, and how."""

    case: Case
    failures: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join([*self.failures, self.case.script()])


class Driver:
    """Runs cases in one database; ``total`` adds up what they found, ``wrong`` keeps those that failed."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._names = itertools.count(1)
        self._connection: psycopg.Connection | None = None
        self.total = Report()
        self.wrong: list[Wrong] = []
        with PgTrickle.connect(dsn) as pgt:
            pgt.install()

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()

    def run(self, cases: Iterable[Case], *, enough: Callable[[Report], bool] = lambda _: False) -> None:
        """Run cases until there was enough."""
        for case in cases:
            report = self.check(case)
            self.total.add(report)
            if report.failures:
                self.wrong.append(Wrong(case, tuple(report.failures)))
            if enough(self.total):
                return

    def check(self, case: Case) -> Report:
        """Run one case in a schema of its own; whatever is raised is a failure."""
        schema = f"case_{next(self._names)}"
        try:
            with _limited(CASE_SECONDS), self._prepared(schema) as connection:
                clock = SetClock() if case.at else None
                engine = PgTrickle(connection, settings=SETTINGS, clock=clock)
                checker = Checker(connection, engine, schema, clock)
                offset = sum(map(ord, case.title))
                # A view knows of no clock but the server's.
                shadow = clock is None
                report = checker.run(case, runs=lambda number: (number + offset) % 3 == 0, shadow=shadow)
                if not report.failures:
                    checker.clean(case)
                return report
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a finding
            self.close()
            self._connection = None
            last = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{last.filename.rpartition('/')[2]}:{last.lineno}"
            return Report(failures=[f"{type(error).__name__} at {where}: {error}"])

    @contextmanager
    def _prepared(self, schema: str) -> Iterator[psycopg.Connection]:
        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(
                self._dsn, autocommit=True, options="-c jit=off -c statement_timeout=20s"
            )
        connection = self._connection
        connection.execute(f"CREATE SCHEMA {schema}; SET search_path = {schema}".encode())
        yield connection
        connection.execute(
            f"SET client_min_messages = error; DROP SCHEMA IF EXISTS {schema}_shadow CASCADE;"
            f" DROP SCHEMA {schema} CASCADE; DISCARD TEMP; RESET ALL".encode()
        )

    def smaller(self, wrong: Wrong, seconds: float = 60.0) -> Wrong:
        """The smallest case found within the time that fails in the same manner."""
        manner = _manner(wrong.failures)
        deadline = monotonic() + seconds

        def fails(case: Case) -> bool:
            return _manner(self.check(case).failures) == manner

        case = minimise(wrong.case, fails, lambda: monotonic() > deadline)
        again = self.check(case)
        return Wrong(case, tuple(again.failures or wrong.failures))


@contextmanager
def _limited(seconds: float) -> Iterator[None]:
    """Raise TimeoutError in a block that runs longer."""

    def stop(*_: object) -> None:
        raise TimeoutError(f"not done after {seconds} seconds")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _manner(failures: Iterable[str]) -> str:
    """What kind of failure comes first: wrong rows, a refusal, or an exception and where it was raised."""
    for failure in failures:
        if "unexpected" in failure or "found nothing" in failure:
            return "wrong rows"
        return failure.partition(": ")[0] if "refused" not in failure else "refused"
    return ""


def seeds(first: int, *, features: frozenset[str] = DIFFERENTIAL_FEATURES) -> Iterator[Case]:
    """Cases without end. Those of low seeds are small, so that a plain mistake shows as a plain case."""
    for seed in itertools.count(first):
        size = Size(stream_tables=1, rounds=2, depth=seed // 20) if seed < 40 else Size()
        yield generate_case(seed, features=features, size=size)


def main() -> int:
    """Command line: run seeds against a server of one's own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--major", type=int, default=18)
    parser.add_argument("--dsn", help="a database to use instead of a server of its own")
    parser.add_argument("--checks", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=3600.0)
    parser.add_argument("--without", nargs="*", default=[], help="features to leave out")
    parser.add_argument("--only", nargs="*", help="features to use, beside plain_types")
    parser.add_argument("--advanced", action="store_true", help="use every construct there is")
    parser.add_argument("--minimise", action="store_true")
    parser.add_argument("--most", type=int, default=10, help="stop after this many wrong cases")
    arguments = parser.parse_args()
    features = frozenset(arguments.only or DIFFERENTIAL_FEATURES) | {"plain_types", "filter"}
    if arguments.advanced:
        features |= ADVANCED_FEATURES | UNNESTING_FEATURES
    deadline = monotonic() + arguments.seconds
    if arguments.dsn:
        return _explore(arguments, arguments.dsn, features - set(arguments.without), deadline)
    with PostgresServer(major=arguments.major) as server:
        dsn = server.create_database()
        return _explore(arguments, dsn, features - set(arguments.without), deadline)


def _explore(arguments: argparse.Namespace, dsn: str, features: frozenset[str], deadline: float) -> int:
    driver = Driver(dsn)
    cases = seeds(arguments.seed, features=features)
    driver.run(
        cases,
        enough=lambda total: (
            total.checks >= arguments.checks or len(driver.wrong) >= arguments.most or monotonic() > deadline
        ),
    )
    for wrong in driver.wrong:
        shown = driver.smaller(wrong) if arguments.minimise else wrong
        print(f"=== {wrong.case.title}\n{replace(shown, failures=shown.failures[:3])}")
    print(driver.total.summary())
    for reason, count in sorted(driver.total.reasons.items(), key=lambda item: -item[1]):
        print(f"{count:6} recomputed: {reason}")
    driver.close()
    return 1 if driver.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
