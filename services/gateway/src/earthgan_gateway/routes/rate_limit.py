"""ASGI middleware that limits how often each client may ask. It is used only if the operator sets a limit."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from limits import RateLimitItem
from starlette.types import ASGIApp, Receive, Scope, Send

from earthgan_gateway.cache.moving_window import MovingWindow
from earthgan_gateway.routes.problems import problem
from earthgan_gateway.telemetry import Metrics

if TYPE_CHECKING:  # a gateway without Redis does not load its client
    from earthgan_gateway.cache.shared_window import SharedWindow

#: Paths without a limit: process managers and Prometheus must reach a gateway that refuses others.
EXEMPT = ("/healthz", "/servez", "/readyz", "/v2/health/live", "/v2/health/ready", "/metrics")


class RateLimit:
    """Limits the requests of each client address within a moving window.

    All processes that share a Redis count together. While Redis is away, each process counts for itself.
    """

    def __init__(
        self,
        app: ASGIApp,
        limit: RateLimitItem,
        metrics: Metrics,
        max_bytes: int,
        shared: SharedWindow | None = None,
    ) -> None:
        self._app = app
        self._metrics = metrics
        self._limit = limit
        self._window = MovingWindow(limit.amount, limit.get_expiry(), max_bytes)
        self._shared = shared

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] not in EXEMPT:
            client = scope["client"][0] if scope.get("client") else ""
            if wait_s := await self._wait_s(client):
                self._metrics.rejected("rate")
                answer = problem(429, f"more requests than {self._limit}", {"retry-after": str(math.ceil(wait_s))})
                await answer(scope, receive, send)
                return
        await self._app(scope, receive, send)

    async def _wait_s(self, client: str) -> float:
        wait_s = None if self._shared is None else await self._shared.wait_s(client)
        return self._window.wait_s(client) if wait_s is None else wait_s
