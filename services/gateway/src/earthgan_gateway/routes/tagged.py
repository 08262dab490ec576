"""Answers whose entity tag is made from what was asked, so that a repeated request computes nothing."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from earthgan_gateway.keys import Keys
from earthgan_gateway.routes.encoding import accepts_gzip

JSON = "application/json"


async def tagged(
    request: Request,
    keys: Keys,
    name: str,
    write: Callable[[], Awaitable[str | bytes]],
    media_type: str = JSON,
    file_name: str | None = None,
) -> Response:
    """Answer what `write` returns, unless the client has it. `name` and the surrogate determine every byte of it.

    Bytes are compressed outside the event loop, because they may be many. `file_name` is what a browser saves it as.
    """
    tag = keys.tag(keys.places(name))
    # The tag is weak, because the same text may be sent compressed or uncompressed.
    headers = {"etag": f'W/"{tag}"', "cache-control": "public, max-age=60", "earthgan-surrogate": keys.digest}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if file_name is not None:
        headers["content-disposition"] = disposition(file_name)
    body = await write()
    if isinstance(body, bytes) and accepts_gzip(request.headers.get("accept-encoding", "")):
        body = await asyncio.to_thread(gzip.compress, body, 1, mtime=0)
        headers |= {"content-encoding": "gzip", "vary": "Accept-Encoding"}
    return Response(body, media_type=media_type, headers=headers)


def disposition(file_name: str) -> str:
    """The value of Content-Disposition (RFC 6266) for a file that a browser may also show. The name is ASCII."""
    return f'inline; filename="{file_name}"'
