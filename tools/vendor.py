#!/usr/bin/env python3
"""Fetch the libraries that the page uses, as their authors published them, into the package.

For those who change a version below; nobody else needs npm. Each archive is checked against the digest
written here. What is kept is the minified file alone, with the licences of all in LICENSES.txt; imports by
package name become imports of the file beside it, which is what a browser understands.

    python3 tools/vendor.py            fetch them all anew
    python3 tools/vendor.py --check    tell whether what is there is what would be fetched
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import io
import re
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STATIC = ROOT / "airflow/providers/pgtrickle/engine/web/static"
TEST_DATA = ROOT / "tests/browser/vendor"


@dataclass(frozen=True)
class Package:
    """An npm package: which of its files go where. ``licence`` is its SPDX name."""

    name: str
    version: str
    sha512: str
    licence: str
    files: dict[str, Path]


def d3(name: str, version: str, sha512: str, licence: str = "ISC") -> Package:
    files = {f"dist/{name}.min.mjs": STATIC / f"vendor/{name}.mjs"}
    return Package(name, version, sha512, licence, files)


PACKAGES = (
    Package(
        "@dagrejs/dagre",
        "3.1.3",
        "X4aUTwOReZvthaZWOVHqlJ52/ZdhZFEM4+Lh/uR4XooUSLE6p71bcy7MPGzYnNUcNh+nj+i/qJQpCMIdQnSmrg==",
        "MIT",
        {"dist/dagre.min.js": STATIC / "vendor/dagre.js"},
    ),
    d3(
        "d3-color",
        "3.1.1",
        "lfab8x0Bj0UO7SNsY8dZSbNIA6ipbkE3X0NG9nqjCu6CfCHZseuDnOSJY7hidKrjpP++i1M2qT+FlAdPKYRilA==",
    ),
    d3(
        "d3-dispatch",
        "3.0.2",
        "sAzH4Y4nsLo8eSqw5jKiZt+LU2wZmL/qS+OkxQGjhwazB/D7TY34R/QK1eshfGr7cZEKymKZ/Haem7m+lu98Sg==",
    ),
    d3(
        "d3-drag",
        "3.0.1",
        "OWeoayCq8J69hUIjvL+Mb6Q6Oaj/fyHV5XaXByEUAG+JUjIfTGDnk3qGpcXrD3VmQ3BSV96fcbM6fqq7C0tbPA==",
    ),
    d3(
        "d3-ease",
        "3.0.2",
        "B5znKqRmKROAN4oHWQ50W/qisVjA9GXh2WMsVKdFVp4DxWmcrOsweqgUOUVsv5th96kwaZlokU6SlV4J3gak1w==",
        "BSD-3-Clause",
    ),
    d3(
        "d3-interpolate",
        "3.0.2",
        "IRzGU62DtxhvsnSTWMQIdnoZ6gA+BCWwBon1EJI6SjoN595799b6z/QRBzXfFhE8iupUPp3042yBNo0STPqnzQ==",
    ),
    d3(
        "d3-selection",
        "3.0.1",
        "ODSf35vqCrlCfp7hrm0eZjvOosSXSYLjqvIlhMBV9q9VOx7EBJG6pc+uXBswEZNJgCGJ+qnKYcWutbZDIxe/Xg==",
    ),
    d3(
        "d3-timer",
        "3.0.2",
        "1Il1aliroVSErrv5aulRBxAY+7+DnaoLIWGd1C6SsBTWDeobWiP/V69vwb8vT6abR1kKwaNe1196pmaQ1fK90A==",
    ),
    d3(
        "d3-transition",
        "3.0.2",
        "RcjCsdFgyFoDB+QXLC5m60ZkTN0k9zH+ovoLlTdJnDS1AbfbcuowiM4pCKSTOclNibS4f4J4cbv2m7O7y8NTOQ==",
    ),
    d3(
        "d3-zoom",
        "3.0.1",
        "kfjD3BDQu/FOatpZ6JdMSyIoDwTxIpI29ySTI2J5ZlDaH1WbuJGQJ2Q9oJkWTEZEW98j6idezoomSD3Cn2zwiw==",
    ),
    Package(
        "@highlightjs/cdn-assets",
        "11.12.0",
        "KvOKXODaiFmId9xaq3xc5xCL66wVLUuOngDbO9B/kewbFTqdGbn2nJxNhN3H5R1cgDTVj6R8vH0zgiNDEGjpDw==",
        "BSD-3-Clause",
        {
            "es/core.min.js": STATIC / "vendor/highlight.mjs",
            "es/languages/pgsql.min.js": STATIC / "vendor/highlight-pgsql.mjs",
        },
    ),
    Package(
        "sql-formatter",
        "15.9.0",
        "3A/N+v+mA5/PDU+FlO4uTFE0L/Mmg63c/Ny161Qv2b1Mxp9IX8War+LLmq17LA/Kgu4KXAR7iutK2JaHWJMMtw==",
        "MIT",
        {"dist/sql-formatter.min.js": STATIC / "vendor/sql-formatter.js"},
    ),
    Package(
        "uplot",
        "1.6.32",
        "KIMVnG68zvu5XXUbC4LQEPnhwOxBuLyW1AHtpm6IKTXImkbLgkMy+jabjLgSLMasNuGGzQm/ep3tOkyTxpiQIw==",
        "MIT",
        {
            "dist/uPlot.iife.min.js": STATIC / "vendor/uplot.js",
            "dist/uPlot.min.css": STATIC / "vendor/uplot.css",
        },
    ),
    Package(
        "@fontsource-variable/inter",
        "5.3.0",
        "OupL48va4JNofb97w6NYeF9S7W/kHNKM0Er8Dem5nqi4jeOLrVJDoE8tZEpnMJmtkvNbB1EIPPwHcdkF6b1oUA==",
        "OFL-1.1",
        {"files/inter-latin-wght-normal.woff2": STATIC / "fonts/inter.woff2"},
    ),
    Package(
        "@fontsource-variable/jetbrains-mono",
        "5.3.0",
        "F32xpS2NsGYoQi2ADSkKTgpJj7ozajsGgDJ8woTnqjmIB+dxDIqImjl4pXZVEExu8UFZ2ndhmX18EBS/hdz3Lw==",
        "OFL-1.1",
        {"files/jetbrains-mono-latin-wght-normal.woff2": STATIC / "fonts/jetbrains-mono.woff2"},
    ),
    # For the tests alone: it is not in the wheel.
    Package(
        "axe-core",
        "4.14.1",
        "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ==",
        "MPL-2.0",
        {"axe.min.js": TEST_DATA / "axe.js"},
    ),
)
_IMPORT = re.compile(rb'(\bfrom\s*|\bimport\s*)"(d3-[a-z]+)"')
_SOURCE_MAP = re.compile(rb"\n?//# sourceMappingURL=\S+\s*$")


def main() -> int:
    parser = argparse.ArgumentParser(description="Fetch the libraries of the page.")
    parser.add_argument("--check", action="store_true", help="change nothing; 1 when something differs")
    check = parser.parse_args().check
    wanted: dict[Path, bytes] = {}
    licences: dict[Path, list[str]] = {}
    for package in PACKAGES:
        with tarfile.open(fileobj=io.BytesIO(archive(package))) as contents:
            for name, place in package.files.items():
                wanted[place] = adapt(read(contents, name), place)
                kept = place.parent / "LICENSES.txt"
            text = read(contents, "LICENSE").decode().strip()
            head = f"{package.name} {package.version} ({package.licence})"
            licences.setdefault(kept, []).append(f"{head}\n{'=' * len(head)}\n\n{text}\n")
    wanted |= {place: "\n\n".join(texts).encode() for place, texts in licences.items()}
    differing = [place for place, data in wanted.items() if not place.exists() or place.read_bytes() != data]
    for place in differing:
        print(place.relative_to(ROOT))
        if not check:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(wanted[place])
    return 1 if check and differing else 0


def archive(package: Package) -> bytes:
    """The package as npm brings it, checked."""
    with tempfile.TemporaryDirectory() as folder:
        command = [
            "npm",
            "pack",
            "--silent",
            "--pack-destination",
            folder,
            f"{package.name}@{package.version}",
        ]
        subprocess.run(command, check=True, capture_output=True, cwd=folder)
        (path,) = Path(folder).glob("*.tgz")
        data = path.read_bytes()
    digest = base64.b64encode(hashlib.sha512(data).digest()).decode()
    if digest != package.sha512:
        sys.exit(f"{package.name} {package.version} has the digest {digest}, not the one that is expected.")
    return data


def read(contents: tarfile.TarFile, name: str) -> bytes:
    member = contents.extractfile(f"package/{name}")
    if member is None:
        raise FileNotFoundError(name)
    return member.read()


def adapt(data: bytes, place: Path) -> bytes:
    if place.suffix in {".js", ".mjs"}:
        data = _SOURCE_MAP.sub(b"\n", data)
        data = _IMPORT.sub(rb'\1"./\2.mjs"', data)
    return data


if __name__ == "__main__":
    sys.exit(main())
