"""Homes of PostgreSQL servers: their directories, their locks, and what a killed owner left behind."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import IO

from airflow.providers.pgtrickle.engine.testing.binaries import Account, ServerError

_PROC = Path("/proc")
_PREFIX = "pgtrickle-server"
_TEMPORARY_PLACES = ("/tmp", "/var/tmp")  # noqa: S108 - every directory in it is made by mkdtemp
_LASTING_PLACES = ("/var/lib", "/var/tmp")  # noqa: S108 - ownership is checked before use

#: Fast shutdown, then immediate, then none of our asking; each with the seconds it may take.
_STOP_SIGNALS = ((signal.SIGINT, 90.0), (signal.SIGQUIT, 30.0), (signal.SIGKILL, 30.0))


def wait_for(condition: Callable[[], bool], timeout: float, interval: float = 0.02) -> bool:
    """Ask until the condition holds, for ``timeout`` seconds at most; whether it came to hold."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(interval)
    return True


def take_lock(path: Path, timeout: float) -> IO[str]:
    """Hold the lock file until the returned file is closed or this process ends, however it ends."""
    try:
        lock = path.open("a+")
    except PermissionError as error:
        raise ServerError(f"{path.parent} belongs to another user") from error
    path.chmod(0o600)

    def locked() -> bool:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    if not wait_for(locked, timeout, interval=0.1):
        lock.close()
        raise ServerError(f"another process owns the server in {path.parent}")
    return lock


def temporary_place(account: Account) -> Path:
    """A directory for temporary files which the account reaches."""
    for place in (tempfile.gettempdir(), *_TEMPORARY_PLACES):
        path = Path(place).resolve()
        if path.is_dir() and os.access(path, os.W_OK | os.X_OK) and account.reaches(path):
            return path
    raise ServerError(f"no directory for temporary files can be reached by user {account.uid}")


def temporary_home(account: Account) -> tuple[Path, IO[str]]:
    """A new home and its lock.

    It gets the name by which ``sweep`` finds it only when its lock is held.
    """
    fresh = Path(tempfile.mkdtemp(prefix=f".{_PREFIX}-", dir=temporary_place(account)))
    fresh.chmod(_home_mode(account))
    lock = take_lock(fresh / "lock", 0)
    home = fresh.with_name(f"{_PREFIX}-{os.geteuid()}-{fresh.name.rpartition('-')[2]}")
    fresh.rename(home)
    return home, lock


def lasting_home(path: Path, account: Account) -> Path:
    """The home that ``path`` stands for, made unless it is there.

    Where the account cannot reach ``path``, it is a symbolic link to a place that root keeps for us.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_symlink():
        home = path.resolve()
        home.mkdir(exist_ok=True)
    elif account.reaches(path.parent):
        path.mkdir(exist_ok=True)
        home = path.resolve()
    else:
        home = _lasting_place() / sha256(os.fsencode(path)).hexdigest()[:16]
        home.mkdir(exist_ok=True)
        try:
            if path.exists():
                path.rmdir()
            path.symlink_to(home)
        except OSError as error:
            raise ServerError(
                f"user {account.uid} cannot reach {path}, and it holds other files: {error}"
            ) from error
    if home.stat().st_uid != os.geteuid():
        raise ServerError(f"{home} belongs to another user")
    home.chmod(_home_mode(account))
    return home


def sweep(account: Account) -> None:
    """Stop and remove temporary servers whose owner was killed."""
    for home in temporary_place(account).glob(f"{_PREFIX}-{os.geteuid()}-*"):
        try:
            if home.lstat().st_uid != os.geteuid() or home.is_symlink() or not (home / "lock").exists():
                continue
            lock = take_lock(home / "lock", 0)
        except (OSError, ServerError):
            continue  # it has an owner, or another process sweeps it
        with lock:
            stop_orphans(home / "data")
            shutil.rmtree(home, ignore_errors=True)


def remove_home(path: Path) -> None:
    """Remove a lasting home, with what ``path`` links to; does nothing when it is not there."""
    home = path.resolve()
    if home.is_dir():
        with take_lock(home / "lock", 0):
            stop_orphans(home / "data")
            shutil.rmtree(home)
    if path.is_symlink():
        path.unlink()


def end(pid: int, gone: Callable[[], bool]) -> None:
    """Shut a postmaster down, ever more firmly."""
    for number, timeout in _STOP_SIGNALS:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        if wait_for(gone, timeout):
            return
    raise ServerError(f"process {pid} does not end")


def stop_orphans(data: Path) -> None:
    """End whatever still runs on a cluster that nobody owns: its postmaster, or backends that lost theirs."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        pid = int((data / "postmaster.pid").read_text().splitlines()[0])
        if _works_in(pid, data):
            end(pid, lambda: not _works_in(pid, data))
    for pid in processes_in(data):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGQUIT)
    if not wait_for(lambda: not processes_in(data), 30.0):
        for pid in processes_in(data):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if not wait_for(lambda: not processes_in(data), 30.0):
            raise ServerError(f"processes {processes_in(data)} do not leave {data}")
    if _PROC.exists():
        # PostgreSQL takes a recycled pid, or a zombie that nobody reaps, for a running postmaster.
        (data / "postmaster.pid").unlink(missing_ok=True)


def processes_in(data: Path) -> list[int]:
    """The processes that work on a cluster (each has it as its working directory); empty without /proc."""
    with contextlib.suppress(OSError):
        pids = [int(entry.name) for entry in _PROC.iterdir() if entry.name.isdigit()]
        return [pid for pid in pids if _works_in(pid, data)]
    return []


def _works_in(pid: int, data: Path) -> bool:
    """Whether this process, if there is one, belongs to the cluster. A recycled pid does not."""
    try:
        if _PROC.exists():
            return (_PROC / str(pid) / "cwd").readlink() == data.resolve()
        command = subprocess.run(
            ["/bin/ps", "-o", "command=", "-p", str(pid)],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return False
    return str(data) in command


def _home_mode(account: Account) -> int:
    """The server's account must pass through its home, and needs no more than that."""
    return 0o711 if account.switch else 0o700


def _lasting_place() -> Path:
    for place in _LASTING_PLACES:
        path = Path(place) / "pgtrickle"
        try:
            path.mkdir(mode=0o711, exist_ok=True)
            if path.is_symlink() or path.lstat().st_uid != os.geteuid():
                continue
            path.chmod(0o711)
        except OSError:
            continue
        return path
    raise ServerError(f"none of {', '.join(_LASTING_PLACES)} can hold a cluster")
