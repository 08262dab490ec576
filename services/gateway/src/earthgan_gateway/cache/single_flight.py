"""One computation for all callers that ask for the same thing at the same time. Each caller has its own deadline."""

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
    """A running computation, the latest deadline of its callers, and the number of callers that wait for it."""

    until: float
    waiting: int = 0
    task: asyncio.Task[T] = field(init=False)


class SingleFlight(Generic[T]):
    """Runs at most one computation for each key. A caller that leaves early does not stop it for the others.

    If the last caller is cancelled, because its reader has left, the computation is cancelled too.
    `on_wait` is called for each caller that joins a running computation.
    """

    def __init__(self, on_wait: Callable[[], None] = lambda: None) -> None:
        self._on_wait = on_wait
        self._flights: dict[Hashable, _Flight[T]] = {}

    async def do(self, key: Hashable, deadline: float, compute: Callable[[float], Awaitable[T]]) -> T:
        """Return the result of `compute`. Deadlines are times of `time.monotonic()`.

        `compute` gets the latest deadline that is known when it starts. If it stops at that deadline and a caller that
        joined later still has time, it starts again with that caller's deadline. Raises EngineTimeout after the
        caller's own deadline, and whatever `compute` raises.
        """
        flight = self._flights.get(key)
        if flight is None or flight.task.done():  # a computation that has just ended cannot be joined
            flight = _Flight(deadline)
            flight.task = asyncio.create_task(self._run(flight, compute))
            flight.task.add_done_callback(lambda done, flight=flight: self._land(key, flight))  # type: ignore[misc]
            self._flights[key] = flight
        else:
            self._on_wait()
            flight.until = max(flight.until, deadline)
        flight.waiting += 1
        try:
            done, _ = await asyncio.wait({flight.task}, timeout=max(0.0, deadline - time.monotonic()))
        except asyncio.CancelledError:
            if flight.waiting == 1:
                self._flights.pop(key, None)  # nobody may join what is about to end
                flight.task.cancel()
            raise
        finally:
            flight.waiting -= 1
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
            flight.task.exception()  # asyncio would log an error that no caller has waited for
