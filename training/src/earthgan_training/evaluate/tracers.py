"""Tracers: how far the flow that a surrogate gives carries points from where the true flow carries them.

Points start evenly distributed over the volume, at the same places in both flows. Both velocities lie on the same grid
and are interpolated by the same tricubic splines of their Cartesian components, which are smooth across the poles. The
classical Runge-Kutta method of order four carries the points for one overturn: the time in which the rms speed of the
true flow crosses the shell once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline  # type: ignore[import-untyped]
from scipy.ndimage import map_coordinates, spline_filter1d  # type: ignore[import-untyped]

from earthgan.sphere.grid import ShellGrid, Window, cell_weights
from earthgan_training.evaluate.accuracy import mean_square
from earthgan_training.evaluate.grids import volumes
from earthgan_training.simulations.units import converted, same_dimension

Array = NDArray[np.floating]
Points = NDArray[np.float64]

#: Runge-Kutta steps for one overturn. On the simulated run, twice as many move half of the points by less than 1 m.
STEPS = 200
SEED = 20211
#: How far the splines go on beyond both poles, beyond the first and last meridian, and beyond the first and last shell,
#: so that they do not feel where they end.
_BEYOND, _OUTSIDE = 12, 4

#: The unit in which velocities and times fit to lengths in km.
_TIMED = "km/Myr"

#: The velocity `(3, point)` at places `(3, point)` in km.
Velocity = Callable[[Points], Points]


class Flow:
    """A velocity on a grid, interpolated at any place. It is a `Velocity` in the components' unit.

    `velocity` holds the Cartesian components `(shell, latitude, longitude)`. A place beyond the first or the last shell
    has the velocity of that shell. Shells, rows or columns that are not evenly spaced are first brought, by splines, to
    as many that are.
    """

    def __init__(self, velocity: Sequence[Array], grid: ShellGrid) -> None:
        rows = _alike(np.asarray(grid.latitudes_deg))
        self._grid = replace(grid, latitudes_deg=grid.latitudes_deg[rows])
        radii, longitudes = np.asarray(grid.radii_km), np.asarray(grid.longitudes_deg)
        self._ends_km, self._first_deg = (radii[0], radii[-1]), longitudes[0]
        beyond = (0, *(min(_BEYOND, count - 1) for count in self._grid.shape[1:]))
        wide = (range(-more, count + more) for count, more in zip(self._grid.shape, beyond, strict=True))
        self._window = Window(*wide)
        turns, columns = np.divmod(self._window.columns, len(longitudes))
        self._axes = (
            np.pad(radii, _OUTSIDE, mode="reflect", reflect_type="odd"),
            -self._grid.latitudes_of(self._window.rows),
            longitudes[columns] + 360.0 * turns,
        )
        self._splines = [self._spline(component[:, rows]) for component in velocity]

    def _spline(self, component: Array) -> NDArray[np.float32]:
        found = self._grid.window(component, self._window).astype(np.float64)
        found = np.pad(found, ((_OUTSIDE, _OUTSIDE), (0, 0), (0, 0)), mode="reflect", reflect_type="odd")
        for number, axis in enumerate(self._axes):
            found = spline_filter1d(_evened(found, axis, number), 3, number, mode="mirror")
        return np.asarray(found, np.float32)

    def __call__(self, places: Points) -> Points:
        radius = np.linalg.norm(places, axis=0)
        latitude = np.degrees(np.arcsin((places[2] / radius).clip(-1, 1)))
        longitude = (np.degrees(np.arctan2(places[1], places[0])) - self._first_deg) % 360 + self._first_deg
        along = radius.clip(*self._ends_km), -latitude, longitude
        index = np.stack(
            [
                (place - axis[0]) / (axis[-1] - axis[0]) * (len(axis) - 1)
                for place, axis in zip(along, self._axes, strict=True)
            ]
        )
        return np.stack(
            [map_coordinates(each, index, np.float64, 3, mode="mirror", prefilter=False) for each in self._splines]
        )


def _evened(field: NDArray[np.float64], places: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    """A field on as many evenly spaced places along an axis."""
    even = np.linspace(places[0], places[-1], len(places))
    if np.allclose(places, even, rtol=0, atol=1e-4 * (even[1] - even[0])):
        return field
    return np.asarray(CubicSpline(places, field, axis)(even))


def _alike(latitudes: NDArray[np.float64]) -> slice:
    """The rows without those on a pole that are nearer to the next row than rows are to one another, as in the
    contest's files. A spline needs even rows, and finds the pole between those on both sides of it.
    """
    first, last = -np.diff(latitudes)[[0, -1]] < 0.75 * -np.diff(latitudes)[[1, -2]]
    return slice(int(first and latitudes[0] == 90), len(latitudes) - int(last and latitudes[-1] == -90))


def rms_speed(velocity: Sequence[Array], grid: ShellGrid) -> float:
    """The rms speed over the volume, in the components' unit."""
    squares = sum(mean_square(component, cell_weights(grid)) for component in velocity)
    return float(np.sqrt(squares @ volumes(grid)))


