"""Use case: values below a place, or below a path, as CoverageJSON, by OGC API - Environmental Data Retrieval.

OGC 19-086r6. A collection of `/ogc` is a variable, so it has one parameter. Its vertical dimension is the depth, whose
numbers increase downwards. The time steps have no dates, so they are a dimension of their own, `step`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from earthgan.errors import NotFound
from earthgan.quantities import Quantity
from earthgan.records import PlanetSpec
from earthgan.surrogate import Surrogate
from earthgan_gateway.catalog import nearest_shell

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
#: How a query may spell the only reference system of its places.
CRS_NAMES = ("CRS84", "OGC:CRS84", CRS84)
FORMAT, MEDIA_TYPE = "CoverageJSON", "application/prs.coverage+json"
POSITION, TRAJECTORY = "position", "trajectory"
_SPEC = "http://www.opengis.net/spec/ogcapi-edr-1/1.1/conf"
CONFORMS_TO = [f"{_SPEC}/{name}" for name in ("core", "collections", "queries", "json", "covjson")]
_CRS84_WKT = (
    'GEOGCRS["WGS 84 (CRS84)",DATUM["World Geodetic System 1984",ELLIPSOID["WGS 84",6378137,298.257223563]],'
    'CS[ellipsoidal,2],AXIS["longitude",east],AXIS["latitude",north],ANGLEUNIT["degree",0.0174532925199433]]'
)


@dataclass(frozen=True)
class Depths:
    """The depths that are asked for: single ones, or all between two."""

    single: tuple[float, ...] = ()
    between: tuple[float, float] | None = None

    def shells(self, surrogate: Surrogate) -> list[int]:
        """Return the shells by increasing depth: the nearest to each single depth, or all between the two.

        Raises NotFound if no shell lies between them.
        """
        outer = surrogate.spec.planet.radius_km
        if self.between is None:
            return sorted({nearest_shell(surrogate, outer - depth)["r"] for depth in self.single}, reverse=True)
        low, high = self.between
        shells = reversed(range(len(surrogate.grid.radii_km)))
        found = [r for r in shells if low <= surrogate.spec.planet.rounded(surrogate.depth_km(r)) <= high]
        if not found:
            raise NotFound(f"no radial shell lies between the depths {low:g} and {high:g}")
        return found


def description(surrogate: Surrogate, quantity: Quantity, base_url: str, path: str) -> dict[str, Any]:
    """What the collection of a variable says of its queries. `path` is the collection's own."""
    return {
        "data_queries": {each: {"link": _query(base_url, path, each)} for each in (POSITION, TRAJECTORY)},
        "output_formats": [FORMAT],
        "parameter_names": {quantity.name: {**_parameter(quantity), "id": quantity.name, "data-type": "float"}},
    }


def extent(surrogate: Surrogate, base_url: str) -> dict[str, Any]:
    """The vertical extent of every collection, and its time steps."""
    planet = surrogate.spec.planet
    depths = [planet.rounded(surrogate.depth_km(r)) for r in reversed(range(len(surrogate.grid.radii_km)))]
    steps = [step.t for step in surrogate.steps]
    texts = [str(depth) for depth in depths]
    return {
        "vertical": {"interval": [[texts[0], texts[-1]]], "values": texts, "vrs": _depth_wkt(planet)},
        "custom": [
            {"id": "step", "interval": [[steps[0], steps[-1]]], "values": steps, "reference": f"{base_url}catalog"}
        ],
    }


def profile_coverage(
    found: Mapping[str, Any], quantity: Quantity, planet: PlanetSpec, shells: Sequence[int]
) -> dict[str, Any]:
    """Write a profile of `Places` as a coverage of some shells: of a point, if there is one, and else of a column."""
    axes = {"x": {"values": [found["lon"]]}, "y": {"values": [found["lat"]]}, "z": _depths(found, shells)}
    values = [found["values"][r] for r in shells]
    if len(shells) == 1:
        return _coverage(found, quantity, planet, axes, values, {}, "Point")
    return _coverage(found, quantity, planet, axes, values, {"z": len(shells)}, "VerticalProfile")


