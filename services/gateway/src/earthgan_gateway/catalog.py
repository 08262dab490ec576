"""Use cases: describe the surrogate and how it is drawn, so that clients need no built-in knowledge of it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from earthgan.quantities import Quantity
from earthgan.records import StepSpec
from earthgan.sphere.tiles import TILE_MATRIX_SETS, bounds_deg, max_native_zoom
from earthgan.surrogate import Surrogate
from earthgan_gateway.drawing.ticks import ticks
from earthgan_gateway.draws import FEWEST, MOST, OWN, USUAL, Draws
from earthgan_gateway.offer import Offer
from earthgan_gateway.pictures import Style

#: The depth that a client shows first, as a share of the planet's radius. In the Earth, 700 km lie below the lid, where
#: both slabs and plumes are visible.
FIRST_DEPTH = 700 / 6371
#: 1 m/s in cm/yr.
CM_PER_YR = 100 * 365.25 * 86400


def catalog(offer: Offer) -> dict[str, Any]:
    """List everything that clients can ask for, with the radius and depth of each shell and the time of each step."""
    surrogate = offer.surrogate
    spec, grid, planet = surrogate.spec, surrogate.grid, surrogate.spec.planet
    shells = [_shell(surrogate, r) for r in range(len(grid.radii_km))]
    return {
        "title": spec.title,
        "description": spec.description,
        "notice": spec.provenance.notice,
        "simulated": spec.provenance.simulated,
        "source": spec.provenance.source,
        "licence": spec.provenance.licence,
        "credit": spec.provenance.credit,
        "time_scale": spec.provenance.time_scale,
        "digest": surrogate.digest,
        "max_error": _promised(surrogate),
        "generator": {"preset": spec.generator.arguments.preset},
        "variables": list(offer.quantities),
        "steps": [{"t": step.t, "label": step.label, "time_myr": step.time_myr} for step in surrogate.steps],
        "shells": shells,
        "surface_radius_km": planet.radius_km,
        "core_radius_km": planet.core_radius_km,
        "length_unit": planet.unit,
        "length_decimals": planet.decimals(grid.radii_km),
        "grid": {"latitudes_deg": list(grid.latitudes_deg), "longitudes_deg": list(grid.longitudes_deg)},
        "tile_matrix_sets": {tms: {"max_native_zoom": max_native_zoom(tms, grid)} for tms in TILE_MATRIX_SETS},
        "default": first_view(surrogate),
        "draws": _draws(offer),
    }


def first_view(surrogate: Surrogate) -> dict[str, Any]:
    """The variable, the time step and the shell that a client shows first."""
    r = nearest_shell(surrogate, surrogate.spec.planet.radius_km * (1 - FIRST_DEPTH))["r"]
    return {"variable": surrogate.variables[0], "t": surrogate.steps[0].t, "r": r}


def _draws(offer: Offer) -> dict[str, Any] | None:
    """What draws there are. None if the generator has no noise."""
    if not offer.has_draws:
        return None
    limits = {"fewest": FEWEST, "most": MOST, "usual": USUAL}
    return {"variables": list(offer.quantities), "seed": offer.surrogate.spec.seed, **limits}


def _promised(surrogate: Surrogate) -> dict[str, float] | None:
    """The largest error of each variable in its unit that any cell of a stored time step has; None if nothing is
    promised.
    """
    bounds = surrogate.kind.facts().get("max_error")
    return bounds and dict(zip(surrogate.variables, bounds, strict=True))


def nearest_shell(surrogate: Surrogate, radius_km: float) -> dict[str, Any]:
    """Return the shell closest to a radius."""
    distances = np.abs(np.array(surrogate.grid.radii_km) - radius_km)
    return _shell(surrogate, int(distances.argmin()))


def _shell(surrogate: Surrogate, r: int) -> dict[str, Any]:
    rounded = surrogate.spec.planet.rounded
    return {"r": r, "radius_km": rounded(surrogate.grid.radii_km[r]), "depth_km": rounded(surrogate.depth_km(r))}


def variables(offer: Offer) -> dict[str, Any]:
    """List each variable and derived quantity with its unit and the ranges of its colours."""
    return {"variables": [_variable(offer, quantity) for quantity in offer.quantities.values()]}


def _variable(offer: Offer, quantity: Quantity) -> dict[str, Any]:
    return {
        "name": quantity.name,
        "long_name": quantity.long_name,
        "unit": quantity.unit,
        "range": list(quantity.range),
        "anomaly_range": list(quantity.anomaly_range),
        "colormap": quantity.colormap,
        "derived": quantity.is_derived,
    }


def shown_unit(surrogate: Surrogate, quantity: Quantity) -> tuple[str, float]:
    """The unit in which people read a quantity, and the factor from its own unit. Scaled speeds are read in cm/yr."""
    is_scaled_speed = surrogate.spec.provenance.time_scale is not None and quantity.unit == "m/s"
    return ("scaled cm/yr", CM_PER_YR) if is_scaled_speed else (quantity.unit, 1.0)


def legend(surrogate: Surrogate, quantity: Quantity, style: Style, draws: Draws = OWN) -> dict[str, Any]:
    """Return a quantity's colours from low to high, and the ticks to print beside them. `factor` times a value in the
    quantity's own unit is a value in the legend's unit.
    """
    palette = style.palette()[3:].hex()
    unit, factor = shown_unit(surrogate, quantity)
    low, high = style.low * factor, style.high * factor
    return {
        "variable": quantity.name,
        "long_name": draws.of(quantity.long_name),
        "unit": unit,
        "factor": factor,
        "range": [low, high],
        "colormap": style.colormap,
        "colors": [f"#{palette[i : i + 6]}" for i in range(0, len(palette), 6)],
        "ticks": [asdict(tick) for tick in ticks(low, high)],
    }


def tilejson(
    surrogate: Surrogate,
    quantity: Quantity,
    t: int,
    r: int,
    tms: str,
    base_url: str,
    query: str,
    draws: Draws = OWN,
) -> dict[str, Any]:
    """Return the TileJSON 3.0.0 of one shell. The tiles' addresses carry `query`. Raises NotFound."""
    step, radius_km = surrogate.check_step(t), surrogate.check_shell(r)
    west, south, east, north = bounds_deg(tms)
    planet, decimals = surrogate.spec.planet, surrogate.spec.planet.decimals(surrogate.grid.radii_km)
    what, where = draws.of(quantity.long_name), planet.place_in_words(radius_km, decimals)
    return {
        "tilejson": "3.0.0",
        "name": f"{what}, {where}, {when(surrogate, step)}",
        "description": f"{surrogate.spec.title}, radius {planet.in_words(radius_km, decimals)}",
        "attribution": attribution(surrogate),
        "scheme": "xyz",
        "tiles": [f"{base_url}tiles/{quantity.name}/{t}/{r}/{{z}}/{{x}}/{{y}}.png{'?' if query else ''}{query}"],
        "minzoom": 0,
        "maxzoom": max_native_zoom(tms, surrogate.grid),
        "bounds": [west, south, east, north],
    }


def when(surrogate: Surrogate, step: StepSpec) -> str:
    """A time step in words: its label or its number, and its time if that is known."""
    unit = "Myr" if surrogate.spec.provenance.time_scale is None else "scaled Myr"
    time = "" if step.time_myr is None else f", {step.time_myr:.0f} {unit}"
    return f"{f'step {step.t}' if step.label is None else step.label}{time}"


def attribution(surrogate: Surrogate) -> str:
    """The notice, the credit and the licence, as far as somebody has stated them."""
    said = surrogate.spec.provenance
    words = [text for text in (said.notice, said.credit) if text]
    return " ".join([*words, f"({said.licence})"] if said.licence else words)
