"""What may be asked for next, while nobody waits: neighbours of what was just looked at, then every step's input."""

from __future__ import annotations

import asyncio
import logging

from earthgan.errors import DamagedSurrogate, EngineError
from earthgan.kinds.coded_inputs import KEPT_STEPS
from earthgan_gateway.fields import Fields

log = logging.getLogger(__name__)

#: How long nothing must have been asked for before a neighbour is generated.
QUIET_S = 0.3


class Prefetch:
    """Follows the shells that were generated on demand; the newest wish replaces all older ones."""

    def __init__(self, fields: Fields) -> None:
        self._fields = fields
        self._steps = [step.t for step in fields.surrogate.steps]
        self._wish: tuple[int, int] | None = None
        self._woken = asyncio.Event()
        fields.on_generated = self._wish_for

    def _wish_for(self, t: int, r: int) -> None:
        self._wish = t, r
        self._woken.set()

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            await self._woken.wait()
            self._woken.clear()
            try:
                for t, r in self._neighbours():
                    if not await self._quiet():
                        break
                    await self._fields.generate(t, r)
                else:
                    await self._read_ahead()
            except (EngineError, DamagedSurrogate) as error:
                log.info("nothing was prefetched: %s", error)

    async def _quiet(self) -> bool:
        """Whether nobody looks elsewhere, or waits, for a while."""
        await asyncio.sleep(QUIET_S)
        return not (self._woken.is_set() or self._fields.generating)

    async def _read_ahead(self) -> None:
        """Read the inputs of all time steps, the nearest first, for whoever moves through time or asks for a series."""
        assert self._wish is not None
        looked_at = self._wish[0]
        for t in sorted(self._steps, key=lambda t: abs(t - looked_at))[:KEPT_STEPS]:
            if self._woken.is_set() or self._fields.generating:
                return
            await asyncio.to_thread(self._fields.surrogate.read_ahead, t)

    def _neighbours(self) -> list[tuple[int, int]]:
        """The shells above and below and the steps after and before."""
        assert self._wish is not None
        t, r = self._wish
        at = self._steps.index(t)
        later, earlier = self._steps[at + 1 : at + 2], self._steps[max(at - 1, 0) : at]
        shells = [near for near in (r + 1, r - 1) if 0 <= near < len(self._fields.surrogate.grid.radii_km)]
        return [(t, near) for near in shells] + [(near, r) for near in (*later, *earlier)]
