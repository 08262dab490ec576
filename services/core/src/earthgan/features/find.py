"""Finds the slabs and plumes of a time step, a few shells at a time, so that no whole field lies in memory."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from earthgan.features.components import components, runs_of
from earthgan.features.criterion import KINDS, SIGN, Criterion, Kind
from earthgan.features.feature import Crossing, Feature
from earthgan.features.found import Found
from earthgan.records import PlanetSpec
from earthgan.sphere.grid import EARTH_RADIUS_KM, ShellGrid, cell_weights
from earthgan.variables import shown_unit

#: The depths in the Earth at which fluxes are given. On another planet, they are the same shares of its radius.
CROSSING_DEPTHS_KM = (660.0, 1600.0)
#: Units of velocity in km/yr.
KM_PER_YR = {"m/s": 86400 * 365.25 / 1000, "cm/yr": 1e-5, "mm/yr": 1e-6}
#: No step has more features than this. Smaller ones are left out.
MOST_FEATURES = 2000
#: The sums over the cells of a run: of the weight, and of the weight times anomaly, flow, and both.
_SUMS = 4


class Finder:
    """Takes the shells of a time step from the lowest of `shells` to the highest, and finds the features.

    `velocity_unit` is the unit of the radial velocity. `flux_units` says which units fluxes have then.
    """

    def __init__(
        self, grid: ShellGrid, planet: PlanetSpec, criterion: Criterion | None = None, velocity_unit: str = "m/s"
    ) -> None:
        self.grid, self.planet, self.criterion = grid, planet, criterion or Criterion()
        self._km_per_yr = KM_PER_YR.get(velocity_unit, 1.0) if planet.unit == "km" else 1.0
        self._radii = np.asarray(grid.radii_km)
        edges = shell_edges_km(grid, planet)
        margin = self.criterion.margin * (edges[-1] - edges[0])
        inside = np.flatnonzero((self._radii >= edges[0] + margin) & (self._radii <= edges[-1] - margin))
        #: The shells to look at.
        self.shells = range(int(inside[0]), int(inside[-1]) + 1) if len(inside) else range(0)
        #: The volume of each shell in km3.
        self._shell_km3 = 4 / 3 * np.pi * np.diff(edges**3)
        self._next = self.shells.start
        self._weights = cell_weights(grid)
        self._parts: dict[Kind, list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]]] = {
            kind: [] for kind in KINDS
        }

    @property
    def left(self) -> range:
        """The shells that have not been added."""
        return range(self._next, self.shells.stop)

    @property
    def nbytes(self) -> int:
        """About the memory that this object takes."""
        arrays = (array for parts in self._parts.values() for part in parts for array in part)
        return self._weights.nbytes + sum(array.nbytes for array in arrays)

    def add(self, anomaly: NDArray[np.float32], flow: NDArray[np.float32]) -> None:
        """Add the next shells `(shell, latitude, longitude)`: temperature less lateral mean, and radial velocity."""
        _, rows, columns = self.grid.shape
        if anomaly.shape != flow.shape or anomaly.shape[1:] != (rows, columns) or len(anomaly) > len(self.left):
            raise ValueError(f"{anomaly.shape} and {flow.shape} are not the next shells of a grid {self.grid.shape}")
        for kind in KINDS:
            members = self.criterion.members(kind, anomaly, flow, self._weights)
            cells = np.flatnonzero(members)
            starts, lengths = runs_of(cells, columns)
            if len(starts):
                sums = self._summed(kind, cells, np.cumsum(lengths) - lengths, anomaly, flow)
                self._parts[kind].append((starts + self._next * rows * columns, lengths, sums))
        self._next += len(anomaly)

    def _summed(
        self,
        kind: Kind,
        cells: NDArray[np.int64],
        first: NDArray[np.int64],
        anomaly: NDArray[np.float32],
        flow: NDArray[np.float32],
    ) -> NDArray[np.float64]:
        """The sums over each run, and the largest anomaly of its sign `(sum, run)`."""
        a, v = anomaly.ravel()[cells].astype(np.float64), flow.ravel()[cells].astype(np.float64)
        w = self._weights.ravel()[cells % self._weights.size]
        terms = np.stack([w, w * a, w * v, w * v * a])
        extreme = np.maximum.reduceat(SIGN[kind] * a, first) * SIGN[kind]
        return np.concatenate([np.add.reduceat(terms, first, axis=1), extreme[None]])

    def found(self) -> Found:
        """The features. Raises ValueError if shells are missing."""
        if self.left:
            raise ValueError(f"shells {self.left.start} to {self.left.stop - 1} are missing")
        least_km3 = self.criterion.least * float(self._shell_km3.sum())
        features: list[Feature] = []
        runs: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]] = []
        left_out = 0
        for kind in KINDS:
            if not self._parts[kind]:
                continue
            starts, lengths, sums = (np.concatenate(each, axis=-1) for each in zip(*self._parts[kind], strict=True))
            root = components(starts, lengths, self.grid.shape)
            roots, component = np.unique(root, return_inverse=True)
            shell = starts // self._weights.size
            volumes = np.bincount(component, sums[0] * self._shell_km3[shell])
            order = np.lexsort((roots, -volumes))[: MOST_FEATURES // 2]
            order = order[volumes[order] >= least_km3]
            left_out += len(roots) - len(order)
            rank = np.full(len(roots), -1)
            rank[order] = np.arange(len(order))
            owner = rank[component]
            kept = owner >= 0
            runs.append((starts[kept], lengths[kept], owner[kept] + len(features)))
            outwards = self._outwards(starts[kept], lengths[kept])
            features += self._described(kind, len(order), owner[kept], shell[kept], sums[:, kept], outwards)
        empty = np.empty(0, np.int64)
        starts, lengths, owners = (
            np.concatenate([empty, *each]) for each in (zip(*runs, strict=True) if runs else ((), (), ()))
        )
        order = np.argsort(starts, kind="stable")
        return Found(
            self.grid,
            self.criterion,
            tuple(features),
            least_km3,
            left_out,
            tuple(asked for asked, _ in self._asked()),
            starts[order].astype(np.int32),
            lengths[order].astype(np.int32),
            owners[order].astype(np.int16),
            self._shell_km3,
        )

    def _described(
        self,
        kind: Kind,
        count: int,
        owner: NDArray[np.int64],
        shell: NDArray[np.int64],
        sums: NDArray[np.float64],
        outwards: NDArray[np.float64],
    ) -> list[Feature]:
        """The features of a kind, from the sums over their runs."""
        if not count:
            return []
        by_volume = self._shell_km3[shell]
        w, a, x, y, z = (np.bincount(owner, each * by_volume, count) for each in (*sums[:2], *outwards))
        radius = np.bincount(owner, sums[0] * by_volume * self._radii[shell], count) / w
        first, last = np.full(count, len(self._radii)), np.zeros(count, np.int64)
        np.minimum.at(first, owner, shell)
        np.maximum.at(last, owner, shell)
        extreme = np.zeros(count)
        (np.maximum if SIGN[kind] > 0 else np.minimum).at(extreme, owner, sums[_SUMS])
        crossings = self._crossings(count, owner, shell, sums)
        depth = self.planet.depth_km
        return [
            Feature(
                id=f"{kind}-{i + 1}",
                kind=kind,
                volume_km3=float(w[i]),
                top_km=depth(float(self._radii[last[i]])),
                bottom_km=depth(float(self._radii[first[i]])),
                latitude_deg=float(np.degrees(np.arctan2(z[i], np.hypot(x[i], y[i])))),
                longitude_deg=float(np.degrees(np.arctan2(y[i], x[i]))),
                depth_km=depth(float(radius[i])),
                mean_anomaly=float(a[i] / w[i]),
                extreme_anomaly=float(extreme[i]),
                crossings=tuple(each[i] for each in crossings),
            )
            for i in range(count)
        ]

    def _outwards(self, starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.float64]:
        """The sums `(3, run)` over each run of the weights times the unit vectors to the cells."""
        _, rows, columns = self.grid.shape
        latitudes, longitudes = np.broadcast_arrays(*(np.radians(axis) for axis in self.grid.axes_deg))
        level = np.cos(latitudes)
        vectors = np.stack([level * np.cos(longitudes), level * np.sin(longitudes), np.sin(latitudes)])
        passed = np.pad(np.cumsum(vectors * self._weights, axis=2), ((0, 0), (0, 0), (1, 0)))
        row, column = starts // columns % rows, starts % columns
        return np.asarray(passed[:, row, column + lengths] - passed[:, row, column])

    def _asked(self) -> list[tuple[float, int]]:
        """The depths at which fluxes are given, and the shells next to them. Depths that are left out have none."""
        near = [(asked, nearest_shell(self.grid, self.planet, asked)) for asked in crossing_depths_km(self.planet)]
        return [(asked, r) for asked, r in near if r in self.shells]

    def _crossings(
        self, count: int, owner: NDArray[np.int64], shell: NDArray[np.int64], sums: NDArray[np.float64]
    ) -> list[list[Crossing]]:
        """What passes through the shell next to each depth, by depth and feature."""
        found = []
        for asked, r in self._asked():
            here = shell == r
            area = 4 * np.pi * self._radii[r] ** 2
            w, v, h = (np.bincount(owner[here], sums[i, here], count) * area for i in (0, 2, 3))
            depth = self.planet.depth_km(float(self._radii[r]))
            found.append(
                [
                    Crossing(asked, r, depth, float(w[i]), float(v[i]) * self._km_per_yr, float(h[i]) * self._km_per_yr)
                    for i in range(count)
                ]
            )
        return found


def flux_units(temperature: str, velocity: str, length: str, time_scale: float | None) -> tuple[str, str]:
    """The units of `volume_flux` and `heat_flux`, from the units of a run. Speeds of a scaled run are scaled."""
    if velocity in KM_PER_YR and length == "km":
        volume = "km3/yr"
    else:
        volume = _product(velocity, "" if length == "1" else f"{length}2")
    scaled = "" if time_scale is None else "scaled "
    return f"{scaled}{volume}", f"{scaled}{_product(temperature, volume)}"


def _product(*units: str) -> str:
    """The product of units, of which some may say that there is none."""
    return " ".join(unit for unit in units if shown_unit(unit)) or "1"


def crossing_depths_km(planet: PlanetSpec) -> Sequence[float]:
    """The depths at which fluxes are given."""
    return [planet.rounded(each * planet.radius_km / EARTH_RADIUS_KM) for each in CROSSING_DEPTHS_KM]


def nearest_shell(grid: ShellGrid, planet: PlanetSpec, depth_km: float) -> int:
    """The shell next to a depth."""
    return int(np.abs(np.asarray(grid.radii_km) - (planet.radius_km - depth_km)).argmin())


def shell_edges_km(grid: ShellGrid, planet: PlanetSpec) -> NDArray[np.float64]:
    """The radii `(shell + 1,)` between which the cells of each shell lie.

    A cell reaches halfway to its neighbours. The first and the last one reach as far to their other side, but not
    beyond the core or the surface where their own radius does not.
    """
    radii = np.asarray(grid.radii_km, float)
    middle = (radii[1:] + radii[:-1]) / 2
    lowest, highest = max(0.0, 2 * radii[0] - middle[0]), 2 * radii[-1] - middle[-1]
    core, surface = planet.core_radius_km, planet.radius_km
    if core is not None and lowest < core <= radii[0]:
        lowest = core
    if radii[-1] <= surface < highest:
        highest = surface
    return np.concatenate([[lowest], middle, [highest]])
