"""The symmetries of a spherical shell that training uses: rotations about the axis, and mirror images.

Without the planet's rotation, a rotated or mirrored convection pattern is as likely as the original. A vector field
changes with its places: its Cartesian x and y components rotate or reflect, and its z component changes sign when north
and south are exchanged.
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
    """Maps places in the changed field to places in the stored field. Column `j` comes from `columns + j`; if east and
    west are exchanged, from `columns - j`. Row `i` comes from `i`; if north and south are exchanged, from `rows - 1 -
    i`.
    """

    columns: int = 0
    east_west: bool = False
    north_south: bool = False

    def source(self, window: Window, rows: int) -> Window:
        """The window in the stored field, which has `rows` rows, for a window in the changed field."""
        first, last = window.columns.start, window.columns.stop - 1
        if self.east_west:
            columns = range(self.columns - last, self.columns - first + 1)
        else:
            columns = range(self.columns + first, self.columns + last + 1)
        if self.north_south:
            return Window(window.shells, range(rows - window.rows.stop, rows - window.rows.start), columns)
        return Window(window.shells, window.rows, columns)

    def flipped(self, values: Array) -> Array:
        """The values `(..., latitude, longitude)` of a source window in the order of the changed field."""
        return values[..., :: -1 if self.north_south else 1, :: -1 if self.east_west else 1]

    def flipped_rows(self, values: Array) -> Array:
        """Rows at all latitudes in the order of the changed field."""
        return values[..., :: -1 if self.north_south else 1, :]

    def cells(self, count: int, ratio: int) -> NDArray[np.intp]:
        """The stored column at which each of `count` cells in the changed field begins. A cell is `ratio` columns wide.
        The result may lie on another turn.
        """
        first = ratio * np.arange(count)
        # A mirrored cell ends where the original cell began.
        return self.columns - first - (ratio - 1) if self.east_west else self.columns + first

    def turn(self, values: Array, names: Sequence[str], vector: Sequence[str] | None, truth: ShellGrid) -> Array:
        """Transform the Cartesian components `vector` among `values` `(variable, ...)`, in units, together with the
        field.
        """
        if not vector or not set(vector) <= set(names):
            return values
        x, y, z = (values[names.index(name)] for name in vector)
        angle = np.radians(self.columns * 360 / truth.shape[2] + (2 * truth.longitudes_deg[0] if self.east_west else 0))
        turned = values.copy()
        turned[names.index(vector[0])], y = about_axis(x, y, -angle)
        turned[names.index(vector[1])] = -y if self.east_west else y
        turned[names.index(vector[2])] = -z if self.north_south else z
        return turned
