"""The sources of a figure's fields: the surrogate, the interpolation of its inputs, and the ground truth. All fields
are on the surrogate's grid.
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
from earthgan.sphere.grid import ShellGrid
from earthgan.surrogate import Backend, Surrogate
from earthgan_training.grids.area_mean import area_mean, at_radii
from earthgan_training.prepare.dataset import Dataset
from earthgan_training.prepare.spec import DATASET_FILE
from earthgan_training.simulations.layout import Layout
from earthgan_training.simulations.source import SourceFile

Array = NDArray[np.float32]
#: Quantities `(shell, latitude, longitude)` by name.
Fields = dict[str, Array]


class Source(Protocol):
    """A source of fields on the surrogate's grid."""

    @property
    def label(self) -> str: ...

    def stored(self, names: Sequence[str], t: int, shells: Sequence[int]) -> Array:
        """Stored variables `(variable, shell, latitude, longitude)` on some shells of the surrogate, in units."""


class Truth(Source, Protocol):
    """The ground truth, brought to the surrogate's grid by area means."""

    @property
    def name(self) -> str:
        """The name of the ground truth in the notice of a figure."""

    @property
    def steps(self) -> tuple[int, ...]: ...

    def file_shell(self, names: Sequence[str], t: int, radius_km: float) -> FileShell | None:
        """The shell of the simulation's own file that is nearest to a radius; None if only a data set is available."""


@dataclass(frozen=True)
class FileShell:
    """A shell `(variable, latitude, longitude)` as in the simulation's file, and a description of that file."""

    grid: ShellGrid
    radius_km: float
    values: Array
    cells: tuple[int, int, int]
    variables: int
    file_bytes: int


def fields(source: Source, quantities: Sequence[Quantity], t: int, shells: Sequence[int], grid: ShellGrid) -> Fields:
    """Quantities on some shells. They are derived from the variables that they need, and each variable is computed
    once.
    """
    needs = list(dict.fromkeys(name for quantity in quantities for name in quantity.needs))
    stored = dict(zip(needs, source.stored(needs, t, shells), strict=True))
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


class RawTruth:
    """A folder of a simulation's files. Raises BadInput if it holds none."""

    label = "Truth"

    def __init__(self, folder: Path, layout: Layout, grid: ShellGrid) -> None:
        self.folder, self._layout, self._grid = folder, layout, grid
        self._files = layout.steps(folder)

    @property
    def name(self) -> str:
        return f"files of {self.folder.resolve().name}"

    @property
    def steps(self) -> tuple[int, ...]:
        return tuple(self._files)

    def stored(self, names: Sequence[str], t: int, shells: Sequence[int]) -> Array:
        with SourceFile(self._file(t), self._layout) as file:
            _check_resolution(file.path, file.grid, self._grid)
            on_grid = {
                name: _brought(file.shells(name), file.grid, self._grid, shells) for name in self._in_file(names)
            }
        return np.stack([derive(name, on_grid, self._grid) for name in names])

    def file_shell(self, names: Sequence[str], t: int, radius_km: float) -> FileShell:
        path = self._file(t)
        with SourceFile(path, self._layout) as file:
            nearest = int(np.abs(np.array(file.grid.radii_km) - radius_km).argmin())
            held = {name: file.shells(name)[nearest] for name in self._in_file(names)}
            return FileShell(
                file.grid,
                file.grid.radii_km[nearest],
                np.stack([derive(name, held, file.grid) for name in names]),
                (len(file.radii_km), len(file.latitudes_deg), len(file.longitudes_deg)),
                sum(file.has(each.variable.name) for each in self._layout.variables),
                path.stat().st_size,
            )

    def _in_file(self, names: Sequence[str]) -> list[str]:
        """The variables to read for these quantities: the variables themselves, or the Cartesian components that they
        are computed from.
        """
        known = {each.variable.name for each in self._layout.variables}
        turned = self._layout.vector == VELOCITY
        wanted = [component for name in names for component in (VELOCITY if turned and name not in known else (name,))]
        return list(dict.fromkeys(wanted))

    def _file(self, t: int) -> Path:
        if t not in self._files:
            raise BadInput(f"{self.folder}: no file for step {t}")
        return self._files[t]


class PreparedTruth:
    """A prepared data set. Raises BadInput if it is damaged, or if it is coarser than the surrogate's grid."""

    label = "Truth"

    def __init__(self, folder: Path, grid: ShellGrid) -> None:
        self._data, self._grid = Dataset(folder), grid
        _check_resolution(folder, self._data.truth_grid, grid)

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


def open_truth(folder: Path, layout: Layout, grid: ShellGrid) -> Truth:
    """The ground truth in a folder, which is a prepared data set or holds files in that layout. Raises BadInput."""
    if (folder / DATASET_FILE).exists():
        return PreparedTruth(folder, grid)
    return RawTruth(folder, layout, grid)


def input_fields(surrogate: Surrogate, quantities: Sequence[Quantity], t: int) -> tuple[ShellGrid, Fields]:
    """Quantities of a time step's conditional input on its own grid; for a coded input, on a coarse grid."""
    grid, normalised = surrogate.inputs.look(surrogate.conditional_input(t))
    stored = dict(zip(surrogate.variables, surrogate.in_units(normalised, surrogate.variables), strict=True))
    return grid, {quantity.name: quantity.of(stored, grid) for quantity in quantities}


def _brought(field: Array, fine: ShellGrid, grid: ShellGrid, shells: Sequence[int]) -> Array:
    """Bring a field from another grid to some shells of the surrogate's grid."""
    there = at_radii(field, np.array(fine.radii_km), np.array(grid.radii_km)[list(shells)])
    if (fine.latitudes_deg, fine.longitudes_deg) == (grid.latitudes_deg, grid.longitudes_deg):
        return there
    return area_mean(there, fine, grid)


def _check_resolution(path: Path, truth: ShellGrid, grid: ShellGrid) -> None:
    """Raise BadInput if the ground truth is coarser than the surrogate's grid or does not reach its first and last
    shell.
    """
    (_, rows, columns), (_, due_rows, due_columns) = truth.shape, grid.shape
    # The contest's files have 359 meridians, and the surrogate made from them has 360. That is fine enough.
    if rows < 0.95 * due_rows or columns < 0.95 * due_columns:
        raise BadInput(
            f"{path}: its {rows} x {columns} cells are coarser than the surrogate's {due_rows} x {due_columns}: "
            "compare with the files that it was made from"
        )
    margin_km = (truth.radii_km[-1] - truth.radii_km[0]) / (len(truth.radii_km) - 1)
    if grid.radii_km[0] < truth.radii_km[0] - margin_km or grid.radii_km[-1] > truth.radii_km[-1] + margin_km:
        raise BadInput(
            f"{path}: its shells of {truth.radii_km[0]:.0f} to {truth.radii_km[-1]:.0f} km do not reach as far as the "
            f"surrogate's, {grid.radii_km[0]:.0f} to {grid.radii_km[-1]:.0f} km"
        )
