"""Writes invented files to try `earthgan view` and `earthgan make` with: the same bytes every time, and no download.

The tomography has the layout of the EarthScope Earth Model Collaboration (EMC): NetCDF with the axes `depth`,
`latitude` and `longitude`, and global attributes that say where the model comes from. The series has several time steps
in one file, as CDO and xarray write them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
from numpy.typing import NDArray

from earthgan.files import whole
from earthgan_training.harmonics.analysis import scalar_field

Array = NDArray[np.floating[Any]]

#: The highest harmonic degree of both examples.
DEGREE = 20
#: What EMC files hold where there is no value. The examples have values everywhere.
_ABSENT = np.float32(99999.0)
_MANTLE_KM = 2891.0


def write_tomography(path: Path) -> Path:
    """Write a model of shear-wave perturbations in the layout of the EMC: 40 depths x 90 x 180 cells.

    Returns the path. Raises BadInput if it cannot be written.
    """
    depth_km = np.linspace(50.0, 2850.0, 40)
    latitude, longitude = np.linspace(-89.0, 89.0, 90), np.linspace(-179.0, 179.0, 180)
    # Perturbations are strongest at the top and at the bottom of the mantle.
    strength = 0.35 + 1.4 * np.exp(-depth_km / 250) + 0.8 * np.exp((depth_km - _MANTLE_KM) / 250)
    values = strength[:, None, None] * _blobs(1, depth_km, latitude, longitude, 0.0)
    with whole(path) as part, netCDF4.Dataset(part, "w", format="NETCDF4_CLASSIC") as file:
        file.setncatts(
            {
                "title": "Invented shear-wave perturbations of a mantle",
                "id": "INVENTED-S20",
                "data_revision": "r0.0",
                "Conventions": "CF-1.0",
                "Metadata_Conventions": "Unidata Dataset Discovery v1.0",
                "summary": "Random spherical harmonics up to degree 20. They are no model of the Earth.",
                "reference": "The EarthGAN developers, earthgan example tomography",
                "license": "CC0-1.0",
                "acknowledgment": "Invented by the EarthGAN developers",
                **_extent(latitude, longitude),
                **{"geospatial_vertical_min": depth_km[0], "geospatial_vertical_max": depth_km[-1]},
                **{"geospatial_vertical_units": "km", "geospatial_vertical_positive": "down"},
            }
        )
        _axis(file, "depth", depth_km, long_name="depth below earth surface", units="km", positive="down")
        _axis(file, "latitude", latitude, long_name="latitude", units="degrees_north", standard_name="latitude")
        _axis(file, "longitude", longitude, long_name="longitude", units="degrees_east", standard_name="longitude")
        dvs = file.createVariable("dvs", "f4", ("depth", "latitude", "longitude"), fill_value=_ABSENT)
        dvs.setncatts({"long_name": "S velocity perturbation", "units": "percent", "missing_value": _ABSENT})
        dvs[:] = values.astype(np.float32)
    return path


def write_series(path: Path) -> Path:
    """Write five time steps of temperature in one file: 24 depths x 46 x 90 cells, 10 Myr apart.

    Returns the path. Raises BadInput if it cannot be written.
    """
    time_myr, depth_km = 10.0 * np.arange(5), np.linspace(25.0, 2866.0, 24)
    latitude, longitude = np.linspace(90.0, -90.0, 46), np.arange(90) * 4.0
    lid, layer = np.exp(-depth_km / 90), np.exp((depth_km - _MANTLE_KM) / 120)
    mean = 1700 + 0.25 * depth_km - 1300 * lid + 900 * layer
    strength = 180 + 150 * layer - 150 * lid
    with whole(path) as part, netCDF4.Dataset(part, "w", format="NETCDF4_CLASSIC") as file:
        file.setncatts(
            {
                "title": "Invented convection",
                "Conventions": "CF-1.8",
                "source": "earthgan example series",
                "institution": "The EarthGAN developers",
                "license": "CC0-1.0",
            }
        )
        _axis(file, "time", time_myr, unlimited=True, long_name="time since the start", units="Myr", axis="T")
        _axis(file, "depth", depth_km, standard_name="depth", units="km", positive="down", axis="Z")
        _axis(file, "lat", latitude, standard_name="latitude", units="degrees_north", axis="Y")
        _axis(file, "lon", longitude, standard_name="longitude", units="degrees_east", axis="X")
        temperature = file.createVariable("temperature", "f4", ("time", "depth", "lat", "lon"))
        temperature.setncatts({"long_name": "Temperature", "units": "K"})
        for i, t in enumerate(time_myr):
            blobs = _blobs(2, depth_km, latitude, longitude, float(t) / 100)
            temperature[i] = (mean[:, None, None] + strength[:, None, None] * blobs).astype(np.float32)
    return path


def _blobs(seed: int, depth_km: Array, latitude_deg: Array, longitude_deg: Array, turned: float) -> Array:
    """Random harmonics `(depth, latitude, longitude)` with a standard deviation near 1.

    They change over some 500 km of depth. `turned` lets them rotate between two patterns, in radians.
    """
    rng = np.random.default_rng(seed)
    radius = depth_km / _MANTLE_KM
    waves = np.cos(np.pi * np.arange(7)[:, None] * radius) / (1 + np.arange(7)[:, None]) ** 0.7
    pairs = rng.standard_normal((2, DEGREE + 1, DEGREE + 1, 2, len(waves)))
    degree, order = np.arange(DEGREE + 1)[:, None], np.arange(DEGREE + 1)
    size = (order <= degree) * (degree > 0) / np.maximum(degree, 1.0) ** 1.5
    drawn = (np.cos(turned) * pairs[0] + np.sin(turned) * pairs[1]) * size[..., None, None]
    drawn[:, 0, 1] = 0  # order 0 has no sine
    coefficients = drawn @ waves
    field = scalar_field(coefficients, latitude_deg, longitude_deg)
    return np.asarray(field / np.sqrt(np.square(coefficients).sum() / (4 * np.pi * len(depth_km))))


def _axis(file: netCDF4.Dataset, name: str, values: Array, unlimited: bool = False, **attributes: Any) -> None:
    file.createDimension(name, None if unlimited else len(values))
    axis = file.createVariable(name, "f8", (name,))
    axis.setncatts(attributes)
    axis[:] = values


def _extent(latitude: Array, longitude: Array) -> dict[str, Any]:
    return {
        **{"geospatial_lat_min": latitude.min(), "geospatial_lat_max": latitude.max()},
        **{"geospatial_lat_units": "degrees_north", "geospatial_lon_units": "degrees_east"},
        **{"geospatial_lon_min": longitude.min(), "geospatial_lon_max": longitude.max()},
    }
