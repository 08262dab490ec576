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
from earthgan_training.harmonics.analysis import fast_coefficients, fast_vector_field
from earthgan_training.simulations.labelled import Source
from earthgan_training.velocity.moments import shells_at_once

Field = NDArray[np.floating[Any]]


def velocity_psnr_db(source: Source, maps: StokesMaps, on_step: Callable[[], None] = lambda: None) -> dict[str, float]:
    """The PSNR of vx, vy and vz over each component's range in all time steps. All grid points have the same weight.

    Raises BadInput if a step cannot be read.
    """
    grid = source.grid
    squares, lows, highs = np.zeros(3), np.full(3, np.inf), np.full(3, -np.inf)
    for step in source.steps:
        temperature = _temperature(source, step.t, len(maps.radial) - 1)
        radial, lateral = per_degree(maps.radial, temperature), per_degree(maps.lateral, temperature)
        for some in shells_at_once(grid):
            kept = slice(some.start, some.stop)
            made = _cartesian(radial[..., kept], lateral[..., kept], grid)
            for i, name in enumerate(VELOCITY):
                true = source.read(step.t, name, some)
                lows[i], highs[i] = min(lows[i], true.min()), max(highs[i], true.max())
                squares[i] += (
                    np.square(made[i] - true, dtype=np.float64).sum() / np.prod(grid.shape) / len(source.steps)
                )
        on_step()
    decibels = 10 * np.log10((highs - lows) ** 2 / squares)
    return dict(zip(VELOCITY, decibels.tolist(), strict=True))


def _temperature(source: Source, t: int, degree: int) -> Field:
    """The coefficients of temperature on all shells."""
    some = shells_at_once(source.grid)
    parts = [fast_coefficients(source.read(t, TEMPERATURE.name, each), source.grid, degree) for each in some]
    return np.concatenate(parts, axis=-1)


def cartesian_velocity(temperature: Field, maps: StokesMaps, grid: ShellGrid) -> tuple[NDArray[Any], ...]:
    """vx, vy and vz, each `(shell, latitude, longitude)` on the grid's shells, for coefficients of temperature."""
    return _cartesian(per_degree(maps.radial, temperature), per_degree(maps.lateral, temperature), grid)


def _cartesian(radial: Field, lateral: Field, grid: ShellGrid) -> tuple[NDArray[Any], ...]:
    axes = grid.latitudes_deg, grid.longitudes_deg
    return LocalAxes.on_grid(*axes, np.float32).cartesian(*fast_vector_field(radial, lateral, *axes))
