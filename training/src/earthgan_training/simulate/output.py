"""Writes a temperature, its flow and its properties of rock in the layout of the contest files: all eight variables,
`(lat, r, lon)` float32.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import netCDF4
import numpy as np
from numpy.typing import NDArray

from earthgan.errors import BadInput
from earthgan.files import whole
from earthgan.numerics.transform import Array, Columns, Rows, Transform
from earthgan.quantities import VELOCITY
from earthgan.sphere.grid import ShellGrid, cell_weights
from earthgan.sphere.vectors import LocalAxes
from earthgan.variables import TEMPERATURE
from earthgan_training.simulate.model import MEAN, Model
from earthgan_training.simulate.parameters import (
    CONTRAST_K,
    DIFFUSION_TIME_MYR,
    SURFACE_K,
    THICKNESS_KM,
    VELOCITY_M_PER_S,
    OutputGrid,
    Physics,
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

#: The dimensions of each variable.
DIMENSIONS = ("lat", "r", "lon")

Field = NDArray[np.float32]
Axis = NDArray[np.float64]


def file_name(t: int) -> str:
    """`spherical001.nc` for time step 1."""
    return f"spherical{t:03d}.nc"


def file_attributes(
    time: float, time_scale: float, others: Mapping[str, str | float | int]
) -> dict[str, str | float | int]:
    """The global attributes of a file whose `time` is in diffusion times."""
    myr = time * DIFFUSION_TIME_MYR / time_scale
    return {"title": TITLE, "Conventions": "CF-1.8", "time_Myr": myr, **others}


def cell_centres(first: float, last: float, count: int) -> NDArray[np.float64]:
    """Both ends, and the centres of `count - 2` equal cells between them."""
    cells = count - 2
    return np.concatenate([[first], first + (np.arange(cells) + 0.5) * (last - first) / cells, [last]])


@dataclass(frozen=True)
class Axes:
    """The coordinates of a run's files, the repeated meridian included."""

    latitudes: Axis
    longitudes: Axis
    radii_km: Axis

    @classmethod
    def of(cls, physics: Physics, grid: OutputGrid) -> Axes:
        return cls(
            cell_centres(90.0, -90.0, grid.latitudes),
            np.linspace(0.0, 360.0, grid.longitudes),  # the first meridian is stored twice
            cell_centres(physics.inner * THICKNESS_KM, physics.outer * THICKNESS_KM, grid.radii),
        )

    def named(self) -> tuple[tuple[str, Axis, dict[str, str]], ...]:
        """Name, numbers and attributes of each coordinate, in the files' order."""
        return (
            ("lon", self.longitudes, {"units": "degrees_east", "long_name": "longitude"}),
            ("r", self.radii_km, {"units": "km", "long_name": "radius"}),
            ("lat", self.latitudes, {"units": "degrees_north", "long_name": "latitude"}),
        )


