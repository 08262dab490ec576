"""The published conditional input as temperature and velocity: 14 x 27 points of a real mantle simulation.

Each variable was scaled to [0, 1] by constants that were never published. The constants of the velocity follow from the
flow itself. No flow crosses the boundaries, so the mean of each Cartesian component over the volume is zero. There is
also no radial flow at the surface, and only one ratio of the three scales fulfils this.
"""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from earthgan.errors import BadInput
from earthgan.sphere.grid import ShellGrid, cell_weights
from earthgan.sphere.vectors import LocalAxes
from earthgan_training.harmonics.analysis import scalar_coefficients, vector_coefficients
from earthgan_training.simulations.contest import contest_radius_km
from earthgan_training.surrogates.published import SHELLS, published_grids
from earthgan_training.velocity.moments import Moments, Spectra, spherical, step_moments

Array = NDArray[np.float64]

#: The highest degree. 14 rows and 27 columns of points determine it with some margin.
DEGREE = 10


def published_moments(path: Path) -> tuple[Moments, Moments]:
    """The moments of `x_<step>.npy`: the even orders to fit to, and the odd orders to judge by.

    Raises BadInput if the file is not such an input.
    """
    field = _read(path)
    rows = published_grids()[0]
    radii_km = contest_radius_km(np.arange(SHELLS) + 2)
    grid = ShellGrid(
        radii_km=tuple(radii_km.tolist()), latitudes_deg=rows.latitudes_deg, longitudes_deg=rows.longitudes_deg
    )
    vx, vy, vz = _with_a_zero(field[1:], grid)
    u, v, w = vector_coefficients(*spherical(vx, vy, vz, grid), grid, DEGREE)
    spectra = Spectra(scalar_coefficients(field[0], grid, DEGREE), u, v, w)
    return step_moments(_orders(spectra, 0), radii_km), step_moments(_orders(spectra, 1), radii_km)


def _with_a_zero(normalised: NDArray[np.float32], grid: ShellGrid) -> NDArray[np.float32]:
    """The velocity `(component, shell, latitude, longitude)` with one scale and a true zero."""
    areas = cell_weights(grid)
    volumes = areas * np.asarray(grid.radii_km)[:, None, None] ** 2
    means = (normalised * (volumes / volumes.sum())).sum(axis=(1, 2, 3))
    centred = normalised - means[:, None, None, None]
    outwards = LocalAxes.on_grid(grid.latitudes_deg, grid.longitudes_deg).unit_vectors()[0]
    through_the_surface = (centred[:, -1] * outwards * np.sqrt(areas)).reshape(3, -1)
    scales = np.linalg.svd(through_the_surface.T, full_matrices=False)[2][-1]
    return np.asarray(centred * (scales / scales[0])[:, None, None, None], np.float32)


def _orders(spectra: Spectra, first: int) -> Spectra:
    """The coefficients with every other order set to zero."""
    every_other = (np.arange(DEGREE + 1) % 2 == first)[:, None, None]
    return Spectra(*(np.where(every_other, getattr(spectra, f.name), 0) for f in fields(spectra)))


def _read(path: Path) -> NDArray[np.float32]:
    due = (1, 4, SHELLS, 14, 27)
    try:
        array = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise BadInput(f"{path}: is not a readable NPY array") from error
    if array.shape != due or not np.isfinite(array).all():
        raise BadInput(f"{path}: is not a finite array of shape {due}")
    return np.asarray(array[0], np.float32)
