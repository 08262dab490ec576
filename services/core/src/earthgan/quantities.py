"""The quantities that can be drawn: a surrogate's variables, and quantities that are derived from them shell by shell.

`DERIVED` is the table of derived quantities. A row holds everything about its quantity: the variables that it needs,
the function that computes it, its name for people, and how it is drawn. Arrays have the shape `(latitude, longitude)`
or, where the docstring says so, `(..., latitude, longitude)`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from earthgan import __version__
from earthgan.kept import kept
from earthgan.records import LARGEST_NUMBER, NARROWEST_RANGE, VariableSpec
from earthgan.sphere.grid import ShellGrid, cell_weights
from earthgan.sphere.vectors import LocalAxes
from earthgan.surrogate import Surrogate
from earthgan.variables import TEMPERATURE, VX, VY, VZ, with_unit

Array = NDArray[np.float32]

TEMPERATURE_ANOMALY = "temperature_anomaly"
V_RADIAL, V_THETA, V_PHI, SPEED = "v_radial", "v_theta", "v_phi", "speed"
VELOCITY = (VX.name, VY.name, VZ.name)

_DIVERGING, _SEQUENTIAL = "crameri:vik", "crameri:batlow"

#: Computes a quantity point by point. It takes the arrays of the variables that the quantity needs, in order, and then
#: the latitudes and longitudes of the points in degrees. These broadcast against the arrays.
Function = Callable[..., Array]


def itself(values: Array, latitudes_deg: ArrayLike, longitudes_deg: ArrayLike) -> Array:
    """A variable as it is stored."""
    return values


def _outwards(vx: Array, vy: Array, vz: Array, latitudes_deg: ArrayLike, longitudes_deg: ArrayLike) -> Array:
    return LocalAxes.at(latitudes_deg, longitudes_deg, np.float32).outwards(vx, vy, vz)


def _southwards(vx: Array, vy: Array, vz: Array, latitudes_deg: ArrayLike, longitudes_deg: ArrayLike) -> Array:
    return LocalAxes.at(latitudes_deg, longitudes_deg, np.float32).southwards(vx, vy, vz)


def _eastwards(vx: Array, vy: Array, vz: Array, latitudes_deg: ArrayLike, longitudes_deg: ArrayLike) -> Array:
    return LocalAxes.at(latitudes_deg, longitudes_deg, np.float32).eastwards(vx, vy)


def _length(vx: Array, vy: Array, vz: Array, latitudes_deg: ArrayLike, longitudes_deg: ArrayLike) -> Array:
    # The square of a slow velocity, 1e-24 or less, loses digits in float32.
    squares = sum(np.square(component, dtype=np.float64) for component in (vx, vy, vz))
    return np.asarray(np.sqrt(squares), dtype=np.float32)


@dataclass(frozen=True)
class Derived:
    """A row of the table of derived quantities.

    `function` takes the variables that `needs` names. With `less_mean`, each shell's lateral mean is subtracted from
    the result. With `needs_zero`, the quantity has no meaning unless the zero of its variables is known.
    """

    name: str
    long_name: str
    needs: tuple[str, ...]
    function: Function
    less_mean: bool = False
    needs_zero: bool = False
    colormap: str = _DIVERGING
    symmetric: bool = True

    def at(self, stored: Mapping[str, Array], latitudes_deg: ArrayLike, longitudes_deg: ArrayLike) -> Array:
        """The quantity at points, before any lateral mean is subtracted. Raises KeyError if a variable is missing."""
        return self.function(*(stored[name] for name in self.needs), latitudes_deg, longitudes_deg)

    def of(self, shells: Mapping[str, Array], grid: ShellGrid) -> Array:
        """The quantity on whole shells `(..., latitude, longitude)` of a grid. Raises KeyError if one is missing."""
        values = self.at(shells, *grid.axes_deg)
        return anomaly(values, grid) if self.less_mean else values

    def is_offered(self, specs: Mapping[str, VariableSpec]) -> bool:
        """Whether a surrogate with these variables offers the quantity.

        The surrogate must have all variables that the quantity needs, in one unit. If the quantity needs their zero, it
        must be known. It is not known for numbers without a unit whose range is not symmetric: they were normalised,
        and nobody knows how. Velocities of this sort cannot be turned and have no length. Differences, such as an
        anomaly, keep their meaning.
        """
        if self.name in specs or not set(self.needs) <= set(specs):
            return False
        needed = [specs[name] for name in self.needs]
        zero_is_known = all(spec.has_unit or spec.symmetric for spec in needed)
        return len({spec.unit for spec in needed}) == 1 and (zero_is_known or not self.needs_zero)


def _velocity(name: str, long_name: str, function: Function) -> Derived:
    return Derived(name, long_name, VELOCITY, function, needs_zero=True)


DERIVED: dict[str, Derived] = {
    each.name: each
    for each in (
        Derived(TEMPERATURE_ANOMALY, "Temperature less its lateral mean", (TEMPERATURE.name,), itself, less_mean=True),
        _velocity(V_RADIAL, "Velocity outwards", _outwards),
        _velocity(V_THETA, "Velocity southwards", _southwards),
        _velocity(V_PHI, "Velocity eastwards", _eastwards),
        replace(_velocity(SPEED, "Speed", _length), colormap=_SEQUENTIAL, symmetric=False),
    )
}


@dataclass(frozen=True)
class Quantity:
    """A variable or a derived quantity of one surrogate: its row, its unit, and the ranges to draw.

    The ranges are global, because a range for each tile or shell would make seams. `anomaly_range` is the range of the
    quantity less its lateral mean.
    """

    row: Derived
    unit: str
    range: tuple[float, float]
    anomaly_range: tuple[float, float]

    @property
    def name(self) -> str:
        return self.row.name

    @property
    def long_name(self) -> str:
        return self.row.long_name

    @property
    def heading(self) -> str:
        """The name for people, with the unit if the numbers have one: `Temperature [K]`."""
        return with_unit(self.long_name, self.unit)

    @property
    def colormap(self) -> str:
        return self.row.colormap

    @property
    def symmetric(self) -> bool:
        return self.row.symmetric

    @property
    def needs(self) -> tuple[str, ...]:
        """The stored variables from which it is computed."""
        return self.row.needs

    @property
    def is_derived(self) -> bool:
        return self.needs != (self.name,)

    @property
    def is_itself(self) -> bool:
        """Whether it is one stored variable, possibly less its lateral mean."""
        return self.row.function is itself

    @property
    def less_mean(self) -> bool:
        """Whether each shell's lateral mean has to be subtracted from the result of `at`."""
        return self.row.less_mean

    def at(self, stored: Mapping[str, Array], latitudes_deg: ArrayLike, longitudes_deg: ArrayLike) -> Array:
        """The quantity at points, before any lateral mean is subtracted. Raises KeyError if a variable is missing."""
        return self.row.at(stored, latitudes_deg, longitudes_deg)

    def of(self, shells: Mapping[str, Array], grid: ShellGrid) -> Array:
        """The quantity on whole shells `(..., latitude, longitude)` of a grid. Raises KeyError if one is missing."""
        return self.row.of(shells, grid)


