"""Computes a surrogate's prediction of a time step on the comparison grid."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from earthgan.sphere.grid import ShellGrid
from earthgan.surrogate import LONGEST_RUN, Backend, Surrogate
from earthgan_training.grids.area_mean import area_mean, at_radii

Array = NDArray[np.float32]


def predict(
    surrogate: Surrogate, names: Sequence[str], backend: Backend, t: int, grid: ShellGrid, seed: int | None = None
) -> Array:
    """The fields `(variable, shell, latitude, longitude)` of a time step in units on `grid`, computed a few shells at a
    time. `names` are variables that the surrogate stores.

    Laterally, they are means over cells. In radius, they are interpolated linearly between the surrogate's shells;
    beyond its first or last shell, that shell is used.
    """
    own_km = np.asarray(surrogate.grid.radii_km)
    shells = np.empty((len(names), len(own_km), *grid.shape[1:]), np.float32)
    for first in range(0, len(own_km), LONGEST_RUN):
        run = range(first, min(first + LONGEST_RUN, len(own_km)))
        normalised = surrogate.shells(backend, names, t, run, seed)
        shells[:, run.start : run.stop] = area_mean(surrogate.in_units(normalised, names), surrogate.grid, grid)
    wanted_km = np.clip(grid.radii_km, own_km[0], own_km[-1])
    return np.stack([at_radii(each, own_km, wanted_km) for each in shells])
