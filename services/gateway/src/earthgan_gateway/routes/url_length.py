"""ASGI middleware that refuses long addresses before anything reads them. Every meaningful address is shorter."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from earthgan_gateway.routes.problems import problem

#: The limit for the path and the query together. The longest meaningful address, a tile with every parameter, has 500.
LONGEST_BYTES = 2048


class UrlLength:
    """Answers 414 to addresses that are too long."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and len(scope["path"]) + len(scope["query_string"]) > LONGEST_BYTES:
            await problem(414, f"the path and the query may have {LONGEST_BYTES} bytes together")(scope, receive, send)
            return
        await self._app(scope, receive, send)
