"""Where a figure's fields come from: the surrogate, the interpolation of its inputs, and the ground truth. All fields
are on one grid: the surrogate's, or one with its shells and the ground truth's rows and columns if those are coarser.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from earthgan.errors import BadInput
from earthgan.kinds.interpolate import InterpolatePlanner
from earthgan.quantities import VELOCITY, Quantity, derive
from earthgan.records import PlanetSpec
from earthgan.sphere.grid import ShellGrid
from earthgan.surrogate import Backend, Surrogate
from earthgan_training.grids.area_mean import area_mean, at_radii
from earthgan_training.prepare.dataset import Dataset
from earthgan_training.simulations.labelled import Source
from earthgan_training.surrogates.likeness import refuse_other_units

Array = NDArray[np.float32]
#: Quantities `(shell, latitude, longitude)` by name.
Fields = dict[str, Array]


#: The label of the ground truth in figures.
TRUTH = "Truth"


class Origin(Protocol):
    """Where fields come from."""

    @property
    def label(self) -> str: ...

    def stored(self, names: Sequence[str], t: int, shells: Sequence[int]) -> Array:
        """Stored variables `(variable, shell, latitude, longitude)` on some shells of the surrogate, in units."""


class Truth(Origin, Protocol):
    """The ground truth, brought to the grid of the figures by area means."""

    @property
    def name(self) -> str:
        """The name of the ground truth in the notice of a figure."""

    @property
    def steps(self) -> tuple[int, ...]: ...

    def file_shell(self, names: Sequence[str], t: int, radius_km: float) -> FileShell | None:
        """The shell of the source itself that is nearest to a radius; None if only a data set is available."""


@dataclass(frozen=True)
class FileShell:
    """A shell `(variable, latitude, longitude)` as in the source, and the stored cells and variables of a step."""

    grid: ShellGrid
    radius_km: float
    values: Array
    cells: tuple[int, int, int]
    variables: int


def fields(origin: Origin, quantities: Sequence[Quantity], t: int, shells: Sequence[int], grid: ShellGrid) -> Fields:
    """Quantities on some shells. They are derived from the variables that they need, and each variable is computed
    once.
    """
    needs = list(dict.fromkeys(name for quantity in quantities for name in quantity.needs))
    stored = dict(zip(needs, origin.stored(needs, t, shells), strict=True))
    return {quantity.name: quantity.of(stored, grid) for quantity in quantities}


@dataclass(frozen=True)
class Generated:
    """The surrogate, with its own seed."""

    surrogate: Surrogate
    backend: Backend

    @property
    def label(self) -> str:
        return "Surrogate (interpolation)" if self.interpolates else "Surrogate"

    @property
    def interpolates(self) -> bool:
        """Whether the surrogate is nothing but the interpolation of its inputs."""
        return self.surrogate.kind.interpolates

    def stored(self, names: Sequence[str], t: int, shells: Sequence[int]) -> Array:
        return self.surrogate.in_units(self.surrogate.shells(self.backend, names, t, shells), names)


class Interpolated:
    """Tricubic interpolation of the surrogate's own inputs. Raises ValueError if they are coded or unevenly spaced, or
    if they do not reach as far as the surrogate's shells.
    """

    label = "Interpolation"

    def __init__(self, surrogate: Surrogate) -> None:
        if surrogate.inputs.grid is None:
            raise ValueError("the inputs are coefficients, not cells")
        self._surrogate = surrogate
        self._inputs = surrogate.inputs.grid
        planner, whole = InterpolatePlanner(self._inputs, surrogate.grid), surrogate.grid.whole
        self._support = planner.input_window(whole)
        self._matrices = {name: np.asarray(matrix, np.float32) for name, matrix in planner.feeds(whole, None).items()}

    def stored(self, names: Sequence[str], t: int, shells: Sequence[int]) -> Array:
        index = [self._surrogate.check_variable(name) for name in names]
        coarse = self._inputs.window(self._surrogate.conditional_input(t)[index], self._support)
        radial, meridional, zonal = (self._matrices[axis] for axis in ("radial", "meridional", "zonal"))
        layers = np.einsum("sd,vdhw->vshw", radial[list(shells)], coarse)
        fine = meridional @ layers @ zonal.T
        return self._surrogate.in_units(np.asarray(fine, dtype=np.float32), names)


class SourceTruth:
    """A simulation or model, on `grid`, which has the surrogate's shells."""

    label = TRUTH

    def __init__(self, source: Source, grid: ShellGrid) -> None:
        self._source, self._grid = source, grid

    @property
    def name(self) -> str:
        return f"files of {Path(self._source.address).resolve().name}"

    @property
    def steps(self) -> tuple[int, ...]:
        return tuple(step.t for step in self._source.steps)

    def stored(self, names: Sequence[str], t: int, shells: Sequence[int]) -> Array:
        native = self._source.grid
        on_grid = {
            name: _brought(self._source.read(t, name), native, self._grid, shells) for name in self._in_source(names)
        }
        return np.stack([derive(name, on_grid, self._grid) for name in names])

    def file_shell(self, names: Sequence[str], t: int, radius_km: float) -> FileShell:
        grid, stored = self._source.grid, self._source.reader.storage
        nearest = int(np.abs(np.array(grid.radii_km) - radius_km).argmin())
        one = range(nearest, nearest + 1)
        held = {name: self._source.read(t, name, one)[0] for name in self._in_source(names)}
        _, rows, columns = grid.shape
        return FileShell(
            grid,
            grid.radii_km[nearest],
            np.stack([derive(name, held, grid) for name in names]),
            (len(stored.radii_km), rows, columns + stored.closed),
            len(self._source.variables),
        )

    def _in_source(self, names: Sequence[str]) -> list[str]:
        """The variables to read for these quantities: the variables themselves, or the Cartesian components that they
        are computed from.
        """
        known = {each.variable.name for each in self._source.variables}
        turned = self._source.vector == VELOCITY
        wanted = [component for name in names for component in (VELOCITY if turned and name not in known else (name,))]
        return list(dict.fromkeys(wanted))


