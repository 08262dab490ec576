"""One computation for all who ask for the same thing at the same time, each of whom waits until a deadline of their
own.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from earthgan.errors import EngineTimeout

T = TypeVar("T")


@dataclass
class _Flight(Generic[T]):
    """A computation under way, and the latest deadline of those who have asked for it."""

    until: float
    task: asyncio.Task[T] = field(init=False)


class SingleFlight(Generic[T]):
    """Runs at most one computation per key; one who leaves early does not stop it for the others.

    `on_wait` is called for each who joins a computation that is under way.
    """

    def __init__(self, on_wait: Callable[[], None] = lambda: None) -> None:
        self._on_wait = on_wait
        self._flights: dict[Hashable, _Flight[T]] = {}

    async def do(self, key: Hashable, deadline: float, compute: Callable[[float], Awaitable[T]]) -> T:
        """What `compute` gives. Deadlines are moments of `time.monotonic()`.

        `compute` is given the latest deadline that is known when it starts. Where that ends it, and someone who joined
        later still has time, it is started again with the deadline of the latter. Raises EngineTimeout past the
        caller's own deadline, and what `compute` raises.
        """
        flight = self._flights.get(key)
        if flight is None or flight.task.done():  # one that has ended at this moment is no longer to be joined
            flight = _Flight(deadline)
            flight.task = asyncio.create_task(self._run(flight, compute))
            flight.task.add_done_callback(lambda done, flight=flight: self._land(key, flight))  # type: ignore[misc]
            self._flights[key] = flight
        else:
            self._on_wait()
            flight.until = max(flight.until, deadline)
        done, _ = await asyncio.wait({flight.task}, timeout=max(0.0, deadline - time.monotonic()))
        if not done:
            raise EngineTimeout("the answer was not ready in time")
        return flight.task.result()

    @staticmethod
    async def _run(flight: _Flight[T], compute: Callable[[float], Awaitable[T]]) -> T:
        while True:
            until = flight.until
            try:
                return await compute(until)
            except EngineTimeout:
                if flight.until <= max(until, time.monotonic()):
                    raise

    def __contains__(self, key: Hashable) -> bool:
        return key in self._flights

    def __len__(self) -> int:
        return len(self._flights)

    def _land(self, key: Hashable, flight: _Flight[T]) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]
        if not flight.task.cancelled():
            flight.task.exception()  # seen, even where everyone who asked has left
