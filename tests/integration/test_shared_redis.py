"""Gateways on one Redis that do not compute the same do not mix; and a shell's numbers are the same on every way."""

import asyncio
import threading
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import httpx2 as httpx
import numpy as np
import pytest

from earthgan import Surrogate
from earthgan.quantities import Quantity
from earthgan.surrogate import Field
from earthgan_gateway import Settings, create_app, fields
from earthgan_gateway.cache import packing
from earthgan_gateway.engines import Lane
from earthgan_gateway.keys import Keys
from engines import CountingEngine
from integration.redis_server import redis_server
from places import BASELINE_SURROGATE

ENGINES = {"onnx/float32": 0.0, "torchserve/float16": 1e-3, "torch/cuda/float16": 2e-3}
PATHS = [
    *(
        f"/tiles/{name}/120/90/1/0/1.{form}"
        for name in ("vx", "speed", "temperature_anomaly")
        for form in ("png", "npy")
    ),
    "/tiles/vx/120/90/1/0/1.npy?anomaly=true",
    "/shells/v_phi/120/90.npy",
    "/shells/vx/120/90.npy",
    "/points/vx/120/90?lat=12&lon=34",
    "/statistics/speed/120/90",
]


class Rough(CountingEngine):
    """An engine of some precision: its numbers have no pattern, and differ a little from those of others."""

    def __init__(self, surrogate: Surrogate, numerics: str, error: float) -> None:
        super().__init__(surrogate)
        self.numerics = numerics
        self._error = error

    async def shells(
        self,
        variables: Sequence[str],
        t: int,
        shells: Sequence[int],
        seed: int | None,
        deadline: float,
        lane: Lane = "map",
    ) -> Field:
        self.calls += 1
        noise = np.random.default_rng(t).standard_normal((len(variables), len(shells), *self.surrogate.grid.shape[1:]))
        return (noise * (1 + self._error)).astype(np.float32)


def answers(settings: Settings, engine: CountingEngine, paths: Sequence[str] = PATHS) -> list[httpx.Response]:
    async def main() -> list[httpx.Response]:
        app = create_app(settings, engine)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://g") as client,
        ):
            found = [await client.get(path) for path in paths]
        assert {answer.status_code for answer in found} == {200}
        return found

    return asyncio.run(main())


def gateway_settings(redis_url: str | None = None) -> Settings:
    return Settings(surrogate=BASELINE_SURROGATE, redis_url=redis_url, prefetch=False, redis_timeout_s=2)  # type: ignore[arg-type]


def test_engines_of_different_precision_share_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    surrogate = Surrogate(BASELINE_SURROGATE)
    with redis_server(tmp_path) as (url, _):
        settings = gateway_settings(url)
        alone = {
            numerics: answers(gateway_settings(), Rough(surrogate, numerics, e)) for numerics, e in ENGINES.items()
        }
        for numerics, error in ENGINES.items():
            engine = Rough(surrogate, numerics, error)
            shared = answers(settings, engine)
            assert engine.calls == 1, "it has found nothing of the others"
            assert [a.content for a in shared] == [a.content for a in alone[numerics]]
            again = Rough(surrogate, numerics, error)
            assert [a.content for a in answers(settings, again)] == [a.content for a in shared]
            assert again.calls == 0, "and its own is found by its like"
        monkeypatch.setattr(fields, "Keys", partial(Keys, packing="another"))
        newer = Rough(surrogate, "onnx/float32", 0)
        answers(settings, newer)
        assert newer.calls == 1, "a gateway that packs in another way finds nothing"
    for path in range(len(PATHS)):
        tags = {alone[numerics][path].headers["etag"] for numerics in ENGINES}
        assert len(tags) == len(ENGINES), PATHS[path]


def test_numbers_are_the_same_from_the_engine_from_memory_and_from_redis(tmp_path: Path) -> None:
    surrogate = Surrogate(BASELINE_SURROGATE)
    with redis_server(tmp_path) as (url, _):
        engine = Rough(surrogate, "onnx/float32", 0)
        generated = [answers(gateway_settings(), engine, [path])[0].content for path in PATHS]
        assert engine.calls == len(PATHS), "each of a cold shell"
        from_memory = [answers(gateway_settings(), engine, [path, path])[1].content for path in PATHS]
        # The stored shell alone is found, not the picture: another quantity's picture was drawn before.
        warm = "/tiles/vz/120/90/0/0/0.png"
        packed = [answers(gateway_settings(), engine, [warm, path])[1].content for path in PATHS]
        answers(gateway_settings(url), engine, [warm])
        calls = engine.calls
        from_redis = [answers(gateway_settings(url), engine, [path])[0].content for path in PATHS]
        assert engine.calls == calls
    assert generated == from_memory == packed == from_redis


def test_twelve_cold_tiles_derive_once_and_not_on_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    derived: list[threading.Thread] = []
    packed: list[threading.Thread] = []
    derive, pack = Quantity.of, packing.Packed.of

    def counting_derive(quantity: Quantity, *rest: object) -> object:
        derived.append(threading.current_thread())
        return derive(quantity, *rest)  # type: ignore[arg-type]

    def counting_pack(values: np.ndarray, exact: bool) -> packing.Packed:
        packed.append(threading.current_thread())
        return pack(values, exact)

    monkeypatch.setattr(Quantity, "of", counting_derive)
    monkeypatch.setattr(packing.Packed, "of", counting_pack)
    surrogate = Surrogate(BASELINE_SURROGATE)
    read = []
    unpack = packing.Packed.read
    monkeypatch.setattr(packing.Packed, "read", lambda *each: read.append(each) or unpack(*each))

    async def main() -> None:
        app = create_app(gateway_settings(), Rough(surrogate, "x", 0))
        derived.clear()  # the ranges
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://g") as client:
            tiles = [f"/tiles/speed/120/90/2/{x}/{y}" for x in range(4) for y in range(3)]
            assert {a.status_code for a in await asyncio.gather(*map(client.get, tiles))} == {200}

    asyncio.run(main())
    assert len(derived) == 1
    assert len(packed) == len(surrogate.variables)
    assert not read, "what was just generated is not unpacked"
    assert threading.main_thread() not in derived + packed
