"""A PostgreSQL server of one's own: for tests, for the demo, for a first look.

The server listens on a Unix socket in a directory that only its owner enters, so that trust authentication is
safe. Its home looks like this::

    <home>/lock       held while a process owns the server
    <home>/log        what the server says
    <home>/data/      the cluster, mode 0700
    <home>/socket/    mode 0700

Ownership is the lock: whoever holds it may start, stop and remove the server. The kernel releases it however
the owner dies, so a server that runs while its lock is free is an orphan; the next owner stops it.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self
from urllib.parse import quote

import psycopg
from psycopg import sql

from airflow.providers.pgtrickle.engine.testing.binaries import (
    Account,
    Binaries,
    ServerError,
    find_binaries,
    reachable_binaries,
    server_account,
)
from airflow.providers.pgtrickle.engine.testing.homes import (
    end,
    lasting_home,
    processes_in,
    remove_home,
    stop_orphans,
    sweep,
    take_lock,
    temporary_home,
    temporary_place,
    wait_for,
)

__all__ = ["PostgresServer", "ServerError", "remove_home"]

PORT = 5432
SUPERUSER = "postgres"

#: A socket's path is limited to 107 bytes (103 on macOS) by the kernel.
_MAX_SOCKET_DIRECTORY = 85

_DEFAULTS: Mapping[str, str] = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "port": str(PORT),
    "shared_buffers": "128MB",
    "max_connections": "100",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "datestyle": "ISO",
}
#: Nothing of a temporary server has to survive a crash of the machine.
_TEMPORARY: Mapping[str, str] = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}

_INIT_TIMEOUT = 300.0
_START_TIMEOUT = 180.0


class PostgresServer:
    """A server with its own cluster, as a context manager or by ``start()`` and ``stop()``.

    ``major`` asks for a version (None: the wheel's, else the newest on the machine), ``settings`` are server
    settings by name. Without ``data_dir`` everything is temporary and gone after ``stop()``; with it the
    cluster stays and is used again. As root the cluster belongs to an unprivileged account; a ``data_dir``
    that this account cannot reach becomes a symbolic link to a place that it can. ``start()`` waits
    ``lock_timeout`` seconds at most for another owner of the same ``data_dir``. Raises ServerError, with the
    end of the log where there is one.
    """

    def __init__(
        self,
        *,
        major: int | None = None,
        settings: Mapping[str, str] | None = None,
        data_dir: Path | None = None,
        lock_timeout: float = 30.0,
    ) -> None:
        self.settings = dict(settings or {})
        self._major = major
        self._data_dir = data_dir
        self._lock_timeout = lock_timeout
        self._account = server_account()
        self._binaries: Binaries | None = None
        self._home: Path | None = None
        self._socket: Path | None = None
        self._lock: IO[str] | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def major(self) -> int:
        """The major version of PostgreSQL that runs."""
        return self._found.major

    @property
    def pid(self) -> int:
        """The process id of the postmaster."""
        return self._running.pid

    def start(self) -> None:
        """Make the cluster unless it is there, start the server and wait until it takes connections."""
        if self._process is not None:
            raise ServerError("the server is started already")
        self._binaries = reachable_binaries(find_binaries(self._major), self._account)
        try:
            self._enter_home()
            self._ensure_cluster()
            self._launch()
            self._wait_until_ready()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the server (sessions are ended, nothing is lost) and remove what was temporary; idempotent."""
        try:
            if self._process is not None:
                end(self._process.pid, self._process_gone)
        finally:
            self._process = None
            if self._socket is not None and self._socket.parent != self._home:
                shutil.rmtree(self._socket, ignore_errors=True)
            if self._home is not None and self._data_dir is None:
                shutil.rmtree(self._home, ignore_errors=True)
            if self._lock is not None:
                self._lock.close()
            self._home = self._socket = self._lock = None

    def crash(self) -> None:
        """Kill the server as a power failure would: the cluster needs recovery at the next start.

        For tests of what survives. The home stays, also of a temporary server; go on with ``restart``.
        """
        processes = processes_in(self._data)
        for pid in (self.pid, *processes):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._running.wait(timeout=30)
        wait_for(lambda: not processes_in(self._data), 30.0)
        self._process = None

    def restart(self) -> None:
        """Start the server again over the same cluster, after ``crash`` or while it runs."""
        if self._home is None:
            raise ServerError("the server was not started")
        if self._process is not None:
            end(self._process.pid, self._process_gone)
        self._launch()
        self._wait_until_ready()

    def dsn(self, dbname: str = "postgres") -> str:
        """A connection URL of a database; connects as superuser without a password."""
        if self._socket is None:
            raise ServerError("the server is not started")
        host = quote(str(self._socket), safe="")
        return f"postgresql://{SUPERUSER}@/{quote(dbname, safe='')}?host={host}&port={PORT}"

    def create_database(self, name: str | None = None, *, template: str = "template1") -> str:
        """Make a database (under a fresh name when none is given) and return its connection URL."""
        name = name or f"db_{secrets.token_hex(6)}"
        self._command(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
        )
        return self.dsn(name)

    def drop_database(self, name: str) -> None:
        """Drop a database if it is there, ending its sessions."""
        self._command(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def log_tail(self, lines: int = 30) -> str:
        """The end of the server's log."""
        if self._home is None:
            return ""
        with contextlib.suppress(OSError):
            return "\n".join((self._home / "log").read_text(errors="replace").splitlines()[-lines:])
        return ""

    @property
    def _found(self) -> Binaries:
        if self._binaries is None:
            raise ServerError("the server is not started")
        return self._binaries

    @property
    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise ServerError("the server is not started")
        return self._process

    @property
    def _data(self) -> Path:
        if self._home is None:
            raise ServerError("the server is not started")
        return self._home / "data"

    def _enter_home(self) -> None:
        """Take the home directory with its lock, and a directory for the socket."""
        if self._data_dir is None:
            sweep(self._account)
            self._home, self._lock = temporary_home(self._account)
        else:
            self._home = lasting_home(self._data_dir.absolute(), self._account)
            self._lock = take_lock(self._home / "lock", self._lock_timeout)
            stop_orphans(self._data)
        self._socket = self._home / "socket"
        if len(os.fsencode(self._socket)) > _MAX_SOCKET_DIRECTORY:
            self._socket = Path(tempfile.mkdtemp(prefix="pgt-", dir=temporary_place(self._account)))
        if self._account.switch and self._data.exists():
            self._account = _owner(self._data)
        self._make_directory(self._socket)

    def _make_directory(self, path: Path) -> None:
        """A private directory of the account's, empty: a killed server leaves lock files behind."""
        if path.exists():
            shutil.rmtree(path)
        path.mkdir(mode=0o700)
        if self._account.switch:
            os.chown(path, self._account.uid, self._account.gid)

    def _ensure_cluster(self) -> None:
        if not self._data.exists():
            self._initdb()
        there = (self._data / "PG_VERSION").read_text().strip()
        if there != str(self._found.major):
            raise ServerError(f"{self._data} is of PostgreSQL {there}, not {self._found.major}")

    def _initdb(self) -> None:
        """Make the cluster under another name first: an initdb that is killed leaves half a cluster."""
        fresh = self._data.with_name("data.new")
        self._make_directory(fresh)
        command = [
            *(self._found.program("initdb"), "--pgdata", str(fresh), "--username", SUPERUSER),
            *(
                "--auth-local=trust",
                "--auth-host=reject",
                "--encoding=UTF8",
                "--locale=C",
                "--no-instructions",
            ),
        ]
        if self._data_dir is None:
            command.append("--no-sync")
        try:
            done = subprocess.run(
                command,
                **self._as_account(),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=_INIT_TIMEOUT,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise ServerError(f"initdb did not end: {error}") from error
        if done.returncode != 0:
            raise ServerError(f"initdb failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        fresh.rename(self._data)

    def _launch(self) -> None:
        """Start the postmaster as our child, in a session of its own so that Ctrl-C reaches only us."""
        temporary = _TEMPORARY if self._data_dir is None else {}
        settings = {**_DEFAULTS, **temporary, "unix_socket_directories": str(self._socket), **self.settings}
        command = [self._found.program("postgres"), "-D", str(self._data)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        with (self._data.parent / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command,
                **self._as_account(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _wait_until_ready(self) -> None:
        def ready() -> bool:
            if self._running.poll() is not None:
                raise ServerError(f"the server did not start:\n{self.log_tail()}")
            try:
                psycopg.connect(self.dsn(), connect_timeout=10).close()
            except psycopg.OperationalError:
                return False
            return True

        if not wait_for(ready, _START_TIMEOUT):
            raise ServerError(f"the server was not ready in {_START_TIMEOUT:.0f} s:\n{self.log_tail()}")

    def _process_gone(self) -> bool:
        return self._process is None or self._process.poll() is not None

    def _command(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.dsn(), autocommit=True) as connection:
            connection.execute(statement)

    def _as_account(self) -> dict[str, Any]:
        """How subprocess runs a program as the server's account, with nothing of our own environment."""
        kept = ("PATH", "LD_LIBRARY_PATH", "TMPDIR", "SYSTEMROOT")
        options: dict[str, Any] = {
            "cwd": "/",
            "env": {"LC_ALL": "C", **{name: os.environ[name] for name in kept if name in os.environ}},
        }
        if self._account.switch:
            options |= {"user": self._account.uid, "group": self._account.gid, "extra_groups": []}
        return options


def _owner(data: Path) -> Account:
    """The account that a cluster belongs to already."""
    facts = data.stat()
    return Account(facts.st_uid, facts.st_gid, switch=True)