def offered(variables: Sequence[VariableSpec]) -> list[Derived]:
    """The rows of a surrogate's own variables, followed by those of the derived quantities that it offers."""
    specs = {spec.name: spec for spec in variables}
    return [*map(_stored, variables), *(row for row in DERIVED.values() if row.is_offered(specs))]


def quantities(surrogate: Surrogate) -> dict[str, Quantity]:
    """The surrogate's variables by name, followed by the derived quantities that it offers.

    The range of a derived quantity or an anomaly is deterministic: it is the largest magnitude in the conditional
    inputs of the first, the middle and the last time step, rounded up to two digits. The ranges are kept between runs.
    """
    specs, rows = {spec.name: spec for spec in surrogate.spec.variables}, offered(surrogate.spec.variables)
    follows_from = {"surrogate": surrogate.digest, "quantities": [row.name for row in rows], "earthgan": __version__}
    largest = kept("ranges", follows_from, (len(rows), 2), lambda: _largest_magnitudes(surrogate, rows))
    found = {}
    for row, (magnitude, anomaly_magnitude) in zip(rows, largest.tolist(), strict=True):
        found[row.name] = Quantity(
            row=row,
            unit=specs[row.needs[0]].unit,
            range=specs[row.name].range if row.name in specs else (-magnitude if row.symmetric else 0.0, magnitude),
            anomaly_range=(-anomaly_magnitude, anomaly_magnitude),
        )
    return found


