"""`/tiles/...` and `/shells/...`: plain Starlette routes that parse their own path, for they are the hot ones."""

from __future__ import annotations

import time

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from earthgan.surrogate import Surrogate
from earthgan.tiles import Tile
from earthgan_gateway import catalog
from earthgan_gateway.pictures import Pictures, ShellPicture
from earthgan_gateway.routes import grammar

#: A URL that names the surrogate's digest (`?v=`) never changes its meaning; any other may, with the surrogate.
FOREVER, FOR_NOW = "public, max-age=31536000, immutable", "public, max-age=60"


def picture_routes(surrogate: Surrogate, pictures: Pictures) -> list[Route]:
    """Tiles with their TileJSON, and whole shells."""

    async def tile(request: Request) -> Response:
        path = request.path_params["path"]
        if path.endswith("/tilejson.json"):
            return tilejson(path, request)
        return await respond(request, grammar.tile_picture(surrogate, path, request))

    async def shell(request: Request) -> Response:
        return await respond(request, grammar.shell_picture(surrogate, request.path_params["path"], request))

    def tilejson(path: str, request: Request) -> Response:
        found = grammar.match(grammar.TILEJSON_PATH, path)
        tms = grammar.tile_matrix_set(request)
        Tile(tms, 0, 0, 0)  # raises where there is no such set
        body = catalog.tilejson(surrogate, found["var"], int(found["t"]), int(found["r"]), tms, str(request.base_url))
        return JSONResponse(body, headers={"cache-control": FOR_NOW})

    async def respond(request: Request, picture: ShellPicture) -> Response:
        started = time.perf_counter()
        etag = pictures.etag(picture)
        headers = {
            "etag": etag,
            "cache-control": FOREVER if request.query_params.get("v") == surrogate.digest else FOR_NOW,
            "earthgan-surrogate": surrogate.digest,
        }
        if etag in request.headers.get("if-none-match", ""):
            surrogate.check_step(picture.t)
            surrogate.check_shell(picture.r)
            return Response(status_code=304, headers=headers)
        answer = await pictures.draw(picture)
        headers["cache-status"] = f"earthgan; hit; detail={answer.source}" if answer.hit else "earthgan; fwd=miss"
        elapsed_ms = (time.perf_counter() - started) * 1e3
        headers["server-timing"] = f"{answer.source if answer.hit else 'render'};dur={elapsed_ms:.2f}"
        return Response(answer.body, media_type=answer.media_type, headers=headers)

    return [Route("/tiles/{path:path}", tile), Route("/shells/{path:path}", shell)]
