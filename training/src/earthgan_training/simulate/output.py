"""Writes a temperature and its flow in the layout of the contest files: `(lat, r, lon)` float32, K and m/s."""

from __future__ import annotations

from pathlib import Path

import netCDF4
import numpy as np
from numpy.typing import NDArray

from earthgan.errors import BadInput
from earthgan.files import whole
from earthgan.numerics.legendre import legendre
from earthgan_training.simulate.model import MEAN, Array, Model
from earthgan_training.simulate.parameters import (
    CONTRAST_K,
    DIFFUSION_TIME_MYR,
    SURFACE_K,
    THICKNESS_KM,
    VELOCITY_M_PER_S,
    OutputGrid,
)

TITLE = "EarthGAN simulated 3-D spherical-shell mantle convection (not the IEEE SciVis Contest 2021 data)"
UNITS = {"temperature": "K", "vx": "m/s", "vy": "m/s", "vz": "m/s", "temperature anomaly": "K"}

Field = NDArray[np.float32]


def file_name(t: int) -> str:
    """`spherical001.nc` for time step 1."""
    return f"spherical{t:03d}.nc"


def cell_centres(first: float, last: float, count: int) -> NDArray[np.float64]:
    """Both ends, and between them the centres of `count - 2` equal cells."""
    cells = count - 2
    return np.concatenate([[first], first + (np.arange(cells) + 0.5) * (last - first) / cells, [last]])


class ContestWriter:
    """The harmonics of an output grid, ready for one file after another."""

    def __init__(self, model: Model, grid: OutputGrid) -> None:
        self._model = model
        self.latitudes = cell_centres(90.0, -90.0, grid.latitudes)
        self.longitudes = np.linspace(0.0, 360.0, grid.longitudes)  # the first meridian is stored twice
        self.radii_km = cell_centres(model.grid.inner * THICKNESS_KM, model.grid.outer * THICKNESS_KM, grid.radii)
        self._colatitudes = np.radians(90 - self.latitudes)
        functions = legendre(model.resolution.degree, self._colatitudes)
        self._values, self._slopes, self._eastward = (
            [p.astype(np.float32) for p in per_order]
            for per_order in (functions.values, functions.slopes, functions.eastward)
        )
        self._radial = model.grid.interpolation(self.radii_km / THICKNESS_KM).astype(np.float32)
        order = np.arange(model.resolution.degree + 1)[:, None]
        # The same meridian has to get the same bits.
        longitudes = np.radians(np.r_[self.longitudes[:-1], self.longitudes[0]])
        weight = np.where(order == 0, 1.0, 2.0)
        waves = np.stack([weight * np.cos(order * longitudes), -weight * np.sin(order * longitudes)], axis=1)
        self._waves = waves.reshape(-1, len(longitudes)).astype(np.float32)

    def fields(self, temperature: Array) -> dict[str, Field]:
        """`(latitude, radius, longitude)` in the files' units, of `(degree, order, part, node)` coefficients."""
        radial, lateral = self._model.velocity(temperature)
        t = self._synthesise(temperature, self._values)
        outward = self._synthesise(radial, self._values)
        south = self._synthesise(lateral, self._slopes)
        turned = np.stack([-lateral[:, :, 1], lateral[:, :, 0]], axis=2)  # times i
        east = self._synthesise(turned, self._eastward)
        mean = (self._radial @ (temperature[0, 0, 0] / np.float32(MEAN)).astype(np.float32))[None, :, None]
        sine, cosine = (f(self._colatitudes)[:, None, None].astype(np.float32) for f in (np.sin, np.cos))
        longitudes = np.radians(np.r_[self.longitudes[:-1], self.longitudes[0]])
        sine_lon, cosine_lon = (f(longitudes).astype(np.float32) for f in (np.sin, np.cos))
        from_axis = outward * sine + south * cosine
        speed = np.float32(VELOCITY_M_PER_S)
        return {
            "temperature": np.float32(SURFACE_K) + np.float32(CONTRAST_K) * t,
            "vx": (from_axis * cosine_lon - east * sine_lon) * speed,
            "vy": (from_axis * sine_lon + east * cosine_lon) * speed,
            "vz": (outward * cosine - south * sine) * speed,
            "temperature anomaly": np.float32(CONTRAST_K) * (t - mean),
        }

    def write(self, path: Path, temperature: Array, time: float, attributes: dict[str, str | float | int]) -> None:
        """Write a file, whole or not at all; the same input gives the same bytes (NetCDF-3 holds no dates).

        Raises BadInput where it cannot be written.
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
                file.time_Myr = time * DIFFUSION_TIME_MYR
                for name, value in attributes.items():
                    file.setncattr(name, value)
        except RuntimeError as error:  # the library has no other for a full disk
            raise BadInput(f"{path}: cannot be written ({error})") from error

    def _synthesise(self, coefficients: Array, functions: list[Array]) -> Field:
        """`(latitude, radius, longitude)` of `(degree, order, part, node)`."""
        onto_radii = coefficients.astype(np.float32) @ self._radial.T
        shape = (len(self.latitudes), len(self.radii_km))
        modes = np.empty((len(functions), 2, *shape), np.float32)
        for m, matrix in enumerate(functions):
            np.matmul(matrix, onto_radii[m:, m].transpose(1, 0, 2), out=modes[m])
        flat = modes.reshape(2 * len(functions), -1)
        return (flat.T @ self._waves).reshape(*shape, -1)
