"""The page's routes over a real database: who gets in, what is refused, what an answer carries."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import httpx
import psycopg
import pytest

from airflow.providers.pgtrickle.engine.api import PgTrickle
from airflow.providers.pgtrickle.engine.web.assets import assets
from airflow.providers.pgtrickle.engine.web.guard import ACTION_HEADER, CONTENT_SECURITY_POLICY
from airflow.providers.pgtrickle.engine.web.local import CONNECTION, listen, local_app

TOKEN = "correct-horse"
#: A table that somebody named in the hope of running a script in the browser of others.
EVIL = 'shop."<img src=x onerror=alert(1)>"'
WRITE = {ACTION_HEADER: "1", "Sec-Fetch-Site": "same-origin"}


class Client:
    """Somebody's browser, in this process."""

    def __init__(self, dsn: str) -> None:
        self.app = local_app(dsn, TOKEN)

    async def _request(self, method: str, path: str, **options: object) -> httpx.Response:
        transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=False)
        base = options.pop("base", "http://127.0.0.1:8770")
        async with httpx.AsyncClient(transport=transport, base_url=str(base)) as client:
            return await client.request(method, path, **options)

    def __call__(
        self, method: str, path: str, *, token: str | None = TOKEN, **options: object
    ) -> httpx.Response:
        import asyncio

        headers = dict(options.pop("headers", {}) or {})  # type: ignore[call-overload]
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        return asyncio.run(self._request(method, path, headers=headers, **options))

    def act(self, action: str, name: str, **headers: str) -> httpx.Response:
        body = {"action": action, "stream_table": name}
        return self("POST", f"/api/{CONNECTION}/actions", json=body, headers=WRITE | headers)


@pytest.fixture(scope="module")
def dsn(pg18_server: object) -> Iterator[str]:
    server = pg18_server
    found = server.create_database()  # type: ignore[attr-defined]
    with psycopg.connect(found, autocommit=True) as connection:
        connection.execute(
            "CREATE SCHEMA shop; CREATE TABLE shop.orders (id int PRIMARY KEY, amount int NOT NULL);"
            "INSERT INTO shop.orders SELECT n, n FROM generate_series(1, 50) n"
        )
    with PgTrickle.connect(found) as pgt:
        pgt.install()
        pgt.create_stream_table("shop.total", "SELECT sum(amount) AS total FROM shop.orders")
        pgt.create_stream_table(EVIL, "SELECT id FROM shop.orders")
    yield found
    server.drop_database(found.partition("@/")[2].partition("?")[0])  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def client(dsn: str) -> Client:
    return Client(dsn)


def test_nobody_gets_anything(client: Client) -> None:
    paths = [route.path for route in client.app.routes if hasattr(route, "methods")]  # type: ignore[attr-defined]
    assert len(paths) >= 10
    for path in paths:
        filled = (
            path.replace("{connection}", CONNECTION)
            .replace("{version}", "x")
            .replace("{path:path}", "js/main.js")
        )
        for token in (None, "wrong", ""):
            method = "POST" if path.endswith("actions") else "GET"
            answer = client(method, filled, token=token, json={} if method == "POST" else None, headers=WRITE)
            assert answer.status_code == 401, (path, token)
            assert "shop" not in answer.text


def test_the_token_in_the_address_becomes_a_cookie(client: Client) -> None:
    answer = client("GET", f"/?token={TOKEN}", token=None)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/"
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert client("GET", "/", token=None, headers={"Cookie": f"pgtrickle_token={TOKEN}"}).status_code == 200
    assert client("GET", "/?token=wrong", token=None).status_code == 401


@pytest.mark.parametrize(
    "host", ["evil.example:8770", "evil.example", "127.0.0.1.evil.example:8770", "10.0.0.1:8770"]
)
def test_a_name_of_another_machine_is_refused(client: Client, host: str) -> None:
    """A site whose name is made to resolve to the loopback address has the browser, but not the name."""
    assert client("GET", "/api/session", headers={"Host": host}).status_code == 403


@pytest.mark.parametrize("host", ["127.0.0.1:8770", "localhost:8770", "localhost", "[::1]:8770"])
def test_this_machine_has_several_names(client: Client, host: str) -> None:
    assert client("GET", "/api/session", headers={"Host": host}).status_code == 200


def test_every_answer_carries_the_policy(client: Client) -> None:
    for path in ("/", f"/static/{assets().version}/js/main.js", "/api/session", "/api/nowhere", "/nothing"):
        answer = client("GET", path)
        assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY, path
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert "unsafe" not in CONTENT_SECURITY_POLICY


def test_the_document_names_files_that_there_are(client: Client) -> None:
    import re

    document = client("GET", "/").text
    links = re.findall(r'(?:src|href)="(static/[^"]+)"', document)
    assert len(links) >= 8
    for link in links:
        answer = client("GET", f"/{link}")
        assert answer.status_code == 200, link
        assert "immutable" in answer.headers["cache-control"]
    assert "<script>" not in document
    assert "style=" not in document


def test_nothing_in_the_front_end_parses_html() -> None:
    """Elements are built: a name can only become text."""
    own = {path: data.decode() for path, (data, _) in assets().files.items() if path.startswith("js/")}
    assert len(own) >= 15
    forbidden = (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "DOMParser",
        "eval(",
        "style:",
    )
    assert [(path, word) for path, text in own.items() for word in forbidden if word in text] == []


