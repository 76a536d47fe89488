"""Servers and databases for the tests.

``pg_server`` runs a test on the oldest and on the newest supported PostgreSQL; each xdist worker starts
servers of its own. ``database`` is a fresh database on it; ``pg18_server`` and ``database18`` are for what
need not run twice.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

# Importing anything under airflow makes AIRFLOW_HOME: keep the tests, and each worker, out of the user's.
os.environ["AIRFLOW_HOME"] = tempfile.mkdtemp(prefix="pgtrickle-airflow-")
os.environ.setdefault("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
atexit.register(shutil.rmtree, os.environ["AIRFLOW_HOME"], ignore_errors=True)

from airflow.providers.pgtrickle.engine.testing.binaries import find_binaries  # noqa: E402
from airflow.providers.pgtrickle.engine.testing.server import PostgresServer, ServerError  # noqa: E402

NEWEST = 18
#: Programs of the oldest supported version are not everywhere; the next ones stand in.
OLDEST = (15, 16, 17)

SETTINGS = {
    "wal_level": "logical",
    "max_prepared_transactions": "20",
    "max_connections": "60",
    "shared_buffers": "64MB",
}


def oldest() -> int:
    """The oldest supported version on this machine, or 15 when there is none."""
    for major in OLDEST:
        try:
            return find_binaries(major).major
        except ServerError:
            continue
    return OLDEST[0]


MAJORS = (NEWEST, oldest())


class Servers:
    """The servers of this process, each started at its first use."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._running: dict[int, PostgresServer] = {}

    def __getitem__(self, major: int) -> PostgresServer:
        """The server of this major version; the test is skipped, loudly, where no such programs are."""
        if major not in self._running:
            try:
                find_binaries(major)
            except ServerError as error:
                warnings.warn(f"PostgreSQL {major} is left out: {error}", stacklevel=2)
                pytest.skip(str(error))
            server = PostgresServer(major=major, settings=SETTINGS)
            self._running[major] = self._stack.enter_context(server)
        return self._running[major]

    def close(self) -> None:
        self._stack.close()


#: Test files that start an Airflow of their own: each stays with one worker, or every worker starts one.
ONE_WORKER = (
    "tests/airflow/test_scheduler.py",
    "tests/airflow/test_dag_run.py",
    "tests/airflow/test_page.py",
    "tests/browser/test_page.py",
)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Spread tests over the workers one by one, but for the files that stay together."""
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):  # type: ignore[misc]  # xdist is not typed
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            return file if file in ONE_WORKER else nodeid

    return Scheduling(config, log)


@pytest.fixture(scope="session")
def pg_servers() -> Iterator[Servers]:
    servers = Servers()
    try:
        yield servers
    finally:
        servers.close()


@pytest.fixture(scope="session", params=MAJORS, ids=[f"pg{major}" for major in MAJORS])
def pg_server(request: pytest.FixtureRequest, pg_servers: Servers) -> PostgresServer:
    """A server of each supported version in turn."""
    return pg_servers[request.param]


@pytest.fixture(scope="session")
def pg18_server(pg_servers: Servers) -> PostgresServer:
    """A server of the newest version alone."""
    return pg_servers[NEWEST]


@pytest.fixture
def database(pg_server: PostgresServer) -> Iterator[str]:
    """The URL of a database that only this test uses."""
    yield from _fresh(pg_server)


@pytest.fixture
def database18(pg18_server: PostgresServer) -> Iterator[str]:
    """The URL of a database that only this test uses, on the newest version alone."""
    yield from _fresh(pg18_server)


def _fresh(server: PostgresServer) -> Iterator[str]:
    dsn = server.create_database()
    yield dsn
    server.drop_database(dsn.partition("@/")[2].partition("?")[0])
