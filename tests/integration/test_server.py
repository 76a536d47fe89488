"""The servers that the tests, the demo and a first look run on."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from airflow.providers.pgtrickle.engine.testing import binaries
from airflow.providers.pgtrickle.engine.testing.binaries import Account, server_account
from airflow.providers.pgtrickle.engine.testing.homes import processes_in, wait_for
from airflow.providers.pgtrickle.engine.testing.server import PostgresServer, ServerError, remove_home

ROOT = Path(__file__).resolve().parents[2]

# Without Airflow, whose import takes longer than all the rest.
OWNER = """
import sys, time, types
from pathlib import Path
airflow = sys.modules["airflow"] = types.ModuleType("airflow")
airflow.__path__ = ["airflow"]
from airflow.providers.pgtrickle.engine.testing.server import PostgresServer
server = PostgresServer(data_dir=Path(sys.argv[1]) if len(sys.argv) > 1 else None)
server.start()
print(server.pid, server._home, server.dsn(), flush=True)
time.sleep(600)
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A directory that the server's account reaches, with a short name."""
    with tempfile.TemporaryDirectory(prefix="pgt-test-", dir="/tmp") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def killed_owner(*arguments: str) -> tuple[int, Path, str]:
    """Start a server in another process, kill that process; the server's pid, home and URL."""
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout is not None
        pid, home, dsn = owner.stdout.readline().split()
        owner.send_signal(signal.SIGKILL)
    return int(pid), Path(home), dsn


def alive(pid: int) -> bool:
    return Path(f"/proc/{pid}/cwd").exists()


def value(dsn: str, query: str) -> object:
    with psycopg.connect(dsn, autocommit=True) as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]


def test_server_listens_only_on_a_private_socket(pg_server: PostgresServer) -> None:
    socket = Path(str(value(pg_server.dsn(), "SHOW unix_socket_directories")))
    assert value(pg_server.dsn(), "SHOW listen_addresses") == ""
    assert stat.S_IMODE(socket.stat().st_mode) == 0o700
    assert value(pg_server.dsn(), "SHOW server_version_num").startswith(str(pg_server.major))  # type: ignore[attr-defined]


def test_temporary_server_leaves_nothing() -> None:
    with PostgresServer(settings={"work_mem": "5MB"}) as server:
        home, data = server._data.parent, server._data
        assert value(server.dsn(), "SHOW work_mem") == "5MB"
        assert value(server.dsn(), "SHOW fsync") == "off"
        assert len(processes_in(data)) > 1
    assert not home.exists()
    assert processes_in(data) == []


def test_databases_are_apart(pg18_server: PostgresServer) -> None:
    one, two = pg18_server.create_database(), pg18_server.create_database('we"ird name/%')
    with psycopg.connect(one, autocommit=True) as connection:
        connection.execute("CREATE TABLE t ()")
    assert value(two, "SELECT to_regclass('t')") is None
    assert value(two, "SELECT current_database()") == 'we"ird name/%'
    pg18_server.drop_database('we"ird name/%')


def test_data_dir_is_used_again(folder: Path) -> None:
    home = folder / "deep" / "home"
    with (
        PostgresServer(data_dir=home) as server,
        psycopg.connect(server.dsn(), autocommit=True) as connection,
    ):
        connection.execute("CREATE TABLE kept AS SELECT 42 AS x")
        assert value(server.dsn(), "SHOW fsync") == "on"
    with PostgresServer(data_dir=home) as server:
        assert value(server.dsn(), "SELECT x FROM kept") == 42
    remove_home(home)
    assert not home.exists()


def test_data_dir_has_one_owner(folder: Path) -> None:
    with PostgresServer(data_dir=folder / "home"):
        started = time.monotonic()
        with pytest.raises(ServerError, match="another process owns"):
            PostgresServer(data_dir=folder / "home", lock_timeout=0.5).start()
        assert time.monotonic() - started < 20


def test_long_data_dir_gets_a_short_socket(folder: Path) -> None:
    with PostgresServer(data_dir=folder / ("long-" * 20)) as server:
        socket = Path(str(value(server.dsn(), "SHOW unix_socket_directories")))
        assert len(str(socket)) < 80
    assert not socket.exists()


def test_wrong_setting_is_reported_with_the_log() -> None:
    with pytest.raises(ServerError, match="no_such_setting"):
        PostgresServer(settings={"no_such_setting": "1"}).start()


def test_crash_loses_no_commit(folder: Path) -> None:
    with PostgresServer(data_dir=folder / "home") as server:
        with psycopg.connect(server.dsn(), autocommit=True) as connection:
            connection.execute("CREATE TABLE t AS SELECT 7 AS x")
            server.crash()
        server.restart()
        assert value(server.dsn(), "SELECT x FROM t") == 7


