"""Reads a prepared dataset: windows of truth and conditional input, normalised, without loading whole steps.

>>> data = Dataset(Path("dataset"))                                            # doctest: +SKIP
>>> data.truth(data.spec.split.train[0], ("temperature", "v_radial"), window)  # doctest: +SKIP
"""

from __future__ import annotations

import mmap
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from earthgan.errors import BadInput, UnknownVariable
from earthgan.quantities import V_PHI, V_THETA, turn
from earthgan.records import Affine
from earthgan.sphere.grid import PolarRule, ShellGrid, Window
from earthgan.sphere.vectors import about_axis
from earthgan.surrogate import file_sha256
from earthgan_training.prepare.spec import DATASET_FILE, DatasetSpec, DatasetVariable, StepRecord

Array = NDArray[np.float32]
#: Of a window: the grid's row of each row `(row,)`, its column of each point `(row, column)`, and whether a row's
#: directions are turned about `(row,)`.
_Places = tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.bool_]]


class Dataset:
    """A dataset folder. Raises BadInput where `dataset.json` is missing or damaged, or a file is."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        path = folder / DATASET_FILE
        try:
            self.spec = DatasetSpec.model_validate_json(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise BadInput(f"{path}: cannot be read ({error.strerror or error})") from error
        except (ValidationError, UnicodeDecodeError) as error:
            raise BadInput(f"{path}: is not a dataset's") from error
        self._steps = {step.t: step for step in self.spec.steps}

    @cached_property
    def truth_grid(self) -> ShellGrid:
        return self.spec.truth_grid.shell_grid

    @cached_property
    def input_grid(self) -> ShellGrid:
        return self.spec.input_grid.shell_grid

    @property
    def names(self) -> tuple[str, ...]:
        """The variables, then what is derived from them."""
        return tuple(each.name for each in (*self.spec.variables, *self.spec.derived))

    def variable(self, name: str) -> DatasetVariable:
        """What is known of a variable. Raises UnknownVariable."""
        for each in (*self.spec.variables, *self.spec.derived):
            if each.name == name:
                return each
        raise UnknownVariable(name, self.names)

    def verify(self) -> None:
        """Read every file. Raises BadInput, naming the first whose digest is not the one stated."""
        for step in self.spec.steps:
            for each in (*step.truth, step.inputs):
                path = self.folder / each.file
                if not path.is_file() or file_sha256(path) != each.sha256:
                    raise BadInput(f"{path}: is not the file that {DATASET_FILE} names")

    def stored_truth(self, t: int, name: str) -> Array:
        """A variable's truth `(shell, latitude, longitude)` in its unit, mapped from the disk, not read."""
        index = [each.name for each in self.spec.variables].index(name)
        stored = self._map(self._step(t).truth[index].file)
        if isinstance(stored.base, mmap.mmap):
            stored.base.madvise(mmap.MADV_RANDOM)  # else reading ahead would read nearly all of it for any window
        return stored.transpose(2, 0, 1)

    def truth(self, t: int, names: Sequence[str], window: Window | None = None, normalised: bool = True) -> Array:
        """Truth `(variable, shell, latitude, longitude)` in a window of the truth grid, or everywhere.

        Columns run around the globe and rows over the poles, as the grid's polar rule says; there the southward and
        the eastward component of a velocity change sign, for these directions turn about.
        """
        window = window or self.truth_grid.whole
        rows, columns, crossed = self._places(window)

        def cut(name: str) -> Array:
            stored = self.stored_truth(t, name)[window.shells.start : window.shells.stop]
            return np.asarray(stored[:, rows[:, None], columns])

        return self._assemble(names, cut, self.truth_grid, (rows, columns, crossed), "truth" if normalised else None)

    def inputs(self, t: int, names: Sequence[str], normalised: bool = True) -> Array:
        """The whole conditional input `(variable, shell, latitude, longitude)`: it is small."""
        stored = self._map(self._step(t).inputs.file)
        index = {each.name: i for i, each in enumerate(self.spec.variables)}
        _, rows, columns = self.input_grid.shape
        places = np.arange(rows), np.broadcast_to(np.arange(columns), (rows, columns)), np.zeros(rows, bool)

        def cut(name: str) -> Array:
            return np.asarray(stored[index[name]])

        return self._assemble(names, cut, self.input_grid, places, "inputs" if normalised else None)

    def _assemble(
        self,
        names: Sequence[str],
        cut: Callable[[str], Array],
        grid: ShellGrid,
        places: _Places,
        kind: Literal["truth", "inputs"] | None,
    ) -> Array:
        stored: dict[str, Array] = {}
        derived = {each.name for each in self.spec.derived}
        out = []
        for name in names:
            variable = self.variable(name)
            for each in (self.spec.vector or ()) if name in derived else (name,):
                if each not in stored:
                    stored[each] = cut(each)
            values = _spherical(name, stored, self.spec.vector, grid, places) if name in derived else stored[name]
            out.append(_normalised(values, getattr(variable, kind)) if kind else values)
        return np.stack(out)

    def _places(self, window: Window) -> _Places:
        """The stored row of each row, the stored column of each point, and the rows that lie beyond a pole."""
        grid = self.truth_grid
        _, rows, columns = grid.shape
        # The grid's own rule, asked with an array of row numbers, says which row is which.
        numbers = np.broadcast_to(np.arange(rows, dtype=np.float64)[None, :, None], (len(grid.radii_km), rows, columns))
        one = Window(range(1), window.rows, range(1))
        found = grid.window(numbers, one)[0, :, 0].astype(int)
        asked = np.arange(window.rows.start, window.rows.stop)
        crossed = (asked < 0) | (asked >= rows)
        turned = crossed & (grid.polar_rule is PolarRule.HALF_TURN)
        if turned.any() and columns % 2:
            raise BadInput(f"{self.folder}: windows over a pole need an even number of columns, not {columns}")
        around = np.arange(window.columns.start, window.columns.stop)
        return found, (around + turned[:, None] * (columns // 2)) % columns, turned

    def _step(self, t: int) -> StepRecord:
        if t not in self._steps:
            raise BadInput(f"{self.folder}: has no step {t}")
        return self._steps[t]

    def _map(self, file: str) -> Array:
        try:
            array: Array = np.load(self.folder / file, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise BadInput(f"{self.folder / file}: is missing or damaged") from error
        return array


def _spherical(
    name: str, stored: Mapping[str, Array], vector: tuple[str, str, str] | None, grid: ShellGrid, places: _Places
) -> Array:
    """A spherical component `(shell, latitude, longitude)` of the Cartesian ones, at the points of a window."""
    x, y, z = (stored[each] for each in vector or ())
    rows, columns, turned = places
    values = turn(name, x, y, z, np.array(grid.latitudes_deg)[rows][:, None], np.array(grid.longitudes_deg)[columns])
    if name in (V_THETA, V_PHI):
        values = values * np.where(turned, np.float32(-1), np.float32(1))[:, None]
    return values


def _normalised(values: Array, affine: Affine) -> Array:
    # In double precision: velocities of 1e-10 and their scales are near the end of float32.
    return ((values - np.float64(affine.offset)) / affine.scale).astype(np.float32)


def rolled(values: Array, names: Sequence[str], vector: tuple[str, str, str] | None, columns: int) -> Array:
    """The field `(variable, shell, latitude, longitude)` turned eastwards about the axis by whole columns.

    Velocity turns with it: Cartesian x and y of `vector` are rotated by the same angle, scalars and spherical
    components are only moved. Values in units, or normalised by a common scale about zero. The columns have to be
    evenly spaced.
    """
    moved = np.roll(values, columns, axis=-1)
    if vector and set(vector[:2]) <= set(names):
        angle = 2 * np.pi * columns / values.shape[-1]
        ix, iy = names.index(vector[0]), names.index(vector[1])
        moved[ix], moved[iy] = about_axis(moved[ix], moved[iy], angle)
    return moved
