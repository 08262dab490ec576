"""Conditional inputs on a coarse grid, and the base class of the kinds that use them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from earthgan.errors import DamagedSurrogate
from earthgan.kinds.registry import Feeds, Kind, StepInputs
from earthgan.records import Affine, GridSpec, VariableSpec
from earthgan.sphere.grid import ShellGrid, Window

Field = NDArray[np.float32]


class InputsSpec(StepInputs):
    """The conditional inputs are NPY arrays `(variable, shell, latitude, longitude)` on a grid.

    `coding` holds one affine map for each variable. It converts stored numbers to normalised numbers.
    """

    grid: GridSpec
    dtype: Literal["float32", "uint16"]
    coding: tuple[Affine, ...]


class GridPlanner(Protocol):
    """Plans windows and says which part of the inputs' grid each window needs."""

    def input_window(self, window: Window) -> Window: ...

    def feeds(self, window: Window, seed: int | None) -> Feeds: ...

    def multiply_adds(self, window: Window, variables: int) -> int: ...


class GridInputs:
    """Conditional inputs that are normalised fields `(variable, shell, latitude, longitude)` on a coarse grid. They are
    stored as NPY files.
    """

    def __init__(self, spec: InputsSpec, planner: GridPlanner) -> None:
        self._grid, self._planner, self._dtype = spec.grid.shell_grid, planner, np.dtype(spec.dtype)
        self._shape = len(spec.coding), *self._grid.shape
        self._affines = np.array([(c.offset, c.scale) for c in spec.coding], np.float32).T[..., None, None, None]

    @property
    def grid(self) -> ShellGrid:
        return self._grid

    @property
    def stored_as(self) -> str:
        return str(self._dtype)

    def check(self, path: Path) -> None:
        self._open(path)

    def read(self, path: Path) -> Field:
        offset, scale = self._affines
        field: Field = np.asarray(self._open(path), dtype=np.float32) * scale + offset
        return field

    def keep(self, max_bytes: int) -> None:
        """Keep nothing."""

    def has(self, path: Path) -> bool:
        """True, because reading is fast."""
        return True

    def read_ahead(self, path: Path) -> bool:
        """Do nothing, because reading is fast."""
        return False

    def cut(self, conditional_input: Field, window: Window) -> Field:
        return np.ascontiguousarray(self._grid.window(conditional_input, self._planner.input_window(window))[None])

    def look(self, conditional_input: Field) -> tuple[ShellGrid, Field]:
        return self._grid, conditional_input

    def _open(self, path: Path) -> NDArray[Any]:
        try:
            array: NDArray[Any] = np.load(path, allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise DamagedSurrogate(path, "is not a readable NPY array") from error
        if array.shape != self._shape or array.dtype != self._dtype:
            expected = f"{self._dtype} {self._shape}"
            raise DamagedSurrogate(path, f"holds {array.dtype} {array.shape} instead of {expected}")
        return array


class GridKind(Kind):
    """A kind whose conditional inputs lie on a grid."""

    StepInputs: ClassVar[type[StepInputs]] = InputsSpec

    @classmethod
    @abstractmethod
    def plan(cls, arguments: Any, inputs: ShellGrid, outputs: ShellGrid) -> GridPlanner:
        """The planner from the inputs' grid to the output grid. Raises ValueError if they do not fit the arguments."""

    @classmethod
    def open(
        cls, arguments: Any, inputs: InputsSpec, variables: Sequence[VariableSpec], grid: ShellGrid, weights: Path
    ) -> Kind:
        planner = cls.plan(arguments, inputs.grid.shell_grid, grid)
        return cls(planner, GridInputs(inputs, planner))

    @classmethod
    def check(cls, arguments: Any, inputs: InputsSpec, variables: Sequence[VariableSpec]) -> None:
        if len(inputs.coding) != len(variables):
            raise ValueError("the coding of the conditional inputs needs one affine map for each variable")

    def facts(self) -> dict[str, Any]:
        assert self.inputs.grid is not None
        return {"inputs_grid": list(self.inputs.grid.shape)}
