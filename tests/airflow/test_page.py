"""The page inside Airflow: who is let in, what each may do, and the ways between tasks and stream tables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest
from playwright.sync_api import Frame, expect

from airflow.providers.pgtrickle.engine.api import PgTrickle
from airflow.providers.pgtrickle.engine.testing.server import PostgresServer
from airflow.providers.pgtrickle.engine.web.guard import ACTION_HEADER
from airflow.providers.pgtrickle.links.pgtrickle import page_url
from tests.airflow import shop
from tests.browser.eyes import Eyes, View
from tools.local_airflow import LocalAirflow

pytestmark = [
    pytest.mark.scheduler,
    pytest.mark.airflow,
    pytest.mark.slow,
    pytest.mark.timeout(420),
]

DAG = "shop_table"
USERS = {"admin": "admin", "viewer": "viewer", "op": "op"}


@dataclass(frozen=True)
class GuardedShop:
    """An Airflow with users of several roles, after a run of its DAG."""

    airflow: LocalAirflow
    dsn: str

    def client(self, user: str | None) -> httpx.Client:
        headers = {} if user is None else {"Authorization": f"Bearer {self.airflow.token(user)}"}
        return httpx.Client(base_url=self.airflow.url, headers=headers, timeout=60)


@pytest.fixture(scope="module")
def guarded(pg18_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuardedShop]:
    dags = tmp_path_factory.mktemp("dags")
    shop.write_dag(dags, DAG, granularity="table")
    dsn = pg18_server.create_database()
    shop.execute(dsn, shop.SCHEMA)
    # Nobody has used the second one, and it is of another type: it is not on offer.
    connections = {"shop_db": dsn, "secret_db": dsn}
    with LocalAirflow(
        tmp_path_factory.mktemp("airflow"), dags, connections=connections, users=USERS
    ) as airflow:
        airflow.wait_for_dag(DAG)
        run_id = airflow.trigger(DAG)
        assert airflow.wait_for_run(DAG, run_id) == "success", airflow.task_log(DAG, run_id, "*")
        yield GuardedShop(airflow, dsn)
    pg18_server.drop_database(dsn.partition("@/")[2].partition("?")[0])


@pytest.fixture(scope="module")
def eyes() -> Iterator[Eyes]:
    with Eyes.open_or_skip() as browser:
        yield browser


def act(client: httpx.Client, action: str, connection: str = "shop_db") -> httpx.Response:
    body = {"action": action, "stream_table": "shop.total"}
    return client.post(f"/pgtrickle/api/{connection}/actions", json=body, headers={ACTION_HEADER: "1"})


PLACES = (
    "/pgtrickle/",
    "/pgtrickle/static/x/js/main.js",
    "/pgtrickle/api/session",
    "/pgtrickle/api/shop_db/overview",
    "/pgtrickle/api/shop_db/table?name=shop.total",
    "/pgtrickle/api/shop_db/explain?name=shop.total",
    "/pgtrickle/api/shop_db/system",
    f"/pgtrickle/api/tasks?dag_id={DAG}",
    "/pgtrickle/stream-tables/shop_db/shop.total",
)


def test_nobody_is_let_in(guarded: GuardedShop) -> None:
    with guarded.client(None) as client:
        assert {place: client.get(place).status_code for place in PLACES} == dict.fromkeys(PLACES, 401)
        assert act(client, "suspend").status_code == 401
        forged = client.get(PLACES[2], headers={"Authorization": "Bearer nonsense"})
        assert forged.status_code in {401, 403}


def test_a_viewer_looks_and_does_not_act(guarded: GuardedShop) -> None:
    with guarded.client("viewer") as client:
        found = {place: client.get(place).status_code for place in PLACES}
        assert found == {**dict.fromkeys(PLACES, 200), PLACES[-1]: 307}
        session = client.get("/pgtrickle/api/session").json()
        assert session["connections"] == [{"id": "shop_db", "may_act": False}]
        for action in ("refresh", "verify", "suspend", "resume"):
            assert act(client, action).status_code == 403, action
    with PgTrickle.connect(guarded.dsn) as pgt:
        assert pgt.stream_table("shop.total").status == "ACTIVE"


def test_what_is_not_on_offer_is_not_there(guarded: GuardedShop) -> None:
    with guarded.client("admin") as client:
        for connection in ("secret_db", "nowhere"):
            assert client.get(f"/pgtrickle/api/{connection}/overview").status_code == 404
            assert act(client, "verify", connection).status_code == 404


@pytest.mark.parametrize("user", ["op", "admin"])
def test_who_may_edit_the_connection_acts(guarded: GuardedShop, user: str) -> None:
    with guarded.client(user) as client:
        assert client.get("/pgtrickle/api/session").json()["connections"] == [
            {"id": "shop_db", "may_act": True}
        ]
        assert act(client, "suspend").json() == {"status": "SUSPENDED"}
        assert act(client, "resume").json() == {"status": "ACTIVE"}
        assert act(client, "refresh").json()["action"] in {"NO_DATA", "DIFFERENTIAL"}
        assert act(client, "verify").json()["exact"] is True


def test_the_link_of_a_task_leads_to_its_table(guarded: GuardedShop) -> None:
    with guarded.client("viewer") as client:
        answer = client.get(page_url("shop_db", "shop.total"))
    assert answer.status_code == 307
    assert answer.headers["location"] == "/pgtrickle/#/shop_db/table/shop.total"


def log_in(guarded: GuardedShop, view: View, user: str) -> None:
    view.page.goto(f"{guarded.airflow.url}/auth/login")
    view.page.fill("input[name=username]", user)
    view.page.fill("input[name=password]", user)
    view.page.click("button[type=submit]")
    view.page.wait_for_url(re.compile(r"/$"))


def framed(view: View) -> Frame:
    element = view.page.wait_for_selector("iframe[src*='/pgtrickle/']")
    assert element is not None
    frame = element.content_frame()
    assert frame is not None
    return frame


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_from_a_task_to_its_table_and_back(guarded: GuardedShop, eyes: Eyes, theme: str) -> None:
    with eyes.look(theme=theme) as view:
        log_in(guarded, view, "viewer")
        view.complaints.clear()  # Airflow's own
        view.page.goto(f"{guarded.airflow.url}/dags/{DAG}/tasks/shop.total/plugin/stream-table-of-task")
        frame = framed(view)
        expect(frame.locator("h1")).to_have_text("shop.total")
        assert frame.evaluate("document.documentElement.dataset.theme") == theme
        expect(frame.get_by_role("button", name="Refresh")).to_be_disabled()
        frame.wait_for_selector(".chart canvas")
        assert view.grave_findings(frame) == []
        frame.locator(".by a").first.click()
        view.page.wait_for_url(re.compile(rf"/dags/{DAG}/tasks/shop.total$"))
        view.complaints = [each for each in view.complaints if "pgtrickle" in each]


def test_a_dag_and_the_navigation_show_the_graph(guarded: GuardedShop, eyes: Eyes) -> None:
    with eyes.look() as view:
        log_in(guarded, view, "admin")
        view.page.goto(f"{guarded.airflow.url}/dags/{DAG}/plugin/stream-tables-of-dag")
        expect(framed(view).locator(".node.table")).to_have_count(len(shop.QUERIES))
        view.page.goto(f"{guarded.airflow.url}/plugin/stream-tables")
        frame = framed(view)
        frame.get_by_role("link", name="Tables").click()
        expect(frame.locator("tbody tr")).to_have_count(len(shop.QUERIES))
        assert view.grave_findings(frame) == []
        frame.get_by_role("link", name="shop.total").click()
        frame.get_by_role("button", name="Verify").click()
        frame.get_by_role("dialog").get_by_role("button", name="Verify").click()
        expect(frame.locator(".toast")).to_contain_text("Exact")
        view.complaints = [each for each in view.complaints if "pgtrickle" in each]
