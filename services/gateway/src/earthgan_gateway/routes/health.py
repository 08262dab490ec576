"""The routes `/healthz` (this process is alive) and `/readyz` (the generator answers, with the right surrogate)."""

from __future__ import annotations

import time
from http import HTTPStatus

from fastapi import APIRouter

from earthgan_gateway.cache import SingleFlight
from earthgan_gateway.engines import Engine
from earthgan_gateway.engines.base import FRESH_S
from earthgan_gateway.routes.models import Health, Ready
from earthgan_gateway.routes.problems import ERRORS, documented
from earthgan_gateway.routes.query import ONLY_DOCUMENTED

TIMEOUT_S = 10.0


def health_router(engine: Engine, digest: str) -> APIRouter:
    """Make the probes for a process manager."""
    router = APIRouter(tags=["health"], dependencies=[ONLY_DOCUMENTED], responses=ERRORS)
    flights: SingleFlight[float] = SingleFlight()
    last_ready = -FRESH_S

    async def probe(until: float) -> float:
        await engine.ready(until)
        return time.monotonic()

    @router.get("/healthz")
    async def healthz() -> Health:
        """Report that the process is alive."""
        return Health(status="ok")

    @router.get("/readyz", responses=documented(HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE))
    async def readyz() -> Ready:
        """Report that the generator has just computed something with the surrogate of this digest."""
        nonlocal last_ready
        if time.monotonic() - last_ready > FRESH_S:
            last_ready = await flights.do("ready", time.monotonic() + TIMEOUT_S, probe)
        return Ready(status="ready", digest=digest)

    return router
