"""The guard lets tiles of steps in memory pass by those that have to be read, and reads each step once."""

import asyncio
import time
from collections import Counter

import pytest

from earthgan import Surrogate
from earthgan.errors import EngineBusy, UnknownStep
from earthgan_gateway.engines import GuardedEngine, guard
from earthgan_gateway.engines.guard import BURST
from engines import CountingEngine
from places import BASELINE_SURROGATE

WITHIN_S, READING_S = 1.0, 0.3


class Reader(CountingEngine):
    """An engine that reads one time step after another, slowly and while it `may_read`. It is quick with those that it
    has read.
    """

    def __init__(self) -> None:
        super().__init__(Surrogate(BASELINE_SURROGATE))
        self.read: Counter[int] = Counter()
        self.has: set[int] = set()
        self.turn = asyncio.Lock()
        self.may_read = asyncio.Event()
        self.may_read.set()

    def has_step(self, t: int) -> bool:
        self.surrogate.check_step(t)
        return t in self.has

    async def read_step(self, t: int, deadline: float) -> None:
        async with self.turn:
            self.read[t] += 1
            await asyncio.sleep(READING_S)
            await self.may_read.wait()
            self.has.add(t)


class Asked:
    """A guarded engine, and what it refused."""

    def __init__(self) -> None:
        self.engine = Reader()
        self.refused: list[str] = []
        self.guarded = GuardedEngine(self.engine, self.engine.surrogate, WITHIN_S, self.refused.append)

    async def tile(self, t: int, r: int = 0) -> None:
        """Ask for a shell."""
        await self.guarded.shells(("vx",), t, [r], None, time.monotonic() + 20)


def test_tiles_of_a_step_in_memory_do_not_wait_and_are_not_refused() -> None:
    async def main() -> None:
        asked = Asked()
        await asked.tile(113)
        asked.engine.may_read.clear()
        cold = [asyncio.create_task(asked.tile(t)) for t in range(114, 117)]
        await asyncio.sleep(0.01)
        await asyncio.gather(*(asked.tile(113, r) for r in range(20)))
        assert not any(each.done() for each in cold)
        asked.engine.may_read.set()
        await asyncio.gather(*cold)
        assert not asked.refused

    asyncio.run(main())


def test_tiles_that_wait_for_one_step_wait_for_one_reading() -> None:
    async def main() -> None:
        asked = Asked()
        await asyncio.gather(*(asked.tile(113, r) for r in range(20)))
        assert asked.engine.read == {113: 1}
        assert asked.engine.calls == 20

    asyncio.run(main())


def test_six_readers_are_served_and_a_seventh_is_refused_at_once() -> None:
    async def main() -> None:
        asked = Asked()
        await asked.tile(113)
        asked.engine.may_read.clear()
        six = [asyncio.create_task(asked.tile(114 + n)) for n in range(BURST)]
        await asyncio.sleep(0.01)
        with pytest.raises(EngineBusy) as told:
            await asked.tile(128)
        assert told.value.retry_after_s is not None
        joining = asyncio.create_task(asked.tile(114, 1))  # somebody waits for this step already
        asked.engine.may_read.set()
        await joining
        await asyncio.gather(*six)
        assert asked.refused == ["queue"]
        assert set(asked.engine.read.values()) == {1}

    asyncio.run(main())


def test_shells_of_six_readers_are_served_however_slow_they_are() -> None:
    async def main() -> None:
        asked = Asked()
        asked.engine.delay_s = WITHIN_S
        await asked.tile(113)
        await asyncio.gather(*(asked.tile(113, r) for r in range(BURST)))
        assert not asked.refused
        with pytest.raises(EngineBusy):
            await asyncio.gather(*(asked.tile(113, r) for r in range(BURST + 1)))

    asyncio.run(main())


def test_a_step_that_is_read_slowly_in_this_process_does_not_make_the_engine_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(guard, "STALLED_S", READING_S / 10)

    async def main() -> None:
        asked = Asked()
        reading = asyncio.create_task(asked.tile(113))
        await asyncio.sleep(READING_S / 2)
        assert not asked.guarded.is_away
        await reading

    asyncio.run(main())


def test_an_unknown_step_is_not_read() -> None:
    async def main() -> None:
        asked = Asked()
        with pytest.raises(UnknownStep):
            await asked.tile(999)
        assert not asked.engine.read

    asyncio.run(main())
