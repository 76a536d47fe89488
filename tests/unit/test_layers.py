"""One direction: each layer imports only what stands before it, and each library has its place.

The tables below are the architecture. The source is read, not run: with Airflow installed,
``airflow/__init__`` always runs first, so what is in ``sys.modules`` afterwards proves nothing. One test
imports the engine in a process where ``airflow`` is an empty namespace, as on a machine without Airflow.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROVIDER = ROOT / "airflow" / "providers" / "pgtrickle"
PACKAGE = "airflow.providers.pgtrickle"
ENGINE = f"{PACKAGE}.engine"

#: The engine's layers; each may import itself and what stands before it.
LAYERS = (
    *("errors", "names", "schema", "frontier", "settings", "plain"),
    *("parse", "ops", "analysis", "rewrite", "differentiate", "emit", "compile", "graph"),
    *("db", "catalog", "capture", "definitions", "refresh", "stream_tables", "monitor"),
    *("testing", "api", "web", "cli"),
)
#: Layers without input, output, clock or chance: the same arguments give the same value.
PURE = LAYERS[: LAYERS.index("db")]
IMPURE_MODULES = {
    "asyncio",
    "random",
    "secrets",
    "shutil",
    "socket",
    "subprocess",
    "tempfile",
    "threading",
    "time",
}
IMPURE_CALLS = {"now", "today", "utcnow"}

#: Who may import a library. The servers for tests connect before there is anything to wrap a session around.
LIBRARIES = {
    "sqlglot": ("parse", "ops", "emit"),
    "psycopg": ("db", "testing.server"),
    "rich": ("cli",),
    **dict.fromkeys(("fastapi", "starlette", "pydantic"), ("web",)),
    "uvicorn": ("web.local",),
}

#: Lines; from 400 on a module is looked at with suspicion.
LONGEST = 700

#: The one module that the API server alone imports.
API_SERVER = PROVIDER / "plugins" / "page.py"

#: Parts of the factory that decide without Airflow.
FACTORY_WITHOUT_AIRFLOW = (
    *("entities", "plan", "environment", "source", "config", "schedules", "validate", "lint"),
)


@dataclass(frozen=True)
class Import:
    """One import in one place; ``annotation`` when it is made for type checkers only."""

    file: Path
    line: int
    target: str
    annotation: bool

    def __str__(self) -> str:
        return f"{self.file.relative_to(ROOT)}:{self.line} imports {self.target}"


def modules(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.py"))


def engine_module(path: Path) -> str:
    """The dotted name below the engine: ``parse.dialect``, ``errors``; empty for the engine itself."""
    return (
        ".".join(path.relative_to(PROVIDER / "engine").with_suffix("").parts)
        .removesuffix("__init__")
        .rstrip(".")
    )


def layer(module: str) -> str:
    """The layer of a module of the engine, by its dotted name below the engine."""
    return module.partition(".")[0]


def imports(path: Path) -> Iterator[Import]:
    def visit(node: ast.AST, *, annotation: bool) -> Iterator[Import]:
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            for child in node.body:
                yield from visit(child, annotation=True)
            return
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(path, node.lineno, alias.name, annotation)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:  # the name may be a module of the package, or something in it
                yield Import(path, node.lineno, f"{node.module}.{alias.name}", annotation)
        for child in ast.iter_child_nodes(node):
            yield from visit(child, annotation=annotation)

    yield from visit(ast.parse(path.read_text()), annotation=False)


def within(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


ENGINE_MODULES = [path for path in modules(PROVIDER / "engine") if engine_module(path)]
ENGINE_IMPORTS = [found for path in ENGINE_MODULES for found in imports(path)]


def test_the_scan_sees_the_engine() -> None:
    assert len(ENGINE_MODULES) >= 30
    assert sum(within(found.target, ENGINE) for found in ENGINE_IMPORTS) >= 100


def test_every_module_belongs_to_a_layer() -> None:
    assert {layer(engine_module(path)) for path in ENGINE_MODULES} <= set(LAYERS)


def test_layers_import_only_what_stands_before_them() -> None:
    wrong = []
    for found in ENGINE_IMPORTS:
        if within(found.target, ENGINE):
            here = layer(engine_module(found.file))
            there = layer(found.target.removeprefix(f"{ENGINE}."))
            if there not in LAYERS or LAYERS.index(there) > LAYERS.index(here):
                wrong.append(str(found))
    assert wrong == []


def test_the_engine_does_not_know_airflow() -> None:
    wrong = [
        str(found)
        for found in ENGINE_IMPORTS
        if within(found.target, "airflow")
        and not within(found.target, ENGINE)
        and found.target != f"{PACKAGE}.__version__"
    ]
    assert wrong == []


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_library_is_imported_only_in_its_place(library: str) -> None:
    uses = [found for found in ENGINE_IMPORTS if within(found.target, library) and not found.annotation]
    wrong = [
        str(found)
        for found in uses
        if not any(within(engine_module(found.file), place) for place in LIBRARIES[library])
    ]
    assert wrong == []


def test_pure_layers_have_neither_clock_nor_chance_nor_files() -> None:
    wrong = [
        str(found)
        for found in ENGINE_IMPORTS
        if layer(engine_module(found.file)) in PURE and found.target.partition(".")[0] in IMPURE_MODULES
    ]
    for path in ENGINE_MODULES:
        if layer(engine_module(path)) in PURE:
            wrong += [
                f"{path.relative_to(ROOT)}:{node.lineno} asks for the time"
                for node in ast.walk(ast.parse(path.read_text()))
                if isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in IMPURE_CALLS
                and ast.unparse(node.func.value).endswith(("datetime", "date"))
            ]
    assert wrong == []


def test_the_factory_decides_without_airflow() -> None:
    paths = [PROVIDER / "factory" / f"{name}.py" for name in FACTORY_WITHOUT_AIRFLOW]
    wrong = [
        str(found)
        for path in paths
        if path.exists()
        for found in imports(path)
        if within(found.target, "airflow") and not within(found.target, PACKAGE)
    ]
    assert wrong == []


def test_airflow_is_imported_through_its_public_names() -> None:
    allowed = ("airflow.sdk", "airflow.providers", "airflow.exceptions", "airflow.triggers")
    # The page runs inside the API server, under its authorisation and beside its database: that is what it
    # imports.
    inside = ("airflow.api_fastapi", "airflow.models", "airflow.utils.session")
    surface = [path for path in modules(PROVIDER) if PROVIDER / "engine" not in path.parents]
    wrong = [
        str(found)
        for path in surface
        for found in imports(path)
        if within(found.target, "airflow")
        and not any(within(found.target, name) for name in allowed)
        and not (path == API_SERVER and any(within(found.target, name) for name in inside))
    ]
    assert wrong == []


def test_the_engine_works_where_airflow_is_an_empty_namespace() -> None:
    code = f"""
import importlib, pkgutil, sys, types
airflow = types.ModuleType("airflow")
airflow.__path__ = [{str(ROOT / "airflow")!r}]
sys.modules["airflow"] = airflow
import {ENGINE} as engine
names = [module.name for module in pkgutil.walk_packages(engine.__path__, "{ENGINE}.")]
for name in names:
    importlib.import_module(name)
foreign = [name for name in sys.modules if name.startswith("airflow.") and not "{ENGINE}".startswith(name)
           and not name.startswith("{ENGINE}")]
print(len(names), foreign)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd="/", capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    count, _, foreign = done.stdout.strip().partition(" ")
    assert foreign == "[]"
    assert int(count) >= 30


@pytest.mark.parametrize("folder", ["airflow", "airflow/providers"])
def test_parents_are_namespace_packages(folder: str) -> None:
    """An ``__init__.py`` in either would hide every other provider."""
    assert not (ROOT / folder / "__init__.py").exists()


def test_modules_stay_small() -> None:
    lengths = {path.relative_to(ROOT): len(path.read_text().splitlines()) for path in modules(PROVIDER)}
    assert {str(path): length for path, length in lengths.items() if length > LONGEST} == {}
