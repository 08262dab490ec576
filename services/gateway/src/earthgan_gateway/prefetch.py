"""What may be asked for next, while nobody waits: neighbours of what was just looked at, then every step's input."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from earthgan.errors import DamagedSurrogate, EngineError
from earthgan_gateway.background import keep_going
from earthgan_gateway.fields import Fields

log = logging.getLogger(__name__)

#: How long nothing must have been asked for before a neighbour is generated.
QUIET_S = 0.3
#: Reading ahead rests so many times as long as each piece took. A tile that meets a piece is slow, for they share
#: Python's lock and the processor: at most one tile in 33 does, so that the 95th percentile does not notice.
REST = 32


class Prefetch:
    """Follows the shells that were generated on demand; the newest wish replaces all older ones.

    `asked_at` tells when a picture was last asked for, by `time.monotonic()`.
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
        """Follow one wish, until there is another or everything is done."""
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
        """Wait until nobody has asked for anything for a while. False where somebody looks elsewhere meanwhile."""
        while not self._woken.is_set():
            left_s = self._asked_at() + QUIET_S - time.monotonic()
            if left_s <= 0 and not self._fields.generating:
                return True
            await asyncio.sleep(max(left_s, 0.05))
        return False

    async def _read_ahead(self, looked_at: int) -> None:
        """Read the inputs of the time steps, the nearest first, as many as can be kept, for whoever moves through time
        or asks for a series.
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
