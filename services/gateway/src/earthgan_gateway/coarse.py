"""Use case: a coloured tile while the generator is away. It shows what a time step's file says by itself, on a coarse
grid.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from earthgan.bounded import Bounded
from earthgan.errors import EngineAway, EngineError
from earthgan.quantities import Quantity
from earthgan.quantities import anomaly as subtract_mean
from earthgan.sphere.grid import ShellGrid
from earthgan.sphere.sampling import ShellSampler
from earthgan.sphere.tiles import Tile, pixel_centres
from earthgan.surrogate import Field, Surrogate
from earthgan_gateway.cache import SingleFlight
from earthgan_gateway.engines import Admission

#: Who waits longer than this for a coarse tile may as well ask again.
PATIENCE_S = 5.0
_Preview = tuple[ShellGrid, Field]


class CoarseTiles:
    """Samples the previews of time steps. They need no generator, but a step may have to be decoded first.

    A step that cannot be decoded in `within_s` seconds, with the queue before it, is refused at once. `kept_bytes` is
    the memory for previews.
    """

    def __init__(self, surrogate: Surrogate, is_away: Callable[[], bool], within_s: float, kept_bytes: int) -> None:
        self._surrogate = surrogate
        self._is_away = is_away
        self._admission = Admission(within_s)
        self._reading: SingleFlight[_Preview] = SingleFlight()
        self._kept: Bounded[int, _Preview] = Bounded(kept_bytes, lambda preview: preview[1].nbytes + 4096)

    def are_due(self, error: EngineError) -> bool:
        """Whether a coarse tile is better than this error, because the generator is away, or was when it was asked."""
        return isinstance(error, EngineAway) or self._is_away()

    async def values(
        self, quantity: Quantity, t: int, r: int, anomaly: bool, tile: Tile, pixels: int
    ) -> NDArray[np.float32]:
        """Return values `(pixels, pixels)` of a tile. Raises NotFound, EngineBusy, EngineTimeout and DamagedSurrogate.

        They are interpolated between the preview's shells, rows and columns.
        """
        preview = self._kept.get(t)
        if preview is None:
            preview = await self._reading.do(t, time.monotonic() + PATIENCE_S, lambda _: self._read(t))
        radius_km = self._surrogate.check_shell(r)
        return await asyncio.to_thread(self._sampled, preview, quantity, radius_km, anomaly, tile, pixels)

    async def _read(self, t: int) -> _Preview:
        with self._admission.place():
            preview = await asyncio.to_thread(self._surrogate.preview, t)
        self._kept.set(t, preview)
        return preview

    def _sampled(
        self, preview: _Preview, quantity: Quantity, radius_km: float, anomaly: bool, tile: Tile, pixels: int
    ) -> NDArray[np.float32]:
        grid, field = preview
        stored = {name: field[self._surrogate.check_variable(name)] for name in quantity.needs}
        shell = quantity.of({name: at_radius(each, grid, radius_km) for name, each in stored.items()}, grid)
        if anomaly:
            shell = subtract_mean(shell, grid)
        return ShellSampler(grid).sample(shell, *pixel_centres(tile, pixels))


def at_radius(field: Field, grid: ShellGrid, radius_km: float) -> NDArray[np.float32]:
    """A shell `(latitude, longitude)` between two shells of a field `(shell, latitude, longitude)`.

    Where one of the two has no value, it is the value of the nearer one. Beyond the ends, it is the outermost shell.
    """
    radii = np.asarray(grid.radii_km)
    below = int(np.clip(np.searchsorted(radii, radius_km, side="right") - 1, 0, len(radii) - 2))
    share = float(np.clip((radius_km - radii[below]) / (radii[below + 1] - radii[below]), 0, 1))
    between = field[below] + np.float32(share) * (field[below + 1] - field[below])
    return np.asarray(np.where(np.isnan(between), field[below + round(share)], between), dtype=np.float32)
