"""A surrogate as a researcher asks it: shells, values at places, profiles, sections, and a lazy data set.

`earthgan.open` returns a `Run`. Its numbers are those that the gateway answers with, in the same units.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from earthgan.errors import InvalidRequest, UnknownVariable
from earthgan.features.criterion import Criterion
from earthgan.features.find import Finder
from earthgan.features.found import Found
from earthgan.features.tracks import LEAST_OVERLAP, Track, Tracker
from earthgan.quantities import TEMPERATURE_ANOMALY, V_RADIAL, Derived, anomaly, itself, lateral_mean, offered
from earthgan.run.fetched import fetched, is_address
from earthgan.sphere.great_circle import GreatCircle
from earthgan.sphere.grid import ShellGrid, Window
from earthgan.sphere.stencil import cheapest_stencils
from earthgan.surrogate import LONGEST_RUN, Backend, Surrogate

if TYPE_CHECKING:
    import xarray

Array = NDArray[np.float32]


def open(address: str | Path) -> Run:
    """Open a surrogate: its folder, or the address of such a folder on any file server.

    The files behind an address are fetched once, into the user's cache folder. Raises DamagedSurrogate, and BadInput if
    nothing answers at the address.
    """
    text = str(address)
    return Run(Surrogate(fetched(text) if is_address(text) else address), text)


@dataclass(frozen=True)
class Section:
    """A quantity below points of a great circle. `values` are `(shell, point)`, with shell 0 next to the core."""

    latitudes_deg: NDArray[np.float64]
    longitudes_deg: NDArray[np.float64]
    angles_deg: NDArray[np.float64]
    values: Array


class Run:
    """The time steps of a surrogate. All methods give float32 numbers in `units[name]`, and NaN means "no value".

    Time steps `t` are those of `steps`. Where the surrogate can predict, a float may lie between two of them. Shells
    `r` count from 0 next to the core. Every method raises UnknownVariable, UnknownStep and UnknownShell.
    """

    def __init__(self, surrogate: Surrogate, address: str) -> None:
        self.surrogate, self.address = surrogate, address
        self._rows = {row.name: row for row in offered(surrogate.spec.variables)}
        units = {spec.name: spec.unit for spec in surrogate.spec.variables}
        #: The unit of each variable and of each quantity that is derived from variables.
        self.units = {name: units[row.needs[0]] for name, row in self._rows.items()}

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return open, (self.address,)

    def __repr__(self) -> str:
        shells, rows, columns = self.grid.shape
        return (
            f"<earthgan.Run {self.surrogate.spec.title!r}: {len(self.steps)} steps of {shells} shells "
            f"x {rows} x {columns}; {', '.join(self.variables)}>"
        )

    @property
    def variables(self) -> tuple[str, ...]:
        """The names of the variables, and of the quantities that are derived from them."""
        return tuple(self._rows)

    @property
    def steps(self) -> tuple[int, ...]:
        """The numbers of the time steps."""
        return tuple(step.t for step in self.surrogate.steps)

    @property
    def times_myr(self) -> NDArray[np.float64]:
        """The time of each step in Myr; NaN if it is unknown."""
        known = [step.time_myr for step in self.surrogate.steps]
        return np.array([np.nan if time is None else time for time in known])

    @property
    def grid(self) -> ShellGrid:
        return self.surrogate.grid

    @property
    def radii_km(self) -> NDArray[np.float64]:
        """The radius of each shell; a multiple of an unnamed length where the planet has no unit."""
        return np.asarray(self.grid.radii_km)

    @property
    def depths_km(self) -> NDArray[np.float64]:
        """The depth of each shell below the planet's surface."""
        planet = self.surrogate.spec.planet
        return np.array([planet.rounded(planet.depth_km(radius)) for radius in self.grid.radii_km])

    def long_name(self, name: str) -> str:
        """The name of a quantity for people."""
        return self._row(name).long_name

    def shell(self, name: str, t: float, r: int) -> Array:
        """A whole radial shell `(latitude, longitude)`."""
        self.surrogate.check_shell(r)
        whole = self.grid.whole
        (shell,) = self.window(name, t, Window(range(r, r + 1), whole.rows, whole.columns))
        return np.asarray(shell)

    def window(self, name: str, t: float, window: Window) -> Array:
        """A quantity `(shell, latitude, longitude)` in a part of the globe. Its columns may run over the date line."""
        row, (shells, rows, columns) = self._row(name), window.axes
        values = self._at(row, t, shells, rows, columns)
        if not row.less_mean:
            return values
        if rows == self.grid.whole.rows and len(columns) == self.grid.shape[2] and columns.start == 0:
            return anomaly(values, self.grid)
        return np.asarray(values - self._means(row, t, shells)[:, None, None], np.float32)

    def at(self, name: str, t: float, r: int, latitudes_deg: ArrayLike, longitudes_deg: ArrayLike) -> Array:
        """A quantity at places of a shell. Latitudes and longitudes broadcast, and the result has their shape."""
        latitudes, longitudes = np.broadcast_arrays(*(np.asarray(a, float) for a in (latitudes_deg, longitudes_deg)))
        self.surrogate.check_shell(r)
        return self._below(name, t, range(r, r + 1), latitudes.ravel(), longitudes.ravel()).reshape(latitudes.shape)

    def profile(self, name: str, t: float, latitude_deg: float, longitude_deg: float) -> Array:
        """A quantity `(shell,)` in all shells below a place."""
        place = np.array([latitude_deg]), np.array([longitude_deg])
        return self._below(name, t, self.grid.whole.shells, *place).ravel()

    def section(
        self, name: str, t: float, start_deg: tuple[float, float], end_deg: tuple[float, float], n: int | None = None
    ) -> Section:
        """A quantity below `n` points of the great circle from one place `(latitude, longitude)` to another.

        The default is one point for each column's width. Raises InvalidRequest if the places are the same or opposite.
        """
        arc = GreatCircle(start_deg, end_deg)
        n = max(2, int(np.ceil(arc.length_deg * self.grid.shape[2] / 360)) + 1) if n is None else n
        if n < 2:
            raise InvalidRequest("a section needs two points")
        latitudes, longitudes = arc.points_deg(n)
        values = self._below(name, t, self.grid.whole.shells, latitudes, longitudes)
        return Section(latitudes, longitudes, np.linspace(0, arc.length_deg, n), values)

    def features(self, t: float, **thresholds: Any) -> Found:
        """The slabs and plumes of a time step.

        `thresholds` are those of `earthgan.features.criterion.Criterion`: `threshold`, `measure`, `flow`, `margin` and
        `least`. Raises InvalidRequest if they make no sense, and UnknownVariable if there is no temperature or no
        velocity.
        """
        for needed in (TEMPERATURE_ANOMALY, V_RADIAL):
            self._row(needed)
        finder = Finder(self.grid, self.surrogate.spec.planet, Criterion(**thresholds), self.units[V_RADIAL])
        _, rows, columns = self.grid.whole.axes
        while finder.left:
            window = Window(finder.left[:LONGEST_RUN], rows, columns)
            finder.add(self.window(TEMPERATURE_ANOMALY, t, window), self.window(V_RADIAL, t, window))
        return finder.found()

    def tracks(
        self, steps: Iterable[float] | None = None, least_overlap: float = LEAST_OVERLAP, **thresholds: Any
    ) -> list[Track]:
        """The slabs and plumes followed through steps in their order; by default, through all steps.

        Raises the errors of `features`, and InvalidRequest unless `least_overlap` is above 0 and at most 1.
        """
        tracker = Tracker(least_overlap)
        for t in self.steps if steps is None else steps:
            tracker.add(t, self.features(t, **thresholds))
        return tracker.tracks

    def to_xarray(self) -> xarray.Dataset:
        """All quantities of all time steps as a lazy data set (`earthgan.run.dataset`). Needs the `xarray` extra."""
        from earthgan.run.dataset import dataset

        return dataset(self)

    def map(
        self,
        variable: str | None = None,
        depth_km: float | None = None,
        step: float | None = None,
        *,
        globe: bool = False,
        **options: Any,
    ) -> Any:
        """The page's map for a cell of a notebook: a widget of `earthgan_gateway.notebook.widget.Map`.

        Without a variable, a depth or a step it shows what the page shows first. `options` are other traits of the
        widget, such as `height`, and `controls`: which of `variable`, `depth`, `time`, `zoom` and `below` the map has.
        Needs the extra `notebook` of `earthgan-gateway`. Raises InvalidRequest, UnknownVariable and UnknownStep.
        """
        import earthgan

        return earthgan.map_of(self, variable=variable, depth_km=depth_km, step=step, globe=globe, **options)

    def _row(self, name: str) -> Derived:
        if name not in self._rows:
            raise UnknownVariable(name, self.variables)
        return self._rows[name]

    @cached_property
    def _backend(self) -> Backend | None:
        if self.surrogate.kind.evaluates:
            return None
        from earthgan.backends.onnx import onnx_backend  # kinds that compute in NumPy need no engine

        return onnx_backend(self.surrogate)

    def _at(self, row: Derived, t: float, shells: range, rows: range, columns: range) -> Array:
        """A quantity before any lateral mean is subtracted."""
        stored = self.surrogate.in_units(
            self.surrogate.shells(self._backend, row.needs, t, shells, None, rows, columns), row.needs
        )
        latitudes, longitudes = self.grid.axes_deg
        places = latitudes[rows.start : rows.stop], longitudes[np.arange(columns.start, columns.stop) % len(longitudes)]
        return row.at(dict(zip(row.needs, stored, strict=True)), *places)

    def _means(self, row: Derived, t: float, shells: range) -> Array:
        """The lateral means `(shell,)`. If the surrogate does not know them, whole shells are computed."""
        if row.function is itself and isinstance(t, int):
            known = self.surrogate.lateral_means(t).get(row.needs[0])
            if known is not None:
                return known[shells.start : shells.stop]
        whole = self.grid.whole
        return np.asarray(lateral_mean(self._at(row, t, shells, whole.rows, whole.columns), self.grid), np.float32)

    def _below(
        self,
        name: str,
        t: float,
        shells: range,
        latitudes_deg: NDArray[np.float64],
        longitudes_deg: NDArray[np.float64],
    ) -> Array:
        """A quantity `(shell, point)` below a path of points, from boxes that cost little together."""
        if not (np.abs(latitudes_deg) <= 90).all() or not np.isfinite(longitudes_deg).all():
            raise InvalidRequest("latitudes lie from -90 to 90 degrees, and longitudes are finite")
        row, price = self._row(name), self.surrogate.planner.multiply_adds
        stencils = cheapest_stencils(
            self.grid, latitudes_deg, longitudes_deg, shells, lambda window: price(window, len(row.needs))
        )
        boxes = [each.sample(self._at(row, t, shells, each.rows, each.columns)) for each in stencils]
        values = np.concatenate(boxes, axis=1)
        return np.asarray(values - self._means(row, t, shells)[:, None], np.float32) if row.less_mean else values
