"""Use case: the range in which the spread of each quantity is drawn. All pictures and legends of a quantity share it.

Nothing but the generator knows how far its draws differ. The range is therefore found when a spread is asked for the
first time, by a fixed rule: it goes from zero to the largest standard deviation of eight draws, rounded up to two
digits, in nine patches of 8 x 8 cells on the equator. They lie in the first, the middle and the last time step, and at
a sixth, a half and five sixths of the shells.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from earthgan.quantities import Quantity, round_up
from earthgan.sphere.grid import Window
from earthgan_gateway.cache import SingleFlight
from earthgan_gateway.draws import USUAL, Array
from earthgan_gateway.engines import Engine
from earthgan_gateway.offer import Offer

#: A part of every name of a picture of a spread. Raise it when the rule changes.
VERSION = 1
#: The cells along each side of a patch.
PATCH = 8


@dataclass(frozen=True)
class _Patch:
    t: int
    window: Window


class SpreadRanges:
    """Finds the ranges once. If a request runs out of time, the next one continues with the patches that are left."""

    def __init__(self, offer: Offer, engine: Engine) -> None:
        self._offer = offer
        self._engine = engine
        self._largest: dict[_Patch, Array] = {}
        self._flights: SingleFlight[dict[str, float]] = SingleFlight()

    async def of(self, quantity: Quantity, until: float) -> tuple[float, float]:
        """Return the range of a quantity's spread in its unit. `until` is a time of `time.monotonic()`.

        Raises EngineError.
        """
        ends = await self._flights.do("spreads", until, self._find)
        return 0.0, ends[quantity.name]

    async def _find(self, until: float) -> dict[str, float]:
        """Return the upper ends of the ranges by quantity."""
        for patch in _patches(self._offer):
            if patch not in self._largest:
                self._largest[patch] = await self._largest_in(patch, until)
        largest = np.max(list(self._largest.values()), axis=0)
        return dict(zip(self._offer.quantities, map(round_up, largest.tolist()), strict=True))

    async def _largest_in(self, patch: _Patch, until: float) -> Array:
        """Return the largest spread `(quantity,)` in a patch. Lateral means are not subtracted: they hardly differ."""
        surrogate, window = self._offer.surrogate, patch.window
        latitudes_deg = np.asarray(surrogate.grid.latitudes_deg)[window.rows, None]
        longitudes_deg = np.take(surrogate.grid.longitudes_deg, window.columns, mode="wrap")

        async def values(seed: int | None) -> Array:
            field = await self._engine.window(surrogate.variables, patch.t, window, seed, until, "long")
            stored = dict(zip(surrogate.variables, field, strict=True))
            return np.stack(
                [each.at(stored, latitudes_deg, longitudes_deg) for each in self._offer.quantities.values()]
            )

        spread = await self._offer.draws(count=USUAL, statistic="std").combined(values)
        return np.asarray(np.nanmax(spread, axis=(1, 2, 3), initial=0.0), dtype=np.float32)


def _patches(offer: Offer) -> list[_Patch]:
    """The patches, each a ninth of a turn from the next, so that no two lie in the same plume."""
    surrogate = offer.surrogate
    shells, height, width = surrogate.grid.shape
    rows, columns = min(PATCH, height), min(PATCH, width)
    top = (height - rows) // 2
    steps = [surrogate.steps[at].t for at in (0, len(surrogate.steps) // 2, -1)]
    places = [(t, r) for t in steps for r in (shells // 6, shells // 2, 5 * shells // 6)]
    wests = [width * i // len(places) for i in range(len(places))]
    return list(
        dict.fromkeys(
            _Patch(t, Window(range(r, r + 1), range(top, top + rows), range(west, west + columns)))
            for (t, r), west in zip(places, wests, strict=True)
        )
    )
