"""Every cache of a gateway has its part of one bound, and counts what it really takes."""

import tracemalloc
from collections.abc import Callable
from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earthgan import Surrogate
from earthgan.sphere.tiles import Tile
from earthgan_gateway.cache import Budget, LayeredCache, MemoryCache
from earthgan_gateway.cache.moving_window import MovingWindow
from earthgan_gateway.drawing.raster import TileRaster
from earthgan_gateway.fields import Fields
from earthgan_gateway.offer import Offer
from earthgan_gateway.pictures import Pictures
from earthgan_gateway.progress import Progress
from earthgan_gateway.routes.pictures import RESOLVED_BYTES, PictureRoutes
from earthgan_gateway.telemetry import Metrics, make_traces
from engines import CountingEngine
from places import BASELINE_SURROGATE


@given(st.integers(1, 2**40))
def test_the_parts_are_no_more_than_the_whole_and_all_of_it_is_given(whole: int) -> None:
    parts = astuple(Budget.of(whole))
    assert sum(parts) == whole
    assert all(part > 0 for part in parts) or whole < 2**10


def taken(work: Callable[[], object]) -> int:
    """Bytes of Python's memory that are held after some work."""
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        kept = work()
        after = tracemalloc.get_traced_memory()[0]
        del kept
        return after - before
    finally:
        tracemalloc.stop()


def test_a_resolved_address_takes_no_more_than_is_counted() -> None:
    surrogate = Surrogate(BASELINE_SURROGATE)
    offer, traces = Offer.of(surrogate), make_traces(None, "")
    cache = LayeredCache(MemoryCache(2**20))
    pictures = Pictures(Fields(offer, CountingEngine(surrogate), cache, 1, Metrics(), traces), cache, Metrics(), traces)
    routes = PictureRoutes(lambda *_: None, offer, pictures, Metrics(), 2**20)  # type: ignore[arg-type,return-value]
    query = "rescale=1{0}.12345678901234,2{0}.1234567890123&colormap=vik&steps=7&under={1:06x}&over={1:06x}&v=1"
    urls = [
        (path, query.format(i, i).encode())
        for i in range(300)
        for path in (
            f"/tiles/temperature_anomaly/120/{i % 190}/6/{i % 64}/{i // 8}@2x.png",
            f"/shells/v_theta/120/{i % 190}.npy",
        )
    ]
    routes._resolve(*urls[0])
    held = taken(lambda: [routes._resolve(*url) for url in urls])
    assert held / len(urls) <= RESOLVED_BYTES
    assert held / len(urls) >= RESOLVED_BYTES / 4, "and not counted many times"


def test_many_clients_take_no_more_than_is_counted_and_the_busiest_is_remembered() -> None:
    windows = []

    def ask() -> None:
        window = MovingWindow(amount=50, window_s=600, max_bytes=300_000)
        windows.append(window)
        for _ in range(50):
            assert window.wait_s("10.0.0.1") == 0
        for i in range(5000):
            assert window.wait_s(f"2001:db8::{i:x}") == 0
            if i % 20 == 0:
                assert 0 < window.wait_s("10.0.0.1") <= 600

    assert taken(ask) <= 300_000


def test_the_moments_of_busy_clients_are_counted_too() -> None:
    windows = [MovingWindow(amount=200, window_s=600, max_bytes=300_000)]

    def ask() -> None:
        for i in range(300):
            for _ in range(200):
                windows[0].wait_s(f"client {i}")

    assert taken(ask) <= 300_000


def test_where_pixels_lie_takes_no_more_than_is_counted() -> None:
    grid, shell = Surrogate(BASELINE_SURROGATE).grid, np.zeros((182, 360), np.float32)

    def draw(raster: TileRaster, zooms: range) -> None:
        for z in zooms:
            for at in range(0, 2**z, max(1, 2**z // 16)):
                for pixels in (256, 512):
                    raster.values(shell, Tile("WebMercatorQuad", z, at, at), pixels, False)

    draw(TileRaster(grid), range(9))  # what other modules keep, whoever draws
    raster = TileRaster(grid, kept_bytes=400_000)
    draw(raster, range(1))  # the buffers of both sizes
    # Python's own free lists hold a few kB more, and their size depends on what ran before.
    assert taken(lambda: draw(raster, range(9))) <= 400_000 * 1.05


@pytest.mark.parametrize("count", [0, 1, 64, 2000])
def test_progress_takes_no_more_than_it_says(count: int) -> None:
    held = taken(lambda: [Progress.none(count) for _ in range(100)])
    assert held / 100 <= Progress.none(count).bytes
