"""The routes `/healthz`, `/servez` and `/readyz`, which tell three kinds of health apart.

- `/healthz`: the process answers. If it does not, a process manager should start it again.
- `/servez`: it takes requests and serves what is in its caches, whether or not the generator answers. A load balancer
  should ask this. A gateway that is about to end says no.
- `/readyz`: the generator answers, with the right surrogate, so that everything can be served.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from http import HTTPStatus

from fastapi import APIRouter
from starlette.requests import Request

from earthgan.errors import DamagedSurrogate, EngineUnavailable
from earthgan_gateway.cache import SingleFlight
from earthgan_gateway.engines import Engine
from earthgan_gateway.engines.base import FRESH_S
from earthgan_gateway.routes.models import Health, Ready
from earthgan_gateway.routes.problems import ERRORS, documented
from earthgan_gateway.routes.query import ONLY_DOCUMENTED

TIMEOUT_S = 10.0
#: The key of the server's state (ASGI `scope["state"]`) that is True once it has been told to end.
DRAINING = "draining"


def is_draining(request: Request) -> bool:
    """Whether the server that passes this request on has been told to end."""
    return bool(request.scope.get("state", {}).get(DRAINING))


class Readiness:
    """Whether the generator answers with the right surrogate. All that ask at the same time share one probe.

    `damaged` returns the first damage of the surrogate that was met.
    """

    def __init__(self, engine: Engine, damaged: Callable[[], DamagedSurrogate | None] = lambda: None) -> None:
        self._engine = engine
        self._damaged = damaged
        self._flights: SingleFlight[float] = SingleFlight()
        self._last_ready = -FRESH_S

    async def check(self, request: Request) -> None:
        """Return after a probe, or at once if one has just succeeded. Raises EngineError and DamagedSurrogate."""
        if is_draining(request):
            raise EngineUnavailable("this gateway is about to end")
        if (damage := self._damaged()) is not None:
            raise damage
        if time.monotonic() - self._last_ready > FRESH_S:
            self._last_ready = await self._flights.do("ready", time.monotonic() + TIMEOUT_S, self._probe)

    async def _probe(self, until: float) -> float:
        await self._engine.ready(until)
        return time.monotonic()


def health_router(readiness: Readiness, digest: str) -> APIRouter:
    """Make the probes for a process manager."""
    router = APIRouter(tags=["health"], dependencies=[ONLY_DOCUMENTED], responses=ERRORS)

    @router.get("/healthz")
    async def healthz() -> Health:
        """Report that the process is alive."""
        return Health(status="ok")

    @router.get("/servez", responses=documented(HTTPStatus.SERVICE_UNAVAILABLE))
    async def servez(request: Request) -> Health:
        """Report that this gateway takes requests, and serves at least what is in its caches."""
        if is_draining(request):
            raise EngineUnavailable("this gateway is about to end")
        return Health(status="serves")

    @router.get("/readyz", responses=documented(HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE))
    async def readyz(request: Request) -> Ready:
        """Report that the generator has just computed something with the surrogate of this digest."""
        await readiness.check(request)
        return Ready(status="ready", digest=digest)

    return router
