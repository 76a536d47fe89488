"""The plugin: the page of the stream tables inside Airflow's interface.

Every component of Airflow loads its plugins, and only the API server serves the page: the application is
built at the first request for it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from airflow.providers.common.compat.sdk import AirflowPlugin, conf

#: Where the API server serves the page, below its own address.
URL_PREFIX = "/pgtrickle"

_ICON = "/static/plugin/icon.svg"


class Page:
    """The page's application, built when it is first asked for."""

    def __init__(self) -> None:
        self._app: Callable[..., Awaitable[None]] | None = None

    async def __call__(
        self, scope: MutableMapping[str, Any], receive: Callable[..., Any], send: Callable[..., Any]
    ) -> None:
        """Pass a request on."""
        if self._app is None:
            from airflow.providers.pgtrickle.plugins.page import page_app

            self._app = page_app()
        await self._app(scope, receive, send)


def _views() -> list[dict[str, Any]]:
    """One tab each in the navigation, a DAG and a task; Airflow fills the names in."""
    base = urlsplit(conf.get("api", "base_url", fallback="")).path.rstrip("/") + URL_PREFIX
    places = {
        "nav": ("stream-tables", f"{base}/"),
        "dag": ("stream-tables-of-dag", f"{base}/#/~dag/{{DAG_ID}}"),
        "task": ("stream-table-of-task", f"{base}/#/~task/{{DAG_ID}}/{{TASK_ID}}"),
        "task_instance": ("stream-table", f"{base}/#/~task/{{DAG_ID}}/{{TASK_ID}}"),
    }
    titles = {"task": "Stream table", "task_instance": "Stream table"}
    return [
        {
            "name": titles.get(destination, "Stream tables"),
            "href": href,
            "destination": destination,
            "url_route": route,
            "icon": f"{base}{_ICON}",
            "icon_dark_mode": f"{base}{_ICON}",
            **({"category": "browse"} if destination == "nav" else {}),
        }
        for destination, (route, href) in places.items()
    ]


class PgTricklePlugin(AirflowPlugin):
    """Mounts the page, and shows it in the navigation, at DAGs and at tasks."""

    name = "pgtrickle"
    fastapi_apps = [  # noqa: RUF012 -- the base class declares it as a variable of instances
        {"app": Page(), "url_prefix": URL_PREFIX, "name": "Stream tables"}
    ]
    external_views = _views()
