"""Variables that follow from temperature by curves, so that a time step takes no bytes for them.

Conductivity, expansivity and the density of a spin transition are functions of temperature at each depth. In the form
`curve`, a variable at radius r is `f(T, r)`. In the form `curve less mean`, its lateral mean is subtracted. In the form
`less mean`, the variable is temperature less its lateral mean, and it needs no table.

A table holds f at even knots in radius, and at each of them at even knots in temperature between the lowest and the
highest temperature that occurs near this depth (`curve_ranges`, in normalised temperature; linear between the knots in
radius). Natural cubic splines run between the knots, and straight lines beyond those of temperature. A lateral mean is
that over Gauss-Legendre rows of the shell, on which the time step's temperature is evaluated too. So a window needs no
other part of its shell. There are so many rows and columns that the mean of temperature itself is exact.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import Field
from safetensors import SafetensorError
from safetensors.numpy import load_file

from earthgan.errors import DamagedSurrogate
from earthgan.numerics.spline import spline
from earthgan.numerics.transform import Transform
from earthgan.records import Frozen
from earthgan.sphere.grid import ShellGrid, Window

Array = NDArray[np.float32]
Form = Literal["curve", "curve less mean", "less mean"]

#: The name of the array of ranges in the weights, and the start of the names of tables.
RANGES, TABLE = "curve_ranges", "curves."
#: A curve is evaluated by linear interpolation between this many points of its spline. This is exact to 1e-6 of its
#: range for a curve that bends in a tenth of the range of temperature.
FINE = 1025
#: The fewest rows over which a lateral mean is taken. On a shell of the contest's data, the means of such curves are
#: then off by 0.0015 of their standard deviation at most.
FEWEST_ROWS = 32


class CurveSpec(Frozen):
    """A variable that follows from temperature, and how (see this module).

    `explained` is the share of its variance that follows on time steps that the curves were not fitted to, and `least`
    is this share on the shell where it is least.
    """

    variable: str
    form: Form
    explained: float = Field(le=1)
    least: float = Field(le=1)

    @property
    def less_mean(self) -> bool:
        return self.form != "curve"

    def __str__(self) -> str:
        """One line for people."""
        return (
            f"{self.variable} follows from temperature ({self.explained:.6f} of its variance, "
            f"at least {self.least:.6f} on each shell)"
        )


@dataclass(frozen=True)
class Curve:
    """One variable's curves between two radii. `table` `(radius knot, temperature knot)` holds f, normalised like the
    variable, and `ranges` `(radius knot, 2)` the temperatures of its first and last knots. Without a table, f is the
    normalised temperature times `factor`.
    """

    inner_km: float
    outer_km: float
    less_mean: bool
    table: NDArray[np.float64] | None = None
    ranges: NDArray[np.float64] | None = None
    factor: float = 1.0

    def of(self, temperature: Array, everywhere: Array, weights: ArrayLike, radii_km: ArrayLike) -> Array:
        """The normalised variable `(shell, row, column)`, for temperatures of the same shape.

        `everywhere` `(shell, point)` holds temperatures on whole shells, and `weights` `(point,)` their shares of the
        sphere. They are not used if no mean is subtracted.
        """
        out = np.empty(temperature.shape, np.float32)
        for i, radius_km in enumerate(np.asarray(radii_km).tolist()):
            f = self._function(radius_km)
            out[i] = f(temperature[i])
            if self.less_mean:
                out[i] -= np.float32(f(everywhere[i]) @ np.asarray(weights))
        return out

    def _function(self, radius_km: float) -> Callable[[Array], Array]:
        if self.table is None:
            factor = np.float32(self.factor)
            return lambda temperature: temperature * factor
        to_radius = in_radius(self.inner_km, self.outer_km, len(self.table), radius_km)[0]
        fine = np.asarray(to_radius @ self._fine, np.float32)
        assert self.ranges is not None
        low, high = range_at(self.inner_km, self.outer_km, self.ranges, radius_km).astype(np.float32)
        return lambda temperature: interpolated(fine, (temperature - low) / (high - low))

    @cached_property
    def _fine(self) -> NDArray[np.float64]:
        """`(radius knot, point)`"""
        assert self.table is not None
        return np.asarray(self.table @ finely(self.table.shape[1]).T)


@lru_cache(maxsize=8)
def finely(knots: int) -> NDArray[np.float64]:
    """`(point, knot)`: the matrix from values at `knots` knots of temperature to values at `FINE` even points."""
    return spline(np.linspace(0, 1, knots), np.linspace(0, 1, FINE))


def in_radius(inner_km: float, outer_km: float, knots: int, radii_km: ArrayLike) -> NDArray[np.float64]:
    """`(radius, knot)`: the matrix from values at even knots in radius to values at `radii_km`."""
    return spline(np.linspace(inner_km, outer_km, knots), np.atleast_1d(radii_km))


def range_at(inner_km: float, outer_km: float, ranges: NDArray[np.float64], radii_km: ArrayLike) -> NDArray[np.float64]:
    """`(..., 2)`: the temperatures of the first and the last knot at radii, from `ranges` `(radius knot, 2)`."""
    knots_km = np.linspace(inner_km, outer_km, len(ranges))
    return np.stack([np.interp(np.asarray(radii_km), knots_km, each) for each in ranges.T], axis=-1)


def interpolated(fine: Array, at: ArrayLike) -> Array:
    """The values of a curve `(point,)` at places of any shape; 0 and 1 are its first and its last point."""
    place = np.asarray(at, np.float32) * np.float32(FINE - 1)
    before = np.clip(place, 0, FINE - 2).astype(np.int32)
    share = place - before.astype(np.float32)
    return np.asarray(fine[before] * (1 - share) + fine[before + 1] * share)


class Curves:
    """The curves of a surrogate, in the order of its variables."""

    def __init__(self, curves: Sequence[Curve]) -> None:
        self.curves = tuple(curves)

    @classmethod
    def load(
        cls, path: Path, specs: Sequence[CurveSpec], inner_km: float, outer_km: float, factors: Sequence[float]
    ) -> Curves:
        """Load the curves from a surrogate's weights. `factors` holds the unit of temperature in each variable's unit.

        Raises DamagedSurrogate.
        """
        try:
            return cls.of(load_file(path), specs, inner_km, outer_km, factors)
        except (OSError, KeyError, ValueError, SafetensorError) as error:
            raise DamagedSurrogate(path, f"does not hold this surrogate's curves ({error})") from error

    @classmethod
    def of(
        cls,
        arrays: Mapping[str, NDArray[Any]],
        specs: Sequence[CurveSpec],
        inner_km: float,
        outer_km: float,
        factors: Sequence[float],
    ) -> Curves:
        """The curves that a file of weights holds. Raises KeyError, and ValueError for arrays of a wrong shape."""
        found = []
        for spec, factor in zip(specs, factors, strict=True):
            table = ranges = None
            if spec.form != "less mean":
                table = arrays[f"{TABLE}{spec.variable}"].astype(np.float64)
                ranges = arrays[RANGES].astype(np.float64)
                if table.ndim != 2 or min(table.shape) < 2 or ranges.shape != (len(table), 2):
                    raise ValueError(f"the curves of {spec.variable} are no table")
                if not (ranges[:, 0] < ranges[:, 1]).all():
                    raise ValueError("their temperatures do not ascend")
            found.append(Curve(inner_km, outer_km, spec.less_mean, table, ranges, factor))
        return cls(found)


class Computes(Protocol):
    """A planner that evaluates coefficients. Variable 0 is temperature."""

    grid: ShellGrid
    variables: int
    degree: int

    def on(self, grid: ShellGrid) -> Computes: ...

    def evaluate(self, x: Array, window: Window, variables: Sequence[int]) -> Array: ...

    def temperature_on(self, sphere: Transform, x: Array, shells: range) -> Array: ...


class CurvesEvaluator:
    """Evaluates the variables of a planner, and after them those that follow from temperature."""

    def __init__(self, planner: Computes, curves: Curves) -> None:
        self.grid, self._planner, self._curves = planner.grid, planner, curves
        self.variables = planner.variables + len(curves.curves)

    def on(self, grid: ShellGrid) -> CurvesEvaluator:
        """An evaluator of the same curves on another grid."""
        return CurvesEvaluator(self._planner.on(grid), self._curves)

    def evaluate(self, x: Array, window: Window, variables: Sequence[int]) -> Array:
        """The normalised field `(variable, shell, row, column)` of coefficients `x` in a window."""
        computed = self._planner.variables
        if all(variable < computed for variable in variables):
            return self._planner.evaluate(x, window, variables)
        base = sorted({0, *(variable for variable in variables if variable < computed)})
        fields = dict(zip(base, self._planner.evaluate(x, window, base), strict=True))
        return self.finished(fields, x, window, variables)

    def finished(self, fields: Mapping[int, Array], x: Array, window: Window, variables: Sequence[int]) -> Array:
        """The given variables of a window, from fields `(shell, row, column)` that the planner's sums gave."""
        computed = self._planner.variables
        of = [fields[v] if v < computed else self._follower(v, fields[0], x, window) for v in variables]
        return np.stack(of) if of else np.empty((0, *window.shape), np.float32)

    def _follower(self, variable: int, temperature: Array, x: Array, window: Window) -> Array:
        curve = self._curves.curves[variable - self._planner.variables]
        radii_km = np.asarray(self.grid.radii_km)[window.shells.start : window.shells.stop]
        if not curve.less_mean:
            return curve.of(temperature, np.empty((len(radii_km), 0), np.float32), (), radii_km)
        sphere, weights = _sphere(self._planner.degree)
        everywhere = self._planner.temperature_on(sphere, x, window.shells).reshape(len(radii_km), -1)
        return curve.of(temperature, everywhere, weights, radii_km)


def mean_rows(degree: int) -> int:
    """The number of rows over which means of coefficients up to `degree` are taken. There are twice as many columns."""
    return max(FEWEST_ROWS, degree // 2 + 1)


def shares(degree: int) -> NDArray[np.float64]:
    """`(point,)`: the shares of the sphere of the points that means are taken over."""
    rows = mean_rows(degree)
    return np.repeat(np.polynomial.legendre.leggauss(rows)[1], 2 * rows) / (4 * rows)


@lru_cache(maxsize=8)
def _sphere(degree: int) -> tuple[Transform, NDArray[np.float64]]:
    rows = mean_rows(degree)
    return Transform.gauss(degree, rows, 2 * rows, np.float32), shares(degree)
