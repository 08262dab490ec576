"""One computation for all who ask at the same time."""

import asyncio

import pytest

from earthgan_gateway.cache import MemoryCache, SingleFlight


def test_two_hundred_callers_make_one_computation() -> None:
    calls = 0

    async def compute() -> int:
        nonlocal calls
        calls += 1
        await asyncio.sleep(0.01)
        return calls

    async def main() -> list[int]:
        flights: SingleFlight[int] = SingleFlight()
        return await asyncio.gather(*(flights.do("key", compute) for _ in range(200)))

    assert asyncio.run(main()) == [1] * 200


def test_different_keys_and_later_calls_compute_anew() -> None:
    calls: list[str] = []

    async def main() -> None:
        flights: SingleFlight[None] = SingleFlight()

        async def compute(name: str) -> None:
            calls.append(name)

        await asyncio.gather(flights.do("a", lambda: compute("a")), flights.do("b", lambda: compute("b")))
        await flights.do("a", lambda: compute("a"))

    asyncio.run(main())
    assert sorted(calls) == ["a", "a", "b"]


def test_an_error_reaches_all_and_is_not_kept() -> None:
    async def fail() -> int:
        await asyncio.sleep(0)
        raise ValueError("once")

    async def succeed() -> int:
        return 1

    async def main() -> None:
        flights: SingleFlight[int] = SingleFlight()
        results = await asyncio.gather(*(flights.do("k", fail) for _ in range(3)), return_exceptions=True)
        assert [type(result) for result in results] == [ValueError] * 3
        assert await flights.do("k", succeed) == 1

    asyncio.run(main())


def test_one_who_leaves_does_not_stop_it_for_the_others() -> None:
    async def main() -> None:
        flights: SingleFlight[str] = SingleFlight()
        release = asyncio.Event()

        async def compute() -> str:
            await release.wait()
            return "done"

        first = asyncio.create_task(flights.do("k", compute))
        second = asyncio.create_task(flights.do("k", compute))
        await asyncio.sleep(0)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        release.set()
        assert await second == "done"

    asyncio.run(main())


def test_memory_keeps_what_was_used_last_within_its_size() -> None:
    cache = MemoryCache(10)
    cache.set("a", b"12345")
    cache.set("b", b"12345")
    assert cache.get("a") == b"12345"
    cache.set("c", b"123")
    assert cache.get("b") is None
    assert cache.get("a") == b"12345"
    cache.set("huge", b"x" * 11)
    assert cache.get("huge") is None
    assert cache.get("c") == b"123"
