"""Second moments of temperature and velocity, degree by degree. A linear relation between the two can be fitted to them
and judged by them alone. Their size does not depend on the number of time steps in the sums.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from earthgan.errors import BadInput
from earthgan.flow.stokes import StokesMaps
from earthgan.quantities import VELOCITY
from earthgan.sphere.grid import ShellGrid
from earthgan.sphere.vectors import LocalAxes
from earthgan.variables import TEMPERATURE
from earthgan_training.harmonics.analysis import fast_coefficients, fast_vector_coefficients, highest_degree
from earthgan_training.simulations.labelled import Source

Array = NDArray[np.float64]
Field = NDArray[np.float32]

#: The number of values of a variable that are read and analysed at a time.
VALUES = 2**21


@dataclass(frozen=True)
class Spectra:
    """The coefficients `(degree, order, part, shell)` of one time step: temperature, and U, V, W of the velocity."""

    temperature: Array
    u: Array
    v: Array
    w: Array


@dataclass(frozen=True)
class Moments:
    """Products of coefficients, summed over time steps and orders. Orders above 0 count twice, so the sums are
    integrals over the sphere.

    `tt`, `ut` and `vt` are `(degree, shell, shell)` with temperature on the last axis. `uu`, `vv` and `ww` are
    `(degree, shell)`. The lateral moments contain the factor l(l + 1), so they too are integrals of the velocity's
    square.
    """

    radii_km: Array
    tt: Array
    ut: Array
    vt: Array
    uu: Array
    vv: Array
    ww: Array

    def __add__(self, other: Moments) -> Moments:
        names = ("tt", "ut", "vt", "uu", "vv", "ww")
        return Moments(self.radii_km, *(getattr(self, name) + getattr(other, name) for name in names))

    @property
    def lateral(self) -> Array:
        """The square of the lateral velocity `(degree, shell)`, including its toroidal part."""
        return self.vv + self.ww

    def radial_error(self, kernels: Array) -> Array:
        """The square of U minus `kernels` times temperature: `(degree, shell)`."""
        return np.asarray(self.uu + _square(kernels, self.tt) - 2 * (kernels * self.ut).sum(axis=2))

    def lateral_error(self, kernels: Array) -> Array:
        """The square of the difference between the lateral velocity and the one that `kernels` give:
        `(degree, shell)`.
        """
        spheroidal = _square(kernels, self.tt) - 2 * (kernels * self.vt).sum(axis=2)
        return np.asarray(self.lateral + laplace(len(kernels)) * spheroidal)

    def errors(self, maps: StokesMaps) -> tuple[Array, Array]:
        """The square errors of the radial and of the lateral velocity."""
        return self.radial_error(maps.radial), self.lateral_error(maps.lateral)


def laplace(degrees: int) -> Array:
    """The factors l(l + 1) as `(degree, 1)`."""
    n = np.arange(degrees)
    return np.asarray(n * (n + 1.0))[:, None]


def step_moments(spectra: Spectra, radii_km: Array) -> Moments:
    """The moments of one time step."""
    degrees = len(spectra.temperature)
    weight = np.where(np.arange(degrees) == 0, 1.0, 2.0)[:, None, None]

    def flat(coefficients: Array) -> Array:
        return (coefficients * np.sqrt(weight)).reshape(degrees, -1, coefficients.shape[-1])

    t, u, v, w = (flat(part) for part in (spectra.temperature, spectra.u, spectra.v, spectra.w))
    turned, factor = t.transpose(0, 2, 1), laplace(degrees)
    return Moments(
        radii_km,
        turned @ t,
        u.transpose(0, 2, 1) @ t,
        v.transpose(0, 2, 1) @ t,
        (u**2).sum(axis=1),
        factor * (v**2).sum(axis=1),
        factor * (w**2).sum(axis=1),
    )


def step_spectra(source: Source, t: int, degree: int) -> Spectra:
    """The coefficients of temperature and velocity in a time step. Some shells are read at a time. Raises BadInput.

    They are computed in float32, whose rounding is far below what a relation leaves unexplained.
    """
    grid, size = source.grid, degree + 1
    found = np.empty((4, size, size, 2, len(grid.radii_km)))
    for some in shells_at_once(grid):
        vx, vy, vz = (source.read(t, name, some) for name in VELOCITY)
        flow = fast_vector_coefficients(*spherical(vx, vy, vz, grid), grid, degree)
        parts = (fast_coefficients(source.read(t, TEMPERATURE.name, some), grid, degree), *flow)
        for whole, part in zip(found, parts, strict=True):
            whole[..., some.start : some.stop] = part
    return Spectra(*found)


def shells_at_once(grid: ShellGrid) -> Iterator[range]:
    """Ranges of shells that together hold about `VALUES` values."""
    shells, rows, columns = grid.shape
    step = max(1, VALUES // (rows * columns))
    for first in range(0, shells, step):
        yield range(first, min(first + step, shells))


def spherical(vx: Field, vy: Field, vz: Field, grid: ShellGrid) -> tuple[Field, Field, Field]:
    """Convert a Cartesian velocity on a grid to its components outwards, southwards and eastwards."""
    return LocalAxes.on_grid(grid.latitudes_deg, grid.longitudes_deg, np.float32).local(vx, vy, vz)


def source_moments(source: Source, degree: int | None, on_step: Callable[[], None] = lambda: None) -> Moments:
    """The moments of a source's time steps up to a degree. The default is the highest degree that its grid determines,
    but at most 95.

    Raises BadInput if a step cannot be read, or if the grid is too coarse for the degree.
    """
    highest = highest_degree(source.grid)
    if degree is not None and degree > highest:
        raise BadInput(f"{source.address}: its grid determines harmonics up to degree {highest}, not {degree}")
    total: Moments | None = None
    for step in source.steps:
        spectra = step_spectra(source, step.t, degree or min(highest, 95))
        moments = step_moments(spectra, np.asarray(source.grid.radii_km))
        total = moments if total is None else total + moments
        on_step()
    if total is None:
        raise BadInput(f"{source.address}: there are no time steps to compute moments from")
    return total


def _square(kernels: Array, tt: Array) -> Array:
    return np.asarray(((kernels @ tt) * kernels).sum(axis=2))
