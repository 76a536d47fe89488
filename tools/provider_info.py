"""Write get_provider_info.py from provider.yaml: what Airflow reads at start, without a YAML reader."""

from __future__ import annotations

import pprint
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

PACKAGE = Path(__file__).resolve().parent.parent / "airflow" / "providers" / "pgtrickle"

#: Sections of provider.yaml that only concern the repository.
REPOSITORY_ONLY = {"state", "lifecycle", "source-date-epoch", "build-system", "versions"}

_HEAD = '''"""What Airflow asks of a provider at start: the content of provider.yaml that matters at run time.

Written by tools/provider_info.py. Airflow itself does not start when this does not hold against its schema;
tests check both.
"""

from __future__ import annotations

from typing import Any


def get_provider_info() -> dict[str, Any]:
    """All that the provider brings, as Airflow's schema asks for it."""
    return '''


def declared() -> dict[str, Any]:
    """What provider.yaml says to Airflow."""
    content: dict[str, Any] = yaml.safe_load((PACKAGE / "provider.yaml").read_text())
    return {key: value for key, value in content.items() if key not in REPOSITORY_ONLY}


if __name__ == "__main__":
    path = PACKAGE / "get_provider_info.py"
    path.write_text(f"{_HEAD}{pprint.pformat(declared(), sort_dicts=False, width=1_000_000)}\n")
    subprocess.run([Path(sys.executable).parent / "ruff", "format", "-q", path], check=True)
