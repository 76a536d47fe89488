"""``pgtrickle lint``: all faults of a file at once, each with its line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from airflow.providers.pgtrickle.cli import main
from airflow.providers.pgtrickle.factory.lint import lint

#: The faults are on the lines that say so.
FORM = """\
version: 1
dag: {dag_id: shop}
granularity: row          # fault
default:
  retires: 3              # fault
  pol: refresh            # fault
stream_tables:
  - name: shop.a
    query: SELECT 1
    freshness_sla: soon   # fault
  - name: shop.b          # fault: no such key below
    quarry: SELECT 1
"""
VALUES = """\
version: 1
dag: {dag_id: shop, start_date: tomorrow}    # fault
groups: {marts: null}
stream_tables:
  - name: shop.a
    query: SELECT 1
    schedule: every now and then             # fault
  - name: a.b.c                              # fault
    query: SELECT 1
  - name: shop.c
    group: mart                              # fault
    query: SELECT 1
  - name: shop.d                             # fault
    query_file: nothing.sql
"""
QUERIES = """\
version: 1
dag: {dag_id: shop}
stream_tables:
  - name: shop.a          # fault
    query: SELECT (1
  - name: shop.b
    query: SELECT 1
  - name: shop.c          # fault
    query: SELECT 'x
"""
CIRCLE = """\
version: 1
dag: {dag_id: shop}
stream_tables:
  - name: shop.a          # fault
    query: SELECT * FROM shop.b
  - name: shop.b
    query: SELECT * FROM shop.a
"""
TWINS = """\
version: 1
dag: {dag_id: shop}
stream_tables:
  - {name: shop.a, query: SELECT 1}
  - {name: SHOP.a, query: SELECT 2}          # fault
  - {name: shop.b, query: SELECT 1}
  - {name: shop.b, query: SELECT 1}          # fault
"""
NO_YAML = "version: 1\ndag: {dag_id: shop    # open\nstream_tables: []   # fault\n"
GOOD = "version: 1\ndag: {dag_id: shop}\nstream_tables:\n  - {name: shop.a, query: SELECT 1}\n"


@pytest.mark.parametrize("text", [FORM, VALUES, QUERIES, CIRCLE, TWINS, NO_YAML, GOOD])
def test_every_fault_is_found_at_its_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "shop.yaml"
    path.write_text(text)
    marked = [number for number, line in enumerate(text.splitlines(), 1) if "# fault" in line]
    faults = lint(path, {})
    lines = [fault.line for fault in faults]
    if text is VALUES:  # a query file's fault is on its own line
        marked[-1] += 1
    if text is FORM:  # and a misspelt key's
        marked[-1:] = [12]
    assert lines == marked, [str(fault) for fault in faults]
    assert {fault.file for fault in faults} <= {str(path)}


def test_command_prints_file_and_line_and_judges(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text(GOOD)
    bad.write_text(FORM)
    assert main(["lint", str(good)]) == 0
    assert "Nothing to find fault with" in capsys.readouterr().out
    assert main(["lint", str(good), str(bad), str(tmp_path / "none.yaml")]) == 1
    shown = capsys.readouterr().err
    assert f"{bad}:5: default: 'retires' is not known here." in shown
    assert "Did you mean 'retries'?" in shown
    assert "none.yaml: The configuration cannot be read" in shown
    assert main(["lint", "--json", str(bad)]) == 1
    errors = [json.loads(line)["error"] for line in capsys.readouterr().err.splitlines()]
    assert [error["line"] for error in errors] == [3, 5, 6, 10, 12]


def test_other_commands_are_the_engines(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    shown = capsys.readouterr().out
    assert "refresh" in shown
    assert "lint" in shown
