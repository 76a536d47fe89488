#!/usr/bin/env python3
"""Make the development environment: .venv with everything that constraints.txt pins.

Needs Python 3.11 or newer and nothing else: neither pip, nor ensurepip, nor a compiler. Where pip is missing,
its wheel comes from the package index (PIP_INDEX_URL, PIP_CERT and pip's configuration files are followed). A
second call with the same inputs returns at once.

    python3 tools/bootstrap.py                  make or update .venv
    python3 tools/bootstrap.py --for-tests      and see to it that an older PostgreSQL and a browser are there
"""

from __future__ import annotations

import argparse
import base64
import configparser
import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "bootstrap.stamp"
CONSTRAINTS = ROOT / "constraints.txt"
INPUTS = (CONSTRAINTS, ROOT / "pyproject.toml", Path(__file__).resolve())

OLDEST_PYTHON = (3, 11)
DEFAULT_INDEX = "https://pypi.org/simple"
PIP_WHEEL = "pip-26.3-py3-none-any.whl"
PIP_SHA256 = "f3b60b20ffaadd4415ed7957212a38ac63fa4c5fa375bd0f4a797777940fad13"

OLD_POSTGRES = (15, 16, 17)
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
INSTALL_TIMEOUT = 1800


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the development environment.")
    parser.add_argument("--for-tests", action="store_true", help="as root: bring PostgreSQL 15 and Chromium")
    arguments = parser.parse_args()
    ensure_python()
    with Path(__file__).open("rb") as lock:  # two calls at once would spoil each other's work
        fcntl.flock(lock, fcntl.LOCK_EX)
        make_environment()
        if arguments.for_tests:
            ensure_old_postgres()
            ensure_browser()


def ensure_python() -> None:
    """Go on under a newer Python where this one is too old."""
    if sys.version_info >= OLDEST_PYTHON:
        return
    for minor in (13, 12, 11):
        newer = shutil.which(f"python3.{minor}")
        if newer:
            os.execv(newer, [newer, *sys.argv])
    wanted = ".".join(map(str, OLDEST_PYTHON))
    sys.exit(f"Python {wanted} or newer is needed; this is {sys.version.split()[0]}.")


def make_environment() -> None:
    stamp = digest()
    with contextlib.suppress(OSError):
        if STAMP.read_text() == stamp:
            return
    if not runs(PYTHON, "import sys; sys.exit(sys.version_info < (3, 11) or sys.prefix == sys.base_prefix)"):
        say("making .venv")
        make_venv()
    if not runs(PYTHON, "import pip"):
        say("bringing pip")
        install_pip()
    say("installing what constraints.txt pins (half a minute to a few minutes)")
    # The build backend first: an isolated build would bring versions that nothing pins.
    pip("hatchling", "editables")
    pip("--no-build-isolation", "--editable", f"{ROOT}[dev]")
    STAMP.write_text(stamp)
    say("ready")


def digest() -> str:
    """What the environment depends on; a change of any of it makes it anew."""
    contents = [path.read_bytes() for path in INPUTS]
    contents.append(f"{sys.version}\n{ROOT}".encode())
    return hashlib.sha256(b"\0".join(contents)).hexdigest()


def make_venv() -> None:
    """A virtual environment without pip, by hand where even the module venv is missing."""
    shutil.rmtree(VENV, ignore_errors=True)
    command = [sys.executable, "-m", "venv", "--without-pip", str(VENV)]
    if subprocess.run(command, capture_output=True, check=False).returncode == 0:
        return
    base = Path(os.path.realpath(sys.executable))
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    (VENV / "bin").mkdir(parents=True)
    (VENV / "lib" / f"python{version}" / "site-packages").mkdir(parents=True)
    for name in ("python", "python3", f"python{version}"):
        (VENV / "bin" / name).symlink_to(base)
    (VENV / "pyvenv.cfg").write_text(
        f"home = {base.parent}\ninclude-system-site-packages = false\nversion = {sys.version.split()[0]}\n"
    )


