"""The page for one person on their own machine: ``pgtrickle ui``.

It listens on the loopback interface. Whoever comes must bring the token that was made at start, once in the
address and from then on as a cookie; and must ask for this machine by one of its own names, so that a site
elsewhere whose name resolves to the loopback address gets nothing.
"""

from __future__ import annotations

import hmac
import re
import secrets
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qs

import uvicorn
from fastapi import FastAPI, HTTPException, Request
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from airflow.providers.pgtrickle.engine.api import PgTrickle
from airflow.providers.pgtrickle.engine.errors import InvalidOption
from airflow.providers.pgtrickle.engine.web.app import create_app
from airflow.providers.pgtrickle.engine.web.host import Connection, Host, TaskReference

#: The name of the one database in addresses.
CONNECTION = "database"
HOST = "127.0.0.1"
_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})
_PORT = re.compile(r":\d+$")


@dataclass(frozen=True, slots=True)
class Owner:
    """Who has the token: everything is theirs."""

    name: str = "you"

    def connections(self) -> Sequence[Connection]:
        """The one database."""
        return (Connection(CONNECTION, may_act=True),)

    def connection(self, connection_id: str) -> Connection | None:
        """The one database, under its name."""
        return Connection(CONNECTION, may_act=True) if connection_id == CONNECTION else None

    def tasks(self) -> Sequence[TaskReference]:
        """There is no Airflow here."""
        return ()


class Door:
    """ASGI middleware: knows this machine's names, and exchanges the token in an address for a cookie."""

    def __init__(self, app: ASGIApp, token: str, cookie: str) -> None:
        self.app = app
        self.token = token
        self.cookie = cookie

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass on."""
        if scope["type"] == "http":
            host = Headers(scope=scope).get("host", "")
            if _PORT.sub("", host) not in _NAMES:
                await PlainTextResponse("This page is for its own machine.", 403)(scope, receive, send)
                return
            given = parse_qs(scope["query_string"].decode("latin-1")).get("token")
            if scope["path"] == "/" and given and same(given[0], self.token):
                answer = RedirectResponse("/", status_code=303)
                answer.set_cookie(self.cookie, self.token, httponly=True, samesite="strict", path="/")
                await answer(scope, receive, send)
                return
        await self.app(scope, receive, send)


def same(given: str, expected: str) -> bool:
    """Compare secrets in a time that tells nothing."""
    return hmac.compare_digest(given.encode(), expected.encode())


def local_app(dsn: str, token: str, cookie: str = "pgtrickle_token") -> FastAPI:
    """The page over one database, for whoever has the token."""

    def visitor(request: Request) -> Owner:
        scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
        given = bearer if scheme.lower() == "bearer" else request.cookies.get(cookie, "")
        if not same(given, token):
            raise HTTPException(
                401,
                "Open the address that pgtrickle ui printed: it has the token.",
                {"WWW-Authenticate": "Bearer"},
            )
        return Owner()

    app = create_app(Host("local", visitor, lambda _: PgTrickle.connect(dsn)))
    app.add_middleware(Door, token=token, cookie=cookie)
    return app


def listen(port: int) -> socket.socket:
    """A socket on the loopback interface; 0 takes a free port. Raises InvalidOption for one that is taken."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError as error:
        listener.close()
        raise InvalidOption(
            f"Port {port} cannot be listened on: {error.strerror}.", hint="Choose another with --port."
        ) from error
    listener.listen(128)
    return listener


def new_token() -> str:
    """A token that nobody guesses."""
    return secrets.token_urlsafe(32)


def serve(dsn: str, listener: socket.socket, token: str) -> None:
    """Serve the page until interrupted."""
    port = listener.getsockname()[1]
    # Cookies do not tell ports apart: two pages on one machine must not sign each other out.
    app = local_app(dsn, token, f"pgtrickle_token_{port}")
    config = uvicorn.Config(app, log_level="warning", access_log=False, lifespan="off", server_header=False)
    uvicorn.Server(config).run(sockets=[listener])
