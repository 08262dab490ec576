"""Each caller waits by their own deadline, whatever they share a computation with."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import pytest
from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient

from earthgan import Surrogate, Window
from earthgan.errors import EngineTimeout
from earthgan.surrogate import Field
from earthgan_gateway.cache import LayeredCache, MemoryCache
from earthgan_gateway.engines import Lane
from earthgan_gateway.fields import Fields
from earthgan_gateway.offer import Offer
from earthgan_gateway.pictures import Pictures, ShellPicture
from earthgan_gateway.places import Places
from earthgan_gateway.routes import health
from earthgan_gateway.telemetry import Metrics, make_traces
from engines import CountingEngine
from places import BASELINE_SURROGATE

pytestmark = pytest.mark.alone

#: How long the engine's first answers take, and what the first and the second caller have.
SLOW_S, LITTLE_S, ENOUGH_S = 0.5, 0.2, 20.0


class Slow(CountingEngine):
    """An engine that is busy at first and, like the real ones, gives up at a question's deadline."""

    def __init__(self, surrogate: Surrogate) -> None:
        super().__init__(surrogate)
        self.free_at = time.monotonic() + SLOW_S

    async def _in_time(self, deadline: float) -> None:
        await asyncio.sleep(max(0.0, min(self.free_at, deadline) - time.monotonic()))
        if self.free_at > deadline:
            raise EngineTimeout("busy")

    async def shells(
        self,
        variables: Sequence[str],
        t: int,
        shells: Sequence[int],
        seed: int | None,
        deadline: float,
        lane: Lane = "map",
    ) -> Field:
        await self._in_time(deadline)
        return await super().shells(variables, t, shells, seed, deadline, lane)

    async def window(
        self,
        variables: Sequence[str],
        t: int,
        window: Window,
        seed: int | None,
        deadline: float,
        lane: Lane = "map",
    ) -> Field:
        await self._in_time(deadline)
        return await super().window(variables, t, window, seed, deadline, lane)

    async def ready(self, deadline: float) -> None:
        await self._in_time(deadline)


@dataclass
class Gateway:
    """The use cases over a slow engine."""

    fields: Fields
    pictures: Pictures
    places: Places
    health: AsyncClient

    @classmethod
    def make(cls) -> "Gateway":
        surrogate = Surrogate(BASELINE_SURROGATE)
        engine, offer, traces = Slow(surrogate), Offer.of(surrogate), make_traces(None, "")
        cache = LayeredCache(MemoryCache(2**24))
        fields = Fields(offer, engine, cache, ENOUGH_S, Metrics(), traces)
        app = FastAPI()
        app.include_router(health.health_router(health.Readiness(engine), "d"))
        client = AsyncClient(transport=ASGITransport(app, raise_app_exceptions=False), base_url="http://g")
        engine.free_at = time.monotonic() + SLOW_S
        return cls(fields, Pictures(fields, cache, Metrics(), traces), Places(offer, fields), client)

    async def ready(self) -> None:
        if (await self.health.get("/readyz")).status_code != 200:
            raise EngineTimeout("not ready")


HERE = (12.0, 34.0)
PICTURE = ShellPicture(quantity="speed", t=120, r=7, format="npy", style=None)
READS: dict[str, Callable[[Gateway], Awaitable[object]]] = {
    "a shell": lambda g: g.fields.shell("vx", 120, 7),
    "an anomaly": lambda g: g.fields.shell("vx", 120, 7, anomaly=True),
    "a picture": lambda g: g.pictures.draw(PICTURE),
    "a point": lambda g: g.places.point("vx", 120, 7, HERE),
    "statistics": lambda g: g.places.statistics("vx", 120, 7),
    "a profile with lateral means": lambda g: g.places.profile("vx", 120, HERE, with_mean=True),
    "a series": lambda g: g.places.series("vx", 7, HERE),
    "a series of anomalies": lambda g: g.places.series("temperature_anomaly", 7, HERE),
    "readiness": lambda g: g.ready(),
}


@pytest.mark.parametrize("kind", READS)
def test_who_has_time_is_answered_whatever_the_first_asker_had(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        gateway = Gateway.make()

        async def asks(has_s: float) -> object:
            gateway.fields.timeout_s = has_s
            monkeypatch.setattr(health, "TIMEOUT_S", has_s)
            return await READS[kind](gateway)

        first = asyncio.create_task(asks(LITTLE_S))
        await asyncio.sleep(0.02)  # the first has computed its deadline, and waits
        started = time.monotonic()
        second = asyncio.create_task(asks(ENOUGH_S))
        with pytest.raises(EngineTimeout):
            await first
        assert not second.done(), "the first ran out of time before the answer was there"
        await second
        assert time.monotonic() - started < ENOUGH_S

    asyncio.run(main())


@pytest.mark.parametrize("kind", READS)
def test_who_has_little_time_leaves_in_time_whatever_the_first_asker_has(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        gateway = Gateway.make()

        async def asks(has_s: float) -> object:
            gateway.fields.timeout_s = has_s
            monkeypatch.setattr(health, "TIMEOUT_S", has_s)
            return await READS[kind](gateway)

        first = asyncio.create_task(asks(ENOUGH_S))
        await asyncio.sleep(0.02)
        with pytest.raises(EngineTimeout):
            await asks(LITTLE_S)
        assert not first.done()
        await first

    asyncio.run(main())
