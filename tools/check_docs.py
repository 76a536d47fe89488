"""Check the documentation: links lead somewhere, the indexes are complete, decisions have their sections.

Prints what is wrong with file and line and ends with 1, or ends with 0.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
DECISIONS = DOCS / "adr"
SECTIONS = ("Context", "Decision", "Consequences", "Violated when")

_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6}\s+(.*)$", re.MULTILINE)
_FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)


def main() -> int:
    """Print each fault; the exit code."""
    faults = [
        *links(),
        *index(DOCS, DOCS / "index.md"),
        *index(DECISIONS, DECISIONS / "README.md"),
        *decisions(),
    ]
    for fault in faults:
        print(fault)
    print(f"docs: {len(pages())} pages, {len(faults)} faults")
    return 1 if faults else 0


def pages() -> list[Path]:
    return sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])


def links() -> Iterator[str]:
    """Relative links to files or headings that are not there."""
    for page in pages():
        text = prose(page)
        for match in _LINK.finditer(text):
            target = match.group(1) or match.group(2)
            if re.match(r"[a-z]+:", target):
                continue
            name, _, anchor = target.partition("#")
            file = (page.parent / name).resolve() if name else page
            place = f"{page.relative_to(ROOT)}:{text.count(chr(10), 0, match.start()) + 1}"
            if not file.exists():
                yield f"{place}: {target} is not there"
            elif anchor and file.suffix == ".md" and anchor not in anchors(file):
                yield f"{place}: {file.relative_to(ROOT)} has no heading #{anchor}"


def index(folder: Path, contents: Path) -> Iterator[str]:
    """Pages of a folder that its table of contents leaves out."""
    targets = [(match.group(1) or "").partition("#")[0] for match in _LINK.finditer(prose(contents))]
    linked = {(contents.parent / target).resolve() for target in targets}
    for page in sorted(folder.glob("*.md")):
        if page != contents and page.name != "template.md" and page not in linked:
            yield f"{contents.relative_to(ROOT)}: {page.relative_to(ROOT)} is missing"


def decisions() -> Iterator[str]:
    """Decisions without the sections of the template, or with a number that is taken."""
    taken: set[str] = set()
    for page in sorted(DECISIONS.glob("[0-9]*.md")):
        number = page.name.partition("-")[0]
        if number in taken:
            yield f"{page.relative_to(ROOT)}: number {number} is taken"
        taken.add(number)
        headings = _HEADING.findall(page.read_text())
        for section in SECTIONS:
            if section not in headings:
                yield f"{page.relative_to(ROOT)}: no section {section}"


def prose(page: Path) -> str:
    """The text without code blocks, lines kept."""
    return _FENCE.sub(lambda match: "\n" * match.group(0).count("\n"), page.read_text())


def anchors(page: Path) -> set[str]:
    """The anchors of the headings, as GitHub makes them."""
    headings = (re.sub(r"[`*_]", "", heading).strip().lower() for heading in _HEADING.findall(prose(page)))
    return {re.sub(r"[^\w\- ]", "", heading).replace(" ", "-") for heading in headings}


if __name__ == "__main__":
    sys.exit(main())
