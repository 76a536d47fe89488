"""Errors, names, frontiers and settings: the engine's values."""

from __future__ import annotations

import inspect
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow.providers.pgtrickle.engine import errors
from airflow.providers.pgtrickle.engine.errors import (
    InvalidConfig,
    InvalidName,
    InvalidOption,
    InvalidQuery,
    PgTrickleError,
    RefreshFailed,
    is_transient_sqlstate,
)
from airflow.providers.pgtrickle.engine.frontier import Snapshot
from airflow.providers.pgtrickle.engine.names import QualifiedName, parse_name, quote_identifier
from airflow.providers.pgtrickle.engine.settings import Settings

ERRORS = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, PgTrickleError)]


def test_each_error_has_a_code_and_a_docstring_of_its_own() -> None:
    assert len(ERRORS) > 15
    assert len({kind.code for kind in ERRORS}) == len(ERRORS)
    assert all("code" in vars(kind) and kind.__doc__ for kind in ERRORS)


@pytest.mark.parametrize("kind", ERRORS)
def test_an_error_survives_pickling(kind: type[PgTrickleError]) -> None:
    error = kind("What happened.", hint="What to do.", subject="shop.revenue")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind
    assert vars(again) == vars(error)
    assert str(again) == str(error) == f"[{kind.code}] What happened. Hint: What to do."
    assert again.args == error.args


def test_the_fields_of_errors_survive_pickling() -> None:
    query = pickle.loads(pickle.dumps(InvalidQuery("m", position=7, sqlstate="42703")))
    config = pickle.loads(pickle.dumps(InvalidConfig("m", file="shop.yaml", line=3)))
    failure = pickle.loads(pickle.dumps(RefreshFailed("m", sqlstate="40001")))
    assert (query.position, query.sqlstate) == (7, "42703")
    assert (config.file, config.line, config.message) == ("shop.yaml", 3, "shop.yaml:3: m")
    assert (failure.sqlstate, failure.transient) == ("40001", True)


@pytest.mark.parametrize(
    ("sqlstate", "transient"),
    [
        ("40001", True),
        ("40P01", True),
        ("55P03", True),
        ("57P01", True),
        ("08006", True),
        ("53300", True),
        ("57014", True),
        ("22012", False),
        ("23505", False),
        ("42P01", False),
        ("0A000", False),
        (None, False),
    ],
)
def test_transience_follows_the_sqlstate(sqlstate: str | None, transient: bool) -> None:
    assert is_transient_sqlstate(sqlstate) is transient
    assert RefreshFailed("m", sqlstate=sqlstate).transient is transient


@pytest.mark.parametrize(
    ("text", "schema", "name"),
    [
        ("revenue", "public", "revenue"),
        ("Shop.Revenue", "shop", "revenue"),
        (' "Shop"."Re""venue" ', "Shop", 'Re"venue'),
        ("größe.straße", "größe", "straße"),
        ('"a.b".c$1', "a.b", "c$1"),
    ],
)
def test_a_name_is_read_as_postgresql_reads_it(text: str, schema: str, name: str) -> None:
    assert parse_name(text) == QualifiedName(schema, name)


@pytest.mark.parametrize(
    "text", ["", ".", "a.", ".a", "a.b.c", "1a", "a b", '"a', '""', "a;b", "a-b", "x" * 64, "ä" * 32]
)
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(InvalidName) as error:
        parse_name(text)
    assert error.value.hint


identifiers = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), min_size=1).filter(
    lambda text: len(text.encode()) <= 63
)


@given(identifiers, identifiers)
def test_a_name_as_shown_is_read_back(schema: str, name: str) -> None:
    qualified = QualifiedName(schema, name)
    assert parse_name(str(qualified)) == qualified
    assert parse_name(qualified.display) == qualified


def test_an_identifier_with_nul_is_refused() -> None:
    with pytest.raises(InvalidName):
        quote_identifier("a\x00b")


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    xmin = draw(st.integers(1, 12))
    xmax = draw(st.integers(xmin, 14))
    listed = draw(st.frozensets(st.integers(xmin, xmax - 1))) if xmax > xmin else frozenset()
    return Snapshot(xmin, xmax, listed)


@given(snapshots())
def test_a_snapshot_is_read_back(snapshot: Snapshot) -> None:
    assert Snapshot.parse(str(snapshot)) == snapshot


@given(snapshots(), snapshots())
def test_containment_is_containment_of_what_is_visible(one: Snapshot, other: Snapshot) -> None:
    def visible(snapshot: Snapshot) -> set[int]:
        return {xid for xid in range(20) if snapshot.visible(xid)}

    assert one.contains(other) == (visible(one) >= visible(other))


@given(st.integers(1, 1000), st.integers(1, 1000))
def test_through_shows_exactly_what_is_not_later(xid: int, other: int) -> None:
    assert Snapshot.through(xid).visible(other) == (other <= xid)


@pytest.mark.parametrize(
    "text", ["", "1", "1:2", "2:1:", "0:1:", "1:3:3", "2:3:1", "a:b:", "1:2:x", "1:2:3:4"]
)
def test_what_is_no_snapshot_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a snapshot"):
        Snapshot.parse(text)


def test_settings_come_from_the_environment() -> None:
    environment = {"PGTRICKLE_LOCK_TIMEOUT": "0.5", "PGTRICKLE_PRUNE_BATCH": "7", "OTHER": "x"}
    assert Settings.from_environment(environment) == Settings(lock_timeout=0.5, prune_batch=7)
    assert Settings.from_environment({}) == Settings()


@pytest.mark.parametrize(
    "environment",
    [
        {"PGTRICKLE_LOCK_TIMEOUT": "soon"},
        {"PGTRICKLE_LOCK_TIMEOUT": "0"},
        {"PGTRICKLE_LOCK_TIMEOUT": "inf"},
        {"PGTRICKLE_STATEMENT_TIMEOUT": "-1"},
        {"PGTRICKLE_FULL_THRESHOLD": "1.5"},
        {"PGTRICKLE_FULL_THRESHOLD": "nan"},
        {"PGTRICKLE_PRUNE_BATCH": "0"},
        {"PGTRICKLE_PRUNE_BATCH": "1.5"},
    ],
)
def test_a_setting_outside_its_range_is_refused_by_name(environment: dict[str, str]) -> None:
    (variable,) = environment
    with pytest.raises(InvalidOption) as error:
        Settings.from_environment(environment)
    assert error.value.subject == variable.removeprefix("PGTRICKLE_").lower()
