"""What Airflow and its users expect of a provider package."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

import jsonschema
import pytest
import yaml
from airflow.cli.cli_parser import get_parser
from airflow.providers_manager import ProvidersManager
from airflow.sdk import BaseOperator
from airflow.sdk.providers_manager_runtime import ProvidersManagerTaskRuntime

import airflow
from airflow.providers import pgtrickle
from airflow.providers.pgtrickle.get_provider_info import get_provider_info
from airflow.providers.pgtrickle.hooks.pgtrickle import PgTrickleHook
from tools import provider_info

PACKAGE = Path(pgtrickle.__file__).parent
DISTRIBUTION = "apache-airflow-providers-pgtrickle"


def declaration() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((PACKAGE / "provider.yaml").read_text())
    return content


def modules(section: str) -> set[str]:
    return {module for part in get_provider_info()[section] for module in part["python-modules"]}


def operators() -> Iterator[type[BaseOperator]]:
    for section in ("operators", "sensors", "triggers"):
        for name in modules(section):
            module = importlib.import_module(name)
            for value in vars(module).values():
                if inspect.isclass(value) and issubclass(value, BaseOperator) and value.__module__ == name:
                    yield value


def test_namespace_parents_have_no_init() -> None:
    assert not (PACKAGE.parent / "__init__.py").exists()
    assert (
        not (PACKAGE.parent.parent / "__init__.py").exists()
        or PACKAGE.parent.parent == Path(airflow.__file__).parent
    )


def test_provider_info_holds_against_airflows_schema() -> None:
    schema = json.loads((Path(airflow.__file__).parent / "provider_info.schema.json").read_text())
    jsonschema.Draft7Validator(schema).validate(get_provider_info())


def test_provider_info_is_what_the_declaration_says() -> None:
    assert get_provider_info() == provider_info.declared()


def test_declaration_has_the_current_version_first() -> None:
    assert declaration()["versions"][0] == pgtrickle.__version__


@pytest.mark.parametrize("section", ["hooks", "operators", "sensors", "triggers"])
def test_each_module_is_declared(section: str) -> None:
    present = {
        f"airflow.providers.pgtrickle.{section}.{path.stem}"
        for path in (PACKAGE / section).glob("*.py")
        if path.stem != "__init__"
    }
    assert present
    assert modules(section) == present


def test_entry_point_leads_to_the_provider_info() -> None:
    found = [
        point
        for point in entry_points(group="apache_airflow_provider")
        if point.dist and point.dist.name == DISTRIBUTION
    ]
    assert [point.load()() for point in found] == [get_provider_info()]


def test_airflow_lists_the_provider_and_its_connection_type() -> None:
    assert ProvidersManager().providers[DISTRIBUTION].data["name"] == "PgTrickle"
    hook = ProvidersManagerTaskRuntime().hooks["pgtrickle"]
    assert hook is not None
    assert hook.connection_id_attribute_name == "pgtrickle_conn_id"
    assert hook.hook_class_name.endswith(".PgTrickleHook")


def test_cli_shows_the_provider(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = get_parser().parse_args(["providers", "get", DISTRIBUTION, "--full", "--output", "json"])
    arguments.func(arguments)
    shown = capsys.readouterr().out
    assert DISTRIBUTION in shown
    assert "airflow.providers.pgtrickle.hooks.pgtrickle.PgTrickleHook" in shown


def test_operators_are_keyword_only_with_templated_names() -> None:
    checked = 0
    for operator in operators():
        for parameter in inspect.signature(operator.__init__).parameters.values():
            if parameter.name == "self" or parameter.kind is inspect.Parameter.VAR_KEYWORD:
                continue
            checked += 1
            assert parameter.kind is inspect.Parameter.KEYWORD_ONLY, (operator, parameter)
            if parameter.name.endswith("conn_id") or parameter.name.startswith("stream_table"):
                assert parameter.name in operator.template_fields, (operator, parameter)
    assert checked > 10


def test_operators_assign_template_fields_unchanged() -> None:
    """A template is rendered after ``__init__``: what computes with it there computes with the template."""
    for operator in operators():
        own = [
            name
            for name in operator.template_fields
            if name in inspect.signature(operator.__init__).parameters
        ]
        source = inspect.getsource(operator.__init__)
        body = ast.unparse(ast.parse(inspect.cleandoc("\n" + source)))
        for name in own:
            assert f"self.{name} = {name}" in body, (operator, name)


def test_public_names_load_lazily() -> None:
    assert isinstance(pgtrickle, ModuleType)
    assert callable(pgtrickle.pgtrickle_dag_factory)
    with pytest.raises(AttributeError):
        _ = pgtrickle.nothing


def test_hook_keeps_the_options_of_its_parent() -> None:
    assert PgTrickleHook.ignored_extra_options >= set()
    assert PgTrickleHook("some_connection").get_conn_id() == "some_connection"
    assert PgTrickleHook().get_conn_id() == "pgtrickle_default"
