"""A small file in the contest's layout, for tests."""

from collections.abc import Callable
from pathlib import Path

import netCDF4
import numpy as np

LATITUDES = np.array([90.0, 60, 20, -20, -60, -90])
LONGITUDES = np.linspace(0, 360, 9)
RADII_KM = np.array([3485.0, 3600, 4000, 5000, 6000, 6371])


def write_contest_file(
    path: Path,
    kind: str = "NETCDF3_64BIT_OFFSET",
    variables: tuple[str, ...] = ("temperature", "vx", "vy", "vz"),
    spoil: Callable[[np.ndarray], np.ndarray] = lambda values: values,
) -> None:
    """Write a file whose values tell their place: 100 * shell + 10 * row + column, including the repeated meridian."""
    rows, shells, columns = np.meshgrid(np.arange(6), np.arange(6), np.arange(9) % 8, indexing="ij")
    values = spoil((100 * shells + 10 * rows + columns).astype(np.float32))
    with netCDF4.Dataset(path, "w", format=kind) as file:
        write_axes(file, {"lon": LONGITUDES, "r": RADII_KM, "lat": LATITUDES})
        for name in variables:
            file.createVariable(name, "f4", ("lat", "r", "lon"))[:] = values


def write_fields(
    path: Path,
    fields: dict[str, np.ndarray],
    latitudes: np.ndarray,
    radii: np.ndarray,
    longitudes: np.ndarray,
    order: tuple[str, ...] = ("lat", "r", "lon"),
    kind: str = "NETCDF3_64BIT_OFFSET",
) -> None:
    """Write fields `(shell, latitude, longitude)` in the contest's layout, or with another order of dimensions."""
    with netCDF4.Dataset(path, "w", format=kind) as file:
        write_axes(file, {"lon": longitudes, "r": radii, "lat": latitudes})
        for name, values in fields.items():
            transposed = values.transpose([("r", "lat", "lon").index(name) for name in order])
            file.createVariable(name, "f4", order)[:] = transposed


def write_axes(file: netCDF4.Dataset, axes: dict[str, np.ndarray]) -> None:
    """Write axes, each with its dimension."""
    for name, axis in axes.items():
        file.createDimension(name, len(axis))
        file.createVariable(name, "f8", (name,))[:] = axis
