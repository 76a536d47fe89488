"""What Airflow and its users expect of a provider package."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

import jsonschema
import pytest
import yaml
from airflow.cli.cli_parser import get_parser
from airflow.providers_manager import ProvidersManager
from airflow.sdk import Asset, BaseNotifier, BaseOperator, BaseOperatorLink, task
from airflow.sdk.providers_manager_runtime import ProvidersManagerTaskRuntime

import airflow
from airflow.providers import pgtrickle
from airflow.providers.pgtrickle.assets.pgtrickle import asset_for
from airflow.providers.pgtrickle.engine.errors import InvalidOption
from airflow.providers.pgtrickle.engine.settings import Settings
from airflow.providers.pgtrickle.get_provider_info import get_provider_info
from airflow.providers.pgtrickle.hooks.pgtrickle import PgTrickleHook, configured_settings
from airflow.providers.pgtrickle.sensors.pgtrickle import StreamTableFreshnessSensor
from tools import provider_info

PACKAGE = Path(pgtrickle.__file__).parent
DISTRIBUTION = "apache-airflow-providers-pgtrickle"


def declaration() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((PACKAGE / "provider.yaml").read_text())
    return content


def modules(section: str) -> set[str]:
    return {module for part in get_provider_info()[section] for module in part["python-modules"]}


def operators() -> Iterator[type[BaseOperator]]:
    for section in ("operators", "sensors"):
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


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        ("list", DISTRIBUTION),
        ("hooks", "airflow.providers.pgtrickle.hooks.pgtrickle.PgTrickleHook"),
        ("behaviours", "pgtrickle"),
        ("triggers", "airflow.providers.pgtrickle.triggers.freshness"),
        ("triggers", "airflow.providers.pgtrickle.triggers.sources"),
        ("links", "airflow.providers.pgtrickle.links.pgtrickle.StreamTableLink"),
        ("links", "airflow.providers.pgtrickle.links.pgtrickle.StreamTablesLink"),
        ("notifications", "airflow.providers.pgtrickle.notifications.pgtrickle.PgTrickleNotifier"),
        ("configs", "pgtrickle"),
    ],
)
def test_cli_lists_what_the_provider_brings(
    capsys: pytest.CaptureFixture[str], command: str, shown: str
) -> None:
    arguments = get_parser().parse_args(["providers", command, "--output", "plain"])
    arguments.func(arguments)
    assert shown in capsys.readouterr().out


def test_configuration_section_is_the_engines_settings() -> None:
    """What is declared exists; nothing is set by being declared, so that the environment still counts."""
    options = get_provider_info()["config"]["pgtrickle"]["options"]
    defaults = Settings()
    assert len(options) >= 7
    for name, option in options.items():
        if name.startswith("page_"):  # of the web page, not of the engine
            continue
        assert float(option["example"]) == getattr(defaults, name), name
        assert option["default"] is None
        assert (option["type"] == "integer") is isinstance(getattr(defaults, name), int)


def test_settings_come_from_airflow_then_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGTRICKLE_LOCK_TIMEOUT", "7")
    monkeypatch.setenv("PGTRICKLE_LOCK_ATTEMPTS", "7")
    monkeypatch.setenv("AIRFLOW__PGTRICKLE__LOCK_TIMEOUT", "5")
    assert configured_settings() == replace(Settings(), lock_timeout=5.0, lock_attempts=7)
    monkeypatch.setenv("AIRFLOW__PGTRICKLE__LOCK_TIMEOUT", "-1")
    with pytest.raises(InvalidOption):
        configured_settings()


def classes(package: str, base: type) -> set[str]:
    """The public classes of a package that have this base."""
    found = set()
    for path in (PACKAGE / package).glob("*.py"):
        module = importlib.import_module(f"airflow.providers.pgtrickle.{package}.{path.stem}")
        found |= {
            f"{module.__name__}.{name}"
            for name, value in vars(module).items()
            if inspect.isclass(value) and issubclass(value, base) and value.__module__ == module.__name__
        }
    return found


def test_each_link_notifier_and_decorator_is_declared() -> None:
    info = get_provider_info()
    assert set(info["extra-links"]) == classes("links", BaseOperatorLink) != set()
    assert set(info["notifications"]) == classes("notifications", BaseNotifier) != set()
    for decorator in info["task-decorators"]:
        module, _, name = decorator["class-name"].rpartition(".")
        assert callable(getattr(importlib.import_module(module), name))
        assert callable(getattr(task, decorator["name"]))
    used = {type(link) for operator in operators() for link in operator.operator_extra_links}
    assert {f"{link.__module__}.{link.__qualname__}" for link in used} == set(info["extra-links"])


def test_asset_scheme_is_handled() -> None:
    asset = Asset("pgtrickle://shop_db/shop/revenue")
    assert asset.uri == asset_for("shop.revenue", connection="shop_db").uri
    (entry,) = get_provider_info()["asset-uris"]
    for key in ("handler", "factory", "to_openlineage_converter"):
        module, _, name = entry[key].rpartition(".")
        assert callable(getattr(importlib.import_module(module), name))
    for wrong in ("pgtrickle://shop_db/revenue", "pgtrickle:///shop/revenue", "pgtrickle://shop_db/shop/"):
        with pytest.raises(ValueError, match="must contain"):
            Asset(wrong)


def test_deferring_is_left_to_the_users_default() -> None:
    source = inspect.getsource(StreamTableFreshnessSensor)
    assert 'conf.getboolean("operators", "default_deferrable", fallback=False)' in source


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
