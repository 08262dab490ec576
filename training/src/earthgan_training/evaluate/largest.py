"""The largest error of a variable, and where it lies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from earthgan.records import PlanetSpec
from earthgan.sphere.grid import ShellGrid

Array = NDArray[np.float32]


@dataclass(frozen=True)
class LargestError:
    """The largest error of a variable in one time step. `error` is the prediction less the ground truth, and `truth` is
    the ground truth at that place, both in the variable's unit. `share` is the error's size over the range of the
    ground truth in this step.
    """

    error: float
    truth: float
    share: float
    t: int
    depth: float
    latitude_deg: float
    longitude_deg: float


def largest_error(prediction: Array, truth: Array, grid: ShellGrid, planet: PlanetSpec, t: int) -> LargestError:
    """Find the cell `(shell, latitude, longitude)` of `grid` where a prediction is farthest from the ground truth."""
    error = prediction.astype(np.float64) - truth
    shell, row, column = np.unravel_index(np.abs(error).argmax(), error.shape)
    there = float(error[shell, row, column])
    return LargestError(
        error=there,
        truth=float(truth[shell, row, column]),
        share=abs(there) / (float(np.ptp(truth)) or 1.0),
        t=t,
        depth=planet.depth_km(grid.radii_km[shell]),
        latitude_deg=grid.latitudes_deg[row],
        longitude_deg=grid.longitudes_deg[column],
    )
