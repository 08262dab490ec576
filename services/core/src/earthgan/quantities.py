"""What can be drawn of a surrogate: its variables, and quantities derived from them shell by shell.

Derived: the temperature's anomaly about its lateral mean, and the velocity turned from Cartesian to spherical
components, with its length. Arrays are `(latitude, longitude)`, or `(..., latitude, longitude)` where said.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from earthgan.records import VariableSpec
from earthgan.sphere.grid import ShellGrid, cell_weights
from earthgan.surrogate import Surrogate
from earthgan.variables import TEMPERATURE, VX, VY, VZ

Array = NDArray[np.float32]

TEMPERATURE_ANOMALY = "temperature_anomaly"
V_RADIAL, V_THETA, V_PHI, SPEED = "v_radial", "v_theta", "v_phi", "speed"
VELOCITY = (VX.name, VY.name, VZ.name)

#: The unit of numbers that were normalised by what nobody knows any more. Where zero lies among them is unknown, so
#: velocities in it cannot be turned, nor have they a length; differences, such as an anomaly, remain meaningful.
NORMALISED = "1"

_DIVERGING, _SEQUENTIAL = "crameri:vik", "crameri:batlow"


@dataclass(frozen=True)
class Quantity:
    """A variable or a derived quantity, and how it is drawn; `needs` names the stored variables it is computed from.

    The ranges are global, in `unit`: one per tile or shell would make seams. `anomaly_range` is for the quantity less
    its lateral mean.
    """

    name: str
    long_name: str
    unit: str
    colormap: str
    symmetric: bool
    needs: tuple[str, ...]
    range: tuple[float, float]
    anomaly_range: tuple[float, float]


def quantities(surrogate: Surrogate) -> dict[str, Quantity]:
    """The surrogate's variables, then the derived quantities whose inputs it has, by name.

    Derived velocities are left out where the velocities' unit is `NORMALISED`. Ranges of derived quantities and
    anomalies are the largest magnitudes in the conditional inputs of the first, the middle and the last step, rounded
    up to two digits: deterministic, and some milliseconds of work.
    """
    specs = {spec.name: spec for spec in surrogate.spec.variables}
    derived = [
        *([TEMPERATURE_ANOMALY] if TEMPERATURE.name in specs else []),
        *([V_RADIAL, V_THETA, V_PHI, SPEED] if _have_a_zero([specs[n] for n in VELOCITY if n in specs]) else []),
    ]
    names = [*specs, *(name for name in derived if name not in specs)]
    largest = _largest_magnitudes(surrogate, names)
    found = {}
    for name in names:
        magnitude, anomaly_magnitude = largest[name]
        anomaly_range = (-anomaly_magnitude, anomaly_magnitude)
        if name in specs:
            found[name] = _stored(specs[name], anomaly_range)
        else:
            found[name] = _derived(name, specs, magnitude, anomaly_range)
    return found


def derive(name: str, shells: Mapping[str, Array], grid: ShellGrid) -> Array:
    """A quantity on a radial shell `(latitude, longitude)`, from the shells of the variables that it needs.

    A stored variable is its own shell. Raises KeyError where a shell is missing or the name is unknown.
    """
    if name in shells:
        return shells[name]
    if name == TEMPERATURE_ANOMALY:
        return anomaly(shells[TEMPERATURE.name], grid)
    vx, vy, vz = (shells[component] for component in VELOCITY)
    return turn(name, vx, vy, vz, np.asarray(grid.latitudes_deg)[:, None], np.asarray(grid.longitudes_deg))


def turn(name: str, vx: Array, vy: Array, vz: Array, latitudes_deg: ArrayLike, longitudes_deg: ArrayLike) -> Array:
    """`v_radial` (outwards), `v_theta` (southwards), `v_phi` (eastwards) or `speed` of Cartesian velocities.

    x points to 0° N 0° E, y to 0° N 90° E, z to the north pole; latitudes and longitudes broadcast against the
    velocities. The components are along the unit vectors of spherical coordinates with colatitude theta and longitude
    phi. Raises KeyError for another name.
    """
    if name == SPEED:
        squares = sum(np.square(component, dtype=np.float64) for component in (vx, vy, vz))  # 1e-24 is small in float32
        return np.asarray(np.sqrt(squares), dtype=np.float32)
    latitude, longitude = np.radians(latitudes_deg), np.radians(longitudes_deg)
    sin_lat, cos_lat, sin_lon, cos_lon = (
        np.asarray(f(angle), dtype=np.float32) for angle in (latitude, longitude) for f in (np.sin, np.cos)
    )
    if name == V_PHI:
        return vy * cos_lon - vx * sin_lon
    outwards_from_axis = vx * cos_lon + vy * sin_lon
    return {
        V_RADIAL: outwards_from_axis * cos_lat + vz * sin_lat,
        V_THETA: outwards_from_axis * sin_lat - vz * cos_lat,
    }[name]


def lateral_mean(shells: Array, grid: ShellGrid) -> NDArray[np.float64]:
    """The mean over the sphere of each shell `(..., latitude, longitude)`, cells by their area, NaN left out; NaN where
    a shell has no values.
    """
    weights, valid = cell_weights(grid), np.isfinite(shells)
    weighted = np.einsum("...ij,ij->...", np.where(valid, shells, 0), weights)
    with np.errstate(invalid="ignore"):
        return np.asarray(weighted / np.einsum("...ij,ij->...", valid, weights))


def anomaly(shell: Array, grid: ShellGrid) -> Array:
    """A shell less its lateral mean; any variable's."""
    return np.asarray(shell - lateral_mean(shell, grid)[..., None, None], dtype=np.float32)


