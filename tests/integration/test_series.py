"""A long series neither takes the gateway out of rotation nor starts anew at each request."""

import asyncio
import json
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2 as httpx
import numpy as np
import pytest

from earthgan import Surrogate
from earthgan.backends.onnx import onnx_backend
from earthgan.surrogate import Feeds, Field
from earthgan_gateway import Settings, create_app
from earthgan_gateway.engines import LocalEngine
from gateway_server import gateway
from places import BASELINE_SURROGATE
from spectral_surrogate import make, write_raw

pytestmark = pytest.mark.alone

STEPS = 600


@pytest.fixture(scope="module")
def long_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A spectral surrogate of many steps: those of a small one, again and again."""
    folder = tmp_path_factory.mktemp("long")
    surrogate = make(write_raw(folder / "raw"), folder / "surrogate")
    path = surrogate / "spec.json"
    spec = json.loads(path.read_text())
    steps = spec["inputs"]["steps"]
    spec["inputs"]["steps"] = [steps[i % len(steps)] | {"t": i, "time_myr": None} for i in range(STEPS)]
    path.write_text(json.dumps(spec))
    return surrogate


def test_a_series_of_many_cold_steps_is_complete_at_last(long_run: Path) -> None:
    """In a process that may keep hardly any step, and where a request has a small part of the time that it takes."""
    surrogate = Surrogate(long_run)
    with gateway(long_run, cache_mb="2", engine_timeout_s="0.1") as url:
        path, place = f"{url}/series/temperature/5", {"lat": "12", "lon": "34"}
        read: list[int] = []
        for _ in range(200):
            answer = httpx.get(path, params=place, trust_env=False, timeout=30)
            if answer.status_code == 200:
                break
            assert answer.status_code == 503
            assert int(answer.headers["retry-after"]) > 0
            read.append(int(answer.json()["detail"].split()[0]))
        assert answer.status_code == 200
        values = answer.json()["values"]
        again = httpx.get(path, params=place, trust_env=False, timeout=30)
    assert again.json()["values"] == values, "and it is kept"
    assert read, "it was not answered at once, or this shows nothing"
    assert read == sorted(read), "each request went on where the one before it ended"
    assert len(values) == len(surrogate.steps) == STEPS
    period = [values[i] for i in range(4)]
    assert len(set(period)) > 1
    assert values == [period[i % 4] for i in range(STEPS)], "every step has its own value"


def test_tiles_and_readiness_do_not_wait_behind_a_series(long_run: Path) -> None:
    waits: dict[str, list[float]] = {"/readyz": [], "tile": []}
    with gateway(long_run, cache_mb="8", engine_timeout_s="30") as url, ThreadPoolExecutor(1) as reader:
        series = reader.submit(
            httpx.get, f"{url}/series/vx/5", params={"lat": "1", "lon": "2"}, trust_env=False, timeout=60
        )
        r = 0
        while not series.done() and r < 20:
            for name, path in (("/readyz", "/readyz"), ("tile", f"/tiles/vx/{r}/{r}/0/0/0")):
                started = time.monotonic()
                answer = httpx.get(url + path, trust_env=False, timeout=60)
                waits[name].append(time.monotonic() - started)
                assert answer.status_code == 200, path
            r += 1
        assert series.result().status_code in (200, 503)
    assert len(waits["tile"]) >= 3, "there was a series to wait behind"
    # A busy machine is slow, but a queue behind 600 steps would be slower still.
    assert np.median(waits["tile"]) < 3
    assert np.median(waits["/readyz"]) < 3


class Held:
    """A backend that does not come back to the lane of long reads until it may."""

    def __init__(self, surrogate: Surrogate) -> None:
        self.free = threading.Event()
        self.held = threading.Event()
        self._run = onnx_backend(surrogate)

    def __call__(self, feeds: Feeds) -> Field:
        if threading.current_thread().name.startswith("generator-long"):
            self.held.set()
            assert self.free.wait(60)
        return self._run(feeds)


LONG: Sequence[str] = (
    "/series/vx/7?lat=1&lon=2",
    "/sections/vx/120?from=1,2&to=3,40",
    "/profiles/vx/120?lat=1&lon=2&lateral_mean=true",
    "/shells/vx.nc?t=120&r=3-4",
)


@pytest.mark.parametrize("path", LONG)
def test_no_long_read_holds_the_lane_of_tiles_and_probes(path: str) -> None:
    """The generator does not come back from a long read's call, and everything else goes on."""
    surrogate = Surrogate(BASELINE_SURROGATE)
    backend = Held(surrogate)

    async def main() -> None:
        engine = LocalEngine(surrogate, backend, "held/float32")
        app = create_app(Settings(surrogate=BASELINE_SURROGATE, prefetch=False), engine)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://g", timeout=60) as client,
        ):
            long = asyncio.create_task(client.get(path))
            assert await asyncio.to_thread(backend.held.wait, 30)
            for other in ("/readyz", "/tiles/vx/120/3/0/0/0", "/points/vx/120/9?lat=1&lon=2", "/statistics/vx/120/11"):
                answer = await asyncio.wait_for(client.get(other), 20)
                assert answer.status_code == 200, other
            assert not long.done()
            backend.free.set()
            assert (await long).status_code == 200

    asyncio.run(main())
