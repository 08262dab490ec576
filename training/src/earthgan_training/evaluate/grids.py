"""The grid that surrogates and their rivals are compared on, and how fields come onto it.

It is the paper's truth grid: the last 198 shells of the file, and 60 % of its rows and columns, here cell-centred. A
field comes onto it by means over cells that keep the integral: a cubic spline runs through the field's cumulated
integral along each axis, and a cell's mean is the difference of the spline at its edges. Summing the overlaps of cells
instead, as if a field were constant in each, displaces it by up to a third of a cell, differently from cell to cell:
noise at 56 dB of the temperature's range where 180 rows become 112.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline  # type: ignore[import-untyped]

from earthgan.grid import ShellGrid

Array = NDArray[np.float32]
#: From `(..., latitude, longitude)` on one grid to the same on another.
Remap = Callable[[Array], Array]

SHELLS, PERCENT = 198, 60


def comparison_grid(latitudes: int, longitudes: int, radii_km: tuple[float, ...]) -> ShellGrid:
    """The grid for files of so many latitudes and longitudes, a repeated meridian counted: 198 x 108 x 216 for the
    contest's 180 x 360.
    """
    rows, columns = latitudes * PERCENT // 100, longitudes * PERCENT // 200 * 2
    return ShellGrid.cell_centred(radii_km[-SHELLS:], rows, columns)


def remap(source: ShellGrid, target: ShellGrid) -> Remap:
    """Lateral means over the target's cells, keeping integrals; constants stay constant."""
    meridional = _meridional(source, target).astype(np.float32)
    zonal = _zonal(source, target).astype(np.float32)

    def mapped(field: Array) -> Array:
        return np.ascontiguousarray(meridional @ (field @ zonal.T), dtype=np.float32)

    return mapped


def volumes(grid: ShellGrid) -> NDArray[np.float64]:
    """Each shell's share `(shell,)` of the volume: radius squared times its thickness."""
    radii = np.asarray(grid.radii_km)
    edges = np.concatenate([radii[:1], (radii[1:] + radii[:-1]) / 2, radii[-1:]])
    shares = radii**2 * np.diff(edges)
    return np.asarray(shares / shares.sum())


def row_edges_deg(grid: ShellGrid) -> NDArray[np.float64]:
    """The latitudes between rows and both poles, northwards."""
    rows = np.asarray(grid.latitudes_deg)[::-1]
    return np.concatenate([[-90.0], (rows[1:] + rows[:-1]) / 2, [90.0]])


def column_edges_deg(grid: ShellGrid) -> NDArray[np.float64]:
    """The longitudes between columns, one turn, the first edge west of the first column and again at the end."""
    columns = np.asarray(grid.longitudes_deg)
    around = np.concatenate([[columns[-1] - 360], columns, [columns[0] + 360]])
    return np.asarray((around[1:] + around[:-1]) / 2)


def _meridional(source: ShellGrid, target: ShellGrid) -> NDArray[np.float64]:
    """Weights `(target row, source row)`. The integral is of the field times the cosine of latitude, which is nothing
    at the poles: there the spline's slope is zero.
    """
    edges = np.radians(row_edges_deg(source))
    spline = CubicSpline(edges, _cumulated(np.diff(np.sin(edges))), bc_type="clamped")
    weights = np.diff(spline(np.radians(row_edges_deg(target))), axis=0)[::-1, ::-1]
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def _zonal(source: ShellGrid, target: ShellGrid) -> NDArray[np.float64]:
    """Weights `(target column, source column)`. Less its mean, the field's integral is periodic."""
    edges, wanted = column_edges_deg(source), column_edges_deg(target)
    mean = np.diff(edges) / 360
    periodic = _cumulated(np.diff(edges)) - (edges - edges[0])[:, None] * mean
    periodic[-1] = periodic[0]  # but for rounding
    spline = CubicSpline(edges, periodic, bc_type="periodic")
    weights = np.diff(spline(wanted), axis=0) + np.diff(wanted)[:, None] * mean
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def _cumulated(sizes: NDArray[np.float64]) -> NDArray[np.float64]:
    """For a unit value in each cell, the integral up to each edge `(edge, cell)`."""
    return np.concatenate([np.zeros((1, len(sizes))), np.cumsum(np.diag(sizes), axis=0)])
