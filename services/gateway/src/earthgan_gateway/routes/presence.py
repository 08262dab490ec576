"""Stops work for a reader who has left: nobody would read its answer."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from starlette.types import ASGIApp, Receive, Scope, Send

T = TypeVar("T")

#: The first parts of the paths whose answers may take long. A picture watches its reader itself.
LONG = frozenset({"points", "profiles", "series", "sections", "statistics", "legends", "shells", "ogc"})


class ReaderLeft(Exception):
    """The reader has closed the connection."""


async def while_present(receive: Receive, work: Coroutine[Any, Any, T]) -> T:
    """Return what `work` returns. If the reader leaves before, `work` is cancelled.

    Raises ReaderLeft, and whatever `work` raises. Nothing else may read the request's body.
    """
    working, leaving = asyncio.create_task(work), asyncio.create_task(_left(receive))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ReaderLeft
        return working.result()
    finally:
        leaving.cancel()
        working.cancel()


async def _left(receive: Receive) -> None:
    """Return when the reader has left."""
    while (await receive())["type"] != "http.disconnect":
        pass


class Presence:
    """ASGI middleware that stops long work whose reader has left."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not LONG.intersection(scope["path"].split("/", 2)[1:2]):
            await self._app(scope, receive, send)
            return
        try:
            await while_present(receive, _as_coroutine(self._app, scope, receive, send))
        except ReaderLeft:
            return


async def _as_coroutine(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    await app(scope, receive, send)
