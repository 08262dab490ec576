"""Variables that follow from temperature by curves, so that a time step takes no bytes for them.

Conductivity, expansivity and the density of a spin transition are functions of temperature at each depth. In the form
`curve`, a variable at radius r is `f(T, r)`. In the form `curve less mean`, it is `f(T, r) - f(mean T, r) + c(r)`,
where `mean T` is the lateral mean of the time step, so an anomaly stays one when the mean temperature drifts. In the
form `less mean`, the variable is temperature less its lateral mean, and it needs no table.

A table holds f at even knots in radius and in normalised temperature from 0 to 1, and natural cubic splines run between
them. f is constant beyond the knots of temperature. Lateral means are those of the coefficient of degree 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from earthgan.records import Frozen
from earthgan.sphere.grid import ShellGrid, Window

Array = NDArray[np.float32]
Form = Literal["curve", "curve less mean", "less mean"]

#: A curve is evaluated by linear interpolation between this many points of its spline. This is exact to 1e-6 of its
#: range for a curve that bends in a tenth of the range of temperature.
FINE = 1025


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
    """One variable's curves between two radii. `table` `(radius knot, temperature knot)` holds f, and `added`
    `(radius knot,)` holds c; both are normalised like the variable. Without a table, f is the normalised temperature
    times `factor`.
    """

    inner_km: float
    outer_km: float
    less_mean: bool
    table: NDArray[np.float64] | None = None
    added: NDArray[np.float64] | None = None
    factor: float = 1.0

    def of(self, temperature: Array, means: Array, radii_km: ArrayLike) -> Array:
        """The normalised variable `(shell, row, column)`. `temperature` has the same shape, and `means` `(shell,)`
        holds its lateral means.
        """
        if self.table is None:
            return np.asarray((temperature - means[:, None, None]) * np.float32(self.factor))
        out = np.empty(temperature.shape, np.float32)
        for field, values, mean, radius_km in zip(out, temperature, means, np.asarray(radii_km), strict=True):
            curve = self._at(float(radius_km))
            field[:] = interpolated(curve, values)
            if self.less_mean:
                field -= interpolated(curve, mean) - self._added_at(float(radius_km))
        return out

    @cached_property
    def _fine(self) -> NDArray[np.float64]:
        """`(radius knot, point)`"""
        assert self.table is not None
        return np.asarray(self.table @ finely(self.table.shape[1]).T)

    def _at(self, radius_km: float) -> Array:
        return np.asarray(in_radius(self.inner_km, self.outer_km, len(self._fine), radius_km)[0] @ self._fine, np.float32)

    def _added_at(self, radius_km: float) -> np.float32:
        if self.added is None:
            return np.float32(0)
        return np.float32(in_radius(self.inner_km, self.outer_km, len(self.added), radius_km)[0] @ self.added)


@lru_cache(maxsize=8)
def finely(knots: int) -> NDArray[np.float64]:
    """`(point, knot)`: the matrix from values at `knots` even knots to values at `FINE` even points."""
    return spline(np.linspace(0, 1, knots), np.linspace(0, 1, FINE))


def in_radius(inner_km: float, outer_km: float, knots: int, radii_km: ArrayLike) -> NDArray[np.float64]:
    """`(radius, knot)`: the matrix from values at even knots in radius to values at `radii_km`."""
    return spline(np.linspace(inner_km, outer_km, knots), np.atleast_1d(radii_km))


def interpolated(fine: Array, at: ArrayLike) -> Array:
    """The values of a curve `(point,)` at normalised temperatures of any shape."""
    place = np.clip(at, 0, 1).astype(np.float32) * np.float32(FINE - 1)
    before = np.minimum(place.astype(np.int32), FINE - 2)
    share = place - before
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
            table = added = None
            if spec.form != "less mean":
                table = arrays[f"curves.{spec.variable}"].astype(np.float64)
                if table.ndim != 2 or min(table.shape) < 2:
                    raise ValueError(f"the curves of {spec.variable} are no table")
            if table is not None and spec.less_mean:
                table, added = table[:, 1:], table[:, 0]
            found.append(Curve(inner_km, outer_km, spec.less_mean, table, added, factor))
        return cls(found)


class Computes(Protocol):
    """A planner that evaluates coefficients. Variable 0 is temperature."""

    grid: ShellGrid
    variables: int

    def on(self, grid: ShellGrid) -> Computes: ...

    def evaluate(self, x: Array, window: Window, variables: Sequence[int]) -> Array: ...

    def lateral_means(self, x: Array, shells: range) -> Array: ...


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
        radii_km = np.asarray(self.grid.radii_km)[window.shells.start : window.shells.stop]
        means = self._planner.lateral_means(x, window.shells)
        return self._curves.curves[variable - self._planner.variables].of(temperature, means, radii_km)