def section_coverage(
    found: Sequence[Mapping[str, Any]], quantity: Quantity, planet: PlanetSpec, shells: Sequence[int]
) -> dict[str, Any]:
    """Write the sections of `Places` below the legs of a path as one coverage, point by point along the path.

    CoverageJSON's own domain of sections wants dates, so this domain names no type.
    """
    places: list[list[float]] = []
    columns: list[list[float | None]] = []
    for n, leg in enumerate(found):
        first = 1 if n else 0  # a leg begins where the one before it ends
        places += [list(place) for place in zip(leg["lon"][first:], leg["lat"][first:], strict=True)]
        columns += [list(column) for column in zip(*(leg["values"][r][first:] for r in shells), strict=True)]
    axes = {
        "composite": {"dataType": "tuple", "coordinates": ["x", "y"], "values": places},
        "z": _depths(found[0], shells),
    }
    values = [value for column in columns for value in column]
    shape = {"composite": len(places), "z": len(shells)}
    return _coverage(found[0], quantity, planet, axes, values, shape, None)


def _coverage(
    found: Mapping[str, Any],
    quantity: Quantity,
    planet: PlanetSpec,
    axes: Mapping[str, Any],
    values: list[float | None],
    shape: Mapping[str, int],
    kind: str | None,
) -> dict[str, Any]:
    where = {"axisNames": list(shape), "shape": list(shape.values())} if shape else {}
    when = f"step {found['t']}" + (f", {found['time_myr']:g} Myr" if found["time_myr"] is not None else "")
    return {
        "type": "Coverage",
        "domain": {
            "type": "Domain",
            **({"domainType": kind} if kind else {}),
            "axes": axes,
            "referencing": [
                {"coordinates": ["x", "y"], "system": {"type": "GeographicCRS", "id": CRS84}},
                {"coordinates": ["z"], "system": {"type": "VerticalCRS", "cs": {"csAxes": [_depth_axis(planet)]}}},
            ],
        },
        "parameters": {
            quantity.name: {**_coverage_parameter(quantity), "description": {"en": f"{found['long_name']}, {when}"}}
        },
        "ranges": {quantity.name: {"type": "NdArray", "dataType": "float", **where, "values": values}},
    }


def _depths(found: Mapping[str, Any], shells: Sequence[int]) -> dict[str, Any]:
    return {"values": [found["depth_km"][r] for r in shells]}


def _depth_axis(planet: PlanetSpec) -> dict[str, Any]:
    name = f"depth below a surface of radius {planet.in_words(planet.radius_km)}"
    return {"name": {"en": name}, "direction": "down", "unit": {"symbol": planet.unit}}


def _depth_wkt(planet: PlanetSpec) -> str:
    unit = 'LENGTHUNIT["kilometre",1000]' if planet.unit == "km" else 'SCALEUNIT["unity",1]'
    surface = f"surface of radius {planet.in_words(planet.radius_km)}"
    return f'VERTCRS["depth",VDATUM["{surface}"],CS[vertical,1],AXIS["depth (D)",down],{unit}]'


def _parameter(quantity: Quantity) -> dict[str, Any]:
    unit = {"unit": {"symbol": quantity.unit}} if quantity.unit else {}
    return {"type": "Parameter", **unit, "observedProperty": {"label": quantity.long_name}}


def _coverage_parameter(quantity: Quantity) -> dict[str, Any]:
    """The same in CoverageJSON, where texts state their language."""
    return {**_parameter(quantity), "observedProperty": {"label": {"en": quantity.long_name}}}


def _query(base_url: str, path: str, kind: str) -> dict[str, Any]:
    return {
        "href": f"{base_url}{path}/{kind}",
        "rel": "data",
        "type": MEDIA_TYPE,
        "title": "Values below a place" if kind == POSITION else "Values below a path",
        "variables": {
            "title": kind,
            "query_type": kind,
            "output_formats": [FORMAT],
            "default_output_format": FORMAT,
            "crs_details": [{"crs": CRS_NAMES[0], "wkt": _CRS84_WKT}],
        },
    }
