"""The published conditional input as temperature and velocity: 14 x 27 points of a real mantle simulation.

Each variable was scaled to [0, 1] by constants that were never published. They were found by comparing the input with
pictures of the same step whose ranges are printed on them (index 45 of the radial axis; correlation 0.997 to 0.999).
The flow itself agrees: its mean over the volume is zero and nothing crosses the surface, which gives the zero of each
component within 0.004 of its range, and the ratios of the three scales within 3 %.
"""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from earthgan.errors import BadInput
from earthgan.sphere.grid import ShellGrid
from earthgan_training.harmonics.analysis import scalar_coefficients, vector_coefficients
from earthgan_training.simulations.contest import contest_radius_km
from earthgan_training.surrogates.published import SHELLS, published_grids
from earthgan_training.velocity.moments import Moments, Spectra, spherical, step_moments

Array = NDArray[np.float64]

#: The highest degree. 14 rows and 27 columns of points determine it with some margin.
DEGREE = 10
#: The constants of temperature in K and of vx, vy and vz in m/s: `value = scale * input + offset`.
SCALES = (3050.0, 5.51e-9, 7.44e-9, 8.29e-9)
OFFSETS = (422.0, -2.175e-9, -2.987e-9, -4.319e-9)


def published_moments(path: Path) -> tuple[Moments, Moments]:
    """The moments of `x_<step>.npy`: the even orders to fit to, and the odd orders to judge by.

    Raises BadInput if the file is not such an input.
    """
    kelvins, vx, vy, vz = in_units(_read(path))
    rows = published_grids()[0]
    radii_km = contest_radius_km(np.arange(SHELLS) + 2)
    grid = ShellGrid(
        radii_km=tuple(radii_km.tolist()), latitudes_deg=rows.latitudes_deg, longitudes_deg=rows.longitudes_deg
    )
    u, v, w = vector_coefficients(*spherical(vx, vy, vz, grid), grid, DEGREE)
    spectra = Spectra(scalar_coefficients(kelvins, grid, DEGREE), u, v, w)
    return step_moments(_orders(spectra, 0), radii_km), step_moments(_orders(spectra, 1), radii_km)


def in_units(normalised: NDArray[np.float32]) -> NDArray[np.float32]:
    """The published numbers `(variable, shell, latitude, longitude)` in K and m/s."""
    scales, offsets = (np.array(each)[:, None, None, None] for each in (SCALES, OFFSETS))
    return np.asarray(normalised * scales + offsets, np.float32)


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
