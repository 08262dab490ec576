"""What the attributes of a source say about its origin and its planet. Nothing is assumed that nobody has said."""

from __future__ import annotations

from collections.abc import Mapping as Attributes
from typing import Any

from pydantic import ValidationError

from earthgan.errors import BadInput, what_is_wrong
from earthgan.records import PlanetSpec
from earthgan.spec import Provenance
from earthgan.sphere.grid import EARTH_RADIUS_KM
from earthgan_training.simulations.layout import Vertical
from earthgan_training.simulations.mapping import Mapping

_LICENCE = ("license", "licence", "rights", "copyright", "license_id", "data_license", "licence_id")
_CREDIT = ("credit", "acknowledgement", "acknowledgment", "references", "reference", "citation", "creator_name")
_PEOPLE = (
    "author",
    "authors",
    "creator",
    "author_name",
    "institution",
    "contact",
    "doi",
    "reference_pid",
    "creator_url",
)
_NOTICE = ("notice", "comment")
_RADIUS = ("planet_radius_km", "radius_km", "planet_radius", "earth_radius", "earth_radius_km", "surface_radius_km")
_CORE = ("core_radius_km", "core_radius", "cmb_radius_km", "cmb_radius")
_LONGEST = 400


def title_of(attributes: Attributes[str, Any], mapping: Mapping, fallback: str) -> str:
    """The title of a source: the mapping's, the source's own, or the name of its file."""
    return mapping.title or _text(attributes, ("title", "model", "name")) or fallback


def provenance_of(attributes: Attributes[str, Any], mapping: Mapping, fallback: str) -> Provenance:
    """Where the data come from, as far as the source or the mapping says."""
    said = mapping.provenance
    credit = _text(attributes, _CREDIT)
    people = _text(attributes, _PEOPLE)
    if people and people not in credit:
        credit = f"{people}; {credit}" if credit else people
    return Provenance(
        source=said.source or fallback,
        licence=said.licence if said.licence is not None else _text(attributes, _LICENCE),
        notice=said.notice if said.notice is not None else _text(attributes, _NOTICE),
        credit=said.credit if said.credit is not None else credit,
        simulated=said.simulated if said.simulated is not None else _simulated(attributes),
        time_scale=_positive(attributes.get("time_scale")),
    )


def _simulated(attributes: Attributes[str, Any]) -> bool | None:
    """Whether the data were simulated; None if the source does not say."""
    said = attributes.get("simulated")
    if said is not None:
        return {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}.get(str(said).lower())
    words = _text(attributes, ("comment", "source")).lower()
    if "simulated" in words or "earthgan simulate" in words or "numerical simulation" in words:
        return True
    return None


def _positive(said: Any) -> float | None:
    """A positive, finite number; None if the source does not say one."""
    try:
        value = float(said)
    except (TypeError, ValueError):
        return None
    return value if 0 < value < float("inf") else None


def _text(attributes: Attributes[str, Any], names: tuple[str, ...]) -> str:
    """The first of some attributes that says anything, on one line."""
    lower = {name.lower(): value for name, value in attributes.items()}
    for name in names:
        text = " ".join(str(lower.get(name, "")).split())
        if text:
            return text[:_LONGEST]
    return ""


def planet_of(attributes: Attributes[str, Any], mapping: Mapping, where: str) -> tuple[PlanetSpec, bool]:
    """The planet, and whether anybody has stated its radius. Raises BadInput if it cannot be."""
    said = mapping.planet
    radius, core = said.radius_km, said.core_radius_km
    if said.unit == "km":
        radius = radius or _length_km(attributes, _RADIUS)
        core = _length_km(attributes, _CORE) if core is None else core
        if radius is None and mapping.axes.kind is Vertical.DEPTH:
            radius = mapping.axes.base_radius_km
    fallback = EARTH_RADIUS_KM if said.unit == "km" else 1.0
    try:
        planet = PlanetSpec(radius_km=radius or fallback, core_radius_km=core, unit=said.unit)
    except ValidationError as error:
        raise BadInput(f"{where}: planet: {what_is_wrong(error)}") from error
    return planet, radius is not None


def planet_attributes(attributes: Attributes[str, Any]) -> dict[str, Any]:
    """Those attributes of a source that say the radii of its planet."""
    return {name: attributes[name] for name in (*_RADIUS, *_CORE) if name in attributes}


def _length_km(attributes: Attributes[str, Any], names: tuple[str, ...]) -> float | None:
    """The first of some attributes that is a length of a planet, in km or in m."""
    for name in names:
        try:
            value = float(attributes[name])
        except (KeyError, TypeError, ValueError):
            continue
        if not name.endswith("_km") and value > 1e5:
            value /= 1000
        if 100 < value < 1e6:
            return value
    return None