class PreparedTruth:
    """A prepared data set, on `grid`, which has the surrogate's shells."""

    label = TRUTH

    def __init__(self, data: Dataset, grid: ShellGrid) -> None:
        self._data, self._grid = data, grid

    @property
    def name(self) -> str:
        return f"dataset {self._data.folder.resolve().name}"

    @cached_property
    def steps(self) -> tuple[int, ...]:
        return tuple(step.t for step in self._data.spec.steps)

    def stored(self, names: Sequence[str], t: int, shells: Sequence[int]) -> Array:
        grid = self._data.truth_grid
        values = (self._data.truth(t, (name,), normalised=False)[0] for name in names)
        return np.stack([_brought(each, grid, self._grid, shells) for each in values])

    def file_shell(self, names: Sequence[str], t: int, radius_km: float) -> None:
        return None


def truth_of_source(source: Source, surrogate: Surrogate) -> tuple[Truth, ShellGrid]:
    """A source as the ground truth, and the grid to compare on. Raises BadInput if they do not fit together."""
    units = {each.variable.name: each.variable.unit for each in source.variables}
    refuse_other_units(surrogate, source.address, units)
    grid = compared_grid(source.address, source.grid, surrogate.grid, surrogate.spec.planet)
    return SourceTruth(source, grid), grid


def truth_of_dataset(folder: Path, surrogate: Surrogate) -> tuple[Truth, ShellGrid]:
    """A prepared data set as the ground truth, and the grid to compare on. Raises BadInput."""
    data = Dataset(folder)
    refuse_other_units(surrogate, str(folder), {each.name: each.unit for each in data.spec.variables})
    grid = compared_grid(str(folder), data.truth_grid, surrogate.grid, surrogate.spec.planet)
    return PreparedTruth(data, grid), grid


@dataclass(frozen=True)
class OnGrid:
    """Fields of another origin, which are on the grid `own`, as means over the cells of `grid`."""

    origin: Origin
    own: ShellGrid
    grid: ShellGrid

    @property
    def label(self) -> str:
        return self.origin.label

    def stored(self, names: Sequence[str], t: int, shells: Sequence[int]) -> Array:
        found = self.origin.stored(names, t, shells)
        return found if self.own == self.grid else area_mean(found, self.own, self.grid)


def input_fields(surrogate: Surrogate, quantities: Sequence[Quantity], t: int) -> tuple[ShellGrid, Fields]:
    """Quantities of a time step's conditional input on its own grid; for a coded input, on a coarse grid."""
    grid, normalised = surrogate.inputs.look(surrogate.conditional_input(t))
    stored = dict(zip(surrogate.variables, surrogate.in_units(normalised, surrogate.variables), strict=True))
    return grid, {quantity.name: quantity.of(stored, grid) for quantity in quantities}


def _brought(field: Array, fine: ShellGrid, grid: ShellGrid, shells: Sequence[int]) -> Array:
    """Bring a field from another grid to some shells of a grid."""
    there = at_radii(field, np.array(fine.radii_km), np.array(grid.radii_km)[list(shells)])
    if (fine.latitudes_deg, fine.longitudes_deg) == (grid.latitudes_deg, grid.longitudes_deg):
        return there
    return area_mean(there, fine, grid)


def compared_grid(address: str, truth: ShellGrid, grid: ShellGrid, planet: PlanetSpec) -> ShellGrid:
    """The grid to compare a ground truth and a surrogate on: the surrogate's; or, if the ground truth is coarser, the
    surrogate's shells with the ground truth's rows and columns, so that nothing is compared with what was interpolated.

    Raises BadInput if the ground truth does not reach the surrogate's first and last shell.
    """
    margin_km = (truth.radii_km[-1] - truth.radii_km[0]) / (len(truth.radii_km) - 1)
    if grid.radii_km[0] < truth.radii_km[0] - margin_km or grid.radii_km[-1] > truth.radii_km[-1] + margin_km:
        digits = planet.decimals(grid.radii_km)
        first, last, own_first, own_last = (
            planet.in_words(radii[i], digits) for radii in (truth.radii_km, grid.radii_km) for i in (0, -1)
        )
        raise BadInput(
            f"{address}: its shells of {first} to {last} do not reach as far as the surrogate's, "
            f"{own_first} to {own_last}"
        )
    (_, rows, columns), (_, due_rows, due_columns) = truth.shape, grid.shape
    # The contest's files have 359 meridians, and the surrogate made from them has 360. That is fine enough.
    if rows >= 0.95 * due_rows and columns >= 0.95 * due_columns:
        return grid
    return ShellGrid(radii_km=grid.radii_km, latitudes_deg=truth.latitudes_deg, longitudes_deg=truth.longitudes_deg)
