"""The harmonics on the rows and columns of a grid, which the planners of coded surrogates share."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from earthgan.numerics.transform import Columns, Rows, Transform
from earthgan.sphere.grid import ShellGrid, Window, cell_weights

Array = NDArray[np.float32]

#: The number of points of a variable that are evaluated at a time. It is small enough for a processor's cache.
POINTS = 2**16


class Globe:
    """Harmonics up to `degree` at the points of a grid. They are computed on first use."""

    def __init__(self, degree: int, grid: ShellGrid) -> None:
        self.degree, self.grid = degree, grid

    @cached_property
    def rows(self) -> Rows:
        return Rows(self.degree, np.radians(90 - np.asarray(self.grid.latitudes_deg)), np.float32)

    @cached_property
    def harmonics(self) -> Array:
        """`(kind, order, row, degree)`: the values and the southward and eastward derivatives of the harmonics."""
        return np.stack([self.rows.dense(kind) for kind in ("values", "slopes", "eastward")])

    @cached_property
    def _turn(self) -> Columns:
        return Columns(self.degree, np.radians(self.grid.longitudes_deg), np.float32)

    def _columns(self, columns: range) -> Columns:
        if columns == self.grid.whole.columns:
            return self._turn
        return Columns(self.degree, np.radians(self.longitudes_deg(columns)), np.float32)

    def longitudes_deg(self, columns: range) -> NDArray[np.float64]:
        around = np.arange(columns.start, columns.stop) % self.grid.shape[2]
        return np.asarray(self.grid.longitudes_deg)[around]

    def transform(self, window: Window) -> Transform:
        """The transform between coefficients and fields on the rows and columns of a window."""
        return Transform(self.rows.part(window.rows), self._columns(window.columns))

    @cached_property
    def means(self) -> Array:
        """`(degree,)`: the means of the harmonics of order 0 over the grid's cells."""
        return np.asarray(cell_weights(self.grid).sum(axis=1) @ self.rows.dense("values")[0])

    def waves(self, window: Window) -> Array:
        """`(turned, order, part, column)`: the waves on a window's columns, and the same after a factor i."""
        waves = Columns(self.degree, np.radians(self.longitudes_deg(window.columns))).waves
        return np.stack([waves, np.stack([waves[:, 1], -waves[:, 0]], axis=1)]).astype(np.float32)
