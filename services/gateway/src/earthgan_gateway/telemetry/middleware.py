"""The middleware that identifies, counts and times every request, and writes access lines and spans if they are on."""

from __future__ import annotations

import itertools
import logging
import os
import re
import time
from collections.abc import Iterable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from earthgan_gateway.telemetry.logs import set_request_id
from earthgan_gateway.telemetry.metrics import Metrics
from earthgan_gateway.telemetry.traces import Traces

log = logging.getLogger("earthgan_gateway.access")

#: The identifiers that are accepted from clients. They are short and cannot forge a header or a line of a log.
_SANE_ID = re.compile(rb"[A-Za-z0-9._:+/=-]{1,64}")


#: The status that is counted where nobody has read an answer.
GONE = 499


class TelemetryMiddleware:
    """ASGI middleware that adds some ten microseconds to a request.

    `routes` are the first parts of the paths that have a series of their own. All other paths are counted as `other`,
    so that clients that try paths at random make no new series. A request that raises is counted as a 500, and a
    request whose client left before the answer as a 499.
    """

    def __init__(
        self, app: ASGIApp, metrics: Metrics, traces: Traces, routes: Iterable[str], access_log: bool = False
    ) -> None:
        self._app = app
        self._metrics = metrics
        self._traces = traces
        self._routes = {part: f"/{part}" for part in routes}
        self._access_log = access_log
        # A prefix that is unique to the process, and a count. This is cheaper than 16 random bytes for each request.
        self._prefix = os.urandom(6).hex()
        self._numbers = itertools.count()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        identifier = self._identify(scope)
        header = (b"x-request-id", identifier)
        set_request_id(identifier.decode())
        status, length = 0, 0

        async def send_with_id(message: Message) -> None:
            nonlocal status, length
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), header]
            else:
                length += len(message.get("body", b""))
            await send(message)

        route = self._routes.get(scope["path"].split("/", 2)[1], "other") if "/" in scope["path"] else "other"
        self._metrics.request_started()
        try:
            if self._traces.on:
                with self._traces.request(scope, route) as span:
                    await self._app(scope, receive, send_with_id)
                    span.set_attribute("http.response.status_code", status or GONE)
            else:
                await self._app(scope, receive, send_with_id)
            status = status or GONE
        except BaseException:
            status = status or 500
            raise
        finally:
            seconds = time.perf_counter() - started
            self._metrics.request_ended(route, status, seconds)
            if self._access_log:
                self._write_line(scope, status, length, seconds)

    def _identify(self, scope: Scope) -> bytes:
        """Return the client's identifier if it is acceptable, otherwise a new one."""
        for name, value in scope["headers"]:
            if name == b"x-request-id" and _SANE_ID.fullmatch(value):
                return bytes(value)
        return f"{self._prefix}-{next(self._numbers):x}".encode()

    @staticmethod
    def _write_line(scope: Scope, status: int, length: int, seconds: float) -> None:
        client = scope.get("client")
        fields = {
            "method": scope["method"],
            "path": scope["path"],
            "query": scope["query_string"].decode("latin-1"),
            "status": status,
            "bytes": length,
            "duration_ms": round(seconds * 1e3, 3),
            "client": client[0] if client else None,
        }
        log.info("%s %r %d", scope["method"], scope["path"], status, extra=fields)
