"""Write docs/sql.md from the registry of constructs (engine/testing/constructs.sql)."""

from __future__ import annotations

import sys
from collections import Counter
from itertools import groupby
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from airflow.providers.pgtrickle.engine.testing.constructs import read_constructs  # noqa: E402

PAGE = ROOT / "docs" / "sql.md"

_HEAD = """\
# What becomes of each construct of SQL

Written by `make constructs` from `engine/testing/constructs.sql`; a test compiles every example on PostgreSQL
and compares the outcome. `explain` gives the same answer for a query of your own (`reads:` under its stages).

| outcome | a refresh reads | `refresh_mode` |
|---|---|---|
| **deltas** | the change, the rows of other inputs that match it, and stored state | any |
| **touched keys** | as before, and all rows of the groups or partitions that the change touches | any |
| **recompute** | the whole query; readers still get a delta, the difference | DIFFERENTIAL refuses it |
| **refused** | nothing: there can be no such stream table | – |

The [delta laws](algebra.md) say how.
"""


def page() -> str:
    """The whole page."""
    constructs = list(read_constructs())
    counts = Counter(item.outcome for item in constructs)
    parts = [
        _HEAD,
        f"{len(constructs)} constructs: {', '.join(f'{n} {outcome}' for outcome, n in counts.items())}.",
    ]
    for section, items in groupby(constructs, key=lambda item: item.section):
        parts.append(f"\n## {section}\n\n| construct | outcome | why | example |\n|---|---|---|---|")
        parts += [
            f"| {_cell(item.title)} | {item.outcome} | {_cell(item.why)} | `{_cell(item.example)}` |"
            for item in items
        ]
    return "\n".join(parts) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(PAGE.relative_to(ROOT))
