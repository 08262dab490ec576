"""One computation for all who ask at the same time, each of whom waits by their own deadline."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from earthgan.errors import EngineTimeout
from earthgan_gateway.cache import SingleFlight

pytestmark = pytest.mark.alone


def later(seconds: float = 60) -> float:
    return time.monotonic() + seconds


@dataclass
class Slow:
    """A computation that takes so long and, like an engine, stops at the deadline that it is given."""

    seconds: float = 0.05
    deadlines: list[float] = field(default_factory=list)

    async def __call__(self, until: float) -> int:
        self.deadlines.append(until)
        done_at = time.monotonic() + self.seconds
        await asyncio.sleep(max(0, min(done_at, until) - time.monotonic()))
        if done_at > until:
            raise EngineTimeout("too slow")
        return len(self.deadlines)


def run(*asked: tuple[float, float], compute: Callable[[float], Awaitable[int]]) -> list[int | BaseException]:
    """What callers get who come after so many seconds, and have so many from then on."""

    async def main() -> list[int | BaseException]:
        flights: SingleFlight[int] = SingleFlight()

        async def caller(after_s: float, has_s: float) -> int:
            await asyncio.sleep(after_s)
            return await flights.do("key", later(has_s), compute)

        answers = await asyncio.gather(*(caller(*each) for each in asked), return_exceptions=True)
        assert len(flights) == 0
        return answers

    return asyncio.run(main())


def test_two_hundred_callers_make_one_computation() -> None:
    slow = Slow()
    assert run(*[(0, 60)] * 200, compute=slow) == [1] * 200


def test_different_keys_and_later_calls_compute_anew() -> None:
    calls: list[str] = []

    async def main() -> None:
        flights: SingleFlight[None] = SingleFlight()

        async def compute(name: str) -> None:
            calls.append(name)

        await asyncio.gather(*(flights.do(key, later(), lambda _, key=key: compute(key)) for key in "ab"))  # type: ignore[misc]
        await flights.do("a", later(), lambda _: compute("a"))

    asyncio.run(main())
    assert sorted(calls) == ["a", "a", "b"]


def test_an_error_reaches_all_and_is_not_kept() -> None:
    async def fail(_: float) -> int:
        await asyncio.sleep(0)
        raise ValueError("once")

    async def succeed(_: float) -> int:
        return 1

    async def main() -> None:
        flights: SingleFlight[int] = SingleFlight()
        results = await asyncio.gather(*(flights.do("k", later(), fail) for _ in range(3)), return_exceptions=True)
        assert [type(result) for result in results] == [ValueError] * 3
        assert await flights.do("k", later(), succeed) == 1

    asyncio.run(main())


def test_one_who_leaves_does_not_stop_it_for_the_others() -> None:
    async def main() -> None:
        flights: SingleFlight[str] = SingleFlight()
        release = asyncio.Event()

        async def compute(_: float) -> str:
            await release.wait()
            return "done"

        first = asyncio.create_task(flights.do("k", later(), compute))
        second = asyncio.create_task(flights.do("k", later(), compute))
        await asyncio.sleep(0)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        release.set()
        assert await second == "done"

    asyncio.run(main())


def test_who_joins_with_time_left_is_answered_though_the_first_ran_out_of_time() -> None:
    slow = Slow(0.3)
    first, second, third = run((0, 0.1), (0.05, 10), (0.05, 0.1), compute=slow)
    assert isinstance(first, EngineTimeout)
    assert isinstance(third, EngineTimeout)
    assert second == 2, "it was started again, with the time of the one who waits"
    assert len(slow.deadlines) == 2


def test_who_joins_with_less_time_leaves_without_ending_it() -> None:
    slow = Slow(0.3)
    started = time.monotonic()
    first, second = run((0, 10), (0.05, 0.05), compute=slow)
    assert first == 1
    assert isinstance(second, EngineTimeout)
    assert time.monotonic() - started < 5


def test_a_computation_that_always_runs_out_of_time_ends_when_everybody_has_left() -> None:
    slow = Slow(100)
    started = time.monotonic()
    answers = run((0, 0.1), (0.05, 0.2), (0.15, 0.2), compute=slow)
    assert all(isinstance(answer, EngineTimeout) for answer in answers)
    assert time.monotonic() - started < 2
    assert len(slow.deadlines) <= 3


def test_a_timeout_before_its_time_is_not_tried_for_ever() -> None:
    calls = 0

    async def refuse(_: float) -> int:
        nonlocal calls
        calls += 1
        await asyncio.sleep(0.01)
        raise EngineTimeout("busy")

    answers = run((0, 10), (0.005, 20), compute=refuse)
    assert all(isinstance(answer, EngineTimeout) for answer in answers)
    assert calls == 2
