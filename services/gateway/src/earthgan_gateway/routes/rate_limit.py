"""No client may ask more often than the operator allows; ASGI middleware, there only where a limit is set."""

from __future__ import annotations

import math

from limits import RateLimitItem
from starlette.types import ASGIApp, Receive, Scope, Send

from earthgan_gateway.cache.moving_window import MovingWindow
from earthgan_gateway.routes.problems import problem
from earthgan_gateway.telemetry import Metrics

#: Process managers and metrics must see a gateway that refuses others.
EXEMPT = ("/healthz", "/readyz", "/metrics")


class RateLimit:
    """Counts each client address over a moving window; each process counts for itself."""

    def __init__(self, app: ASGIApp, limit: RateLimitItem, metrics: Metrics, max_bytes: int) -> None:
        self._app = app
        self._metrics = metrics
        self._limit = limit
        self._window = MovingWindow(limit.amount, limit.get_expiry(), max_bytes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] not in EXEMPT:
            client = scope["client"][0] if scope.get("client") else ""
            if wait_s := self._window.wait_s(client):
                self._metrics.rejected("rate")
                answer = problem(429, f"more than {self._limit}", {"retry-after": str(math.ceil(wait_s))})
                await answer(scope, receive, send)
                return
        await self._app(scope, receive, send)
