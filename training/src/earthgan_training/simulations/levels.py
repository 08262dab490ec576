"""Turns the vertical axis of a source into radii from the core outwards, and refuses what no planet can have.

Radius, depth, height and pressure are told apart by names, attributes and numbers, and `positive` is heeded. A level
that is stored twice, above and below a discontinuity, stays twice: its lower side is put a hair lower.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from earthgan.errors import BadInput
from earthgan.records import PlanetSpec
from earthgan.sphere.grid import EARTH_RADIUS_KM
from earthgan_training.simulations.axes import Axis, vertical_kind
from earthgan_training.simulations.labelled import Understood
from earthgan_training.simulations.layout import Vertical
from earthgan_training.simulations.mapping import Mapping
from earthgan_training.simulations.placing import Numbers, Placed, numbers_of
from earthgan_training.simulations.stores import Store, Stored
from earthgan_training.simulations.units import conversion, is_length, is_pressure

#: How far apart, as a share of the planet's radius, the two sides of a level are put that is stored twice.
_HAIR = 1e-3 / EARTH_RADIUS_KM
#: How far beyond the surface a shell may lie by rounding.
_ABOVE = 1.001
#: A source that ends so deep, as a share of the planet's radius, is more likely one of a smaller planet.
_DEEPEST_TOP = 0.85
#: Depths that all lie beneath this share of the radius lie in the Earth's core.
_CORE = 0.46


@dataclass(frozen=True)
class _Level:
    """A vertical coordinate while it is read: its numbers in `unit`, which is km or hPa or none."""

    where: str
    stored: Stored
    values: Numbers
    has_unit: bool

    @property
    def run(self) -> str:
        return f"from {self.values.min():g} to {self.values.max():g}"


def radii(store: Store, axis: Axis, mapping: Mapping, planet: PlanetSpec, planet_is_known: bool) -> Placed:
    """The radii in km, or in the planet's own unit, from the core outwards.

    `planet_is_known` says whether the source or a mapping states the planet's radius. Raises BadInput.
    """
    values, stored = numbers_of(store, axis)
    said = mapping.axes
    notes: list[str] = []
    where = f"{store.address}: {stored.name}"
    level = _in_km_or_hpa(values, stored, mapping, where)
    kind, why = _kind(level, mapping, planet)
    level = _signed(level, kind, mapping, notes)
    _refuse_impossible_units(level, kind, mapping, planet)
    base = said.base_radius_km or planet.radius_km
    match kind:
        case Vertical.RADIUS:
            found = level.values
        case Vertical.DEPTH:
            found = base - level.values
        case Vertical.HEIGHT:
            found = base + level.values
        case Vertical.PRESSURE:
            if level.values.min() <= 0 or level.values.max() > 1.3 * said.surface_hpa:
                raise BadInput(f"{where} runs {level.run} hPa, which is no pressure above a surface: {_SAY_KIND}")
            found = base + said.scale_height_km * np.log(said.surface_hpa / level.values)
    first, last = said.skip
    kept = np.arange(len(found))[first : len(found) - last]
    if len(kept) < 2:
        raise BadInput(f"{where}: {len(kept)} of {len(found)} levels are left after skip, but two are needed")
    _refuse_outside(found[kept], level, kind, mapping, planet, planet_is_known, notes)
    index, ordered = _outwards(found, kept, where, planet, notes)
    unit = stored.text("units") or ("1" if planet.unit == "1" else _unit_said(mapping, kind))
    seen = Understood(
        "vertical", stored.name, axis.dimension, kind.value, unit, float(values[0]), float(values[-1]), len(values),
        f"{axis.why}; {kind.value} by {why}",
    )  # fmt: skip
    return Placed(ordered, index, seen, notes=tuple(notes), every=tuple(found.tolist()))


_SAY_KIND = 'say kind = "radius", "depth", "height" or "pressure" under [axes] in a mapping'


def _unit_said(mapping: Mapping, kind: Vertical) -> str:
    unit = "hPa" if kind is Vertical.PRESSURE else "km"
    scale = mapping.axes.unit_km
    return unit if scale in (None, 1.0) else f"{scale:g} {unit}"


def _in_km_or_hpa(values: Numbers, stored: Stored, mapping: Mapping, where: str) -> _Level:
    """The numbers in km, or for a pressure in hPa, by the unit that the source or the mapping states."""
    said, stated = mapping.axes, stored.text("units")
    heeded = bool(stated) and not said.ignore_attributes
    target = "km" if is_length(stated) else "hPa" if is_pressure(stated) else None
    found = conversion(stated, target) if heeded and target else None
    if found is None:
        return _Level(where, stored, values * (said.unit_km or 1.0), said.unit_km is not None)
    scale = found.scale / found.divisor
    if said.unit_km is not None and abs(said.unit_km / scale - 1) > 1e-3:
        raise BadInput(
            f"{where} states units of {stated!r}, and the mapping says unit_km = {said.unit_km:g}: correct the mapping,"
            " or say ignore_attributes = true under [axes]"
        )
    if mapping.planet.unit == "1":
        raise BadInput(f'{where} states units of {stated!r}, and the mapping says unit = "1" under [planet]')
    if said.kind is not None and (target == "hPa") != (said.kind is Vertical.PRESSURE):
        raise BadInput(
            f"{where} states units of {stated!r}, and the mapping says {said.kind.value}: correct the mapping, or say"
            " ignore_attributes = true under [axes]"
        )
    return _Level(where, stored, np.asarray(found(values), dtype=np.float64), True)


def _kind(level: _Level, mapping: Mapping, planet: PlanetSpec) -> tuple[Vertical, str]:
    """What the numbers count, and why."""
    said, stored = mapping.axes, level.stored
    by_name = vertical_kind(stored)
    if said.kind is not None:
        strong = by_name is not None and "standard_name" in by_name[1] and by_name[0] is not said.kind
        if strong and not said.ignore_attributes and by_name is not None:
            raise BadInput(
                f"{level.where} has {by_name[1]}, and the mapping says {said.kind.value}: correct the mapping, or say"
                " ignore_attributes = true under [axes]"
            )
        return said.kind, "the mapping"
    if re.search(r"sigma|hybrid|ocean_s|isentropic|potential_temperature", stored.text("standard_name")):
        raise BadInput(
            f'{level.where} has standard_name = "{stored.text("standard_name")}", which is no height that is the same'
            " everywhere: interpolate to levels of radius, depth, height or pressure first"
        )
    positive = said.positive or stored.text("positive").lower()
    low, high = float(level.values.min()), float(level.values.max())
    beneath = low < 0 and high <= 0.001 * planet.radius_km
    if by_name is not None and by_name[0] is Vertical.RADIUS and beneath and positive == "up":
        return Vertical.HEIGHT, 'its negative numbers and positive = "up"'
    if by_name is not None:
        return by_name
    if positive == "down":
        return Vertical.DEPTH, 'positive = "down"'
    if beneath:
        return Vertical.HEIGHT, "its negative numbers"
    if low >= 0.5 * planet.radius_km and high <= _ABOVE * planet.radius_km:
        return Vertical.RADIUS, "its numbers"
    raise BadInput(f"{level.where} runs {level.run}, and nothing says what it counts: {_SAY_KIND}")


def _signed(level: _Level, kind: Vertical, mapping: Mapping, notes: list[str]) -> _Level:
    """The numbers so that they grow as their kind does: a depth downwards, a radius upwards."""
    said, values = mapping.axes, level.values
    stated = "" if said.ignore_attributes else level.stored.text("positive").lower()
    if said.positive and stated and said.positive != stated and kind is not Vertical.PRESSURE:
        raise BadInput(
            f'{level.where} states positive = "{stated}", and the mapping says "{said.positive}": correct the mapping,'
            " or say ignore_attributes = true under [axes]"
        )
    positive = said.positive or stated
    wrong = f'{level.where} runs {level.run} with positive = "{positive}", which is no {kind.value}'
    if kind is Vertical.DEPTH:
        slack = 0.01 * np.abs(values).max()  # topography
        if positive == "up" and values.max() <= slack:
            values = -values
        elif positive and (values.max() <= 0 or positive == "up"):
            raise BadInput(f"{wrong}: {_SAY_KIND}, or positive")
        elif not positive and values.max() <= 0:
            notes.append(f"{level.stored.name} is negative, and is read as a depth beneath the surface")
            values = -values
    elif kind in (Vertical.RADIUS, Vertical.HEIGHT) and positive == "down":
        raise BadInput(f"{wrong}: {_SAY_KIND}, or positive")
    return _Level(level.where, level.stored, values, level.has_unit)


def _refuse_impossible_units(level: _Level, kind: Vertical, mapping: Mapping, planet: PlanetSpec) -> None:
    """Refuse numbers that have no unit and cannot be km."""
    if level.has_unit or planet.unit == "1":
        return
    high, name = float(level.values.max()), f"{level.where} runs {level.run}, and nothing says its unit"
    if kind is Vertical.PRESSURE:
        if high > 1.3 * mapping.axes.surface_hpa:
            raise BadInput(f"{name}: say unit_km under [axes] (0.01 if it counts Pa)")
        return
    if kind is Vertical.HEIGHT and high > 0:
        raise BadInput(f"{name}: say unit_km under [axes] (0.001 if it counts m)")
    if np.abs(level.values).max() > 3 * planet.radius_km:
        raise BadInput(f"{name}, which cannot be km: say unit_km under [axes] (0.001 if it counts m)")
    if np.abs(level.values).max() <= (20 if kind is Vertical.RADIUS else 1.5):
        raise BadInput(
            f"{name}: no {kind.value} of {high:g} km can be meant: say unit_km = 6371 under [axes] if it counts the"
            ' radius of the Earth (or your length in km), or unit = "1" under [planet] to keep numbers without a unit'
        )


def _refuse_outside(
    found: Numbers, level: _Level, kind: Vertical, mapping: Mapping, planet: PlanetSpec, known: bool, notes: list[str]
) -> None:
    """Refuse radii that are not inside the planet, or that are more likely those of another."""
    radius, unit = planet.radius_km, "" if planet.unit == "1" else " km"
    low, high = float(found.min()), float(found.max())
    where = f"{level.where} ({kind.value})"
    if low <= 0:
        raise BadInput(
            f"{where} runs {level.run}{unit}, which gives a radius of {low:g}{unit}: {_SAY_KIND}, or unit_km"
        )
    if kind in (Vertical.RADIUS, Vertical.DEPTH):
        if high > _ABOVE * radius:
            raise BadInput(
                f"{where} gives radii of {low:g} to {high:g}{unit}, outside the planet of {radius:g}{unit}:"
                f" say radius_km under [planet], or {_SAY_KIND.removeprefix('say ')}"
            )
    elif high > 1.2 * radius:
        raise BadInput(f"{where} reaches {high - radius:g}{unit} above the surface: {_SAY_KIND}, or base_radius_km")
    if kind is Vertical.DEPTH and radius - high > _CORE * radius and mapping.planet.core_radius_km is None:
        raise BadInput(
            f"{where} runs {level.run}{unit}, which all lies in the core of a planet of {radius:g}{unit}:"
            f" {_SAY_KIND}, or core_radius_km under [planet]"
        )
    if kind is Vertical.DEPTH and level.values.max() < 1e-3 * radius and mapping.axes.unit_km is None:
        raise BadInput(
            f"{where} reaches {level.values.max():g}{unit}, which is no mantle: say unit_km under [axes], and"
            " ignore_attributes = true if the source's units are wrong"
        )
    if kind is not Vertical.DEPTH and high < _DEEPEST_TOP * radius and not known:
        raise BadInput(
            f"{where} gives radii of {low:g} to {high:g}{unit}, {radius - high:g}{unit} beneath the surface of a planet"
            f" of {radius:g}{unit}: say radius_km under [planet], or {_SAY_KIND.removeprefix('say ')}"
        )
    if radius - high > 0.02 * radius:
        notes.append(f"the outermost shell lies {radius - high:g}{unit} beneath the surface")


def _outwards(
    found: Numbers, kept: np.ndarray[tuple[int], np.dtype[np.intp]], where: str, planet: PlanetSpec, notes: list[str]
) -> tuple[np.ndarray[tuple[int], np.dtype[np.intp]], Numbers]:
    """The positions of the kept levels from the core outwards, and their radii, none twice."""
    steps = np.diff(found[kept])
    if (steps >= 0).all():
        index = kept
    elif (steps <= 0).all():
        index = kept[::-1]
    else:
        index = kept[np.argsort(found[kept], kind="stable")]
        notes.append("the levels are in no order and were sorted")
    ordered = found[index].copy()
    hair = _HAIR * planet.radius_km
    for i in np.flatnonzero(np.diff(ordered) <= 0):
        twice = ordered[i + 1]
        ordered[i] -= hair
        if (i > 0 and ordered[i - 1] >= ordered[i]) or (i + 2 < len(ordered) and ordered[i + 2] <= twice):
            raise BadInput(f"{where} holds the level of radius {twice:g} more than twice, or levels a hair apart")
        notes.append(f"the level of radius {twice:g} is stored twice: both sides are kept, {hair:.3g} apart")
    return index, ordered
