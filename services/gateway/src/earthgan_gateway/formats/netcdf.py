"""NetCDF files of the CF conventions 1.8: one radial shell with its coordinates, units and provenance."""

from __future__ import annotations

import threading

import numpy as np
from numpy.typing import NDArray

from earthgan.sphere.grid import EARTH_RADIUS_KM
from earthgan_gateway.formats.contents import Contents

#: HDF5 does not support several threads at once, and netCDF4 releases Python's lock.
_ONE_AT_A_TIME = threading.Lock()


def encode(values: NDArray[np.float32], contents: Contents) -> bytes:
    """Write a NetCDF-4 file of a shell `(latitude, longitude)` on its own grid. NaN means "no value"."""
    import netCDF4  # not at the top, because it takes a tenth of a second and most gateways never need it

    grid, t, r, time_myr = contents.grid, contents.t, contents.r, contents.time_myr
    provenance, variable = contents.provenance, contents.variable
    with _ONE_AT_A_TIME:
        file = netCDF4.Dataset(f"{variable}.nc", "w", format="NETCDF4", memory=values.nbytes)
        file.setncatts(
            {
                "Conventions": "CF-1.8",
                "title": contents.title,
                "source": provenance.source,
                "licence": provenance.licence,
                "notice": provenance.notice,
                "institution": "EarthGAN",
            }
        )
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
                grid.radii_km[contents.r],
                {"long_name": "distance from the Earth's centre", "units": "km"},
            ),
            (
                "depth_km",
                "f8",
                grid.depth_km(r),
                {
                    "standard_name": "depth",
                    "long_name": f"depth below a surface of radius {EARTH_RADIUS_KM:.0f} km",
                    "units": "km",
                    "positive": "down",
                },
            ),
            ("step", "i4", t, {"long_name": "time step", "units": "1"}),
            ("shell", "i4", r, {"long_name": "index of the radial shell, 0 next to the core", "units": "1"}),
        ]
        if time_myr is not None:
            scalars.append(("time_myr", "f8", time_myr, {"long_name": "time in the simulation", "units": "Myr"}))
        for name, kind, value, attributes in scalars:
            scalar = file.createVariable(name, kind, ())
            scalar.setncatts(attributes)
            scalar[...] = value
        field = file.createVariable(variable, "f4", ("latitude", "longitude"), fill_value=np.float32(np.nan))
        field.setncatts(
            {
                "long_name": contents.long_name,
                "units": contents.unit,
                "coordinates": " ".join(name for name, *_ in scalars),
            }
        )
        field[:] = values
        return bytes(file.close())
