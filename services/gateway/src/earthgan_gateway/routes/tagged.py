"""Answers whose entity tag is made from what was asked, so that a repeated request computes nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from earthgan_gateway.keys import Keys

JSON = "application/json"


async def tagged(
    request: Request, keys: Keys, name: str, write: Callable[[], Awaitable[str]], media_type: str = JSON
) -> Response:
    """Answer what `write` returns, unless the client has it. `name` and the surrogate determine every byte of it."""
    tag = keys.tag(keys.places(name))
    # The tag is weak, because the same text may be sent compressed or uncompressed.
    headers = {"etag": f'W/"{tag}"', "cache-control": "public, max-age=60", "earthgan-surrogate": keys.digest}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(await write(), media_type=media_type, headers=headers)
