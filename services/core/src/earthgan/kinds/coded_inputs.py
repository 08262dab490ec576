"""Conditional inputs that are coded coefficients. They are read, refined and kept, and previewed on a coarse grid."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from earthgan.errors import DamagedSurrogate
from earthgan.kinds.coded import Code, CodedStep
from earthgan.kinds.kept_inputs import KeptInputs
from earthgan.kinds.refine import Refinement
from earthgan.kinds.registry import StepInputs
from earthgan.sphere.grid import ShellGrid, Window

Field = NDArray[np.float32]

#: The shells, rows and columns of a preview of coded inputs. Inputs that lie on a grid have about this size.
LOOK = 30, 28, 56


class CodedInputsSpec(StepInputs):
    """The conditional inputs are coded coefficients (`earthgan.kinds.coded`)."""

    coded: Literal[True] = True


class Evaluator(Protocol):
    """Evaluates coefficients on a grid, and on any other grid of the same planet."""

    grid: ShellGrid
    variables: int

    def on(self, grid: ShellGrid) -> Evaluator: ...

    def evaluate(self, x: Field, window: Window, variables: Sequence[int]) -> Field: ...


class CodedInputs(KeptInputs[Path, CodedStep]):
    """Conditional inputs that are coefficients `(degree, order, part, mode)`.

    They are stored as their code. If the surrogate has a refinement, they are refined after decoding. Decoded time
    steps are kept, because a time series asks for a point of each, and decoding would be nearly all of its work. A time
    step of 12 kB takes 200 kB.
    """

    def __init__(self, code: Code[Any], refinement: Refinement | None, planner: Evaluator) -> None:
        super().__init__(lambda step: step.values.nbytes + 200)
        self._code, self._refinement = code, refinement
        shells, rows, columns = LOOK
        radii_km = np.linspace(planner.grid.radii_km[0], planner.grid.radii_km[-1], shells)
        self._look_grid = ShellGrid.cell_centred(tuple(radii_km.tolist()), rows, columns)
        self._look = planner.on(self._look_grid)

    def read(self, path: Path) -> Field:
        return self._code.coefficients(self._decoded.get_or(path, lambda: self._decode(path)))

    def read_ahead(self, path: Path) -> bool:
        return self._decoded.get(path) is None and self._decoded.set(path, self._decode(path))

    def _decode(self, path: Path) -> CodedStep:
        """Decode and refine a time step. It holds far fewer numbers than there are coefficients."""
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