@pytest.mark.parametrize("path", ["../app.py", "..%2fapp.py", "js/../../app.py", "js", "", "/etc/passwd"])
def test_only_files_of_the_front_end_are_served(client: Client, path: str) -> None:
    assert client("GET", f"/static/x/{path}").status_code == 404


def test_what_the_views_show(client: Client) -> None:
    session = client("GET", "/api/session").json()
    assert session["connections"] == [{"id": CONNECTION, "may_act": True}]
    overview = client("GET", f"/api/{CONNECTION}/overview").json()
    assert {table["name"] for table in overview["stream_tables"]} == {"shop.total", EVIL}
    assert overview["edges"] == [
        {"source": "shop.orders", "reader": name} for name in sorted([EVIL, "shop.total"])
    ]
    detail = client("GET", f"/api/{CONNECTION}/table", params={"name": EVIL}).json()
    assert detail["summary"]["name"] == EVIL
    assert detail["history"][0]["status"] == "COMPLETED"
    explained = client("GET", f"/api/{CONNECTION}/explain", params={"name": "shop.total"}).json()
    assert "Aggregate" in explained["explanation"]["ops"]
    assert explained["lineage"]["columns"][0]["origins"] == [{"relation": "shop.orders", "column": "amount"}]
    system = client("GET", f"/api/{CONNECTION}/system").json()
    assert {check["level"] for check in system["checks"]} == {"ok"}
    assert system["buffers"][0]["source"] == "shop.orders"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/elsewhere/overview", 404),
        (f"/api/{CONNECTION}/table?name=shop.absent", 404),
        (f"/api/{CONNECTION}/table?name=a.b.c", 422),
        (f"/api/{CONNECTION}/table", 422),
    ],
)
def test_what_is_not_there_is_said(client: Client, path: str, status: int) -> None:
    assert client("GET", path).status_code == status


def test_a_link_leads_to_the_page(client: Client) -> None:
    answer = client("GET", f"/stream-tables/{CONNECTION}/shop.total")
    assert answer.status_code == 307
    assert answer.headers["location"] == f"/#/{CONNECTION}/table/shop.total"
    assert client("GET", f"/stream-tables/{CONNECTION}").headers["location"] == f"/#/{CONNECTION}/graph"
    # An address cannot be made to lead to another site.
    for name in ("//evil.example", "https://evil.example/", "%0d%0aSet-Cookie: a=b"):
        location = client("GET", f"/stream-tables/{name}/x").headers.get("location", "/#/")
        assert location.startswith("/#/"), name
        assert "\n" not in location


def test_actions_do_what_they_say(client: Client, dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("UPDATE shop.orders SET amount = amount + 1 WHERE id <= 3")
    refreshed = client.act("refresh", "shop.total").json()
    assert (refreshed["action"], refreshed["rows_inserted"]) == ("DIFFERENTIAL", 1)
    verified = client.act("verify", "shop.total").json()
    assert verified["exact"] is True
    assert client.act("suspend", "shop.total").json() == {"status": "SUSPENDED"}
    refused = client.act("refresh", "shop.total")
    assert (refused.status_code, refused.json()["code"]) == (409, "PGT-204")
    assert refused.json()["hint"]
    assert client.act("resume", "shop.total").json() == {"status": "ACTIVE"}
    assert client.act("drop", "shop.total").status_code == 422


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_write_that_the_page_did_not_send_is_refused(
    client: Client, dsn: str, headers: dict[str, str]
) -> None:
    body = '{"action": "suspend", "stream_table": "shop.total"}'
    sent = {"Content-Type": "application/json", **WRITE, **headers}
    answer = client("POST", f"/api/{CONNECTION}/actions", content=body, headers=sent)
    assert answer.status_code == 403
    with PgTrickle.connect(dsn) as pgt:
        assert pgt.stream_table("shop.total").status == "ACTIVE"


def test_a_write_without_the_pages_header_or_from_another_origin_is_refused(client: Client) -> None:
    body = {"action": "suspend", "stream_table": "shop.total"}
    path = f"/api/{CONNECTION}/actions"
    assert client("POST", path, json=body).status_code == 403
    foreign = {ACTION_HEADER: "1", "Origin": "http://evil.example"}
    assert client("POST", path, json=body, headers=foreign).status_code == 403
    own = {ACTION_HEADER: "1", "Origin": "http://127.0.0.1:8770"}
    assert client("POST", path, json={**body, "action": "verify"}, headers=own).status_code == 200


def test_a_database_that_does_not_answer_is_told_of_without_secrets() -> None:
    broken = Client("postgresql://somebody:s3cret@127.0.0.1:1/nowhere?connect_timeout=2")
    answer = broken("GET", f"/api/{CONNECTION}/overview")
    assert answer.status_code == 503
    assert "s3cret" not in answer.text


def test_a_database_without_the_catalog_says_so(database18: str) -> None:
    answer = Client(database18)("GET", f"/api/{CONNECTION}/overview")
    assert (answer.status_code, answer.json()["code"]) == (409, "PGT-201")


def test_the_page_listens_on_the_loopback_interface_only() -> None:
    with closing(listen(0)) as listener:
        assert listener.getsockname()[0] == "127.0.0.1"