def test_half_a_cluster_is_made_anew(folder: Path) -> None:
    (folder / "home" / "data.new").mkdir(parents=True)
    (folder / "home" / "data.new" / "PG_VERSION").write_text("18\n")
    with PostgresServer(data_dir=folder / "home") as server:
        assert value(server.dsn(), "SELECT 1") == 1


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks at /proc")
class TestKilledOwner:
    def test_orphan_of_a_data_dir_is_replaced(self, folder: Path) -> None:
        pid, _, dsn = killed_owner(str(folder / "home"))
        assert alive(pid)
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS x")
            with PostgresServer(data_dir=folder / "home") as server:
                assert not alive(pid)
                assert value(server.dsn(), "SELECT x FROM kept") == 42

    def test_backend_without_its_postmaster_is_ended(self, folder: Path) -> None:
        pid, home, dsn = killed_owner(str(folder / "home"))
        connection = psycopg.connect(dsn, autocommit=True)
        backend = connection.info.backend_pid
        connection.pgconn.send_query(b"DO $$ BEGIN LOOP END LOOP; END $$")
        os.kill(pid, signal.SIGKILL)
        assert wait_for(lambda: not alive(pid), 30)
        assert alive(backend)
        with PostgresServer(data_dir=home) as server:
            assert not alive(backend)
            assert value(server.dsn(), "SELECT 1") == 1
        connection.close()

    def test_temporary_orphan_is_swept_by_the_next(self) -> None:
        pid, home, _ = killed_owner()
        assert alive(pid)
        assert home.exists()
        with PostgresServer():
            assert not alive(pid)
            assert not home.exists()

    def test_recycled_pid_is_left_alone(self, folder: Path) -> None:
        with PostgresServer(data_dir=folder / "home"):
            pass
        bystander = subprocess.Popen(["sleep", "600"])
        (folder / "home" / "data" / "postmaster.pid").write_text(
            f"{bystander.pid}\n{folder}/home/data\n1\n5432\n"
        )
        with PostgresServer(data_dir=folder / "home") as server:
            assert value(server.dsn(), "SELECT 1") == 1
            assert bystander.poll() is None
        bystander.kill()
        bystander.wait()


@pytest.mark.skipif(os.geteuid() != 0, reason="concerns root")
class TestAsRoot:
    def test_server_runs_as_somebody_else(self, pg_server: PostgresServer) -> None:
        assert Path(f"/proc/{pg_server.pid}").stat().st_uid not in (0, os.geteuid())

    def test_private_parent_stays_private(self, folder: Path) -> None:
        private = folder / "private"
        private.mkdir(mode=0o700)
        home = private / "home"
        with (
            PostgresServer(data_dir=home) as server,
            psycopg.connect(server.dsn(), autocommit=True) as connection,
        ):
            connection.execute("CREATE TABLE kept AS SELECT 42 AS x")
        with PostgresServer(data_dir=home) as server:
            assert value(server.dsn(), "SELECT x FROM kept") == 42
        assert stat.S_IMODE(private.stat().st_mode) == 0o700
        place = home.resolve()
        assert place.is_relative_to("/var")
        remove_home(home)
        assert not place.exists()
        assert not home.is_symlink()

    def test_reach_needs_every_directory(self, folder: Path) -> None:
        account = server_account()
        (folder / "private" / "open").mkdir(parents=True)
        (folder / "private").chmod(0o700)
        assert account.reaches(folder)
        assert not account.reaches(folder / "private" / "open")
        assert Account(0, 0, switch=False).reaches(folder / "private" / "open")

    def test_programs_out_of_reach_are_copied_once(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        found = binaries.find_binaries()
        monkeypatch.setattr(binaries, "_CACHES", (folder,))
        private = folder / "private"
        package = found.directory.parent.parent
        libraries = package.with_name(f"{package.name}.libs")
        shutil.copytree(package, private / package.name)
        if libraries.is_dir():
            shutil.copytree(libraries, private / libraries.name)
        private.chmod(0o700)
        hidden = private / package.name / found.directory.parent.name / "bin"

        account = server_account()
        copied = binaries.reachable_binaries(binaries.Binaries(hidden, found.major), account)

        assert account.reaches(copied.directory)
        assert binaries.reachable_binaries(binaries.Binaries(hidden, found.major), account) == copied
        assert stat.S_IMODE(private.stat().st_mode) == 0o700
        done = subprocess.run(
            [copied.program("initdb"), "--version"],
            user=account.uid,
            cwd="/",
            capture_output=True,
            check=True,
        )
        assert str(found.major).encode() in done.stdout
