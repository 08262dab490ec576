"""The routes `/tiles/...`, `/shells/...` and the chunks of `/zarr/...`, the hot path, which runs before the router.

A tile that is in memory should cost little more than the server that sends it. Each URL is therefore parsed once and
then looked up, its headers are made once, and a request with a current entity tag is answered before anything else.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from starlette.datastructures import QueryParams
from starlette.types import ASGIApp, Receive, Scope, Send

from earthgan.bounded import Bounded
from earthgan.errors import EngineTimeout, EngineUnavailable
from earthgan_gateway.formats import FORMATS
from earthgan_gateway.offer import Offer
from earthgan_gateway.pictures import Pictures, ShellPicture, TilePicture
from earthgan_gateway.routes import grammar
from earthgan_gateway.routes.encoding import accepted, accepts_gzip
from earthgan_gateway.routes.presence import ReaderLeft, while_present
from earthgan_gateway.routes.problems import RETRY_AFTER_S, problem, problem_of
from earthgan_gateway.routes.ranges import Unsatisfiable, asked_range
from earthgan_gateway.routes.tagged import disposition
from earthgan_gateway.telemetry import CacheLevel, Metrics

#: The most memory that a resolved URL takes in addition to its own text. A test measures it.
RESOLVED_BYTES = 4096

#: The answer to a URL that names the surrogate's digest (`?v=`) never changes. Other answers may change with the
#: surrogate.
FOREVER, FOR_NOW = b"public, max-age=31536000, immutable", b"public, max-age=60"

Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True)
class Resolved:
    """The picture that a URL asks for, and the parts of its answer that are known before it is drawn."""

    picture: ShellPicture
    key: str
    etag: bytes
    headers: Headers
    compressed: Resolved | None


class PictureRoutes:
    """ASGI middleware that answers requests for tiles and shells, and passes all other requests on."""

    def __init__(self, app: ASGIApp, offer: Offer, pictures: Pictures, metrics: Metrics, urls_bytes: int) -> None:
        self._app = app
        self._metrics = metrics
        self._offer = offer
        self._pictures = pictures
        self._resolved: Bounded[tuple[str, bytes], Resolved] = Bounded(urls_bytes, lambda _: RESOLVED_BYTES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not grammar.is_picture(scope["path"]):
            await self._app(scope, receive, send)
            return
        try:
            if scope["method"] not in ("GET", "HEAD"):
                await problem(405, "only GET and HEAD are allowed", {"allow": "GET, HEAD"})(scope, receive, send)
            else:
                await self._picture(scope, receive, send)
        except ReaderLeft:
            return
        except Unsatisfiable as error:
            size = {"content-range": f"bytes */{error.size}"}
            await problem(416, "no byte of the answer lies in this range", size)(scope, receive, send)
        except Exception as error:
            await problem_of(error, scope["path"])(scope, receive, send)

    async def _picture(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        self._pictures.asked_at = time.monotonic()
        url = scope["path"], scope["query_string"]
        resolved = self._resolved.get(url)
        if resolved is None:
            resolved = self._resolve(*url)
            self._resolved.set(url, resolved)
        wanted_tags, in_part = b"", False
        for name, value in scope["headers"]:
            if name == b"if-none-match":
                wanted_tags = value
            elif name == b"range":
                in_part = scope["method"] == "GET"
        if resolved.compressed is not None and not in_part and accepts_gzip(accepted(scope)):
            resolved = resolved.compressed
        if wanted_tags and (resolved.etag in wanted_tags or wanted_tags == b"*"):
            self._count("not_modified", resolved.picture)
            await _send(send, 304, resolved.headers, b"")
            return
        body = self._pictures.in_memory(resolved.key)
        if body is not None:
            status, where = b"earthgan; hit; detail=memory", "memory"
            self._count("memory", resolved.picture)
        else:
            answer = await self._pictures.find(resolved.picture)
            if answer is None:
                try:
                    answer = await while_present(receive, self._pictures.make(resolved.picture))
                except (EngineUnavailable, EngineTimeout) as error:
                    coarse = await while_present(receive, self._pictures.coarse(resolved.picture, error))
                    if coarse is None:
                        raise
                    self._count("coarse", resolved.picture)
                    await _send(send, 200, self._coarse_headers(resolved, coarse, started), _body(scope, coarse))
                    return
            body, where = answer.body, answer.source if answer.hit else "render"
            self._count("rendered" if not answer.hit else "redis", resolved.picture)
            status = b"earthgan; hit; detail=" + where.encode() if answer.hit else b"earthgan; fwd=miss"
        partly: Headers = []
        part = asked_range(scope["headers"], resolved.etag, len(body)) if in_part else None
        if part is not None:
            body, whole = body[part], len(body)
            partly = [(b"content-range", b"bytes %d-%d/%d" % (part.start, part.stop - 1, whole))]
        timing = b"%s;dur=%.2f" % (where.encode(), (time.perf_counter() - started) * 1e3)
        headers = [
            *resolved.headers,
            *partly,
            (b"content-length", b"%d" % len(body)),
            (b"cache-status", status),
            (b"server-timing", timing),
        ]
        await _send(send, 206 if partly else 200, headers, _body(scope, body))

    def _coarse_headers(self, resolved: Resolved, body: bytes, started: float) -> Headers:
        """The header fields of a tile that stands in for a while. It has no entity tag, and nobody may keep it."""
        return [
            (b"content-type", FORMATS[resolved.picture.format].media_type.encode()),
            (b"cache-control", b"no-store"),
            (b"retry-after", b"%d" % RETRY_AFTER_S),
            (b"earthgan-surrogate", self._offer.surrogate.digest.encode()),
            (b"content-length", b"%d" % len(body)),
            (b"cache-status", b"earthgan; fwd=miss; detail=coarse"),
            (b"server-timing", b"coarse;dur=%.2f" % ((time.perf_counter() - started) * 1e3)),
        ]

    def _count(self, level: CacheLevel, picture: ShellPicture) -> None:
        if isinstance(picture, TilePicture):
            self._metrics.tile(level, picture.quantity, picture.tile.z)

    def _resolve(self, path: str, query_string: bytes) -> Resolved:
        query = QueryParams(query_string)
        picture = grammar.picture(self._offer, path, query)
        lifetime = FOREVER if query.get("v") == self._offer.surrogate.digest else FOR_NOW
        compressed = None
        if FORMATS[picture.format].compressible:
            compressed = self._prepare(replace(picture, gzipped=True), lifetime, None)
        return self._prepare(picture, lifetime, compressed)

    def _prepare(self, picture: ShellPicture, lifetime: bytes, compressed: Resolved | None) -> Resolved:
        etag, form = self._pictures.etag(picture).encode(), FORMATS[picture.format]
        headers = [
            (b"content-type", form.media_type.encode()),
            (b"etag", etag),
            (b"cache-control", lifetime),
            (b"accept-ranges", b"bytes"),
            (b"earthgan-surrogate", self._offer.surrogate.digest.encode()),
            *([(b"vary", b"Accept-Encoding")] if form.compressible else []),
            *([(b"content-encoding", b"gzip")] if picture.gzipped else []),
            *([] if picture.format == "chunk" else [(b"content-disposition", self._disposition(picture))]),
        ]
        return Resolved(picture, self._pictures.key(picture), etag, headers, compressed)

    def _disposition(self, picture: ShellPicture) -> bytes:
        """The name of the file that a reader saves, which says what it is."""
        surrogate = self._offer.surrogate
        parts = [picture.quantity, *(["anomaly"] if picture.anomaly else []), f"t{picture.t}", f"r{picture.r}"]
        if surrogate.spec.planet.unit == "km":
            parts.append(f"{surrogate.depth_km(picture.r):.0f}km")
        if picture.draws.name:
            parts.append(picture.draws.name.removeprefix("@"))
        if isinstance(picture, TilePicture):
            tile = picture.tile
            parts.append(f"{tile.tms}-{tile.z}-{tile.x}-{tile.y}")
        return disposition(f"{'_'.join(parts)}.{picture.format}").encode()


def _body(scope: Scope, body: bytes) -> bytes:
    return body if scope["method"] == "GET" else b""


async def _send(send: Send, status: int, headers: Headers, body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
