"""Puts the latitudes and longitudes of a source in the order of a `ShellGrid`, and refuses what is not the whole globe.

What is merely unusual is sorted out: any direction and order, colatitude, radians, a meridian that is stored twice.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from earthgan.errors import BadInput
from earthgan_training.simulations.axes import Axis, Role, is_colatitude
from earthgan_training.simulations.labelled import Understood
from earthgan_training.simulations.mapping import AxesSaid
from earthgan_training.simulations.packing import unpacked
from earthgan_training.simulations.stores import Store, Stored
from earthgan_training.simulations.units import conversion, is_angle

Numbers = NDArray[np.float64]
Indices = NDArray[np.intp]

#: How far beyond a pole, in degrees, a latitude may lie by rounding.
_ROUNDING_DEG = 1e-3
#: The largest gap, in typical widths, between a pole and the first row, between rows, and between columns.
_POLE_GAP, _ROW_GAP, _COLUMN_GAP = 1.5, 3.0, 1.75


@dataclass(frozen=True)
class Placed:
    """An axis in the order of the grid. `index` says where each of `values` is stored.

    `twins` are pairs of stored positions, kept and left out, of one meridian that is stored twice. `every` are the
    radii at all stored positions of a vertical axis, also of those that are left out.
    """

    values: Numbers
    index: Indices
    understood: Understood
    twins: tuple[tuple[int, int], ...] = ()
    notes: tuple[str, ...] = ()
    every: tuple[float, ...] = ()


def numbers_of(store: Store, axis: Axis) -> tuple[Numbers, Stored]:
    """The numbers along an axis as they are stored. Raises BadInput if they are no axis."""
    if axis.coordinate is None:
        raise BadInput(
            f"{store.address}: the {axis.role} axis {axis.dimension} has no coordinate with numbers: add one, or name"
            " it under [axes] in a mapping"
        )
    stored = store.variables[axis.coordinate]
    try:
        values = np.asarray(unpacked(store.read(axis.coordinate), stored.attributes, default_fill=store.default_fill))
    except BadInput as error:
        raise BadInput(f"{store.address}: {axis.coordinate}: {error}") from error
    if values.ndim != 1 or len(values) < 2 or not np.isfinite(values).all():
        raise BadInput(
            f"{store.address}: {axis.coordinate} is not an axis with two or more finite numbers"
            + (": one level is no shell" if axis.role is Role.VERTICAL and values.size == 1 else "")
        )
    return values.astype(np.float64), stored


def latitudes(store: Store, axis: Axis, said: AxesSaid) -> Placed:
    """The latitudes in degrees from north to south. Raises BadInput."""
    values, stored = numbers_of(store, axis)
    where = f"{store.address}: {stored.name}"
    degrees, unit = _degrees(values, stored, said, where, limit=1.001 * np.pi)
    low, high = float(degrees.min()), float(degrees.max())
    asked = said.colatitude is not None or said.latitude_kind == "colatitude"
    turned = asked or (said.latitude_kind is None and is_colatitude(stored) and low >= -_ROUNDING_DEG)
    why, notes = axis.why, []
    if turned:
        if low < -_ROUNDING_DEG or high > 180 + _ROUNDING_DEG:
            raise BadInput(f"{where} runs from {low:g} to {high:g}, which is no colatitude from 0 to 180")
        degrees = 90 - degrees
        notes.append(f"{stored.name} is read as colatitude, which is 0 at the north pole")
    elif low < -90 - _ROUNDING_DEG or high > 90 + _ROUNDING_DEG:
        way = (
            'say latitude_kind = "colatitude" under [axes] if it is 0 at the north pole' if low >= 0 else "name another"
        )
        raise BadInput(f"{where} runs from {low:g} to {high:g}, which is no latitude from -90 to 90: {way}")
    if stored.text("units").lower().replace("_", "").endswith(("south", "degreess", "degrees_s")):
        degrees = -degrees
    degrees = degrees.clip(-90, 90)
    index = _monotonic(-degrees)
    if index is None:
        index = np.argsort(-degrees, kind="stable")
        notes.append(f"{stored.name} is in no order and was sorted")
    ordered = degrees[index]
    steps = -np.diff(ordered)
    if not (steps > 0).all():
        twice = ordered[np.flatnonzero(steps <= 0)[0]]
        raise BadInput(f"{where} holds the latitude {twice:g} twice")
    typical = float(np.median(steps))
    gaps = 90 - ordered[0], ordered[-1] + 90
    widest = max(gaps) > _POLE_GAP * max(typical, float(max(steps[0], steps[-1])))
    if widest or steps.max() > max(_ROW_GAP * typical, 45 if len(steps) < 4 else 0):
        raise BadInput(
            f"{where} covers latitudes {ordered[-1]:g} to {ordered[0]:g}"
            + ("" if widest else f" with a gap of {steps.max():g} degrees")
            + ", which is not the whole globe: a global source is needed"
        )
    kind = "colatitude" if turned else "latitude"
    seen = Understood("latitude", stored.name, axis.dimension, kind, unit, *_ends(values), len(values), why)
    return Placed(ordered, index, seen, notes=tuple(notes))


def longitudes(store: Store, axis: Axis, said: AxesSaid) -> Placed:
    """The longitudes in degrees, which ascend within one turn, each meridian once. Raises BadInput."""
    values, stored = numbers_of(store, axis)
    where = f"{store.address}: {stored.name}"
    degrees, unit = _degrees(values, stored, said, where, limit=2.002 * np.pi)
    if stored.text("units").lower().replace("_", "").endswith(("west", "degreesw", "degreew")):
        degrees = -degrees
    if np.abs(degrees).max() > 720:
        raise BadInput(f"{where} runs from {degrees.min():g} to {degrees.max():g}, which is no longitude in degrees")
    notes: list[str] = []
    index = _monotonic(degrees)
    ordered = degrees if index is None else degrees[index]
    typical = float(np.median(np.abs(np.diff(ordered))))
    same = min(4e-3, 0.2 * typical) if typical else 4e-3
    if index is None or ordered[-1] - ordered[0] > 360 + same:
        degrees = _turned(degrees, same)
        index = np.argsort(degrees, kind="stable")
        ordered = degrees[index]
        notes.append(f"{stored.name} runs through more than one turn or in no order, and was sorted")
    kept, twins = [0], []
    for i in range(1, len(ordered)):
        if ordered[i] - ordered[kept[-1]] <= same:
            twins.append((int(index[kept[-1]]), int(index[i])))
        elif ordered[i] - ordered[0] >= 360 - same:
            twins.append((int(index[0]), int(index[i])))
        else:
            kept.append(i)
    ordered, index = ordered[kept], index[kept]
    if len(ordered) < 2:
        raise BadInput(f"{where} holds one meridian, which is not the whole globe")
    widths = np.append(np.diff(ordered), 360 + ordered[0] - ordered[-1])
    if widths.max() > _COLUMN_GAP * np.median(widths):
        raise BadInput(
            f"{where} covers longitudes {_extent(ordered, widths)} with a gap of {widths.max():g} degrees, which is not"
            " the whole globe: a global source is needed"
        )
    seen = Understood(
        "longitude", stored.name, axis.dimension, "longitude", unit, *_ends(values), len(values), axis.why
    )
    return Placed(ordered, index, seen, tuple(twins), tuple(notes))


def _turned(degrees: Numbers, same: float) -> Numbers:
    """Longitudes of one turn from 0°, or from -180° if the source has negative ones. Both ends are one meridian."""
    west = -180.0 if degrees.min() < -same else 0.0
    turned = (degrees - west) % 360 + west
    turned[turned >= west + 360 - same] -= 360
    return turned


def _extent(ordered: Numbers, widths: Numbers) -> str:
    """From where to where columns reach, on the other side of the widest gap."""
    after = (int(np.argmax(widths)) + 1) % len(ordered)
    first, last = ordered[after], ordered[after - 1]
    return f"{first:g} to {last:g}" if last > first else f"{first - 360 if first > 180 else first:g} to {last:g}"


def _degrees(values: Numbers, stored: Stored, said: AxesSaid, where: str, limit: float) -> tuple[Numbers, str]:
    """Angles in degrees, and the unit that they were read in."""
    stated = stored.text("units")
    is_stated = is_angle(stated) and not said.ignore_attributes
    in_radians = "rad" in stated.lower()
    if is_stated and said.angle_unit and (said.angle_unit == "radians") != in_radians:
        raise BadInput(
            f"{where} states units of {stated!r}, and the mapping says {said.angle_unit}: correct the mapping, or say"
            " ignore_attributes = true under [axes]"
        )
    if said.angle_unit == "radians" or (is_stated and in_radians):
        return np.degrees(values), "radians"
    if said.angle_unit is None and not is_stated and np.ptp(values) > 0.8 * limit and np.abs(values).max() <= limit:
        raise BadInput(
            f"{where} runs from {values.min():g} to {values.max():g} and looks like radians:"
            ' say angle_unit = "radians" under [axes] in a mapping'
        )
    factor = conversion(stated, "degrees") if is_stated else None
    return (values if factor is None else np.asarray(factor(values), dtype=np.float64)), stated or "degrees"


def _monotonic(values: Numbers) -> Indices | None:
    """The positions of numbers in ascending order, if they ascend or descend already."""
    steps = np.diff(values)
    if (steps >= 0).all():
        return np.arange(len(values))
    return np.arange(len(values))[::-1] if (steps <= 0).all() else None


def _ends(values: Numbers) -> tuple[float, float]:
    return float(values[0]), float(values[-1])
