"""Background work goes on after what nobody expected, and says so."""

import asyncio
import logging

import pytest

from earthgan import Surrogate
from earthgan.errors import DamagedSurrogate, EngineTimeout
from earthgan_gateway.background import keep_going
from earthgan_gateway.cache import LayeredCache, MemoryCache
from earthgan_gateway.fields import Fields
from earthgan_gateway.offer import Offer
from earthgan_gateway.prefetch import Prefetch
from earthgan_gateway.telemetry import Metrics, make_traces
from engines import CountingEngine
from places import BASELINE_SURROGATE

UNEXPECTED = [RuntimeError("odd"), KeyError("gone"), MemoryError(), ValueError("shape"), OSError(28, "disk full")]


@pytest.mark.parametrize("error", UNEXPECTED, ids=lambda error: type(error).__name__)
def test_work_that_fails_is_logged_and_done_again(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    rounds = 0

    async def work() -> None:
        nonlocal rounds
        rounds += 1
        await asyncio.sleep(0)
        if rounds <= 2:
            raise error

    async def main() -> None:
        task = asyncio.create_task(keep_going("counting", work, pause_s=0))
        while rounds < 5:
            await asyncio.sleep(0.001)
        assert not task.done()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert [record.message.split()[0] for record in caplog.records] == ["counting"] * 2
    assert all(record.exc_info for record in caplog.records)


@pytest.mark.parametrize(
    "error", [*UNEXPECTED, EngineTimeout("slow"), DamagedSurrogate(BASELINE_SURROGATE, "torn")], ids=repr
)
def test_prefetching_survives_every_error(
    error: Exception, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both of a neighbour's generation and of reading ahead."""
    monkeypatch.setattr("earthgan_gateway.background.PAUSE_S", 0.01)
    monkeypatch.setattr("earthgan_gateway.prefetch.QUIET_S", 0.01)
    caplog.set_level(logging.INFO)
    surrogate = Surrogate(BASELINE_SURROGATE)
    read: list[int] = []

    def read_ahead(t: int) -> bool:
        read.append(t)
        if len(read) == 1:
            raise error
        return True

    monkeypatch.setattr(surrogate, "read_ahead", read_ahead)

    async def main() -> None:
        engine = CountingEngine(surrogate)
        cache = LayeredCache(MemoryCache(2**24))
        fields = Fields(Offer.of(surrogate), engine, cache, 5, Metrics(), make_traces(None, ""))
        task = asyncio.create_task(Prefetch(fields, lambda: 0.0).run())
        for r in (10, 40, 70):
            calls = engine.calls
            await fields.shell("vx", 120, r)
            engine.error = error if r == 10 else None
            for _ in range(2000):
                await asyncio.sleep(0.005)
                if r > 10 and engine.calls >= calls + 5 and len(read) >= (1 if r == 40 else 2):
                    break
                if r == 10 and caplog.records:
                    break
            engine.error = None
        assert not task.done()
        task.cancel()

    asyncio.run(main())
    assert len(read) >= 2, "it went on after reading had failed as well"
    assert any(str(error) in record.getMessage() or record.exc_info for record in caplog.records)
