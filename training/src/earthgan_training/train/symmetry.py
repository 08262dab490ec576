"""The symmetries of a spherical shell that training uses: rotations about the axis, and mirror images.

Convection without the planet's rotation looks as likely turned or mirrored. A vector field turns with its places:
its Cartesian x and y components rotate or reflect, its z component changes sign with north and south.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from earthgan.sphere.grid import ShellGrid, Window
from earthgan.sphere.vectors import about_axis

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Symmetry:
    """Where a place of the changed field is found in the stored one: column `j` at `columns + j`, or, with east and
    west exchanged, at `columns - j`; row `i` at `i`, or, with north and south exchanged, at `rows - 1 - i`.
    """

    columns: int = 0
    east_west: bool = False
    north_south: bool = False

    def source(self, window: Window, rows: int) -> Window:
        """The window of the stored field, which has `rows`, that holds a window of the changed one."""
        first, last = window.columns.start, window.columns.stop - 1
        if self.east_west:
            columns = range(self.columns - last, self.columns - first + 1)
        else:
            columns = range(self.columns + first, self.columns + last + 1)
        if self.north_south:
            return Window(window.shells, range(rows - window.rows.stop, rows - window.rows.start), columns)
        return Window(window.shells, window.rows, columns)

    def flipped(self, values: Array) -> Array:
        """A source window's values `(..., latitude, longitude)` in the order of the changed field."""
        return values[..., :: -1 if self.north_south else 1, :: -1 if self.east_west else 1]

    def flipped_rows(self, values: Array) -> Array:
        """Rows of all latitudes in the order of the changed field."""
        return values[..., :: -1 if self.north_south else 1, :]

    def cells(self, count: int, ratio: int) -> NDArray[np.intp]:
        """The stored column at which each of `count` cells, `ratio` columns wide, of the changed field begins; it may
        lie on another turn.
        """
        first = ratio * np.arange(count)
        # A mirrored cell ends where it began.
        return self.columns - first - (ratio - 1) if self.east_west else self.columns + first

    def turn(self, values: Array, names: Sequence[str], vector: Sequence[str] | None, truth: ShellGrid) -> Array:
        """The Cartesian components of `vector` among `values` `(variable, ...)`, in units, turned with the field."""
        if not vector or not set(vector) <= set(names):
            return values
        x, y, z = (values[names.index(name)] for name in vector)
        angle = np.radians(self.columns * 360 / truth.shape[2] + (2 * truth.longitudes_deg[0] if self.east_west else 0))
        turned = values.copy()
        turned[names.index(vector[0])], y = about_axis(x, y, -angle)
        turned[names.index(vector[1])] = -y if self.east_west else y
        turned[names.index(vector[2])] = -z if self.north_south else z
        return turned
