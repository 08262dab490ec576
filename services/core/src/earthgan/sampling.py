"""Values of a radial shell at any latitudes and longitudes: bilinear, periodic, and single-valued at the poles."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from earthgan.grid import ShellGrid


class ShellSampler:
    """Samples shells `(latitude, longitude)` of one grid.

    A pole is one point: its value is the mean of the nearest row, and what lies between that row and the pole is
    interpolated.
    """

    def __init__(self, grid: ShellGrid) -> None:
        self._grid = grid

    @cached_property
    def _latitudes(self) -> NDArray[np.float64]:
        """The rows' latitudes with both poles added where the grid has none."""
        return np.unique([90.0, *self._grid.latitudes_deg, -90.0])[::-1]

    @cached_property
    def _longitudes(self) -> NDArray[np.float64]:
        """The columns' longitudes and, a turn later, the first again."""
        columns = np.asarray(self._grid.longitudes_deg)
        return np.append(columns, columns[0] + 360)

    @cached_property
    def _column_weights(self) -> NDArray[np.float64]:
        """The share of the circle that each column stands for."""
        around = np.concatenate([[self._longitudes[-2] - 360], self._longitudes])
        return np.asarray((around[2:] - around[:-2]) / 720)

    def sample(
        self, shell: NDArray[np.float32], latitudes_deg: NDArray[np.float64], longitudes_deg: NDArray[np.float64]
    ) -> NDArray[np.float32]:
        """Values `(latitude, longitude)` at each pair of the given latitudes and longitudes; NaN where a neighbour is
        NaN.
        """
        rows = self._with_poles(shell)
        above, south = _brackets(-self._latitudes, -np.asarray(latitudes_deg))
        west = self._longitudes[0]
        left, east = _brackets(self._longitudes, (np.asarray(longitudes_deg) - west) % 360 + west)
        right = (left + 1) % shell.shape[1]
        band = rows[above] + south[:, None] * (rows[above + 1] - rows[above])
        sampled: NDArray[np.float32] = band[:, left] + east * (band[:, right] - band[:, left])
        return sampled

    def _with_poles(self, shell: NDArray[np.float32]) -> NDArray[np.float32]:
        latitudes = self._grid.latitudes_deg
        north = [self._pole(shell[0])] if latitudes[0] < 90 else []
        south = [self._pole(shell[-1])] if latitudes[-1] > -90 else []
        return np.concatenate([*north, shell, *south])

    def _pole(self, row: NDArray[np.float32]) -> NDArray[np.float32]:
        """The mean of a row's finite values, as a row; NaN where there are none."""
        weights = np.where(np.isfinite(row), self._column_weights, 0)
        total = weights.sum()
        mean = np.nansum(weights * row) / total if total else np.nan
        return np.full((1, len(row)), mean, dtype=np.float32)


def _brackets(knots: NDArray[np.float64], at: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """For each position, the last knot at or before it (ascending, never the very last) and how far to the next."""
    before = np.clip(np.searchsorted(knots, at, side="right") - 1, 0, len(knots) - 2)
    share = (at - knots[before]) / (knots[before + 1] - knots[before])
    return before, share.clip(0, 1).astype(np.float32)
