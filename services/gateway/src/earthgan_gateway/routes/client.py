"""The routes `/`, `/client/...` and `/surrogate/...`, which serve the web client's files and those of the surrogate."""

from __future__ import annotations

import os
from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Message, Receive, Scope, Send

from earthgan.errors import BadInput
from earthgan.surrogate import Surrogate
from earthgan_gateway.routes.problems import problem

#: The page runs its own modules, a worker of its own that compiles WebAssembly, and shows pictures that it has made.
PAGE_POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; "
    "img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; font-src 'self'; "
    "base-uri 'self'; form-action 'none'; frame-ancestors 'self'"
)


def client_routes(folder: Path) -> list[BaseRoute]:
    """Make the routes of the page and its files. Raises BadInput if the folder holds no page."""
    index = folder / "index.html"
    if not index.is_file():
        raise BadInput(f"EARTHGAN_CLIENT: the folder {folder} holds no index.html")

    def page(_: Request) -> HTMLResponse:
        # On other web servers the page's files lie beside the page. Here they are in a subfolder.
        html = index.read_text(encoding="utf-8").replace("<head>", '<head>\n  <base href="client/">', 1)
        return HTMLResponse(html, headers={"cache-control": "no-cache", "content-security-policy": PAGE_POLICY})

    return [Route("/", page), Mount("/client", Files(directory=folder))]


class Files(StaticFiles):
    """Files whose errors are answered as problem+json. Starlette answers a range that it cannot read as plain text."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_refused = False

        async def send_problem(message: Message) -> None:
            nonlocal is_refused
            if message["type"] == "http.response.start" and message["status"] >= 400:
                is_refused = True
                kept = {n.decode(): v.decode() for n, v in message["headers"] if n.lower() == b"content-range"}
                answer = problem(message["status"], "this range of the file cannot be given", kept)
                await answer(scope, receive, send)
            elif not is_refused:
                await send(message)

        await super().__call__(scope, receive, send_problem)


class SurrogateFiles(Files):
    """The files of a surrogate from which a browser computes its shells. Nothing else in the folder is served."""

    def __init__(self, surrogate: Surrogate) -> None:
        super().__init__(directory=surrogate.folder)
        self._names = {"spec.json", surrogate.spec.generator.weights.file, *(step.file for step in surrogate.steps)}

    def lookup_path(self, path: str) -> tuple[str, os.stat_result | None]:
        return super().lookup_path(path) if path in self._names else ("", None)


def surrogate_routes(surrogate: Surrogate) -> list[BaseRoute]:
    """Make the routes of a surrogate's own files."""
    return [Mount("/surrogate", SurrogateFiles(surrogate))]
