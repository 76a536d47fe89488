"""The front end's files, read once; what is not among them cannot be asked for."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".woff2": "font/woff2",
}


@dataclass(frozen=True, slots=True)
class Assets:
    """All files by path, with the media type of each; ``version`` changes with any of them."""

    files: dict[str, tuple[bytes, str]]
    version: str

    @property
    def index(self) -> str:
        """The document, whose links lead to files of this version."""
        return self.files["index.html"][0].decode().replace("{version}", self.version)


@cache
def assets() -> Assets:
    """Read the files of the package."""
    found: dict[str, tuple[bytes, str]] = {}
    _collect(files(__package__).joinpath("static"), "", found)
    digest = hashlib.sha256()
    for path in sorted(found):
        digest.update(path.encode() + b"\0" + found[path][0] + b"\0")
    return Assets(found, digest.hexdigest()[:12])


def _collect(folder: Traversable, prefix: str, found: dict[str, tuple[bytes, str]]) -> None:
    for entry in folder.iterdir():
        if entry.is_dir():
            _collect(entry, f"{prefix}{entry.name}/", found)
        elif (kind := _TYPES.get(entry.name[entry.name.rfind(".") :])) is not None:
            found[prefix + entry.name] = (entry.read_bytes(), kind)
