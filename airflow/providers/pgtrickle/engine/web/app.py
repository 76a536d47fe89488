"""The routes of the page: thin, over the API; what the page shows is read by ``monitor``."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from threading import BoundedSemaphore
from typing import Any, Literal
from urllib.parse import quote

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from pydantic import BaseModel, ConfigDict
from starlette.middleware.gzip import GZipMiddleware

from airflow.providers.pgtrickle import __version__
from airflow.providers.pgtrickle.engine.api import PgTrickle
from airflow.providers.pgtrickle.engine.errors import (
    InputError,
    PgTrickleError,
    RefreshFailed,
    StateError,
    StreamTableNotFound,
)
from airflow.providers.pgtrickle.engine.monitor import checks
from airflow.providers.pgtrickle.engine.plain import plain
from airflow.providers.pgtrickle.engine.web.assets import assets
from airflow.providers.pgtrickle.engine.web.guard import Guard
from airflow.providers.pgtrickle.engine.web.host import Connection, Host, Visitor

log = logging.getLogger(__name__)

#: Actions that run at the same time; more are told to come back. Each holds a worker thread of the server.
ACTIONS_AT_ONCE = 4


class ActionRequest(BaseModel):
    """What somebody asks to be done with a stream table; ``full`` recomputes it."""

    model_config = ConfigDict(extra="forbid")

    action: Literal["refresh", "suspend", "resume", "verify"]
    stream_table: str
    full: bool = False


def create_app(host: Host) -> FastAPI:
    """The page for these surroundings; every route asks ``host.visitor`` first."""
    app = FastAPI(
        title="pgtrickle",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        dependencies=[Depends(host.visitor)],
    )
    app.add_middleware(GZipMiddleware, minimum_size=1024)
    app.add_middleware(Guard)
    app.add_exception_handler(PgTrickleError, _answer_error)
    app.add_exception_handler(Exception, _answer_defect)
    _add_documents(app)
    _add_views(app, host)
    _add_actions(app, host)
    return app


def _add_documents(app: FastAPI) -> None:
    @app.get("/", response_class=HTMLResponse)
    def document() -> HTMLResponse:
        """The page itself: everything else is in the fragment of the address."""
        return HTMLResponse(assets().index, headers={"Cache-Control": "no-cache"})

    @app.get("/static/{version}/{path:path}")
    def static(version: str, path: str) -> Response:
        """A file of the front end; an address that has its version stays good for ever."""
        found = assets().files.get(path)
        if found is None:
            raise HTTPException(404)
        lasting = "private, max-age=31536000, immutable" if version == assets().version else "no-cache"
        return Response(found[0], media_type=found[1], headers={"Cache-Control": lasting})

    @app.get("/stream-tables/{connection}")
    @app.get("/stream-tables/{connection}/{name:path}")
    def link(request: Request, connection: str, name: str = "") -> RedirectResponse:
        """An address to link to: it has no fragment, so it survives log-in forms that send people back."""
        root = request.scope.get("root_path", "").rstrip("/")
        place = f"table/{quote(name, safe='')}" if name else "graph"
        return RedirectResponse(f"{root}/#/{quote(connection, safe='')}/{place}", status_code=307)


def _add_views(app: FastAPI, host: Host) -> None:
    look = partial(_look, host)

    @app.get("/api/session")
    def session(visitor: Visitor = Depends(host.visitor)) -> dict[str, Any]:
        """Who is looking, and at what they may."""
        return {
            "host": host.name,
            "user": visitor.name,
            "version": __version__,
            "connections": [asdict(each) for each in visitor.connections()],
        }

    @app.get("/api/{connection}/overview")
    def overview(connection: str, visitor: Visitor = Depends(host.visitor)) -> Response:
        """All stream tables at a glance."""
        return look(visitor, connection, lambda pgt: pgt.overview(), without=("pending",))

    @app.get("/api/{connection}/table")
    def table(connection: str, name: str, visitor: Visitor = Depends(host.visitor)) -> Response:
        """One stream table in full, and the tasks that work on it."""

        def read(pgt: PgTrickle) -> dict[str, Any]:
            detail = plain(pgt.stream_table_detail(name))
            title = detail["summary"]["name"]
            tasks = [
                each
                for each in visitor.tasks()
                if each.refreshes and each.connection == connection and title in each.stream_tables
            ]
            return {**detail, "tasks": plain(tasks)}

        return look(visitor, connection, read)

    @app.get("/api/{connection}/explain")
    def explain(connection: str, name: str, visitor: Visitor = Depends(host.visitor)) -> Response:
        """What the engine makes of a stream table's query: this compiles it."""

        def read(pgt: PgTrickle) -> dict[str, Any]:
            return {
                "explanation": pgt.explain_stream_table(name),
                "lineage": pgt.column_lineage(name),
                "storages": pgt.storage_names(),
            }

        return look(visitor, connection, read)

    @app.get("/api/{connection}/system")
    def system(connection: str, visitor: Visitor = Depends(host.visitor)) -> Response:
        """The installation, and what there is to say about it."""

        def read(pgt: PgTrickle) -> dict[str, Any]:
            facts = pgt.system()
            return {**plain(facts), "overview": None, "checks": checks(facts), "settings": pgt.settings}

        return look(visitor, connection, read)

    @app.get("/api/tasks")
    def tasks(dag_id: str, task_id: str | None = None, visitor: Visitor = Depends(host.visitor)) -> Response:
        """The stream tables that a DAG, or one task of it, works on."""
        found = [
            each
            for each in visitor.tasks()
            if each.dag_id == dag_id
            and task_id in (None, each.task_id)
            and visitor.connection(each.connection)
        ]
        return JSONResponse(plain(found))