def turn(name: str, vx: Array, vy: Array, vz: Array, latitudes_deg: ArrayLike, longitudes_deg: ArrayLike) -> Array:
    """Compute `v_radial` (outwards), `v_theta` (southwards), `v_phi` (eastwards) or `speed` from Cartesian velocities.

    Latitudes and longitudes broadcast against the velocities. `earthgan.sphere.vectors` defines the axes. Raises
    KeyError for another name.
    """
    return DERIVED[name].function(vx, vy, vz, latitudes_deg, longitudes_deg)


def derive(name: str, shells: Mapping[str, Array], grid: ShellGrid) -> Array:
    """The quantity `name` on whole shells `(..., latitude, longitude)`. If `shells` holds it, it is returned as it is.

    Raises KeyError if a shell is missing or the name is unknown.
    """
    return shells[name] if name in shells else DERIVED[name].of(shells, grid)


def lateral_mean(shells: Array, grid: ShellGrid) -> NDArray[np.float64]:
    """The mean over the sphere of each shell `(..., latitude, longitude)`.

    Cells are weighted by their area, and cells that are NaN are left out. The mean of a shell without values is NaN.
    """
    weights, valid = cell_weights(grid), np.isfinite(shells)
    weighted = np.einsum("...ij,ij->...", np.where(valid, shells, 0), weights)
    with np.errstate(invalid="ignore"):
        return np.asarray(weighted / np.einsum("...ij,ij->...", valid, weights))


def anomaly(shell: Array, grid: ShellGrid) -> Array:
    """A shell `(..., latitude, longitude)` of any variable, less its lateral mean."""
    return np.asarray(shell - lateral_mean(shell, grid)[..., None, None], dtype=np.float32)


def _stored(spec: VariableSpec) -> Derived:
    """The row of a stored variable."""
    return Derived(spec.name, spec.long_name, (spec.name,), itself, colormap=spec.colormap, symmetric=spec.symmetric)


def _largest_magnitudes(surrogate: Surrogate, rows: list[Derived]) -> NDArray[np.float64]:
    """`(quantity, 2)`: the largest magnitudes of each quantity's values and anomalies in the conditional inputs."""
    steps = surrogate.steps
    largest = {row.name: (0.0, 0.0) for row in rows}
    for t in sorted({steps[i].t for i in (0, len(steps) // 2, -1)}):
        grid, field = surrogate.preview(t)
        shells = dict(zip(surrogate.variables, field, strict=True))
        for row in rows:
            name, values = row.name, row.of(shells, grid)
            largest[name] = (
                max(largest[name][0], _magnitude(values)),
                max(largest[name][1], _magnitude(anomaly(values, grid))),
            )
    return np.array([[round_up(magnitude) for magnitude in largest[row.name]] for row in rows])


def _magnitude(values: Array) -> float:
    return float(np.max(np.abs(values), where=np.isfinite(values), initial=0.0))


def round_up(magnitude: float) -> float:
    """Round a magnitude up to two digits. The result for 0 is 1: a range must ascend, and it can always be drawn."""
    if magnitude < NARROWEST_RANGE:
        return 1.0
    power = math.floor(math.log10(magnitude)) - 1
    return min(float(f"{math.ceil(magnitude / 10.0**power - 1e-9)}e{power}"), LARGEST_NUMBER)
