"""Prefetching while no request waits: first the neighbours of the shell last looked at, then every step's input."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from earthgan.errors import DamagedSurrogate, EngineError
from earthgan_gateway.background import keep_going
from earthgan_gateway.fields import Fields

log = logging.getLogger(__name__)

#: A neighbour is generated only after this time without a request for a picture.
QUIET_S = 0.3
#: After each step, reading ahead rests this many times as long as the step took. A tile is slow if it is drawn while a
#: step is read, because both share Python's lock and the processor. This happens to at most one tile in 33, so it does
#: not change the 95th percentile.
REST = 32


class Prefetch:
    """Follows the shells that were generated for requests. The newest such shell replaces all older ones.

    `asked_at` returns the time of the last request for a picture, by `time.monotonic()`.
    """

    def __init__(self, fields: Fields, asked_at: Callable[[], float]) -> None:
        self._fields = fields
        self._surrogate = fields.offer.surrogate
        self._asked_at = asked_at
        self._steps = [step.t for step in self._surrogate.steps]
        self._wish: tuple[int, int] | None = None
        self._woken = asyncio.Event()
        fields.on_generated = self._wish_for

    def _wish_for(self, t: int, r: int) -> None:
        self._wish = t, r
        self._woken.set()

    async def run(self) -> None:
        """Work until cancelled."""
        await keep_going("prefetching", self._follow)

    async def _follow(self) -> None:
        """Follow one shell until there is a newer one or everything is done."""
        await self._woken.wait()
        self._woken.clear()
        assert self._wish is not None
        t, r = self._wish
        try:
            for neighbour in self._neighbours(t, r):
                if not await self._quiet():
                    return
                await self._fields.generate(*neighbour)
            await self._read_ahead(t)
        except (EngineError, DamagedSurrogate) as error:
            log.info("nothing was prefetched: %s", error)

    async def _quiet(self) -> bool:
        """Wait until there has been no request for a while. Return False if a newer shell is to be followed."""
        while not self._woken.is_set():
            left_s = self._asked_at() + QUIET_S - time.monotonic()
            if left_s <= 0 and not self._fields.generating:
                return True
            await asyncio.sleep(max(left_s, 0.05))
        return False

    async def _read_ahead(self, looked_at: int) -> None:
        """Read the inputs of as many time steps as fit into memory, the nearest first.

        Readers who move through time or ask for a series need them.
        """
        for t in sorted(self._steps, key=lambda t: abs(t - looked_at)):
            started = time.monotonic()
            full = await asyncio.to_thread(self._surrogate.read_ahead, t)
            rest_until = time.monotonic() + REST * (time.monotonic() - started)
            while not self._woken.is_set() and (self._fields.generating or time.monotonic() < rest_until):
                await asyncio.sleep(min(max(0.01, rest_until - time.monotonic()), QUIET_S))
            if full or self._woken.is_set():
                return

    def _neighbours(self, t: int, r: int) -> list[tuple[int, int]]:
        """The shells above and below and the steps after and before."""
        at = self._steps.index(t)
        later, earlier = self._steps[at + 1 : at + 2], self._steps[max(at - 1, 0) : at]
        shells = [near for near in (r + 1, r - 1) if 0 <= near < len(self._surrogate.grid.radii_km)]
        return [(t, near) for near in shells] + [(near, r) for near in (*later, *earlier)]
