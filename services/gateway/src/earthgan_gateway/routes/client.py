"""The routes `/`, `/client/...` and `/surrogate/...`, which serve the web client's files and those of the surrogate."""

from __future__ import annotations

from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Message, Receive, Scope, Send

from earthgan.errors import BadInput, DamagedSurrogate
from earthgan.spec import SPEC_FILE
from earthgan.verified import check_file
from earthgan_gateway.offer import Offer
from earthgan_gateway.page.bundle import FOLDER, Bundle
from earthgan_gateway.page.html import Entry, built_page
from earthgan_gateway.page.manifest import Manifest, served_files
from earthgan_gateway.page.policy import page_policy
from earthgan_gateway.routes.files import WebFile
from earthgan_gateway.routes.problems import problem

#: The parameter of the page that other sites show within their own.
_EMBED = "embed"


def client_routes(folder: Path, offer: Offer) -> list[BaseRoute]:
    """Make the routes of the page, its files and the surrogate's. Raises BadInput if the folder holds no page.

    The page is the built one, if it was made of the sources that are there. Otherwise it is the sources.
    """
    index = folder / "index.html"
    if not index.is_file():
        raise BadInput(f"EARTHGAN_CLIENT: the folder {folder} holds no index.html")
    manifest = Manifest.of(offer)
    bundle = Bundle.of(folder)
    if bundle is None:
        files, page = [], _page_of_sources(index)
    else:
        files = [_bundled(bundle, name) for name in bundle.versions]
        title = offer.surrogate.spec.title
        entry = Entry("surrogate", title, "surrogate/", manifest.document)
        html = built_page(bundle, f"client/{FOLDER}/", [entry], gateway="./")
        page = _page_route(_page(html), _page(html, embedded=True))
    return [page, *files, Mount("/client", Files(directory=folder)), surrogate_route(offer, manifest)]


def _route(path: str, file: WebFile) -> Route:
    async def answer(request: Request) -> Response:
        return file.answer(request)

    return Route(path, answer)


def _page_route(alone: WebFile, embedded: WebFile) -> Route:
    async def answer(request: Request) -> Response:
        return (embedded if _EMBED in request.query_params else alone).answer(request)

    return Route("/", answer)


def _page(html: str, *, embedded: bool = False) -> WebFile:
    return WebFile(
        html.encode(), "text/html", headers={"content-security-policy": page_policy(html, embedded=embedded)}
    )


def _page_of_sources(index: Path) -> Route:
    def page(request: Request) -> Response:
        # On other web servers the page's files lie beside the page. Here they are in a subfolder.
        html = index.read_text(encoding="utf-8").replace("<head>", '<head>\n  <base href="client/">', 1)
        return _page(html, embedded=_EMBED in request.query_params).answer(request)

    return Route("/", page)


def _bundled(bundle: Bundle, name: str) -> Route:
    content, brotli = (bundle.folder / name).read_bytes(), bundle.folder / f"{name}.br"
    encoded = {"br": brotli.read_bytes()} if brotli.is_file() else {}
    return _route(f"/client/{FOLDER}/{name}", WebFile(content, "text/javascript", encoded))


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


def surrogate_route(offer: Offer, manifest: Manifest) -> BaseRoute:
    """Make the route of the files from which browsers and `earthgan.open` compute a surrogate."""
    surrogate = offer.surrogate
    names = frozenset(served_files(surrogate))
    parts = {name: WebFile(part, "application/gzip", compresses=False) for name, part in manifest.parts.items()}

    def read(name: str) -> WebFile:
        path = surrogate.folder / name
        try:
            check_file(path)
            if not path.resolve().is_relative_to(surrogate.folder.resolve()):
                raise HTTPException(404)
            content = path.read_bytes()
        except (OSError, DamagedSurrogate) as error:
            raise HTTPException(404) from error
        if name == SPEC_FILE:
            return WebFile(content, "application/json")
        # Steps and weights are compressed already, as far as that is worth it.
        return WebFile(content, "application/octet-stream", compresses=False)

    async def answer(request: Request) -> Response:
        name = request.path_params["name"]
        if name in parts:
            return parts[name].answer(request)
        if name not in names:
            raise HTTPException(404)
        return (await run_in_threadpool(read, name)).answer(request)

    return Route("/surrogate/{name:path}", answer)