def start(count: int, grid: ShellGrid) -> Points:
    """Places `(3, count)` in km, evenly distributed over the volume between the first and the last shell."""
    random = np.random.default_rng(SEED)
    inner, outer = grid.radii_km[0] ** 3, grid.radii_km[-1] ** 3
    directions = random.normal(size=(3, count))
    directions /= np.linalg.norm(directions, axis=0)
    return np.asarray(directions * np.cbrt(random.uniform(inner, outer, count)))


def advected(
    places: Points, flows: tuple[Velocity, Velocity], duration: float, share: float, steps: int, grid: ShellGrid
) -> Points:
    """Carry places in km for a time, in a flow that changes linearly in time from the first velocity towards the second
    and has come the given share of the way at the end. If both are the same, the flow is steady.

    `duration` is in km over the velocities' unit. A place that leaves the grid returns to its first or last shell.
    """
    first, last = flows
    dt, (inner, outer) = duration / steps, (grid.radii_km[0], grid.radii_km[-1])

    def velocity(at: Points, step: float) -> Points:
        if first is last:
            return first(at)
        towards = share * step / steps
        return (1 - towards) * first(at) + towards * last(at)

    for i in range(steps):
        k1 = velocity(places, i)
        k2 = velocity(places + dt / 2 * k1, i + 0.5)
        k3 = velocity(places + dt / 2 * k2, i + 0.5)
        k4 = velocity(places + dt * k3, i + 1)
        places = places + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        radius = np.linalg.norm(places, axis=0)
        places = places * (radius.clip(inner, outer) / radius)
    return places


@dataclass(frozen=True)
class Drift:
    """How far tracers in a surrogate's flow end from those in the true flow, in the unit of the radii.

    `moved` is the median distance between the start and the end in the true flow. `overturn_myr` is None if no unit of
    time is known. The flow is that of the steps `first` to `last`, and steady if these are one.
    """

    count: int
    median: float
    ninetieth: float
    moved: float
    overturn_myr: float | None
    first: int
    last: int

    @property
    def steady(self) -> bool:
        return self.first == self.last


@dataclass(frozen=True)
class _Moment:
    """The true flow and the surrogate's at one time step."""

    t: int
    time_myr: float | None
    true: Flow
    predicted: Flow


class Tracers:
    """Carries tracers for one overturn through the time steps of a series, which `see` gets in order.

    If the unit of velocity or the times are unknown, or if the series is shorter than one overturn, the flow is the
    steady one of the first step. `span_myr` is the time from the first step to the last, and None if it is unknown.
    """

    def __init__(self, count: int, grid: ShellGrid, unit: str, span_myr: float | None) -> None:
        self._grid, self._span_myr = grid, span_myr
        self._factor = float(converted(1.0, unit, _TIMED)) if same_dimension(unit, _TIMED) else None
        self._start = self._true = self._predicted = start(count, grid)
        self._seen: list[_Moment] = []  # the step that was seen last
        self._first = self._last = 0
        self._overturn = self._left = 0.0

    @property
    def done(self) -> bool:
        """Whether the overturn has passed, so that no further step need be seen."""
        return bool(self._seen) and self._left <= 0

    def see(self, t: int, time_myr: float | None, true: Sequence[Array], predicted: Sequence[Array]) -> None:
        """Go on to a time step, with its true velocity and the surrogate's, each as three Cartesian components."""
        if self.done:
            return
        factor = self._factor or 1.0
        flows = [Flow([factor * component for component in each], self._grid) for each in (true, predicted)]
        moment = _Moment(t, time_myr, *flows)
        if not self._seen:
            self._first = self._last = t
            thickness = self._grid.radii_km[-1] - self._grid.radii_km[0]
            self._overturn = self._left = thickness / (factor * rms_speed(true, self._grid))
            if self._factor is None or self._span_myr is None or self._span_myr < self._overturn:
                self._carry(moment, moment, self._overturn)
        elif (before := self._seen[0].time_myr) is not None and time_myr is not None:
            self._carry(self._seen[0], moment, time_myr - before)
        self._seen = [moment]

    def _carry(self, a: _Moment, b: _Moment, interval: float) -> None:
        duration = min(interval, self._left)
        steps, share = max(1, math.ceil(STEPS * duration / self._overturn)), duration / interval
        self._true = advected(self._true, (a.true, b.true), duration, share, steps, self._grid)
        self._predicted = advected(self._predicted, (a.predicted, b.predicted), duration, share, steps, self._grid)
        self._left -= duration
        self._last = b.t

    def drift(self) -> Drift:
        """The distances after one overturn."""
        apart = np.linalg.norm(self._predicted - self._true, axis=0)
        median, ninetieth = np.quantile(apart, (0.5, 0.9))
        return Drift(
            count=len(apart),
            median=float(median),
            ninetieth=float(ninetieth),
            moved=float(np.median(np.linalg.norm(self._true - self._start, axis=0))),
            overturn_myr=self._overturn if self._factor else None,
            first=self._first,
            last=self._last,
        )
