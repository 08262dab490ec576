"""One computation for all who ask for the same thing at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class SingleFlight(Generic[T]):
    """Runs at most one computation per key; one who leaves early does not stop it for the others.

    `on_wait` is called for each who joins a computation that is under way.
    """

    def __init__(self, on_wait: Callable[[], None] = lambda: None) -> None:
        self._on_wait = on_wait
        self._flights: dict[Hashable, asyncio.Task[T]] = {}

    async def do(self, key: Hashable, compute: Callable[[], Awaitable[T]]) -> T:
        task = self._flights.get(key)
        if task is not None:
            self._on_wait()
        else:

            async def run() -> T:
                return await compute()

            task = asyncio.create_task(run())
            self._flights[key] = task
            task.add_done_callback(lambda done: self._land(key, done))
        return await asyncio.shield(task)

    def __contains__(self, key: Hashable) -> bool:
        return key in self._flights

    def __len__(self) -> int:
        return len(self._flights)

    def _land(self, key: Hashable, task: asyncio.Task[T]) -> None:
        del self._flights[key]
        if not task.cancelled():
            task.exception()  # seen, even where everyone who asked has left
