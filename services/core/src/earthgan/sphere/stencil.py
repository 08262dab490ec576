"""Values at single points from as few grid columns as possible, so that a generator computes nothing else.

The values are those of `earthgan.sphere.sampling`, which samples whole shells: bilinear and periodic. Between the last
row and a pole, the interpolation goes to the mean of that row, so a point there needs the whole row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from earthgan.sphere.grid import ShellGrid, Window, column_widths_deg
from earthgan.sphere.sampling import Neighbours, ShellSampler, mean_of_known

#: The overhead of one more call of a generator, about a millisecond, as a number of multiplications.
CALL = 10_000_000


@dataclass(frozen=True)
class Stencil:
    """Points, and the box of rows and columns that their values need.

    `around_rows` holds indices of the rows of a padded shell (`ShellSampler.padded`). The columns of the box may run
    over the date line.
    """

    grid: ShellGrid
    rows: range
    columns: range
    around_rows: Neighbours
    around_columns: Neighbours

    @classmethod
    def of(cls, grid: ShellGrid, latitudes_deg: NDArray[np.float64], longitudes_deg: NDArray[np.float64]) -> Stencil:
        """The smallest box around points `(point,)` and the shortest path that joins them in their order."""
        sampler = ShellSampler(grid)
        around_rows, around_columns = sampler.rows(latitudes_deg), sampler.columns(longitudes_deg)
        first, last = _stored_row(grid, around_rows.before), _stored_row(grid, around_rows.after)
        rows = range(int(first.min()), int(last.max()) + 1)
        polar = _is_pole(grid, around_rows.before) | _is_pole(grid, around_rows.after)
        count = grid.shape[2]
        columns = range(count) if polar.any() else _columns(around_columns.before, count)
        return cls(grid, rows, columns, around_rows, around_columns)

    def window(self, shells: range) -> Window:
        """The window of the box in the given shells."""
        return Window(shells, self.rows, self.columns)

    @property
    def latitudes_deg(self) -> NDArray[np.float64]:
        """The box's latitudes `(row, 1)`."""
        return np.asarray(self.grid.latitudes_deg)[self.rows.start : self.rows.stop, None]

    @property
    def longitudes_deg(self) -> NDArray[np.float64]:
        """The box's longitudes `(column,)`."""
        return np.asarray(self.grid.longitudes_deg)[self._column_indices]

    @property
    def _column_indices(self) -> NDArray[np.intp]:
        return np.arange(self.columns.start, self.columns.stop) % self.grid.shape[2]

    def cut(self, shell: NDArray[np.float32]) -> NDArray[np.float32]:
        """The box `(..., row, column)` of whole shells `(..., latitude, longitude)`."""
        return shell[..., self.rows.start : self.rows.stop, :][..., self._column_indices]

    def sample(self, box: NDArray[np.float32]) -> NDArray[np.float32]:
        """Values `(..., point)` from a box `(..., row, column)`. NaN counts as in `ShellSampler.sample`."""

        def at(rows: NDArray[np.intp], columns: NDArray[np.intp]) -> NDArray[np.float32]:
            stored = _stored_row(self.grid, rows) - self.rows.start
            values: NDArray[np.float32] = box[..., stored, (columns - self.columns.start) % self.grid.shape[2]]
            polar = _is_pole(self.grid, rows)
            if polar.any():
                values[..., polar] = self._ring_mean(box[..., stored[polar], :])
            return values

        rows, columns = self.around_rows, self.around_columns
        upper_left, upper_right = at(rows.before, columns.before), at(rows.before, columns.after)
        lower_left, lower_right = at(rows.after, columns.before), at(rows.after, columns.after)
        upper = upper_left + columns.share * (upper_right - upper_left)
        lower = lower_left + columns.share * (lower_right - lower_left)
        values = np.asarray(upper + rows.share * (lower - upper), dtype=np.float32)
        if not np.isnan(values).any():
            return values
        corners = np.stack([[upper_left, upper_right], [lower_left, lower_right]])
        return np.where(np.isnan(values), mean_of_known(corners, rows.share, columns.share), values)

    def _ring_mean(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """The mean `(...)` of whole rows `(..., longitude)` over the circle, without values that are NaN."""
        weights = np.where(np.isfinite(rows), column_widths_deg(self.grid) / 360, 0)
        with np.errstate(invalid="ignore"):
            return np.asarray(np.nansum(weights * rows, axis=-1) / weights.sum(axis=-1), dtype=np.float32)


def cheapest_stencils(
    grid: ShellGrid,
    latitudes_deg: NDArray[np.float64],
    longitudes_deg: NDArray[np.float64],
    shells: range,
    cost: Callable[[Window], int],
) -> list[Stencil]:
    """Cut a path of points `(point,)` into pieces, in order, so that their boxes cost little together.

    `cost` counts the multiplications that a window takes. A piece is halved if its halves, each cut in its best way,
    are cheaper although they need one more call. A path along a circle of latitude stays whole, and an oblique one
    becomes many small boxes.
    """

    def best(first: int, stop: int) -> tuple[int, list[Stencil]]:
        whole = Stencil.of(grid, latitudes_deg[first:stop], longitudes_deg[first:stop])
        price = cost(whole.window(shells)) + CALL
        if stop - first > 1 and price > 2 * CALL:
            middle = (first + stop) // 2
            left_price, left = best(first, middle)
            right_price, right = best(middle, stop)
            if left_price + right_price < price:
                return left_price + right_price, left + right
        return price, [whole]

    return best(0, len(latitudes_deg))[1]


def _stored_row(grid: ShellGrid, padded: NDArray[np.intp]) -> NDArray[np.intp]:
    """The row of the grid for each row of a padded shell. For an added pole, this is the nearest row."""
    north = 1 if grid.latitudes_deg[0] < 90 else 0
    return np.clip(padded - north, 0, grid.shape[1] - 1)


def _is_pole(grid: ShellGrid, padded: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Whether a row of a padded shell is a pole that the grid does not have."""
    north, south = grid.latitudes_deg[0] < 90, grid.latitudes_deg[-1] > -90
    return np.asarray((north & (padded == 0)) | (south & (padded == grid.shape[1] + north)))


def _columns(west: NDArray[np.intp], count: int) -> range:
    """The columns from the westernmost to the easternmost neighbour of points that follow one another.

    The path goes from each point to the next one on the shorter way round the globe.
    """
    steps = (np.diff(west) + count // 2) % count - count // 2
    unrolled = west[0] + np.concatenate([[0], np.cumsum(steps)])
    first, last = int(unrolled.min()), int(unrolled.max()) + 1
    if last - first + 1 >= count:
        return range(count)
    start = first % count
    return range(start, start + last - first + 1)
