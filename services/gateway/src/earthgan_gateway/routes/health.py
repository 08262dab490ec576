"""`/healthz` (this process answers) and `/readyz` (the generator does, with the right surrogate)."""

from __future__ import annotations

import time

from fastapi import APIRouter

from earthgan_gateway.cache import SingleFlight
from earthgan_gateway.engines import Engine
from earthgan_gateway.engines.base import FRESH_S

TIMEOUT_S = 10.0


def health_router(engine: Engine, digest: str) -> APIRouter:
    """The probes of a process manager."""
    router = APIRouter(tags=["health"])
    flights: SingleFlight[float] = SingleFlight()
    last_ready = -FRESH_S

    async def probe(until: float) -> float:
        await engine.ready(until)
        return time.monotonic()

    @router.get("/healthz")
    async def healthz() -> dict[str, str]:
        """The process is alive."""
        return {"status": "ok"}

    @router.get("/readyz", responses={503: {"description": "the generator does not answer"}})
    async def readyz() -> dict[str, str]:
        """The generator has just computed something, with the surrogate of this digest."""
        nonlocal last_ready
        if time.monotonic() - last_ready > FRESH_S:
            last_ready = await flights.do("ready", time.monotonic() + TIMEOUT_S, probe)
        return {"status": "ready", "digest": digest}

    return router
