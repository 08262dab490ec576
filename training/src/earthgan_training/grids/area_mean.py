"""Area means on the sphere, which average a latitude-longitude field over the cells of another grid; and interpolation
between shells.

A cubic spline runs through the field's cumulative integral along each axis. The mean of a cell is the difference of the
spline between the cell's edges. So integrals are kept and constants stay constant. If a cell consists of whole cells of
the field, its mean is exactly their mean. The alternative, which sums the overlaps of cells as if the field were
constant in each, displaces the field by up to a third of a cell, differently from cell to cell. For 180 rows that
become 112, this is noise at 56 dB of the temperature's range.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline  # type: ignore[import-untyped]

from earthgan.sphere.grid import ShellGrid

Array = NDArray[np.float32]


def area_mean(field: Array, source: ShellGrid, target: ShellGrid) -> Array:
    """The mean of `(..., latitude, longitude)` over each cell of the target, weighted by area on the sphere. If source
    and target have the same rows and columns, it is the field itself.
    """
    if (source.latitudes_deg, source.longitudes_deg) == (target.latitudes_deg, target.longitudes_deg):
        return np.ascontiguousarray(field, dtype=np.float32)
    meridional, zonal = _weights(source, target)
    return np.ascontiguousarray(meridional @ (field @ zonal.T), dtype=np.float32)


def at_radii(field: Array, radii_km: NDArray[np.float64], wanted_km: NDArray[np.float64]) -> Array:
    """Interpolate a field `(..., shell, latitude, longitude)` linearly to shells at other radii."""
    below = np.clip(np.searchsorted(radii_km, wanted_km) - 1, 0, len(radii_km) - 2)
    share = (wanted_km - radii_km[below]) / (radii_km[below + 1] - radii_km[below])
    weight = share.astype(np.float32)[:, None, None]
    below_values, above_values = field[..., below, :, :], field[..., below + 1, :, :]
    return np.asarray(below_values * (1 - weight) + above_values * weight, dtype=np.float32)


def meridional_weights(source: ShellGrid, target: ShellGrid) -> NDArray[np.float64]:
    """Weights `(target row, source row)`. The integrand is the field times the cosine of latitude. It vanishes at the
    poles, so the spline's slope there is zero.
    """
    edges = np.radians(row_edges_deg(source))
    spline = CubicSpline(edges, _cumulated(np.diff(np.sin(edges))), bc_type="clamped")
    weights = np.diff(spline(np.radians(row_edges_deg(target))), axis=0)[::-1, ::-1]
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def zonal_weights(source: ShellGrid, target: ShellGrid) -> NDArray[np.float64]:
    """Weights `(target column, source column)`, also across the date line. The field's integral is periodic once its
    mean is subtracted.
    """
    edges, wanted = column_edges_deg(source), column_edges_deg(target)
    mean = np.diff(edges) / 360
    periodic = _cumulated(np.diff(edges)) - (edges - edges[0])[:, None] * mean
    periodic[-1] = periodic[0]  # equal except for rounding
    spline = CubicSpline(edges, periodic, bc_type="periodic")
    weights = np.diff(spline(wanted), axis=0) + np.diff(wanted)[:, None] * mean
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def row_edges_deg(grid: ShellGrid) -> NDArray[np.float64]:
    """The latitudes between rows, and both poles, from south to north."""
    rows = np.asarray(grid.latitudes_deg)[::-1]
    return np.concatenate([[-90.0], (rows[1:] + rows[:-1]) / 2, [90.0]])


def column_edges_deg(grid: ShellGrid) -> NDArray[np.float64]:
    """The longitudes between columns over one turn. The first edge lies west of the first column and is repeated at the
    end.
    """
    columns = np.asarray(grid.longitudes_deg)
    around = np.concatenate([[columns[-1] - 360], columns, [columns[0] + 360]])
    return np.asarray((around[1:] + around[:-1]) / 2)


@lru_cache(maxsize=8)  # callers resample one variable after another, a few shells at a time
def _weights(source: ShellGrid, target: ShellGrid) -> tuple[Array, Array]:
    pair = meridional_weights(source, target), zonal_weights(source, target)
    return pair[0].astype(np.float32), pair[1].astype(np.float32)


def _cumulated(sizes: NDArray[np.float64]) -> NDArray[np.float64]:
    """The integral up to each edge for a unit value in each cell: `(edge, cell)`."""
    return np.concatenate([np.zeros((1, len(sizes))), np.cumsum(np.diag(sizes), axis=0)])
