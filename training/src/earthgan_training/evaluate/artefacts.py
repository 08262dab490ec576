"""Traces of how a field was made: seams, errors at the poles, and vertical stripes (the paper's figure 6).

Each measure is a ratio that is about 1 if there is nothing to see. In step 30 of the simulated run, the stripe ratio is
at most 1.25. Interpolated from 28 columns, it is up to 2.6, which is the imprint of those columns.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from earthgan.sphere.grid import ShellGrid, cell_weights
from earthgan_training.evaluate.accuracy import mean_square

Array = NDArray[np.float32]

POLAR_CAP_DEG = 80.0
#: The stripe ratio compares this many bands between 60° S and 60° N. It uses waves that are shorter than the cells of
#: an input that is eight times as coarse.
BAND_DEG, BANDS, SHRINK = 60.0, 6, 8


def seam_ratio(field: Array, grid: ShellGrid, meridians_deg: tuple[float, ...]) -> float:
    """The largest jump of a field `(shell, latitude, longitude)` across these meridians, divided by the jumps next to
    it.

    A jump is the rms difference between the two columns beside a meridian. The jumps next to it are the next two on
    each side.
    """
    squares = np.square(field - np.roll(field, 1, axis=-1), dtype=np.float64).mean(axis=(0, 1))
    beside = sum(np.roll(squares, by) for by in (-2, -1, 1, 2)) / 4
    columns = np.asarray(grid.longitudes_deg)
    west = columns - np.diff(columns, prepend=columns[-1] - 360) / 2
    distance = np.abs((west[:, None] - np.asarray(meridians_deg) + 180) % 360 - 180)
    return float(np.sqrt((squares / beside)[distance.argmin(axis=0)].max()))


def wrap_meridian_deg(grid: ShellGrid) -> float:
    """The meridian where a grid's last column meets its first. A grid that is not periodic would have a seam there."""
    return (grid.longitudes_deg[-1] - 360 + grid.longitudes_deg[0]) / 2


def pole_ratio(error: Array, grid: ShellGrid) -> float:
    """The rms error within 10° of the poles, divided by the rms error elsewhere. Both are weighted by area."""
    polar = np.abs(np.asarray(grid.latitudes_deg)) > min(POLAR_CAP_DEG, max(grid.latitudes_deg) - 1e-9)
    areas = cell_weights(grid)
    inside, outside = (mean_square(error[:, rows], areas[rows] / areas[rows].sum()).mean() for rows in (polar, ~polar))
    return float(np.sqrt(inside / outside))


def stripe_ratio(field: Array, grid: ShellGrid) -> float:
    """How much short zonal waves in `(shell, latitude, longitude)` keep their phase from one band of latitude to
    another. It is the power of their sum over the bands, divided by the sum of their powers.

    It is 1 if the bands have nothing in common, as in a mantle, and 6 (the number of bands) if the waves are nothing
    but stripes.
    """
    rows = np.flatnonzero(np.abs(np.asarray(grid.latitudes_deg)) <= BAND_DEG)
    means = np.stack([field[:, band].mean(axis=1, dtype=np.float64) for band in np.array_split(rows, BANDS)])
    waves = np.fft.rfft(means, axis=-1)[..., field.shape[-1] // SHRINK :]
    return float((np.abs(waves.sum(axis=0)) ** 2).sum() / (np.abs(waves) ** 2).sum())
