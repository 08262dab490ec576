"""The conditional inputs of a surrogate: read from their files, cut for the generator, looked at without it."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from earthgan.errors import DamagedSurrogate
from earthgan.kinds.coded import Code, CodedStep
from earthgan.kinds.refine import Refinement
from earthgan.kinds.spectral import SpectralPreset, synthesise
from earthgan.spec import InputsSpec
from earthgan.sphere.grid import ShellGrid, Window

Field = NDArray[np.float32]

#: Shells, rows and columns of a look at coded inputs: about the size of inputs that lie on a grid.
LOOK = 30, 28, 56
#: Decoded steps that are kept; at 12 kB a step, each takes 200 kB.
KEPT_STEPS = 256


class Inputs(Protocol):
    """Conditional inputs of one kind."""

    def check(self, path: Path) -> None:
        """Raises DamagedSurrogate where the file cannot be a step's."""

    def read(self, path: Path) -> Field:
        """The conditional input of a step. Raises DamagedSurrogate."""

    def read_ahead(self, path: Path) -> None:
        """Do what takes time in reading a step, and keep it. Raises DamagedSurrogate."""

    def cut(self, conditional_input: Field, window: Window) -> Field:
        """The part `(1, ...)` of it that the generator needs for a window of the output grid."""

    def look(self, conditional_input: Field) -> tuple[ShellGrid, Field]:
        """A coarse normalised field `(variable, shell, latitude, longitude)` of it, and its grid."""


class GridPreset(Protocol):
    """Says which part of the inputs' grid a window of the output grid needs."""

    def input_window(self, window: Window) -> Window: ...


class GridInputs:
    """Normalised fields `(variable, shell, latitude, longitude)` on a coarse grid, stored as NPY."""

    def __init__(self, spec: InputsSpec, preset: GridPreset) -> None:
        self.grid, self._preset, self._dtype = spec.grid.shell_grid, preset, np.dtype(spec.dtype)
        self._shape = len(spec.coding), *self.grid.shape
        self._affines = np.array([(c.offset, c.scale) for c in spec.coding], np.float32).T[..., None, None, None]

    def check(self, path: Path) -> None:
        self._open(path)

    def read(self, path: Path) -> Field:
        offset, scale = self._affines
        field: Field = np.asarray(self._open(path), dtype=np.float32) * scale + offset
        return field

    def read_ahead(self, path: Path) -> None:
        """It takes no time worth saving."""

    def cut(self, conditional_input: Field, window: Window) -> Field:
        return np.ascontiguousarray(self.grid.window(conditional_input, self._preset.input_window(window))[None])

    def look(self, conditional_input: Field) -> tuple[ShellGrid, Field]:
        return self.grid, conditional_input

    def _open(self, path: Path) -> NDArray[Any]:
        try:
            array: NDArray[Any] = np.load(path, allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise DamagedSurrogate(path, "is not a readable NPY array") from error
        if array.shape != self._shape or array.dtype != self._dtype:
            due = f"{self._dtype} {self._shape}"
            raise DamagedSurrogate(path, f"holds {array.dtype} {array.shape} where {due} was due")
        return array


class CodedInputs:
    """Coefficients `(degree, order, part, mode)`, stored as their code; refined, where the surrogate says how."""

    def __init__(self, code: Code, refinement: Refinement | None, preset: SpectralPreset) -> None:
        self._code, self._refinement = code, refinement
        # A series asks for a point of every step: reading their codes would be nearly all of its work.
        self._decoded = lru_cache(KEPT_STEPS)(self._decode)
        shells, rows, columns = LOOK
        radii_km = np.linspace(preset.grid.radii_km[0], preset.grid.radii_km[-1], shells)
        self._look_grid = ShellGrid.cell_centred(tuple(radii_km.tolist()), rows, columns)
        self._look = preset.on(self._look_grid)

    def check(self, path: Path) -> None:
        """Its digest has been compared: there is nothing else to see before it is decoded."""

    def read(self, path: Path) -> Field:
        return self._code.coefficients(self._decoded(path))

    def read_ahead(self, path: Path) -> None:
        self._decoded(path)

    def _decode(self, path: Path) -> CodedStep:
        """A step as stored: far fewer numbers than there are coefficients."""
        try:
            step = self._code.decode(path.read_bytes())
        except (OSError, ValueError) as error:
            raise DamagedSurrogate(path, str(error)) from error
        if self._refinement is None:
            return step
        modes = self._code.components["temperature"].basis.shape[1]
        return self._code.added(step, self._refinement(self._code.coefficients(step)[..., :modes]))

    def cut(self, conditional_input: Field, window: Window) -> Field:
        return conditional_input[None]

    def look(self, conditional_input: Field) -> tuple[ShellGrid, Field]:
        feeds = self._look.feeds(self._look_grid.whole, None)
        return self._look_grid, synthesise({"x": conditional_input[None], **feeds})[0]
