"""Statistics of a radial shell over the sphere. Each cell is weighted by its area."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from earthgan.sphere.grid import ShellGrid, cell_weights

PERCENTILES = (1, 5, 50, 95, 99)
BINS = 64


@dataclass(frozen=True)
class ShellStatistics:
    """Statistics of a shell. `mean`, `std`, `min`, `max` and `percentiles` are in its unit, and the others are shares.

    `bins` are the shares of equal intervals of the requested range; the last interval includes its upper end. `below`
    and `above` are the shares outside the range. All three are shares of the area that has values. `missing` is the
    share of the whole sphere without values. If the shell has no values at all, the statistics in its unit are None.
    """

    mean: float | None
    std: float | None
    min: float | None
    max: float | None
    percentiles: dict[int, float | None]
    bins: tuple[float, ...]
    below: float
    above: float
    missing: float


def shell_statistics(shell: NDArray[np.float32], grid: ShellGrid, bounds: tuple[float, float]) -> ShellStatistics:
    """The statistics of a shell `(latitude, longitude)`, with a histogram over the range `bounds`.

    Cells are sorted by their values and their areas are cumulated. Half of a cell's area counts before its value. A
    percentile is the value at which the cumulated area reaches that share.
    """
    valid = np.isfinite(shell)
    values, areas = shell[valid].astype(np.float64), cell_weights(grid)[valid]
    total = float(areas.sum())
    missing = max(0.0, 1 - total) if not valid.all() else 0.0
    if total == 0:
        return ShellStatistics(
            None, None, None, None, dict.fromkeys(PERCENTILES), (0.0,) * BINS, 0.0, 0.0, missing=missing
        )
    weights = areas / total
    mean = float(weights @ values)
    order = np.argsort(values)
    passed = np.cumsum(weights[order]) - weights[order] / 2
    found = np.interp(np.array(PERCENTILES) / 100, passed, values[order])
    low, high = bounds
    bins, _ = np.histogram(values, BINS, (low, high), weights=weights)
    return ShellStatistics(
        mean=mean,
        std=float(np.sqrt(weights @ (values - mean) ** 2)),
        min=float(values.min()),
        max=float(values.max()),
        percentiles=dict(zip(PERCENTILES, found.tolist(), strict=True)),
        bins=tuple(bins.tolist()),
        below=float(weights[values < low].sum()),
        above=float(weights[values > high].sum()),
        missing=missing,
    )
