"""Conditional inputs as coded coefficients: read, refined, kept, and looked at on a coarse grid."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from earthgan.bounded import Bounded
from earthgan.errors import DamagedSurrogate
from earthgan.kinds.coded import Code, CodedStep
from earthgan.kinds.refine import Refinement
from earthgan.kinds.registry import StepInputs
from earthgan.kinds.spectral_planner import SpectralPlanner
from earthgan.sphere.grid import ShellGrid, Window

Field = NDArray[np.float32]

#: Shells, rows and columns of a look at coded inputs: about the size of inputs that lie on a grid.
LOOK = 30, 28, 56
#: Memory for decoded steps until somebody says otherwise. A step of 12 kB takes 200 kB.
KEPT_BYTES = 48 * 2**20


class CodedInputsSpec(StepInputs):
    """Conditional inputs as coded coefficients (`earthgan.kinds.coded`)."""

    coded: Literal[True] = True


class CodedInputs:
    """Coefficients `(degree, order, part, mode)`, stored as their code; refined, where the surrogate says how."""

    def __init__(self, code: Code, refinement: Refinement | None, planner: SpectralPlanner) -> None:
        self._code, self._refinement = code, refinement
        self.keep(KEPT_BYTES)
        shells, rows, columns = LOOK
        radii_km = np.linspace(planner.grid.radii_km[0], planner.grid.radii_km[-1], shells)
        self._look_grid = ShellGrid.cell_centred(tuple(radii_km.tolist()), rows, columns)
        self._look = planner.on(self._look_grid)

    @property
    def grid(self) -> None:
        return None

    @property
    def stored_as(self) -> str:
        return "coded"

    def check(self, path: Path) -> None:
        """Its digest has been compared. Nothing else can be seen before it is decoded."""

    def read(self, path: Path) -> Field:
        return self._code.coefficients(self._decoded.get_or(path, lambda: self._decode(path)))

    def keep(self, max_bytes: int) -> None:
        # A series asks for a point of every step: decoding them would be nearly all of its work.
        self._decoded: Bounded[Path, CodedStep] = Bounded(max_bytes, lambda step: step.values.nbytes + 200)

    def read_ahead(self, path: Path) -> bool:
        return self._decoded.get(path) is None and self._decoded.set(path, self._decode(path))

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
        variables = range(self._look.variables)
        return self._look_grid, self._look.evaluate(conditional_input, self._look_grid.whole, variables)
