"""Writes a temperature, its flow and its properties of rock in the layout of the contest files: all eight variables,
`(lat, r, lon)` float32.
"""

from __future__ import annotations

from pathlib import Path

import netCDF4
import numpy as np
from numpy.typing import NDArray

from earthgan.errors import BadInput
from earthgan.files import whole
from earthgan.numerics.transform import Array, Columns, Rows, Transform
from earthgan.sphere.grid import ShellGrid, cell_weights
from earthgan.sphere.vectors import LocalAxes
from earthgan_training.simulate.model import MEAN, Model
from earthgan_training.simulate.parameters import (
    CONTRAST_K,
    DIFFUSION_TIME_MYR,
    SURFACE_K,
    THICKNESS_KM,
    VELOCITY_M_PER_S,
    OutputGrid,
)
from earthgan_training.simulate.properties import COLDEST_K, PROPERTIES

TITLE = "EarthGAN simulated 3-D spherical-shell mantle convection (not the IEEE SciVis Contest 2021 data)"
#: The variables in the files' order.
UNITS = {
    **{"temperature": "K", "vx": "m/s", "vy": "m/s", "vz": "m/s"},
    "thermal conductivity": PROPERTIES["thermal conductivity"][0],
    "thermal expansivity": PROPERTIES["thermal expansivity"][0],
    "temperature anomaly": "K",
    "spin transition-induced density anomaly": PROPERTIES["spin transition-induced density anomaly"][0],
}

Field = NDArray[np.float32]


def file_name(t: int) -> str:
    """`spherical001.nc` for time step 1."""
    return f"spherical{t:03d}.nc"


def cell_centres(first: float, last: float, count: int) -> NDArray[np.float64]:
    """Both ends, and the centres of `count - 2` equal cells between them."""
    cells = count - 2
    return np.concatenate([[first], first + (np.arange(cells) + 0.5) * (last - first) / cells, [last]])


class ContestWriter:
    """Writes one file after another. It prepares the harmonics of the output grid once.

    Times are divided by `time_scale` and speeds multiplied by it (`scale.py`).
    """

    def __init__(self, model: Model, grid: OutputGrid, time_scale: float = 1.0) -> None:
        self._model, self._time_scale = model, time_scale
        self.latitudes = cell_centres(90.0, -90.0, grid.latitudes)
        self.longitudes = np.linspace(0.0, 360.0, grid.longitudes)  # the first meridian is stored twice
        self.radii_km = cell_centres(model.grid.inner * THICKNESS_KM, model.grid.outer * THICKNESS_KM, grid.radii)
        degree, once = model.resolution.degree, self.longitudes[:-1]
        rows = Rows(degree, np.radians(90 - self.latitudes), np.float32)
        self._transform = Transform(rows, Columns(degree, np.radians(once), np.float32))
        grid_once = ShellGrid(
            radii_km=tuple(self.radii_km.tolist()),
            latitudes_deg=tuple(self.latitudes.tolist()),
            longitudes_deg=tuple(once.tolist()),
        )
        self._row_weights = cell_weights(grid_once).mean(axis=1).astype(np.float32)
        self._axes = LocalAxes.on_grid(self.latitudes, once, np.float32)
        self._radial = model.grid.interpolation(self.radii_km / THICKNESS_KM).astype(np.float32)

    def fields(self, temperature: Array) -> dict[str, Field]:
        """The fields `(latitude, radius, longitude)` in the files' units for `(degree, order, part, node)`
        coefficients.
        """
        on_nodes = temperature, *self._model.velocity(temperature)
        at_radii, radial, lateral = (each.astype(np.float32) @ self._radial.T for each in on_nodes)
        transform, speed = self._transform, np.float32(VELOCITY_M_PER_S * self._time_scale)
        velocity = transform.values(radial), transform.southward(lateral), transform.eastward(lateral)
        vx, vy, vz = self._axes.cartesian(*velocity)
        t, mean = transform.values(at_radii), at_radii[0, 0, 0, :, None, None] / np.float32(MEAN)
        kelvins = np.float32(SURFACE_K) + np.float32(CONTRAST_K) * t
        found = {
            "temperature": kelvins,
            "vx": vx * speed,
            "vy": vy * speed,
            "vz": vz * speed,
            "temperature anomaly": np.float32(CONTRAST_K) * (t - mean),
            **self._properties(kelvins),
        }
        return {name: _as_in_files(found[name]) for name in UNITS}

    def _properties(self, kelvins: Field) -> dict[str, Field]:
        """The anomalies of the properties from their lateral means, by name `(radius, latitude, longitude)`."""
        depth_km = (self._model.grid.outer * THICKNESS_KM - self.radii_km).astype(np.float32)[:, None, None]
        # A spectral solution may fall below the surface's temperature, where the laws do not hold.
        found = {name: law(np.maximum(kelvins, COLDEST_K), depth_km) for name, (_, law) in PROPERTIES.items()}
        means = {name: np.einsum("rij,i->r", each, self._row_weights) for name, each in found.items()}
        return {name: each - means[name][:, None, None] for name, each in found.items()}

    def write(self, path: Path, temperature: Array, time: float, attributes: dict[str, str | float | int]) -> None:
        """Write a file, whole or not at all. The same input gives the same bytes, because NetCDF-3 stores no dates.

        Raises BadInput if the file cannot be written.
        """
        try:
            with whole(path) as part, netCDF4.Dataset(part, "w", format="NETCDF3_64BIT_OFFSET") as file:
                for name, axis, unit, long_name in (
                    ("lon", self.longitudes, "degrees_east", "longitude"),
                    ("r", self.radii_km, "km", "radius"),
                    ("lat", self.latitudes, "degrees_north", "latitude"),
                ):
                    file.createDimension(name, len(axis))
                    variable = file.createVariable(name, "f8", (name,))
                    variable.units, variable.long_name = unit, long_name
                    variable[:] = axis
                for name, values in self.fields(temperature).items():
                    variable = file.createVariable(name, "f4", ("lat", "r", "lon"), fill_value=False)
                    variable.units = UNITS[name]
                    variable[:] = values
                file.title = TITLE
                file.Conventions = "CF-1.8"
                file.time_Myr = time * DIFFUSION_TIME_MYR / self._time_scale
                for name, value in attributes.items():
                    file.setncattr(name, value)
        except RuntimeError as error:  # the library raises this for a full disk
            raise BadInput(f"{path}: cannot be written ({error})") from error


def _as_in_files(field: Array) -> Field:
    """Reorder `(radius, latitude, longitude)` to `(latitude, radius, longitude)`, and repeat the first meridian as the
    last.
    """
    by_latitude = field.transpose(1, 0, 2)
    return np.concatenate([by_latitude, by_latitude[..., :1]], axis=-1, dtype=np.float32)
