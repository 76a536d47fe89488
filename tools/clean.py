"""Remove everything that the other targets made: the demo with its cluster, caches, build products, .venv."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON = ROOT / ".venv" / "bin" / "python"
DEMO = ROOT / ".demo"
CACHES = (".cache", ".hypothesis", ".mypy_cache", ".pytest_cache", ".ruff_cache")
MADE = (".demo", ".venv", "build", "dist", *CACHES)

REMOVE_CLUSTERS = """
import sys
from pathlib import Path
sys.modules["airflow"] = type(sys)("airflow"); sys.modules["airflow"].__path__ = ["airflow"]
from airflow.providers.pgtrickle.engine.testing.server import remove_home
for lock in Path(sys.argv[1]).glob("*/lock"):
    remove_home(lock.parent)
"""


def main() -> None:
    if DEMO.is_dir() and PYTHON.exists():  # as root a cluster may live elsewhere, behind a link
        subprocess.run([PYTHON, "-c", REMOVE_CLUSTERS, DEMO], cwd=ROOT, check=True)
    for name in MADE:
        shutil.rmtree(ROOT / name, ignore_errors=True)
    for cache in ROOT.rglob("__pycache__"):
        shutil.rmtree(cache, ignore_errors=True)


if __name__ == "__main__":
    main()
