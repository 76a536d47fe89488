"""Remove everything that the other targets made: the demo with its cluster, caches, build products, .venv.

With ``--servers`` only stop and remove temporary servers whose owner was killed.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON = ROOT / ".venv" / "bin" / "python"
DEMO = ROOT / ".demo"
CACHES = (".cache", ".hypothesis", ".mypy_cache", ".pytest_cache", ".ruff_cache")
MADE = (".demo", ".venv", "build", "dist", *CACHES)

# The engine needs no Airflow, whose own import takes a while and leaves files in the home directory.
WITHOUT_AIRFLOW = """
import sys
from pathlib import Path
sys.modules["airflow"] = type(sys)("airflow"); sys.modules["airflow"].__path__ = ["airflow"]
"""
REMOVE_CLUSTERS = """
from airflow.providers.pgtrickle.engine.testing.server import remove_home
for lock in Path(sys.argv[1]).glob("*/lock"):
    remove_home(lock.parent)
"""
SWEEP = """
from airflow.providers.pgtrickle.engine.testing.binaries import server_account
from airflow.providers.pgtrickle.engine.testing.homes import sweep
sweep(server_account())
"""


def main() -> None:
    parser = argparse.ArgumentParser(description="Remove what the other targets made.")
    parser.add_argument("--servers", action="store_true", help="only temporary servers without an owner")
    arguments = parser.parse_args()
    if PYTHON.exists():
        run(SWEEP)
    if arguments.servers:
        return
    if PYTHON.exists() and DEMO.is_dir():  # as root a cluster may live elsewhere, behind a link
        run(REMOVE_CLUSTERS)
    for name in MADE:
        shutil.rmtree(ROOT / name, ignore_errors=True)
    for cache in ROOT.rglob("__pycache__"):
        shutil.rmtree(cache, ignore_errors=True)


def run(code: str) -> None:
    subprocess.run([PYTHON, "-c", WITHOUT_AIRFLOW + code, DEMO], cwd=ROOT, check=True)


if __name__ == "__main__":
    main()
