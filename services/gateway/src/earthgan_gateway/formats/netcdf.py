"""NetCDF files of the CF conventions 1.8: one radial shell, or several, with coordinates, units and provenance."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from earthgan.run.described import Described
from earthgan_gateway.formats.contents import Contents

#: HDF5 does not support several threads at once, and netCDF4 releases Python's lock.
_ONE_AT_A_TIME = threading.Lock()


def encode(values: NDArray[np.float32], contents: Contents) -> bytes:
    """Write a NetCDF-4 file of a shell `(latitude, longitude)` on its own grid. NaN means "no value"."""
    import netCDF4  # not at the top, because it takes a tenth of a second and most gateways never need it

    grid, r, step, planet = contents.grid, contents.r, contents.step, contents.planet
    radius_km, length = grid.radii_km[r], planet.unit
    provenance, variable = contents.provenance, contents.variable
    with _ONE_AT_A_TIME:
        file = netCDF4.Dataset(f"{variable}.nc", "w", format="NETCDF4", memory=values.nbytes)
        said = {
            "title": contents.title,
            # no version, because an update would change the bytes under the same entity tag
            "history": f"computed by EarthGAN from a surrogate of {contents.title or 'a simulation'}",
            "source": provenance.source,
            "licence": provenance.licence,
            "notice": provenance.notice,
            "credit": provenance.credit,
        }
        file.setncatts({"Conventions": "CF-1.8", **{name: text for name, text in said.items() if text}})
        axes = (
            ("latitude", grid.latitudes_deg, "degrees_north", "Y"),
            ("longitude", grid.longitudes_deg, "degrees_east", "X"),
        )
        for name, positions, axis_unit, axis in axes:
            file.createDimension(name, len(positions))
            written = file.createVariable(name, "f8", (name,))
            written.setncatts({"standard_name": name, "long_name": name, "units": axis_unit, "axis": axis})
            written[:] = positions
        scalars: list[tuple[str, str, float | int, dict[str, str]]] = [
            (
                "radius_km",
                "f8",
                radius_km,
                {"long_name": "distance from the planet's centre", "units": length},
            ),
            (
                "depth_km",
                "f8",
                planet.depth_km(radius_km),
                {
                    "standard_name": "depth",
                    "long_name": f"depth below a surface of radius {planet.radius_km:g}{' km' * (length == 'km')}",
                    "units": length,
                    "positive": "down",
                },
            ),
            ("step", "i4", step.t, {"long_name": step.label or "time step", "units": "1"}),
            ("shell", "i4", r, {"long_name": "index of the radial shell, 0 next to the core", "units": "1"}),
        ]
        if step.time_myr is not None:
            scalars.append(("time_myr", "f8", step.time_myr, {"long_name": "time", "units": "Myr"}))
        for name, kind, value, attributes in scalars:
            scalar = file.createVariable(name, kind, ())
            scalar.setncatts(attributes)
            scalar[...] = value
        field = file.createVariable(variable, "f4", ("latitude", "longitude"), fill_value=np.float32(np.nan))
        coordinates = " ".join(name for name, *_ in scalars)
        units = {"units": contents.unit} if contents.unit else {}
        field.setncatts({"long_name": contents.long_name, **units, "coordinates": coordinates})
        field[:] = values
        return bytes(file.close())


def encode_data_set(name: str, field: Described, described: Mapping[str, Described], said: Mapping[str, Any]) -> bytes:
    """Write a NetCDF-4 file of a field of any number of dimensions. NaN means "no value".

    `described` has the field's coordinates, one for each dimension and others, and `said` what the file says of itself.
    """
    import netCDF4

    with _ONE_AT_A_TIME:
        file = netCDF4.Dataset(f"{name}.nc", "w", format="NETCDF4", memory=field.values.nbytes)
        file.setncatts(said)
        for dimension, length in zip(field.dimensions, field.values.shape, strict=True):
            file.createDimension(dimension, length)
        for key, each in described.items():
            written = file.createVariable(key, each.values.dtype, each.dimensions)
            written.setncatts(each.attributes)
            written[...] = each.values
        values = file.createVariable(name, "f4", field.dimensions, fill_value=np.float32(np.nan))
        others = [key for key, each in described.items() if each.dimensions != (key,)]
        values.setncatts({**field.attributes, "coordinates": " ".join(others)})
        values[...] = field.values
        return bytes(file.close())
