"""Write constraints.txt from what .venv holds now."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HEADER = "# What the project is developed and tested with, all of it. Written by 'make lock'.\n"

if __name__ == "__main__":
    command = [sys.executable, "-m", "pip", "freeze", "--exclude-editable"]
    pinned = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    (Path(__file__).resolve().parent.parent / "constraints.txt").write_text(HEADER + pinned)
