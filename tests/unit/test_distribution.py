"""What is shipped: the wheel holds the package with all its data files, and nothing outside of it."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from email.parser import Parser
from pathlib import Path

import pytest

from airflow.providers.pgtrickle import __version__

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = Path("airflow/providers/pgtrickle")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    (path,) = folder.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        yield archive


def shipped(wheel: zipfile.ZipFile) -> set[str]:
    return {name for name in wheel.namelist() if ".dist-info/" not in name}


def test_wheel_holds_every_file_of_the_package(wheel: zipfile.ZipFile) -> None:
    present = {
        str(path.relative_to(ROOT))
        for path in (ROOT / PACKAGE).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert shipped(wheel) == present
    assert {Path(name).suffix for name in present} >= {".py", ".sql", ".json", ".typed"}


def test_wheel_leaves_the_namespaces_alone(wheel: zipfile.ZipFile) -> None:
    assert all(name.startswith(f"{PACKAGE}/") for name in shipped(wheel))


def test_wheel_declares_its_entry_points(wheel: zipfile.ZipFile) -> None:
    (name,) = (name for name in wheel.namelist() if name.endswith("entry_points.txt"))
    text = wheel.read(name).decode()
    assert "[apache_airflow_provider]" in text
    assert "pgtrickle = airflow.providers.pgtrickle.cli:main" in text


def test_wheel_has_the_version_of_the_package(wheel: zipfile.ZipFile) -> None:
    (name,) = (name for name in wheel.namelist() if name.endswith("METADATA"))
    metadata = Parser().parsestr(wheel.read(name).decode())
    assert metadata["Version"] == __version__
    assert metadata["License-Expression"] == "Apache-2.0"


def test_changelog_begins_with_this_version() -> None:
    headings = re.findall(r"^## \[?([^\]\s]+)", (ROOT / "CHANGELOG.md").read_text(), flags=re.MULTILINE)
    assert __version__ in headings[:2]


def test_everything_needed_is_pinned() -> None:
    """constraints.txt has a version of each distribution that pyproject.toml names."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    named = {re.split(r"[^\w.-]", requirement)[0] for group in groups for requirement in group}
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pinned = {line.partition("==")[0] for line in lines if "==" in line}
    assert {normal(name) for name in named} - {normal(name) for name in pinned} == {normal(project["name"])}
    assert all("==" in line for line in lines if line and not line.startswith("#"))


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
