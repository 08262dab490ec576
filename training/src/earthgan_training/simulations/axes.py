"""Finds the axes of a variable: which of its dimensions is latitude, longitude, the vertical, or time, and why.

The evidence is CF's, in the order of its weight: `standard_name`, `units`, `axis`, `positive`, `long_name`, names, and
at last the numbers themselves. A mapping overrides all of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from earthgan.errors import BadInput
from earthgan_training.simulations.layout import Vertical
from earthgan_training.simulations.mapping import AxesSaid
from earthgan_training.simulations.stores import Store, Stored
from earthgan_training.simulations.units import is_length, is_pressure, is_time


class Role(StrEnum):
    """What a dimension is."""

    LATITUDE = "latitude"
    LONGITUDE = "longitude"
    VERTICAL = "vertical"
    TIME = "time"


SPATIAL = (Role.VERTICAL, Role.LATITUDE, Role.LONGITUDE)


@dataclass(frozen=True)
class Axis:
    """A dimension of a variable that was recognised. `coordinate` names the array with its numbers, if there is one."""

    role: Role
    dimension: str
    coordinate: str | None
    why: str


_STANDARD_NAMES = {
    "latitude": Role.LATITUDE,
    "colatitude": Role.LATITUDE,
    "longitude": Role.LONGITUDE,
    "time": Role.TIME,
    "forecast_reference_time": Role.TIME,
    **dict.fromkeys(
        (
            *(
                "depth",
                "height",
                "altitude",
                "air_pressure",
                "radius",
                "radial_distance",
                "height_above_mean_sea_level",
            ),
            *("height_above_geopotential_datum", "height_above_reference_ellipsoid", "model_level_number"),
        ),
        Role.VERTICAL,
    ),
}
_AXIS = {"X": Role.LONGITUDE, "Y": Role.LATITUDE, "Z": Role.VERTICAL, "T": Role.TIME}
_DEGREES = re.compile(r"degrees?_?(?:(north|_s|south|n)|(east|west|w|e))(?:_?true)?", re.IGNORECASE)
_DATE = re.compile(r"\bsince\b", re.IGNORECASE)

_ENDING = r"(?:[_ ]?(?:deg|degrees?|rad|radians?|km|m|hpa|pa|mb|myr|ma|axis|coord|coords|values?|centers?|centres?))?"
_NAMES = {
    Role.LATITUDE: r"(?:nav_?)?(?:geo)?(?:lat|lats|latitudes?|co_?lats?|co-?latitudes?|colatitudes?|theta|th|clat)",
    Role.LONGITUDE: r"(?:nav_?)?(?:geo)?(?:lon|lons|long|lng|longitudes?|phi|ph|azimuth)",
    Role.VERTICAL: r"(?:r|rad|rads|radius|radii|radial|depths?|dep|z|lev|levels?|layers?|heights?|alt|altitudes?"
    r"|elevation|plev|pres|pressure(?:_level)?|isobaric\w*|shells?)",
    Role.TIME: r"(?:times?|t|ages?|dates?|years?|steps?|time_?steps?|snapshots?|valid_time|nt)",
}
_BY_NAME = {role: re.compile(f"{pattern}{_ENDING}", re.IGNORECASE) for role, pattern in _NAMES.items()}
_LONG_NAMES = (
    (re.compile(r"co-?latitude|polar angle", re.IGNORECASE), Role.LATITUDE),
    (re.compile(r"\blatitudes?\b", re.IGNORECASE), Role.LATITUDE),
    (re.compile(r"\blongitudes?\b|azimuth", re.IGNORECASE), Role.LONGITUDE),
    (
        re.compile(r"\b(depths?|radius|radii|radial (position|coordinate|distance)|altitude|height)\b", re.I),
        Role.VERTICAL,
    ),
    (re.compile(r"^(model )?time\b|\bage\b", re.IGNORECASE), Role.TIME),
)


@dataclass(frozen=True)
class _Evidence:
    role: Role
    weight: int
    why: str


def _evidence(stored: Stored) -> list[_Evidence]:
    """What the attributes and the name of a coordinate say, the weightiest first."""
    found: list[_Evidence] = []

    def say(role: Role | None, weight: int, why: str) -> None:
        if role is not None:
            found.append(_Evidence(role, weight, why))

    standard, unit, axis = stored.text("standard_name").lower(), stored.text("units"), stored.text("axis").upper()
    long_name, name = stored.text("long_name"), stored.name
    say(_STANDARD_NAMES.get(standard), 6, f'standard_name = "{standard}"')
    if match := _DEGREES.fullmatch(unit):
        say(Role.LATITUDE if match[1] else Role.LONGITUDE, 5, f'units = "{unit}"')
    elif _DATE.search(unit):
        say(Role.TIME, 5, f'units = "{unit}"')
    say(_AXIS.get(axis), 4, f'axis = "{axis}"')
    if stored.text("positive").lower() in ("up", "down"):
        say(Role.VERTICAL, 4, f'positive = "{stored.text("positive")}"')
    for pattern, role in _LONG_NAMES:
        if pattern.search(long_name):
            say(role, 3, f'long_name = "{long_name}"')
            break
    say(_role_of_name(name), 2, f"the name {name}")
    if unit and not found:
        if is_pressure(unit) or is_length(unit):
            say(Role.VERTICAL, 1, f'units = "{unit}"')
        elif is_time(unit):
            say(Role.TIME, 1, f'units = "{unit}"')
    return found


def _role_of_name(name: str) -> Role | None:
    return next((role for role, pattern in _BY_NAME.items() if pattern.fullmatch(name)), None)


def find_axes(store: Store, stored: Stored, said: AxesSaid) -> dict[Role, Axis]:
    """The axes of a variable that are recognised, by role. Raises BadInput if a mapping names what does not exist, or
    if attributes contradict each other or the mapping.
    """
    found: dict[Role, Axis] = {}
    named = {
        Role.LATITUDE: said.colatitude or said.latitude,
        Role.LONGITUDE: said.longitude,
        Role.VERTICAL: said.vertical,
        Role.TIME: said.time,
    }
    for role, name in named.items():
        if name is not None and (axis := _said(store, stored, role, name, said)):
            found[role] = axis
    taken = {axis.dimension for axis in found.values()}
    best: dict[Role, tuple[int, Axis]] = {}
    for dimension in stored.dimensions:
        if dimension in taken:
            continue
        for weight, axis in _candidates(store, stored, dimension):
            rival = best.get(axis.role)
            if axis.role not in found and (rival is None or weight > rival[0]):
                best[axis.role] = (weight, axis)
    # One dimension may be the best for two roles, by two coordinates. The weightier one counts.
    for _, axis in sorted(best.values(), key=lambda each: -each[0]):
        if axis.dimension not in {each.dimension for each in found.values()}:
            found[axis.role] = axis
    _by_numbers(store, stored, found)
    return found


def _said(store: Store, stored: Stored, role: Role, name: str, said: AxesSaid) -> Axis | None:
    """The axis that a mapping names, by a coordinate variable or by a dimension."""
    why = "the mapping says so"
    coordinate = store.variables.get(name)
    if coordinate is not None and len(coordinate.dimensions) == 1 and coordinate.dimensions[0] in stored.dimensions:
        _refuse_another(store, coordinate, role, said)
        return Axis(role, coordinate.dimensions[0], name, why)
    if name in stored.dimensions:
        along = [axis for _, axis in _candidates(store, stored, name) if axis.role is role]
        rest = [each.name for each in _along(store, stored, name)]
        if role is not Role.TIME and not along and not rest:
            raise BadInput(f"{store.address}: holds no coordinate {name!r}")
        return Axis(role, name, along[0].coordinate if along else next(iter(rest), None), why)
    if role is not Role.TIME and coordinate is None:
        raise BadInput(f"{store.address}: holds no coordinate {name!r}")
    return None


def _refuse_another(store: Store, coordinate: Stored, role: Role, said: AxesSaid) -> None:
    other = next((each for each in _evidence(coordinate) if each.weight >= 4), None)
    if other is not None and other.role is not role and not said.ignore_attributes:
        raise BadInput(
            f"{store.address}: the mapping calls {coordinate.name} the {role} axis, but {other.why} says {other.role}:"
            f" correct the mapping, or say ignore_attributes = true under [axes]"
        )


def _along(store: Store, stored: Stored, dimension: str) -> list[Stored]:
    """The one-dimensional arrays along a dimension that may hold its numbers, the likeliest first."""
    named = stored.text("coordinates").split()
    bounds = {each.text("bounds") for each in store.variables.values()}

    def rank(each: Stored) -> tuple[bool, bool]:
        return each.name != dimension, each.name not in named

    along = [
        each
        for each in store.variables.values()
        if each.dimensions == (dimension,) and each.name not in bounds and each.dtype.kind in "iufUSO"
    ]
    return sorted(along, key=rank)


def _candidates(store: Store, stored: Stored, dimension: str) -> Iterable[tuple[int, Axis]]:
    """Each role that a dimension may have, with the weight of its evidence."""
    for each in _along(store, stored, dimension):
        evidence = _evidence(each)
        strong = [one for one in evidence if one.weight >= 4]
        for one in strong[1:]:
            if one.role is not strong[0].role:
                raise BadInput(
                    f"{store.address}: {each.name} contradicts itself: {strong[0].why} says {strong[0].role}, and"
                    f" {one.why} says {one.role}: name the axes in a mapping"
                )
        if evidence:
            # Evidence that agrees is worth more, and the dimension's own coordinate is preferred among equals.
            yield (
                2 * evidence[0].weight + (each.name == dimension),
                Axis(
                    evidence[0].role,
                    dimension,
                    each.name,
                    "; ".join(x.why for x in evidence if x.role is evidence[0].role),
                ),
            )
    if dimension not in store.variables:
        role = _role_of_name(dimension)
        if role is Role.TIME:
            yield 1, Axis(role, dimension, None, f"the name of the dimension {dimension}")


def _by_numbers(store: Store, stored: Stored, found: dict[Role, Axis]) -> None:
    """Recognise what is left by its numbers, if there is only one way to do so."""
    lengths = dict(zip(stored.dimensions, stored.shape, strict=True))
    taken = {axis.dimension for axis in found.values()}
    left = [d for d in stored.dimensions if d not in taken and lengths[d] > 1]
    if not left or len(left) > len([role for role in SPATIAL if role not in found]):
        return
    guesses: dict[str, list[Role]] = {}
    holders: dict[str, str] = {}
    for dimension in left:
        along = [each for each in _along(store, stored, dimension) if not _evidence(each) and each.dtype.kind in "iuf"]
        if not along:
            return
        numbers = np.asarray(store.read(along[0].name), dtype=np.float64)
        holders[dimension] = along[0].name
        low, high = float(np.min(numbers)), float(np.max(numbers))
        like = {
            Role.LATITUDE: -90 <= low < -60 and 60 < high <= 90,
            Role.LONGITUDE: low >= -180 and high <= 360 and 300 < high - low <= 360 and (low >= 0 or high <= 180),
            Role.VERTICAL: high - low > 0 and (high > 360 or low < -180),
        }
        guesses[dimension] = [role for role, fits in like.items() if fits and role not in found]
    if all(len(each) == 1 for each in guesses.values()):
        roles = [each[0] for each in guesses.values()]
        if len(set(roles)) == len(roles):
            for dimension, (role,) in guesses.items():
                found[role] = Axis(role, dimension, holders[dimension], "its numbers can be nothing else")


_KIND_OF_STANDARD = {
    "depth": Vertical.DEPTH,
    "air_pressure": Vertical.PRESSURE,
    "radius": Vertical.RADIUS,
    "radial_distance": Vertical.RADIUS,
}
_KINDS = (
    (re.compile(r"depths?|\bdep\b", re.IGNORECASE), Vertical.DEPTH),
    (re.compile(r"radius|radii|\bradial|\brads?\b", re.IGNORECASE), Vertical.RADIUS),
    (re.compile(r"heights?|altitudes?|\balt\b|elevation", re.IGNORECASE), Vertical.HEIGHT),
    (re.compile(r"pressure|plev|\bpres\b|isobaric", re.IGNORECASE), Vertical.PRESSURE),
)


def vertical_kind(stored: Stored) -> tuple[Vertical, str] | None:
    """What a vertical coordinate counts, by its attributes and its name; None if they do not tell."""
    standard, unit = stored.text("standard_name").lower(), stored.text("units")
    if kind := _KIND_OF_STANDARD.get(standard):
        return kind, f'standard_name = "{standard}"'
    if standard.startswith(("height", "altitude")):
        return Vertical.HEIGHT, f'standard_name = "{standard}"'
    if unit and is_pressure(unit):
        return Vertical.PRESSURE, f'units = "{unit}"'
    for word, why in (
        (stored.text("long_name"), f'long_name = "{stored.text("long_name")}"'),
        (stored.name.replace("_", " "), f"the name {stored.name}"),
    ):
        kinds = {kind for pattern, kind in _KINDS if pattern.search(word)}
        if len(kinds) == 1:
            return kinds.pop(), why
    if re.fullmatch(f"r{_ENDING}", stored.name, re.IGNORECASE):
        return Vertical.RADIUS, f"the name {stored.name}"
    return None


def is_colatitude(stored: Stored) -> bool:
    """Whether the attributes or the name of a latitude say that it counts from the north pole."""
    words = f"{stored.text('standard_name')} {stored.text('long_name')} {stored.name}".lower().replace("-", "")
    return bool(re.search(r"co_?lat|polar angle", words)) or bool(
        re.fullmatch(f"(?:theta|th){_ENDING}", stored.name, re.IGNORECASE)
    )


def without_axes(store: Store) -> str:
    """A sentence that says why no variable of a store has the three axes of a globe."""
    variables = store.variables
    flat = [v.name for v in variables.values() if len(v.dimensions) == 2 and _role_of_name(v.name) in SPATIAL]
    if len(flat) >= 2:
        return (
            f"{store.address}: {flat[0]} and {flat[1]} have two dimensions, but the columns of a grid of latitude and"
            " longitude are needed: interpolate it to such a grid first"
        )
    arrays = [f"{v.name} ({', '.join(v.dimensions)})" for v in variables.values() if len(v.dimensions) >= 2]
    shown = "; ".join(arrays[:4]) + ("; …" if len(arrays) > 4 else "")
    return (
        f"{store.address}: no variable has axes of latitude, longitude and radius or depth that can be recognised"
        f" ({shown or 'it holds no array'}): name them under [axes] in a mapping"
    )
