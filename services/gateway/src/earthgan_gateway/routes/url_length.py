"""No address is longer than any that means something: ASGI middleware in front of everything that reads one."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from earthgan_gateway.routes.problems import problem

#: Of the path and the query together. The longest that means something, a tile with every parameter, has 500.
LONGEST_BYTES = 2048


class UrlLength:
    """Answers 414 to longer addresses before anything is done with them."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and len(scope["path"]) + len(scope["query_string"]) > LONGEST_BYTES:
            await problem(414, f"an address has at most {LONGEST_BYTES} bytes here")(scope, receive, send)
            return
        await self._app(scope, receive, send)
