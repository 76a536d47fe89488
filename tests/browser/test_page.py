"""The page alone, in a real browser: every view and action, by mouse and by keyboard, light and dark."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page as BrowserPage
from playwright.sync_api import expect

from airflow.providers.pgtrickle.engine.api import PgTrickle
from tests.browser.conftest import EVIL, TABLES, Page
from tests.browser.eyes import NARROW, WIDE, Eyes, View

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

#: Each view with what must be there before it is looked at.
VIEWS = {
    "graph": ".node.table",
    "graph?select=marts.revenue": ".panel .facts",
    "tables": "tbody tr",
    "table/marts.revenue": ".chart canvas",
    "table/marts.inverse": ".failure",
    "table/marts.revenue/query": ".hl-keyword",
    "table/marts.revenue/lineage": ".lines path",
    "table/marts.revenue/history": "tbody tr",
    "table/marts.revenue/storage": ".facts.wide",
    "system": ".check",
}


def come(view: View, page: Page, fragment: str, wait_for: str | None = None) -> BrowserPage:
    """Come in with the token, then go to a place."""
    view.page.goto(page.address)
    view.page.goto(page.at(fragment))
    if wait_for:
        view.page.wait_for_selector(wait_for, state="attached")
    return view.page


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_every_view_can_be_used_by_everybody(eyes: Eyes, shop_page: Page, theme: str, width: int) -> None:
    checked = 0
    with eyes.look(theme=theme, width=width) as view:
        view.page.goto(shop_page.address)
        for fragment, sign in VIEWS.items():
            view.page.goto("about:blank")
            view.page.goto(shop_page.at(fragment))
            view.page.wait_for_selector(sign, state="attached")
            assert view.page.evaluate("document.documentElement.dataset.theme") == theme
            assert view.grave_findings() == [], fragment
            assert not view.too_wide(), fragment
            checked += 1
    assert checked == len(VIEWS)


def test_the_graph_shows_tables_sources_and_edges(eyes: Eyes, shop_page: Page) -> None:
    with eyes.look() as view:
        page = come(view, shop_page, "graph", ".node.table")
        expect(page.locator(".node.table")).to_have_count(len(TABLES))
        expect(page.locator(".node.source")).to_have_count(2)
        expect(page.locator(".edge")).to_have_count(8)
        expect(page.get_by_role("button", name=re.compile(r"^marts inverse Failing"))).to_be_visible()
        # What a name lights up is what it reads and what reads it.
        page.get_by_role("button", name=re.compile(r"^shop facts ")).click()
        expect(page.locator(".node:not(.dim)")).to_have_count(5)
        expect(page.locator(".panel h2")).to_have_text("shop.facts")
        page.get_by_role("button", name="Close").click()
        expect(page.locator(".panel")).to_be_hidden()
        page.get_by_role("button", name=re.compile("^Suspended")).click()
        expect(page.locator(".node:not(.dim)")).to_have_count(1)
        page.get_by_role("button", name=re.compile("^Suspended")).click()


def test_the_graph_by_keyboard(eyes: Eyes, shop_page: Page) -> None:
    with eyes.look() as view:
        page = come(view, shop_page, "graph", ".node.table")
        page.keyboard.press("/")
        page.keyboard.type("facts")
        expect(page.locator(".node:not(.dim)")).to_have_count(1)
        page.keyboard.press("Enter")
        expect(page.locator(".panel h2")).to_have_text("shop.facts")
        page.keyboard.press("Escape")
        page.get_by_role("button", name=re.compile(r"^shop facts ")).focus()
        page.keyboard.press("ArrowRight")
        expect(page.locator(".panel h2")).to_have_text("marts.revenue")
        page.keyboard.press("ArrowLeft")
        expect(page.locator(".panel h2")).to_have_text("shop.facts")
        page.keyboard.press("Enter")
        expect(page.locator("h1")).to_have_text("shop.facts")
        page.keyboard.press("2")
        expect(page.locator("h1")).to_have_text("Stream tables")


def test_the_graph_is_moved_and_zoomed(eyes: Eyes, shop_page: Page) -> None:
    with eyes.look() as view:
        page = come(view, shop_page, "graph", ".node.table")
        scene = page.locator(".scene")
        before = scene.get_attribute("transform")
        page.get_by_role("button", name="Zoom in").click()
        expect(scene).not_to_have_attribute("transform", before or "")
        zoomed = scene.get_attribute("transform")
        page.mouse.move(640, 700)
        page.mouse.down()
        page.mouse.move(540, 600, steps=3)
        page.mouse.up()
        assert scene.get_attribute("transform") != zoomed
        for _ in range(6):
            page.get_by_role("button", name="Zoom out").click()
        expect(page.locator("svg.graph")).to_have_class(re.compile("far"))
        page.get_by_role("button", name="Show everything").click()
        expect(page.locator("svg.graph")).not_to_have_class(re.compile("far"))


def test_tables_are_sorted_and_filtered(eyes: Eyes, shop_page: Page) -> None:
    with eyes.look() as view:
        page = come(view, shop_page, "tables", "tbody tr")
        names = page.locator("tbody .of-name")
        expect(names).to_have_count(len(TABLES))
        # The worst come first.
        expect(names.first).to_have_text("marts.inverse")
        page.get_by_role("button", name="Stream table").click()
        expect(names).to_have_text(sorted(TABLES, key=str.lower))
        expect(page.locator("th.of-name").first).to_have_attribute("aria-sort", "ascending")
        page.get_by_role("button", name="Stream table").click()
        expect(names.first).to_have_text("shop.facts")
        page.keyboard.press("/")
        page.keyboard.type("rev")
        expect(names).to_have_text(["marts.revenue"])
        assert "q=rev" in page.url
        page.reload()
        expect(names).to_have_text(["marts.revenue"])
        page.locator("tbody tr").first.click()
        expect(page.locator("h1")).to_have_text("marts.revenue")
        page.go_back()
        expect(names).to_have_text(["marts.revenue"])


def test_one_table_in_all_its_parts(eyes: Eyes, shop_page: Page) -> None:
    with eyes.look() as view:
        page = come(view, shop_page, "table/marts.revenue", ".chart canvas")
        expect(page.locator(".chart canvas")).to_have_count(2)
        expect(page.locator(".section", has_text="Sources").locator("tbody tr").first).to_contain_text(
            "shop.facts"
        )
        page.get_by_role("tab", name="Overview").focus()
        page.keyboard.press("ArrowRight")
        expect(page.get_by_role("tab", name="Query and plan")).to_have_attribute("aria-selected", "true")
        expect(page.locator("pre")).to_contain_text(TABLES["marts.revenue"])
        page.get_by_role("button", name="Operators", exact=True).click()
        expect(page.locator(".ops .kind", has_text="Aggregate")).to_have_count(1)
        # Storage is named after the table that it belongs to.
        expect(page.locator(".ops")).to_contain_text("shop.facts")
        page.get_by_role("button", name="Delta", exact=True).click()
        expect(page.locator(".ops .kind.change").first).to_be_visible()
        page.get_by_role("button", name="Delta SQL").click()
        expect(page.locator("pre .hl-keyword").first).to_be_visible()
        page.get_by_role("button", name="Copy").click()
        assert "WITH" in page.evaluate("navigator.clipboard.readText()")
        page.get_by_role("button", name="Plan", exact=True).click()
        expect(page.locator(".facts")).to_contain_text("grouped")
        page.get_by_role("tab", name="Lineage").click()
        page.locator(".side .column", has_text="revenue").hover()
        expect(page.locator(".side .column.lit")).to_have_count(2)
        page.get_by_role("tab", name="History").click()
        expect(page.locator("tbody tr")).to_have_count(8)
        assert page.url.endswith("/history")
        page.get_by_role("tab", name="Storage").click()
        expect(page.locator(".tab-panel")).to_contain_text("a row of state for each group")


def test_a_failure_is_told_with_its_remedy(eyes: Eyes, shop_page: Page) -> None:
    with eyes.look() as view:
        page = come(view, shop_page, "table/marts.inverse", ".failure")
        expect(page.locator(".failure").first).to_contain_text("division by zero")
        expect(page.locator(".failure .remedy").first).to_contain_text("NULLIF")
        page.goto(shop_page.at("system"))
        expect(page.locator(".check.error")).to_contain_text("marts.inverse")
        page.locator(".check.error a").click()
        expect(page.locator("h1")).to_have_text("marts.inverse")


def test_actions_are_asked_about_and_done(eyes: Eyes, shop_page: Page) -> None:
    def status() -> str:
        with PgTrickle.connect(shop_page.dsn) as pgt:
            return pgt.stream_table("marts.best").status

    with eyes.look() as view:
        page = come(view, shop_page, "table/marts.best", ".chart canvas")
        page.get_by_role("button", name="Suspend").click()
        expect(page.get_by_role("dialog")).to_contain_text("marts.best")
        page.get_by_role("button", name="Cancel").click()
        expect(page.get_by_role("dialog")).to_be_hidden()
        assert status() == "ACTIVE"

        page.get_by_role("button", name="Suspend").click()
        assert view.grave_findings() == []
        page.get_by_role("dialog").get_by_role("button", name="Suspend").click()
        expect(page.locator(".title-line .chip")).to_have_text("Suspended")
        assert status() == "SUSPENDED"

        page.get_by_role("button", name="Refresh").click()
        page.get_by_role("dialog").get_by_role("button", name="Refresh").click()
        expect(page.locator(".outcome")).to_contain_text("is suspended")
        view.forgive("409")
        page.keyboard.press("Escape")

        page.get_by_role("button", name="Resume").click()
        page.get_by_role("dialog").get_by_role("button", name="Resume").click()
        expect(page.locator(".title-line .chip")).to_have_text("Fresh")
        for button, said in (
            ("Refresh", "Nothing had changed"),
            ("In full", "Recomputed"),
            ("Verify", "Exact"),
        ):
            page.get_by_role("button", name=button, exact=True).click()
            page.get_by_role("dialog").locator(".primary").click()
            expect(page.locator(".toast").last).to_contain_text(said)
        assert status() == "ACTIVE"
    with PgTrickle.connect(shop_page.dsn) as pgt:
        assert pgt.verify_stream_table("marts.best")


def test_a_name_is_text_and_nothing_else(eyes: Eyes, shop_page: Page) -> None:
    with eyes.look() as view:
        page = come(view, shop_page, "tables", "tbody tr")
        page.get_by_role("link", name=EVIL).click()
        expect(page.locator("h1")).to_have_text(EVIL)
        for tab in ("Query and plan", "Lineage", "History", "Storage"):
            page.get_by_role("tab", name=tab).click()
            expect(page.get_by_role("tabpanel")).to_be_visible()
        expect(page.locator("body")).to_contain_text("<script>alert(2)</script>")
        page.get_by_role("link", name="In graph").click()
        expect(page.locator(".panel h2")).to_have_text(EVIL)
        assert page.locator("main img, main script").count() == 0


def test_what_is_not_there_is_said(eyes: Eyes, shop_page: Page) -> None:
    with eyes.look() as view:
        page = come(view, shop_page, "table/shop.absent")
        expect(page.get_by_role("alert")).to_contain_text("There is no stream table shop.absent")
        assert view.grave_findings() == []
        view.forgive("404")
        page.get_by_role("link", name="Graph").click()
        expect(page.locator(".node.table").first).to_be_visible()
        page.goto(shop_page.address.partition("?")[0] + "#/elsewhere/graph")
        expect(page.locator("main")).to_contain_text("There is no connection elsewhere")


def test_without_the_token_there_is_nothing(eyes: Eyes, shop_page: Page) -> None:
    with eyes.look() as view:
        answer = view.page.goto(shop_page.at("graph"))
        assert answer is not None
        assert answer.status == 401
        view.forgive("401")


def test_nothing_installed_then_nothing_there_then_something(eyes: Eyes, empty_page: Page) -> None:
    with eyes.look() as view:
        page = come(view, empty_page, "graph", ".empty-state")
        expect(page.get_by_role("alert")).to_contain_text("installed")
        view.forgive("409")
        with PgTrickle.connect(empty_page.dsn) as pgt:
            pgt.install()
            page.get_by_role("button", name="Try again").click()
            expect(page.locator(".empty-state")).to_contain_text("No stream tables yet")
            assert view.grave_findings() == []
            with pgt._session as session:
                session.execute("CREATE TABLE public.base (id int)")
            pgt.create_stream_table("public.first", "SELECT count(*) AS n FROM public.base")
        # It comes by itself.
        expect(page.locator(".node.table")).to_have_count(1)
        view.complaints = [each for each in view.complaints if "409" not in each]


def test_the_theme_is_chosen_and_remembered(eyes: Eyes, shop_page: Page) -> None:
    with eyes.look() as view:
        page = come(view, shop_page, "tables", "tbody tr")
        page.get_by_role("button", name="Dark colours").click()
        assert page.evaluate("document.documentElement.dataset.theme") == "dark"
        page.reload()
        page.wait_for_selector("tbody tr")
        assert page.evaluate("document.documentElement.dataset.theme") == "dark"
