"""Reads variables of a source as coefficients of harmonics, a part of the shells at a time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from earthgan.errors import BadInput
from earthgan.records import Affine
from earthgan.sphere.grid import ShellGrid
from earthgan_training.harmonics.analysis import fast_coefficients, highest_degree
from earthgan_training.simulations.labelled import Source

Field = NDArray[np.float32]

#: The number of values of a variable that are read and analysed at a time.
VALUES = 2**23
#: The highest degree that a code can have.
HIGHEST = 511


def borne_degree(grid: ShellGrid) -> int:
    """The highest degree whose waves a grid's rows and columns resolve, wherever their largest gap is."""
    latitudes, longitudes = np.asarray(grid.latitudes_deg), np.asarray(grid.longitudes_deg)
    beyond_poles = 2 * (90 - latitudes[0]), 2 * (90 + latitudes[-1])
    gap_deg = max(*beyond_poles, -np.diff(latitudes).min(), np.diff(longitudes, append=longitudes[0] + 360).max())
    return max(min(highest_degree(grid), int(180 / gap_deg + 1e-6), HIGHEST), 0)


def parts(grid: ShellGrid) -> Iterator[range]:
    """Ranges of shells that together hold about `VALUES` values."""
    shells, rows, columns = grid.shape
    step = max(1, VALUES // (rows * columns))
    for first in range(0, shells, step):
        yield range(first, min(first + step, shells))


def read_part(source: Source, t: int, name: str, shells: range) -> Field:
    """A variable on some shells. Raises BadInput if a cell has no value, because harmonics need every cell."""
    field = source.read(t, name, shells)
    if not np.isfinite(field).all():
        raise BadInput(f"{source.address}: {name} has cells without a value (--missing fill)")
    return field


def coefficients_of(source: Source, t: int, name: str, degree: int, affine: Affine) -> Field:
    """The normalised coefficients `(degree, order, part, shell)` of a variable. Raises BadInput."""
    out = np.empty((degree + 1, degree + 1, 2, len(source.grid.radii_km)), np.float32)
    for shells in parts(source.grid):
        values = read_part(source, t, name, shells) - np.float32(affine.offset)
        values /= np.float32(affine.scale)
        out[..., shells.start : shells.stop] = fast_coefficients(values, source.grid, degree)
    return out


def profile_coefficients_of(
    source: Source, t: int, name: str, degree: int, affine: Affine, profiles: NDArray[np.floating]
) -> Field:
    """The coefficients `(degree, order, part, profile)` of sums over the shells, with weights `profiles`
    `(profile, shell)`: those of `coefficients_of` times the weights.

    The sums come first, so that only as many fields are analysed as there are profiles. Raises BadInput.
    """
    weights = (profiles / affine.scale).astype(np.float32)
    _, rows, columns = source.grid.shape
    sums = np.zeros((len(weights), rows * columns), np.float32)
    for shells in parts(source.grid):
        values = read_part(source, t, name, shells) - np.float32(affine.offset)
        sums += weights[:, shells.start : shells.stop] @ values.reshape(len(shells), -1)
    return fast_coefficients(sums.reshape(-1, rows, columns), source.grid, degree)


def real_rows(coefficients: Field) -> Field:
    """Coefficients `(degree, order, part, shell)` as those of real orthonormal harmonics: `(coefficient, shell)`.

    They are ordered by degree, and degree l has 2 l + 1 of them.
    """
    degrees, shells = len(coefficients), coefficients.shape[-1]
    out = np.empty((degrees**2, shells), coefficients.dtype)
    for n, of_degree in enumerate(coefficients):
        cosines, sines = of_degree[: n + 1, 0], of_degree[1 : n + 1, 1]
        rows = out[n**2 : (n + 1) ** 2]
        rows[0], rows[1 : n + 1], rows[n + 1 :] = cosines[0], np.sqrt(2) * cosines[1:], np.sqrt(2) * sines
    return out


def from_real_rows(rows: Field) -> Field:
    """The coefficients `(degree, order, part, shell)` of which these are the `real_rows`."""
    degrees = int(np.sqrt(len(rows)))
    out = np.zeros((degrees, degrees, 2, rows.shape[-1]), rows.dtype)
    for n, of_degree in enumerate(out):
        some = rows[n**2 : (n + 1) ** 2]
        of_degree[0, 0] = some[0]
        of_degree[1 : n + 1, 0], of_degree[1 : n + 1, 1] = some[1 : n + 1] / np.sqrt(2), some[n + 1 :] / np.sqrt(2)
    return out


def degrees_of(rows: int) -> NDArray[np.intp]:
    """The degree of each row of `real_rows`."""
    return np.sqrt(np.arange(rows)).astype(np.intp)
