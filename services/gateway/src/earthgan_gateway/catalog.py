"""Use cases: what this surrogate has, and how it is drawn, so that a client needs no knowledge of its own."""

from __future__ import annotations

from typing import Any

from earthgan.grid import EARTH_RADIUS_KM
from earthgan.spec import VariableSpec
from earthgan.surrogate import Surrogate
from earthgan.tiles import TILE_MATRIX_SETS, bounds_deg, max_native_zoom
from earthgan_gateway.colours import colours
from earthgan_gateway.ticks import label, ticks

#: The depth that a first look falls on: below the lid, where slabs and plumes both show.
FIRST_DEPTH_KM = 700.0


def catalog(surrogate: Surrogate) -> dict[str, Any]:
    """Everything that can be asked for, with the physical place of each index."""
    spec, grid = surrogate.spec, surrogate.grid
    shells = [
        {"r": r, "radius_km": round(radius_km, 4), "depth_km": round(grid.depth_km(r), 4)}
        for r, radius_km in enumerate(grid.radii_km)
    ]
    return {
        "title": spec.title,
        "description": spec.description,
        "notice": spec.provenance.notice,
        "simulated": spec.provenance.simulated,
        "source": spec.provenance.source,
        "licence": spec.provenance.licence,
        "digest": surrogate.digest,
        "generator": {"preset": spec.generator.arguments.preset},
        "variables": list(surrogate.variables),
        "steps": [{"t": step.t, "time_myr": step.time_myr} for step in surrogate.steps],
        "shells": shells,
        "surface_radius_km": EARTH_RADIUS_KM,
        "grid": {"latitudes_deg": list(grid.latitudes_deg), "longitudes_deg": list(grid.longitudes_deg)},
        "tile_matrix_sets": {tms: {"max_native_zoom": max_native_zoom(tms, grid)} for tms in TILE_MATRIX_SETS},
        "default": {
            "variable": surrogate.variables[0],
            "t": surrogate.steps[0].t,
            "r": min(shells, key=lambda shell: abs(shell["depth_km"] - FIRST_DEPTH_KM))["r"],
        },
    }


def variables(surrogate: Surrogate) -> dict[str, Any]:
    """Each variable with its unit and the range to draw."""
    return {"variables": [_variable(spec) for spec in surrogate.spec.variables]}


def _variable(spec: VariableSpec) -> dict[str, Any]:
    return {
        "name": spec.name,
        "long_name": spec.long_name,
        "unit": spec.unit,
        "range": list(spec.range),
        "colormap": spec.colormap,
    }


def legend(spec: VariableSpec) -> dict[str, Any]:
    """A variable's colours from low to high, and the ticks to print beside them."""
    return {
        "variable": spec.name,
        "long_name": spec.long_name,
        "unit": spec.unit,
        "range": list(spec.range),
        "colormap": spec.colormap,
        "colors": ["#{:02x}{:02x}{:02x}".format(*colour) for colour in colours(spec.colormap).tolist()],
        "ticks": [{"value": value, "label": label(value)} for value in ticks(*spec.range)],
    }


def tilejson(surrogate: Surrogate, variable: str, t: int, r: int, tms: str, base_url: str) -> dict[str, Any]:
    """TileJSON 3.0.0 of one shell. Raises NotFound."""
    surrogate.check_variable(variable)
    step, radius_km = surrogate.check_step(t), surrogate.check_shell(r)
    west, south, east, north = bounds_deg(tms)
    time = "" if step.time_myr is None else f", {step.time_myr:.0f} Myr"
    return {
        "tilejson": "3.0.0",
        "name": f"{variable}, {surrogate.grid.depth_km(r):.0f} km deep, step {t}{time}",
        "description": f"{surrogate.spec.title}, radius {radius_km:.0f} km",
        "attribution": f"{surrogate.spec.provenance.notice} ({surrogate.spec.provenance.licence})",
        "scheme": "xyz",
        "tiles": [f"{base_url}tiles/{variable}/{t}/{r}/{{z}}/{{x}}/{{y}}.png?tms={tms}"],
        "minzoom": 0,
        "maxzoom": max_native_zoom(tms, surrogate.grid),
        "bounds": [west, south, east, north],
    }
