"""Reads a prepared data set: normalised windows of the ground truth and the conditional input. It does not load whole
time steps.

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
from earthgan.verified import file_sha256
from earthgan_training.prepare.spec import DATASET_FILE, DatasetSpec, DatasetVariable, StepRecord

Array = NDArray[np.float32]
#: The places of a window: the grid's row for each row `(row,)`, the grid's column for each point `(row, column)`, and
#: whether a row's directions are reversed `(row,)`.
_Places = tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.bool_]]


class Dataset:
    """The folder of a data set. Raises BadInput if `dataset.json` is missing or damaged, or if another file is."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        path = folder / DATASET_FILE
        try:
            self.spec = DatasetSpec.model_validate_json(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise BadInput(f"{path}: cannot be read ({error.strerror or error})") from error
        except (ValidationError, UnicodeDecodeError) as error:
            raise BadInput(f"{path}: does not describe a data set") from error
        self._steps = {step.t: step for step in self.spec.steps}

    @cached_property
    def truth_grid(self) -> ShellGrid:
        return self.spec.truth_grid.shell_grid

    @cached_property
    def input_grid(self) -> ShellGrid:
        return self.spec.input_grid.shell_grid

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the variables, followed by those of the derived variables."""
        return tuple(each.name for each in (*self.spec.variables, *self.spec.derived))

    def variable(self, name: str) -> DatasetVariable:
        """The description of a variable. Raises UnknownVariable."""
        for each in (*self.spec.variables, *self.spec.derived):
            if each.name == name:
                return each
        raise UnknownVariable(name, self.names)

    def verify(self) -> None:
        """Read every file. Raises BadInput, which names the first file whose digest differs from the stated one."""
        for step in self.spec.steps:
            for each in (*step.truth, step.inputs):
                path = self.folder / each.file
                if not path.is_file() or file_sha256(path) != each.sha256:
                    raise BadInput(f"{path}: is not the file that {DATASET_FILE} names")

    def stored_truth(self, t: int, name: str) -> Array:
        """A variable's ground truth `(shell, latitude, longitude)` in its unit. It is mapped from the disk and not
        read.
        """
        index = [each.name for each in self.spec.variables].index(name)
        stored = self._map(self._step(t).truth[index].file)
        if isinstance(stored.base, mmap.mmap):
            stored.base.madvise(
                mmap.MADV_RANDOM
            )  # otherwise, reading ahead would load nearly all of the file for any window
        return stored.transpose(2, 0, 1)

    def truth(self, t: int, names: Sequence[str], window: Window | None = None, normalised: bool = True) -> Array:
        """The ground truth `(variable, shell, latitude, longitude)` in a window of its grid, or everywhere.

        Columns continue around the globe, and rows continue over the poles by the grid's polar rule. Beyond a pole, the
        southward and the eastward component of a velocity change sign, because these directions are reversed there.
        """
        window = window or self.truth_grid.whole
        rows, columns, crossed = self._places(window)

        def cut(name: str) -> Array:
            stored = self.stored_truth(t, name)[window.shells.start : window.shells.stop : window.shells.step]
            return np.asarray(stored[:, rows[:, None], columns])

        return self._assemble(names, cut, self.truth_grid, (rows, columns, crossed), "truth" if normalised else None)

    def inputs(self, t: int, names: Sequence[str], normalised: bool = True) -> Array:
        """The whole conditional input `(variable, shell, latitude, longitude)`. It is small."""
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
        """The stored row for each row, the stored column for each point, and which rows lie beyond a pole."""
        grid = self.truth_grid
        _, rows, columns = grid.shape
        # An array of row numbers, passed through the grid's own rule, shows which stored row each row is.
        numbers = np.broadcast_to(np.arange(rows, dtype=np.float64)[None, :, None], (len(grid.radii_km), rows, columns))
        one = Window(range(1), window.rows, range(1))
        found = grid.window(numbers, one)[0, :, 0].astype(int)
        asked = np.arange(window.rows.start, window.rows.stop)
        crossed = (asked < 0) | (asked >= rows)
        turned = crossed & (grid.polar_rule is PolarRule.HALF_TURN)
        if turned.any() and columns % 2:
            raise BadInput(f"{self.folder}: a window across a pole needs an even number of columns, not {columns}")
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
    """A spherical component `(shell, latitude, longitude)`, computed from the Cartesian components at the points of a
    window.
    """
    x, y, z = (stored[each] for each in vector or ())
    rows, columns, turned = places
    latitudes_deg, longitudes_deg = grid.axes_deg
    values = turn(name, x, y, z, latitudes_deg[rows], longitudes_deg[columns])
    if name in (V_THETA, V_PHI):
        values = values * np.where(turned, np.float32(-1), np.float32(1))[:, None]
    return values


def _normalised(values: Array, affine: Affine) -> Array:
    # Double precision is needed: velocities of 1e-10 and their scales are near the lower end of float32.
    return ((values - np.float64(affine.offset)) / affine.scale).astype(np.float32)


def rolled(values: Array, names: Sequence[str], vector: tuple[str, str, str] | None, columns: int) -> Array:
    """Rotate a field `(variable, shell, latitude, longitude)` eastwards about the axis by whole columns.

    The velocity rotates with the field: the Cartesian x and y components that `vector` names are rotated by the same
    angle. Scalars and spherical components are only moved. The values are in units, or normalised by a common scale
    about zero. The columns must be evenly spaced.
    """
    moved = np.roll(values, columns, axis=-1)
    if vector and set(vector[:2]) <= set(names):
        angle = 2 * np.pi * columns / values.shape[-1]
        ix, iy = names.index(vector[0]), names.index(vector[1])
        moved[ix], moved[iy] = about_axis(moved[ix], moved[iy], angle)
    return moved
