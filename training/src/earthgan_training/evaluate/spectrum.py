"""The power of a field's shells by degree of spherical harmonics."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from earthgan.sphere.grid import ShellGrid
from earthgan_training.harmonics.analysis import scalar_coefficients

Array = NDArray[np.float32]


class DegreeSpectrum:
    """The power of degrees on one grid, up to 7/8 of its number of rows. Beyond that, the fit amplifies what it cannot
    distinguish.
    """

    def __init__(self, grid: ShellGrid) -> None:
        _, rows, columns = grid.shape
        self._grid = grid
        self.degree = max(1, min(7 * rows // 8, (columns - 1) // 2))

    def power(self, field: Array) -> NDArray[np.float64]:
        """The power `(shell, degree)` of a field `(shell, latitude, longitude)`: the mean over the sphere of the square
        of each degree's part. All degrees together give the mean square.
        """
        squares = np.square(scalar_coefficients(field, self._grid, self.degree)).sum(axis=2)
        squares[:, 1:] *= 2  # the negative orders
        return np.asarray(squares.sum(axis=1).T / (4 * np.pi))

    def bands(self) -> list[range]:
        """Bands of degrees: first those that a grid eight times as coarse still resolves, then octaves up to the last
        degree.
        """
        rows = self._grid.shape[1]
        edges = sorted({1, self.degree + 1, *(rows // n + 1 for n in (8, 4, 2) if rows // n < self.degree)})
        return [range(first, last) for first, last in pairwise(edges)]
