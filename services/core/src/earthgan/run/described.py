"""What a data set says of a surrogate: its dimensions, coordinates and attributes, by the CF conventions 1.8 and the
Attribute Convention for Data Discovery 1.3. Depths increase, so shells come in the opposite order: shell 0 is the last.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from earthgan import __version__
from earthgan.surrogate import Surrogate

DIMENSIONS = ("time", "depth", "latitude", "longitude")
#: The variable that says on which sphere the places lie.
GRID_MAPPING = "crs"
_M_PER_KM = 1000


@dataclass(frozen=True)
class Described:
    """An array with the names of its dimensions, and what it says of itself."""

    dimensions: tuple[str, ...]
    values: NDArray[Any]
    attributes: Mapping[str, Any]


def attributes(long_name: str, unit: str) -> dict[str, Any]:
    """The attributes of a quantity. A unit that the source does not know is left out."""
    said = {"long_name": long_name, "grid_mapping": GRID_MAPPING, "coverage_content_type": "modelResult"}
    return said | ({"units": unit} if unit else {})


def coordinates(surrogate: Surrogate) -> dict[str, Described]:
    """All coordinates by name, and the sphere on which the places lie."""
    planet, grid = surrogate.spec.planet, surrogate.grid
    steps = np.array([step.t for step in surrogate.steps], np.int32)
    times = np.array([np.nan if step.time_myr is None else step.time_myr for step in surrogate.steps])
    depths = np.array([planet.rounded(planet.depth_km(radius)) for radius in grid.radii_km[::-1]])
    shells, length = np.arange(len(depths), dtype=np.int32)[::-1].copy(), {"units": planet.unit}
    dated = {"long_name": _time_name(surrogate), "units": "Myr"}, times
    counted = {"long_name": "time step", "units": "1"}, steps.astype(np.float64)
    time_attributes, time_values = dated if np.isfinite(times).all() else counted
    depth = {"standard_name": "depth", "positive": "down", "axis": "Z", **length}
    surface = planet.in_words(planet.radius_km)
    sphere = {"earth_radius": planet.radius_km * _M_PER_KM} if planet.unit == "km" else {}
    mapping = {"grid_mapping_name": "latitude_longitude", "long_name": "places on a sphere", **sphere}
    return {
        "time": Described(("time",), time_values, time_attributes),
        "step": Described(("time",), steps, {"long_name": "number of the time step", "units": "1"}),
        "depth": Described(("depth",), depths, {**depth, "long_name": f"depth below a surface of radius {surface}"}),
        "radius": Described(
            ("depth",),
            np.array(grid.radii_km[::-1]),
            {"long_name": "distance from the planet's centre", **length},
        ),
        "shell": Described(
            ("depth",), shells, {"long_name": "index of the radial shell, 0 next to the core", "units": "1"}
        ),
        "latitude": Described(("latitude",), np.array(grid.latitudes_deg), _axis("latitude", "degrees_north", "Y")),
        "longitude": Described(("longitude",), np.array(grid.longitudes_deg), _axis("longitude", "degrees_east", "X")),
        GRID_MAPPING: Described((), np.array(0, np.int32), mapping),
    }


def about(surrogate: Surrogate) -> dict[str, Any]:
    """The attributes of the whole data set."""
    spec, grid = surrogate.spec, surrogate.grid
    provenance, depths = spec.provenance, [spec.planet.depth_km(radius) for radius in grid.radii_km]
    known = {
        "Conventions": "CF-1.8, ACDD-1.3",
        "title": spec.title,
        "summary": " ".join((spec.description or spec.title, provenance.notice)).strip(),
        "keywords": "mantle convection, surrogate model",
        "source": provenance.source,
        "license": provenance.licence,
        "comment": provenance.notice,
        "acknowledgement": provenance.credit,
        "history": f"computed by earthgan {__version__} from a surrogate of kind {spec.generator.arguments.preset}",
        "id": surrogate.digest,
        "project": "EarthGAN",
        "processing_level": "values that a surrogate model computes",
        "creator_name": provenance.credit,
        "standard_name_vocabulary": "CF Standard Name Table",
        "geospatial_lat_min": float(min(grid.latitudes_deg)),
        "geospatial_lat_max": float(max(grid.latitudes_deg)),
        "geospatial_lat_units": "degrees_north",
        "geospatial_lon_units": "degrees_east",
        "geospatial_lon_min": float(min(grid.longitudes_deg)),
        "geospatial_lon_max": float(max(grid.longitudes_deg)),
        "geospatial_vertical_min": spec.planet.rounded(min(depths)),
        "geospatial_vertical_max": spec.planet.rounded(max(depths)),
        "geospatial_vertical_units": spec.planet.unit,
        "geospatial_vertical_positive": "down",
        "time_scale": provenance.time_scale,
    }
    return {name: value for name, value in known.items() if value not in ("", None)}


def _axis(name: str, units: str, axis: str) -> dict[str, str]:
    return {"standard_name": name, "long_name": name, "units": units, "axis": axis}


def _time_name(surrogate: Surrogate) -> str:
    scale = surrogate.spec.provenance.time_scale
    return "time of the run" if scale is None else f"time of the run, divided by {scale:g} to suit the speed of plates"