def install_pip() -> None:
    """By ensurepip where there is one, else from a wheel: on disk, or from the package index."""
    if subprocess.run([PYTHON, "-m", "ensurepip"], capture_output=True, check=False).returncode == 0:
        return
    with tempfile.TemporaryDirectory() as folder:
        wheel = Path(folder) / PIP_WHEEL
        wheel.write_bytes(fetch_pip())
        # A wheel is a zip file that Python can run from.
        run([PYTHON, wheel / "pip", "install", "--quiet", "--no-index", "--no-deps", wheel])


def fetch_pip() -> bytes:
    """The wheel of pip, checked against the digest that is written here."""
    for folder in local_wheels():
        with contextlib.suppress(OSError):
            return checked((folder / PIP_WHEEL).read_bytes())
    index = setting("index-url") or DEFAULT_INDEX
    page_url = f"{index.rstrip('/')}/pip/"
    page = fetch(page_url).decode()
    link = re.search(rf'href="([^"]*/{re.escape(PIP_WHEEL)})[#"]', page)
    if link is None:
        sys.exit(f"{page_url} does not offer {PIP_WHEEL}.")
    return checked(fetch(urllib.parse.urljoin(page_url, link.group(1).replace("&amp;", "&"))))


def checked(wheel: bytes) -> bytes:
    if hashlib.sha256(wheel).hexdigest() != PIP_SHA256:
        sys.exit(f"{PIP_WHEEL} from the package index is not the file that tools/bootstrap.py expects.")
    return wheel


def local_wheels() -> list[Path]:
    return [Path(place) for place in (setting("find-links") or "").split() if Path(place).is_dir()]


def fetch(url: str) -> bytes:
    """Read a URL, with the credentials and the certificates that pip would use."""
    parts = urllib.parse.urlsplit(url)
    headers = {"User-Agent": "pgtrickle-bootstrap"}
    if parts.username:
        pair = f"{urllib.parse.unquote(parts.username)}:{urllib.parse.unquote(parts.password or '')}"
        headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        url = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    request = urllib.request.Request(url, headers=headers)
    for attempt in range(1, 4):
        try:
            return read(request, ssl.create_default_context(cafile=setting("cert")))
        except urllib.error.URLError as error:
            if isinstance(error.reason, ssl.SSLCertVerificationError):
                # A bare system has no certificates. pip brings its own, and pip itself is checked by its
                # digest, so for this one file nothing depends on who sends it.
                request.remove_header("Authorization")
                return read(request, unverified())
            if attempt == 3:
                sys.exit(f"{url} cannot be read: {error}")
    raise AssertionError


def unverified() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def read(request: urllib.request.Request, context: ssl.SSLContext) -> bytes:
    with urllib.request.urlopen(request, timeout=120, context=context) as response:
        return response.read()  # type: ignore[no-any-return]


def setting(name: str) -> str | None:
    """An option of pip's, from its environment variable or its configuration files."""
    value = os.environ.get(f"PIP_{name.upper().replace('-', '_')}")
    files = [
        Path("/etc/pip.conf"),
        Path.home() / ".pip" / "pip.conf",
        Path(os.environ.get("XDG_CONFIG_HOME", Path.home() / ".config")) / "pip" / "pip.conf",
        Path(os.environ.get("PIP_CONFIG_FILE", os.devnull)),
    ]
    parser = configparser.RawConfigParser(strict=False)
    with contextlib.suppress(configparser.Error, OSError):
        parser.read(files)
    return value or parser.get("global", name, fallback=None)


def pip(*arguments: object) -> None:
    quiet = ("--quiet", "--disable-pip-version-check", "--no-input", "--root-user-action", "ignore")
    run(
        [PYTHON, "-m", "pip", "install", *quiet, "--constraint", CONSTRAINTS, *arguments],
        timeout=INSTALL_TIMEOUT,
    )


