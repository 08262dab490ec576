"""Area means on the sphere: a fine latitude-longitude field averaged over coarse cells, by exact overlaps of cells;
and shells between shells.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from earthgan.grid import ShellGrid


def area_mean(field: NDArray[np.float32], fine: ShellGrid, coarse: ShellGrid) -> NDArray[np.float32]:
    """The mean of `(..., latitude, longitude)` over each cell of the coarse grid, weighted by area on the sphere."""
    meridional, zonal = meridional_overlaps(fine, coarse), zonal_overlaps(fine, coarse)
    return np.asarray(meridional.astype(np.float32) @ (field @ zonal.T.astype(np.float32)), dtype=np.float32)


def at_radii(
    field: NDArray[np.float32], radii_km: NDArray[np.float64], wanted_km: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Shells at other radii than the field `(..., shell, latitude, longitude)` has, by linear interpolation."""
    below = np.clip(np.searchsorted(radii_km, wanted_km) - 1, 0, len(radii_km) - 2)
    share = (wanted_km - radii_km[below]) / (radii_km[below + 1] - radii_km[below])
    weight = share.astype(np.float32)[:, None, None]
    below_values, above_values = field[..., below, :, :], field[..., below + 1, :, :]
    return np.asarray(below_values * (1 - weight) + above_values * weight, dtype=np.float32)


def meridional_overlaps(fine: ShellGrid, coarse: ShellGrid) -> NDArray[np.float64]:
    """Weights `(coarse row, fine row)`: shares of each coarse row's area."""
    below, above = _row_edges(coarse)
    fine_below, fine_above = _row_edges(fine)
    shared = np.minimum(above[:, None], fine_above) - np.maximum(below[:, None], fine_below)
    return _shares(shared)


def zonal_overlaps(fine: ShellGrid, coarse: ShellGrid) -> NDArray[np.float64]:
    """Weights `(coarse column, fine column)`, around the date line too."""
    west, east = _column_edges(coarse)
    fine_west, fine_east = _column_edges(fine)
    turns = (-360, 0, 360)
    shared = [np.minimum(east[:, None], fine_east + k) - np.maximum(west[:, None], fine_west + k) for k in turns]
    return _shares(np.sum([part.clip(0) for part in shared], axis=0))


def _row_edges(grid: ShellGrid) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The sine of latitude at each row's southern and northern edge: equal steps of it are equal areas."""
    latitudes = np.asarray(grid.latitudes_deg)
    between = (latitudes[1:] + latitudes[:-1]) / 2
    edges = np.sin(np.radians(np.concatenate([[90.0], between, [-90.0]])))
    return edges[1:], edges[:-1]


def _column_edges(grid: ShellGrid) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    longitudes = np.asarray(grid.longitudes_deg)
    around = np.concatenate([[longitudes[-1] - 360], longitudes, [longitudes[0] + 360]])
    edges = (around[1:] + around[:-1]) / 2
    return edges[:-1], edges[1:]


def _shares(shared: NDArray[np.float64]) -> NDArray[np.float64]:
    shared = shared.clip(0)
    return np.asarray(shared / shared.sum(axis=1, keepdims=True))
