"""Measures whether a velocity field conserves volume, as the velocity of an incompressible mantle does."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from earthgan.sphere.grid import ShellGrid, cell_weights
from earthgan.sphere.vectors import LocalAxes
from earthgan_training.evaluate.accuracy import mean_square
from earthgan_training.evaluate.grids import volumes
from earthgan_training.grids.area_mean import column_edges_deg, row_edges_deg

Array = NDArray[np.float32]


def relative_divergence(vx: Array, vy: Array, vz: Array, grid: ShellGrid) -> float:
    """The rms divergence of a velocity `(shell, latitude, longitude)` times the shell's thickness, divided by the rms
    speed.

    The divergence is the flux through the faces of each cell divided by its volume, between the first and the last
    shell. The velocity at a face is the mean of the two cells beside it. No face lies on a pole, where its area would
    be zero. For an exactly solenoidal field, the result is the error of these differences, so compare it with the
    ground truth's value on the same grid.
    """
    radii, (_, rows, columns) = np.asarray(grid.radii_km), grid.shape
    axes = LocalAxes.on_grid(grid.latitudes_deg, grid.longitudes_deg, np.float32)
    up, south, east = (component.astype(np.float64) for component in axes.local(vx, vy, vz))
    speed = np.sqrt(mean_square(np.stack([up, south, east]), cell_weights(grid)).sum(axis=0) @ volumes(grid))
    edges = np.radians(row_edges_deg(grid))[::-1]
    heights, widths = -np.diff(np.sin(edges))[:, None], np.radians(np.diff(column_edges_deg(grid)))

    middles = (radii[1:] + radii[:-1]) / 2
    through = middles[:, None, None] ** 2 * (up[1:] + up[:-1]) / 2
    divergence = 3 * np.diff(through, axis=0) / np.diff(middles**3)[:, None, None]

    between = np.zeros((len(radii), rows + 1, columns))
    between[:, 1:-1] = np.cos(edges[1:-1])[:, None] * (south[:, 1:] + south[:, :-1]) / 2
    lateral = np.diff(between, axis=1) / heights
    eastern = (east + np.roll(east, -1, axis=-1)) / 2
    angles = -np.diff(edges)[:, None]
    lateral += (eastern - np.roll(eastern, 1, axis=-1)) / widths * angles / heights
    divergence += lateral[1:-1] / radii[1:-1, None, None]

    inner = volumes(grid)[1:-1] / volumes(grid)[1:-1].sum()
    rms = np.sqrt(np.einsum("kij,ij->k", divergence**2, cell_weights(grid)) @ inner)
    return float(rms * (radii[-1] - radii[0]) / speed)
