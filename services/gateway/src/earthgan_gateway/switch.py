"""Puts another application in the place of the one that serves, without a request that both have answered."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from fastapi import FastAPI
from starlette.types import Message, Receive, Scope, Send

from earthgan.errors import EarthGANError

log = logging.getLogger(__name__)


class _Serving:
    """An application that has begun, and the number of its requests that are under way."""

    def __init__(self, app: FastAPI) -> None:
        self.app = app
        self._life: AbstractAsyncContextManager[Any] = app.router.lifespan_context(app)
        self._under_way = 0
        self._idle = asyncio.Event()
        self._idle.set()

    async def begin(self) -> None:
        await self._life.__aenter__()

    async def end(self) -> None:
        """Close it as soon as its last request has been answered. The server bounds how long that takes."""
        await self._idle.wait()
        await self._life.__aexit__(None, None, None)

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._under_way += 1
        self._idle.clear()
        try:
            await self.app(scope, receive, send)
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._idle.set()


class Switch:
    """An ASGI application that passes each request to one of two: the one that serves, or its successor.

    `make` makes the successor, from the settings and the surrogate folder as they are then. If it cannot be made, or
    cannot compute, the one that serves stays. Memory is taken by both until the last request of the first has ended.
    """

    def __init__(self, app: FastAPI, make: Callable[[], FastAPI]) -> None:
        self._first, self._make = app, make
        self._serving: _Serving | None = None
        self._changing: asyncio.Task[None] | None = None
        self._asked = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        assert self._serving is not None
        await self._serving.answer(scope, receive, send)

    def change(self) -> None:
        """Begin to make a successor. If one is being made, another one follows it."""
        self._asked = True
        if self._changing is None or self._changing.done():
            self._changing = asyncio.create_task(self._change())

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        self._serving = _Serving(self._first)
        del self._first
        try:
            await self._serving.begin()
        except Exception as error:
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            raise
        await send({"type": "lifespan.startup.complete"})
        await receive()
        if self._changing is not None:
            self._changing.cancel()
        await self._serving.end()
        await send({"type": "lifespan.shutdown.complete"})

    async def _change(self) -> None:
        while self._asked:
            self._asked = False
            try:
                successor = _Serving(await asyncio.to_thread(self._make))
            except (EarthGANError, ValueError, OSError) as error:
                log.error("the surrogate is not changed: %s", error)
                continue
            except Exception:
                log.exception("the surrogate is not changed")
                continue
            await successor.begin()
            status = await _status(successor.app, "/readyz")
            if status != 200:
                log.error("the surrogate is not changed: the generator of the new one does not answer (%d)", status)
                await successor.end()
                continue
            before, self._serving = self._serving, successor
            log.warning("the surrogate was read again; requests that come now get the new one")
            if before is not None:
                await before.end()
                del before
            await asyncio.to_thread(gc.collect)  # an application is full of circles


async def _status(app: FastAPI, path: str) -> int:
    """Ask an application for a path, without a server. Returns the status."""
    status = 0

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        nonlocal status
        status = message.get("status", status)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"localhost")],
        "server": ("localhost", 0),
        "client": ("127.0.0.1", 0),
        "state": {},
    }
    await app(scope, receive, send)
    return status
