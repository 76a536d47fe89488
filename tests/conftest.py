"""Servers and databases for the tests.

``pg_server`` runs a test on the oldest and on the newest supported PostgreSQL; each xdist worker starts
servers of its own. ``database`` is a fresh database on it; ``pg18_server`` and ``database18`` are for what
need not run twice.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from airflow.providers.pgtrickle.engine.testing.binaries import find_binaries
from airflow.providers.pgtrickle.engine.testing.server import PostgresServer, ServerError

MAJORS = (18, 15)

SETTINGS = {
    "wal_level": "logical",
    "max_prepared_transactions": "20",
    "max_connections": "60",
    "shared_buffers": "64MB",
}


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
    return pg_servers[18]


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