def _add_actions(app: FastAPI, host: Host) -> None:
    turns = BoundedSemaphore(ACTIONS_AT_ONCE)

    @app.post("/api/{connection}/actions")
    def act(connection: str, request: ActionRequest, visitor: Visitor = Depends(host.visitor)) -> Response:
        """Do one thing, and answer when it is done."""
        if not _known(visitor, connection).may_act:
            raise HTTPException(403, f"{visitor.name} may look at {connection}, but not act on it.")
        if not turns.acquire(blocking=False):
            raise HTTPException(429, f"{ACTIONS_AT_ONCE} actions are running. Try again when one is done.")
        try:
            log.info("%s: %s %s on %s", visitor.name, request.action, request.stream_table, connection)
            with host.open(connection) as pgt:
                return JSONResponse(plain(_do(pgt, request)))
        finally:
            turns.release()


def _do(pgt: PgTrickle, request: ActionRequest) -> Any:
    match request.action:
        case "refresh":
            return pgt.refresh_stream_table(request.stream_table, full=request.full)
        case "verify":
            found = pgt.verify_stream_table(request.stream_table)
            return {each: getattr(found, each) for each in ("exact", "rows", "missing", "unexpected")}
        case "suspend":
            return {"status": pgt.suspend_stream_table(request.stream_table).status}
        case "resume":
            return {"status": pgt.resume_stream_table(request.stream_table).status}


def _known(visitor: Visitor, connection_id: str) -> Connection:
    known = visitor.connection(connection_id)
    if known is None:
        raise HTTPException(404, f"There is no connection {connection_id} that {visitor.name} may look at.")
    return known


def _look(
    host: Host,
    visitor: Visitor,
    connection_id: str,
    read: Callable[[PgTrickle], Any],
    without: tuple[str, ...] = (),
) -> Response:
    _known(visitor, connection_id)
    with host.open(connection_id) as pgt:
        answer = plain(read(pgt))
    for name in without:
        del answer[name]
    return JSONResponse(answer)


def _answer_error(_: Request, error: Exception) -> JSONResponse:
    match error:
        case StreamTableNotFound():
            status = 404
        case InputError():
            status = 422
        case StateError():
            status = 409
        case RefreshFailed() if error.transient:
            status = 503
        case _:
            status = 500
    facts = {
        "code": getattr(error, "code", "PGT-000"),
        "message": getattr(error, "message", str(error)),
        "hint": getattr(error, "hint", None),
        "sqlstate": getattr(error, "sqlstate", None),
    }
    return JSONResponse(facts, status_code=status)


def _answer_defect(request: Request, error: Exception) -> JSONResponse:
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return JSONResponse(
        {
            "code": "PGT-000",
            "message": "Something went wrong that nobody expected.",
            "hint": "The server's log has the details.",
            "sqlstate": None,
        },
        status_code=500,
    )