class OutputFields:
    """Computes the fields of a run's files from coefficients. It prepares the harmonics of the output grid once.

    Speeds are multiplied by `time_scale` (`scale.py`).
    """

    def __init__(self, model: Model, grid: OutputGrid, time_scale: float = 1.0) -> None:
        self._model, self._time_scale = model, time_scale
        self.axes = axes = Axes.of(model.physics, grid)
        degree, once = model.resolution.degree, axes.longitudes[:-1]
        rows = Rows(degree, np.radians(90 - axes.latitudes), np.float32)
        self._transform = Transform(rows, Columns(degree, np.radians(once), np.float32))
        grid_once = ShellGrid(
            radii_km=tuple(axes.radii_km.tolist()),
            latitudes_deg=tuple(axes.latitudes.tolist()),
            longitudes_deg=tuple(once.tolist()),
        )
        self._row_weights = cell_weights(grid_once).mean(axis=1).astype(np.float32)
        self._local = LocalAxes.on_grid(axes.latitudes, once, np.float32)
        self._radial = model.grid.interpolation(axes.radii_km / THICKNESS_KM).astype(np.float32)

    def velocity(self, temperature: Array, shells: slice = slice(None)) -> dict[str, Field]:
        """The velocity in m/s, by component `(latitude, radius, longitude)`, for `(degree, order, part, node)`
        coefficients.
        """
        to_radii = self._radial[shells].T
        radial, lateral = (each.astype(np.float32) @ to_radii for each in self._model.velocity(temperature))
        transform, speed = self._transform, np.float32(VELOCITY_M_PER_S * self._time_scale)
        local = transform.values(radial), transform.southward(lateral), transform.eastward(lateral)
        found = zip(VELOCITY, self._local.cartesian(*local), strict=True)
        return {name: _as_in_files(each * speed) for name, each in found}

    def scalars(self, temperature: Array, shells: slice = slice(None)) -> dict[str, Field]:
        """Temperature, its anomaly and the properties of rock in the files' units, likewise."""
        at_radii = temperature.astype(np.float32) @ self._radial[shells].T
        t, mean = self._transform.values(at_radii), at_radii[0, 0, 0, :, None, None] / np.float32(MEAN)
        kelvins = np.float32(SURFACE_K) + np.float32(CONTRAST_K) * t
        found = {
            TEMPERATURE.name: kelvins,
            "temperature anomaly": np.float32(CONTRAST_K) * (t - mean),
            **self._properties(kelvins, self.axes.radii_km[shells]),
        }
        return {name: _as_in_files(each) for name, each in found.items()}

    def fields(self, temperature: Array) -> dict[str, Field]:
        """All fields, in the files' order."""
        found = self.scalars(temperature) | self.velocity(temperature)
        return {name: found[name] for name in UNITS}

    def _properties(self, kelvins: Field, radii_km: Axis) -> dict[str, Field]:
        """The anomalies of the properties from their lateral means, by name `(radius, latitude, longitude)`."""
        depth_km = (self._model.grid.outer * THICKNESS_KM - radii_km).astype(np.float32)[:, None, None]
        # A spectral solution may fall below the surface's temperature, where the laws do not hold.
        found = {name: law(np.maximum(kelvins, COLDEST_K), depth_km) for name, (_, law) in PROPERTIES.items()}
        means = {name: np.einsum("rij,i->r", each, self._row_weights) for name, each in found.items()}
        return {name: each - means[name][:, None, None] for name, each in found.items()}


class ContestWriter:
    """Writes one file after another. Times are divided by `time_scale` and speeds multiplied by it (`scale.py`)."""

    def __init__(self, model: Model, grid: OutputGrid, time_scale: float = 1.0) -> None:
        self._time_scale = time_scale
        self._output = OutputFields(model, grid, time_scale)

    def write(self, path: Path, temperature: Array, time: float, attributes: dict[str, str | float | int]) -> None:
        """Write a file, whole or not at all. The same input gives the same bytes, because NetCDF-3 stores no dates.

        Raises BadInput if the file cannot be written.
        """
        try:
            with whole(path) as part, netCDF4.Dataset(part, "w", format="NETCDF3_64BIT_OFFSET") as file:
                for name, axis, described in self._output.axes.named():
                    file.createDimension(name, len(axis))
                    variable = file.createVariable(name, "f8", (name,))
                    variable.setncatts(described)
                    variable[:] = axis
                for name, values in self._output.fields(temperature).items():
                    variable = file.createVariable(name, "f4", DIMENSIONS, fill_value=False)
                    variable.units = UNITS[name]
                    variable[:] = values
                file.setncatts(file_attributes(time, self._time_scale, attributes))
        except RuntimeError as error:  # the library raises this for a full disk
            raise BadInput(f"{path}: cannot be written ({error})") from error


def _as_in_files(field: Array) -> Field:
    """Reorder `(radius, latitude, longitude)` to `(latitude, radius, longitude)`, and repeat the first meridian as the
    last.
    """
    by_latitude = field.transpose(1, 0, 2)
    return np.concatenate([by_latitude, by_latitude[..., :1]], axis=-1, dtype=np.float32)
