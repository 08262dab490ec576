"""The routes `/` and `/client/...`, which serve the web client's files."""

from __future__ import annotations

from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from earthgan.errors import BadInput


def client_routes(folder: Path) -> list[BaseRoute]:
    """Make the routes of the page and its files. Raises BadInput if the folder holds no page."""
    index = folder / "index.html"
    if not index.is_file():
        raise BadInput(f"EARTHGAN_CLIENT: the folder {folder} holds no index.html")

    def page(_: Request) -> HTMLResponse:
        # On other web servers the page's files lie beside the page. Here they are in a subfolder.
        html = index.read_text(encoding="utf-8").replace("<head>", '<head>\n  <base href="client/">', 1)
        return HTMLResponse(html, headers={"cache-control": "no-cache"})

    return [Route("/", page), Mount("/client", StaticFiles(directory=folder))]