def _have_a_zero(velocities: list[VariableSpec]) -> bool:
    """Whether all three components are there, in one unit whose zero means rest."""
    units = {spec.unit for spec in velocities}
    return len(velocities) == len(VELOCITY) and len(units) == 1 and NORMALISED not in units


def _stored(spec: VariableSpec, anomaly_range: tuple[float, float]) -> Quantity:
    low, high = spec.range
    return Quantity(
        name=spec.name,
        long_name=spec.long_name,
        unit=spec.unit,
        colormap=spec.colormap,
        symmetric=low == -high,
        needs=(spec.name,),
        range=spec.range,
        anomaly_range=anomaly_range,
    )


def _derived(
    name: str, specs: Mapping[str, VariableSpec], magnitude: float, anomaly_range: tuple[float, float]
) -> Quantity:
    long_names = {
        TEMPERATURE_ANOMALY: "Temperature less its lateral mean",
        V_RADIAL: "Velocity outwards",
        V_THETA: "Velocity southwards",
        V_PHI: "Velocity eastwards",
        SPEED: "Speed",
    }
    needs = (TEMPERATURE.name,) if name == TEMPERATURE_ANOMALY else VELOCITY
    return Quantity(
        name=name,
        long_name=long_names[name],
        unit=specs[needs[0]].unit,
        colormap=_SEQUENTIAL if name == SPEED else _DIVERGING,
        symmetric=name != SPEED,
        needs=needs,
        range=(0.0 if name == SPEED else -magnitude, magnitude),
        anomaly_range=anomaly_range,
    )


def _largest_magnitudes(surrogate: Surrogate, names: list[str]) -> dict[str, tuple[float, float]]:
    """For each quantity, the largest magnitude of its values and of its anomalies in the conditional inputs."""
    steps = surrogate.steps
    largest = dict.fromkeys(names, (0.0, 0.0))
    for t in sorted({steps[i].t for i in (0, len(steps) // 2, -1)}):
        grid, look = surrogate.inputs.look(surrogate.conditional_input(t))
        field = surrogate.in_units(look, surrogate.variables)
        shells = dict(zip(surrogate.variables, field, strict=True))
        for name in names:
            values = derive(name, shells, grid)
            largest[name] = (
                max(largest[name][0], _magnitude(values)),
                max(largest[name][1], _magnitude(anomaly(values, grid))),
            )
    return {name: (_round_up(values), _round_up(anomalies)) for name, (values, anomalies) in largest.items()}


def _magnitude(values: Array) -> float:
    return float(np.max(np.abs(values), where=np.isfinite(values), initial=0.0))


def _round_up(magnitude: float) -> float:
    """The next number of two digits, at least as large; 1 where there is nothing but zeros, for a range must ascend."""
    if magnitude == 0:
        return 1.0
    power = math.floor(math.log10(magnitude)) - 1
    return float(f"{math.ceil(magnitude / 10.0**power - 1e-9)}e{power}")
