"""The error of the velocity that is computed from exact temperature, in decibels on the source's own grid."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from earthgan.flow.stokes import StokesMaps
from earthgan.numerics.transform import per_degree
from earthgan.quantities import VELOCITY
from earthgan.sphere.grid import ShellGrid
from earthgan.sphere.vectors import LocalAxes
from earthgan.variables import TEMPERATURE
from earthgan_training.harmonics.analysis import scalar_coefficients, vector_field
from earthgan_training.simulations.labelled import Source

Array = NDArray[np.float64]


def velocity_psnr_db(source: Source, maps: StokesMaps, on_step: Callable[[], None] = lambda: None) -> dict[str, float]:
    """The PSNR of vx, vy and vz over each component's range in all time steps. All grid points have the same weight.

    Raises BadInput if a step cannot be read.
    """
    grid = source.grid
    squares, lows, highs = np.zeros(3), np.full(3, np.inf), np.full(3, -np.inf)
    for step in source.steps:
        temperature = scalar_coefficients(source.read(step.t, TEMPERATURE.name), grid, len(maps.radial) - 1)
        made = cartesian_velocity(temperature, maps, grid)
        for i, name in enumerate(VELOCITY):
            true = source.read(step.t, name)
            lows[i], highs[i] = min(lows[i], true.min()), max(highs[i], true.max())
            squares[i] += np.square(made[i] - true).mean() / len(source.steps)
        on_step()
    decibels = 10 * np.log10((highs - lows) ** 2 / squares)
    return dict(zip(VELOCITY, decibels.tolist(), strict=True))


def cartesian_velocity(temperature: Array, maps: StokesMaps, grid: ShellGrid) -> tuple[NDArray[Any], ...]:
    """vx, vy and vz, each `(shell, latitude, longitude)` on the grid's shells, for coefficients of temperature."""
    radial, lateral = per_degree(maps.radial, temperature), per_degree(maps.lateral, temperature)
    velocity = vector_field(radial, lateral, None, grid.latitudes_deg, grid.longitudes_deg)
    return LocalAxes.on_grid(grid.latitudes_deg, grid.longitudes_deg).cartesian(*velocity)
