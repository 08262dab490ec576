"""The power of a field's shells by spherical-harmonic degree.

Rows are not Gaussian latitudes, so there is no exact quadrature for all degrees: the coefficients of each order are a
least-squares fit over the rows, weighted by area. That is exact for a field without higher degrees than the fit's.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from earthgan.grid import ShellGrid
from earthgan.legendre import legendre
from earthgan.quantities import cell_weights

Array = NDArray[np.float32]


class DegreeSpectrum:
    """Degree power on one grid, to 7/8 of its rows: beyond, the fit amplifies what it cannot tell apart."""

    def __init__(self, grid: ShellGrid) -> None:
        _, rows, columns = grid.shape
        self._rows = rows
        self.degree = max(1, min(7 * rows // 8, (columns - 1) // 2))
        areas = np.sqrt(cell_weights(grid)[:, :1])
        values = legendre(self.degree, np.radians(90 - np.asarray(grid.latitudes_deg))).values
        self._fits = [np.linalg.pinv(areas * each) * areas.T for each in values]

    def power(self, field: Array) -> NDArray[np.float64]:
        """`(shell, degree)`: the mean over the sphere of the square of each degree's part of `(shell, latitude,
        longitude)`; all degrees together make the mean square.
        """
        modes = np.fft.rfft(field, axis=-1, norm="forward")[..., : self.degree + 1]
        power = np.zeros((len(field), self.degree + 1))
        for m, fit in enumerate(self._fits):
            squares = np.abs(modes[..., m] @ fit.T) ** 2
            power[:, m:] += squares if m == 0 else 2 * squares
        return power / (4 * np.pi)

    def bands(self) -> list[range]:
        """Degrees that an eightfold coarser grid still resolves, then by octaves to the last."""
        edges = sorted({1, self.degree + 1, *(self._rows // n + 1 for n in (8, 4, 2) if self._rows // n < self.degree)})
        return [range(first, last) for first, last in pairwise(edges)]
