"""A time limit for a service's answer that does not count the time in which this process was busy itself."""

from __future__ import annotations

import asyncio
from types import TracebackType

#: The number of timers that make up a limit. Each has to fire, so a busy event loop delays the limit.
_PARTS = 4


class Patience:
    """`async with Patience(0.1): ...` raises TimeoutError after 0.1 s in which the event loop was free.

    `asyncio.timeout` counts every second. In a process that has just worked for longer than the limit, it gives up an
    answer that has already arrived. This one counts at most a quarter of the limit for each turn of the event loop.
    """

    def __init__(self, seconds: float) -> None:
        self._part_s = seconds / _PARTS
        self._left = _PARTS
        self._limit = asyncio.timeout(None)

    async def __aenter__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._timer = self._loop.call_later(self._part_s, self._count)
        await self._limit.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._timer.cancel()
        await self._limit.__aexit__(kind, error, traceback)

    def _count(self) -> None:
        self._left -= 1
        if self._left:
            self._timer = self._loop.call_later(self._part_s, self._count)
        else:
            self._limit.reschedule(self._loop.time())