def ensure_old_postgres() -> None:
    """The tests run on an old PostgreSQL too: bring one by apt-get where we may, else say why not."""
    packaged = (Path(f"/usr/lib/postgresql/{major}/bin/postgres") for major in OLD_POSTGRES)
    if any(path.exists() for path in packaged) or runs(PYTHON, OLD_BY_PATH):
        return
    if os.environ.get("PGTRICKLE_NO_APT"):
        say("PostgreSQL 15 is left out of the tests: PGTRICKLE_NO_APT is set")
    elif os.geteuid() != 0 or not shutil.which("apt-get"):
        say("PostgreSQL 15 is left out of the tests: install postgresql-15 or run this as root")
    else:
        say("installing an older PostgreSQL for the tests with apt-get (no server is set up or started)")
        say(install_old_postgres())


def ensure_browser() -> None:
    """The tests of the page look at it in Chromium: bring one by apt-get where we may, else say why not."""
    if os.environ.get("PGTRICKLE_CHROMIUM") or any(map(shutil.which, BROWSERS)):
        return
    if os.environ.get("PGTRICKLE_NO_APT"):
        say("the page is not tested in a browser: PGTRICKLE_NO_APT is set")
    elif os.geteuid() != 0 or not shutil.which("apt-get"):
        say("the page is not tested in a browser: install chromium or run this as root")
    else:
        say("installing Chromium for the tests with apt-get")
        apt_get("update")
        error = apt_get("install", "--no-install-recommends", "chromium")
        say(
            "Chromium is there" if error is None else f"the page is not tested in a browser: apt-get: {error}"
        )


def install_old_postgres() -> str:
    """Install the distribution's PostgreSQL; its package makes and starts no cluster."""
    clusters = Path("/etc/postgresql-common/createcluster.conf")
    if not clusters.exists():
        clusters.parent.mkdir(parents=True, exist_ok=True)
        clusters.write_text("create_main_cluster = false\n")
    apt_get("update")
    said = []
    for major in OLD_POSTGRES:
        error = apt_get("install", "--no-install-recommends", f"postgresql-{major}")
        if error is None:
            return f"PostgreSQL {major} is there"
        said.append(error)
    return f"PostgreSQL 15 is left out of the tests: apt-get: {said[0]}"


def apt_get(*arguments: str) -> str | None:
    """Run apt-get without questions; the last line of what it complains about, or None when it succeeds."""
    try:
        done = subprocess.run(
            ["apt-get", "-y", "-q", "-o", "Dpkg::Options::=--force-confold", *arguments],
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"},
            capture_output=True,
            text=True,
            check=False,
            timeout=900,
        )
    except subprocess.TimeoutExpired:
        return "it did not end"
    return None if done.returncode == 0 else done.stderr.strip().rpartition("\n")[2]


OLD_BY_PATH = """
import sys
sys.modules["airflow"] = type(sys)("airflow"); sys.modules["airflow"].__path__ = ["airflow"]
from airflow.providers.pgtrickle.engine.testing.binaries import ServerError, find_binaries
for major in (15, 16, 17):
    try: sys.exit(find_binaries(major) is None)
    except ServerError: pass
sys.exit(1)
"""


def runs(python: Path, code: str) -> bool:
    command = [str(python), "-c", code]
    with contextlib.suppress(OSError):
        return subprocess.run(command, capture_output=True, cwd=ROOT, check=False).returncode == 0
    return False


def run(command: list[object], timeout: float | None = None) -> None:
    try:
        texts = [str(part) for part in command]
        done = subprocess.run(texts, check=False, timeout=timeout)
    except subprocess.TimeoutExpired:
        sys.exit(f"gave up after {timeout} s: {' '.join(map(str, command))}")
    if done.returncode != 0:
        sys.exit(f"failed: {' '.join(map(str, command))}")


def say(text: str) -> None:
    print(f"bootstrap: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
