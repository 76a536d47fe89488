"""What holds for every answer and every request of the page, whoever serves it."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: Nothing but the page's own files: no inline script or style, no other origin, no frame but the same
#: origin's.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
#: A page of another origin cannot send it without asking first, and is never allowed to.
ACTION_HEADER = "x-pgtrickle-action"

_SAFE_METHODS = frozenset({"GET", "HEAD"})


class Guard:
    """ASGI middleware: puts the security headers on, and refuses writes that the page itself did not send.

    A cookie tells who somebody is, not that they meant it. A write must therefore be JSON, carry a header of
    the page's own and come from the same origin.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        objection = None if scope["method"] in _SAFE_METHODS else objection_to(Headers(scope=scope))
        if objection is not None:
            refused = JSONResponse(
                {"message": objection, "code": "PGT-FORGED", "hint": None}, status_code=403
            )
            await refused(scope, receive, send_guarded)
            return
        await self.app(scope, receive, send_guarded)


def objection_to(headers: Headers) -> str | None:
    """Why a writing request with these headers is not the page's own, or None."""
    if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        return "A request that changes something must be JSON."
    if ACTION_HEADER not in headers:
        return f"A request that changes something must carry the header {ACTION_HEADER}."
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return "The request comes from another site."
    origin = headers.get("origin")
    if (
        origin is not None
        and "sec-fetch-site" not in headers
        and urlsplit(origin).netloc != headers.get("host")
    ):
        return "The request comes from another origin."
    return None
