"""The page about constructs is what the registry says."""

from __future__ import annotations

from airflow.providers.pgtrickle.engine.testing.constructs import read_constructs
from tools.constructs import PAGE, page


def test_page_is_written_from_the_registry() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run make constructs"


def test_titles_and_examples_occur_once() -> None:
    constructs = list(read_constructs())
    assert len({item.title for item in constructs}) == len(constructs)
    assert len({item.example for item in constructs}) == len(constructs)
    assert all(item.section and item.why and item.example for item in constructs)
