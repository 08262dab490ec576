"""Values of a radial shell at any latitudes and longitudes. They are periodic, and single-valued at the poles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from earthgan.sphere.grid import ShellGrid, column_widths_deg


@dataclass(frozen=True)
class Neighbours:
    """For each of `n` positions along an axis, the grid points before and after it, and the weight of the one after."""

    before: NDArray[np.intp]
    after: NDArray[np.intp]
    share: NDArray[np.float32]

    @property
    def nearest(self) -> NDArray[np.intp]:
        """The grid point closest to each position."""
        return np.where(self.share > 0.5, self.after, self.before)


class ShellSampler:
    """Samples shells `(latitude, longitude)` of one grid.

    A pole is one point, and its value is the mean of the nearest row. Values between that row and the pole are
    interpolated.
    """

    def __init__(self, grid: ShellGrid) -> None:
        rows, columns = np.asarray(grid.latitudes_deg), np.asarray(grid.longitudes_deg)
        self._adds_poles = bool(rows[0] < 90), bool(rows[-1] > -90)
        self._latitudes = np.unique([90.0, *rows, -90.0])[::-1]
        self._longitudes = np.append(columns, columns[0] + 360)
        self._column_weights = column_widths_deg(grid) / 360

    def rows(self, latitudes_deg: NDArray[np.float64]) -> Neighbours:
        """The rows of a padded shell around each latitude."""
        before, share = _brackets(-self._latitudes, -np.asarray(latitudes_deg))
        return Neighbours(before, before + 1, share)

    def columns(self, longitudes_deg: NDArray[np.float64]) -> Neighbours:
        """The columns around each longitude. Longitudes may be on any turn."""
        west = self._longitudes[0]
        before, share = _brackets(self._longitudes, (np.asarray(longitudes_deg) - west) % 360 + west)
        return Neighbours(before, (before + 1) % (len(self._longitudes) - 1), share)

    def padded(self, shell: NDArray[np.float32]) -> NDArray[np.float32]:
        """The shell, with a row added for each pole on which the grid has no row."""
        north, south = self._adds_poles
        first = [self._pole(shell[0])] if north else []
        last = [self._pole(shell[-1])] if south else []
        return np.concatenate([*first, shell, *last])

    def sample(
        self, shell: NDArray[np.float32], latitudes_deg: NDArray[np.float64], longitudes_deg: NDArray[np.float64]
    ) -> NDArray[np.float32]:
        """Bilinear values `(latitude, longitude)` at all pairs of the latitudes and the longitudes.

        A value is NaN if the nearest neighbour is NaN. Otherwise it is the mean of the neighbours that are not.
        """
        return bilinear(self.padded(shell), self.rows(latitudes_deg), self.columns(longitudes_deg))

    def _pole(self, row: NDArray[np.float32]) -> NDArray[np.float32]:
        """A row that holds the mean of another row's finite values, or NaN if there are none."""
        weights = np.where(np.isfinite(row), self._column_weights, 0)
        total = weights.sum()
        mean = np.nansum(weights * row) / total if total else np.nan
        return np.full((1, len(row)), mean, dtype=np.float32)


def bilinear(padded: NDArray[np.float32], rows: Neighbours, columns: Neighbours) -> NDArray[np.float32]:
    """Values `(row, column)` of a padded shell between its points. NaN counts as in `ShellSampler.sample`."""
    values = _linear(padded, rows, columns)
    return without_gaps(values, padded, rows, columns) if np.isnan(values.sum()) else values


def without_gaps(
    values: NDArray[np.float32], padded: NDArray[np.float32], rows: Neighbours, columns: Neighbours
) -> NDArray[np.float32]:
    """Values `(row, column)` that were interpolated over NaN, with those that have a value after all.

    Otherwise, missing cells would make holes that are larger than themselves. `values` is overwritten.
    """
    holes = np.isnan(values)
    i, j = np.nonzero(holes)
    corners = np.stack(
        [
            [padded[row, column] for column in (columns.before[j], columns.after[j])]
            for row in (rows.before[i], rows.after[i])
        ]
    )
    values[holes] = mean_of_known(corners, rows.share[i], columns.share[j])
    return values


def mean_of_known(
    corners: NDArray[np.float32], row_share: NDArray[np.float32], column_share: NDArray[np.float32]
) -> NDArray[np.float32]:
    """The bilinear mean `(..., point)` of those corners `(2, 2, ..., point)` that are not NaN. It is NaN if the nearest
    corner is.

    The first axis of the corners is before and after in latitude, the second in longitude. The shares `(point,)` are
    those of the corners after.
    """
    beyond = (1,) * (corners.ndim - 3)
    down, right = np.stack([1 - row_share, row_share]), np.stack([1 - column_share, column_share])
    weights = (down[:, None] * right).reshape(2, 2, *beyond, -1)
    known = ~np.isnan(corners)
    total = np.sum(np.where(known, weights, 0), axis=(0, 1))
    sums = np.sum(weights * np.where(known, corners, 0), axis=(0, 1))
    nearest_row = np.where(row_share > 0.5, known[1], known[0])
    nearest = np.where(column_share > 0.5, nearest_row[1], nearest_row[0])
    mean = np.divide(sums, total, out=np.full_like(sums, np.nan), where=nearest)
    return np.asarray(mean, dtype=np.float32)


def _linear(padded: NDArray[np.float32], rows: Neighbours, columns: Neighbours) -> NDArray[np.float32]:
    left, right = padded[:, columns.before], padded[:, columns.after]
    band = left + columns.share * (right - left)
    upper, lower = band[rows.before], band[rows.after]
    values: NDArray[np.float32] = upper + rows.share[:, None] * (lower - upper)
    return values


def _brackets(knots: NDArray[np.float64], at: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """For each position, the knot at or before it, and the share of the way to the next knot.

    Knots ascend. The last knot counts as the next one, so it is never the first of the two.
    """
    before = np.clip(np.searchsorted(knots, at, side="right") - 1, 0, len(knots) - 2)
    share = (at - knots[before]) / (knots[before + 1] - knots[before])
    return before, share.clip(0, 1).astype(np.float32)
