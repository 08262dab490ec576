"""The `interpolate` kind: tricubic convolution of the conditional input, as one small matrix for each axis.

The kernel is that of Keys (1981) with a = -1/2. It reproduces the input's own values and is exact for quadratic
functions. Interpolation is periodic in longitude and crosses the poles by the grid's polar rule. Beyond the first and
the last shell the input is continued linearly.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from earthgan.kinds.inputs import GridKind
from earthgan.kinds.registry import KindArguments, register
from earthgan.sphere.grid import ShellGrid, Window

if TYPE_CHECKING:
    from onnx import ModelProto
    from torch.nn import Module

Array = NDArray[np.float32]


class InterpolateArguments(KindArguments):
    """Tricubic convolution (Keys, 1981) of the conditional input. A trained generator must beat this baseline."""

    preset: Literal["interpolate"] = "interpolate"


class InterpolatePlanner:
    """Plans windows of the interpolation from an evenly spaced input grid to any output grid."""

    def __init__(self, inputs: ShellGrid, outputs: ShellGrid) -> None:
        self._shells = inputs.shape[0]
        self._columns = inputs.shape[2], outputs.shape[2]
        self._radial = _index_of(np.asarray(outputs.radii_km), np.asarray(inputs.radii_km), "radii")
        self._meridional = _index_of(np.asarray(outputs.latitudes_deg), np.asarray(inputs.latitudes_deg), "latitudes")
        self._zonal = _index_of(np.asarray(outputs.longitudes_deg), np.asarray(inputs.longitudes_deg), "longitudes")
        if self._radial.min() < 0 or self._radial.max() > self._shells - 1:
            raise ValueError("the shells of the output grid reach beyond those of the conditional input")

    def _positions(self, window: Window) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """The fractional indices, on the input grid, of the window's shells, rows and columns."""
        inputs, outputs = self._columns
        turns, column = np.divmod(np.arange(window.columns.start, window.columns.stop), outputs)
        rows = self._meridional[window.rows.start : window.rows.stop]
        return self._radial[list(window.shells)], rows, self._zonal[column] + turns * inputs

    def input_window(self, window: Window) -> Window:
        """The part of the conditional input that an output window needs. A point needs four points along each axis."""
        shells, rows, columns = (_support(positions) for positions in self._positions(window))
        return Window(range(max(shells.start, 0), min(shells.stop, self._shells)), rows, columns)

    def feeds(self, window: Window, seed: int | None) -> dict[str, NDArray[np.generic]]:
        """The interpolation matrices `(output, input)` of the three axes. They do not depend on the seed."""
        radial, meridional, zonal = (_cubic_matrix(positions) for positions in self._positions(window))
        radial = _continued_linearly(radial, _support(self._positions(window)[0]), self._shells)
        named = {"radial": radial, "meridional": meridional, "zonal": zonal}
        return {name: matrix.astype(np.float32) for name, matrix in named.items()}

    def multiply_adds(self, window: Window, variables: int) -> int:
        """The multiplications of the three contractions, radius first."""
        (d, h, w), (shells, rows, columns) = self.input_window(window).shape, window.shape
        return variables * shells * (d * h * w + rows * h * w + rows * columns * w)


def _index_of(values: NDArray[np.float64], knots: NDArray[np.float64], axis: str) -> NDArray[np.float64]:
    steps = np.diff(knots)
    if not np.allclose(steps, steps[0], rtol=1e-6):
        raise ValueError(f"the conditional input's {axis} are not evenly spaced")
    index = (values - knots[0]) / steps[0]
    # Rounding must not make a value on a knot need that knot's outer neighbour.
    return np.asarray(np.where(np.abs(index - np.round(index)) < 1e-9, np.round(index), index))


def _support(positions: NDArray[np.float64]) -> range:
    return range(int(np.floor(positions.min())) - 1, int(np.floor(positions.max())) + 3)


def _cubic_matrix(positions: NDArray[np.float64]) -> NDArray[np.float64]:
    """The weights `(position, knot)` of the knots in the positions' support."""
    distance = np.abs(positions[:, None] - np.asarray(_support(positions)))
    near = 1 + distance**2 * (1.5 * distance - 2.5)
    far = 2 + distance * (-4 + distance * (2.5 - 0.5 * distance))
    return np.where(distance <= 1, near, np.where(distance < 2, far, 0))


def _continued_linearly(matrix: NDArray[np.float64], support: range, count: int) -> NDArray[np.float64]:
    """The matrix for the knots that exist. Knots beyond an end are expressed by the last two knots before it."""
    kept = range(max(support.start, 0), min(support.stop, count))
    folded = matrix[:, kept.start - support.start : kept.stop - support.start].copy()
    for knot, weights in zip(support, matrix.T, strict=True):
        if knot not in kept:
            beyond = -knot if knot < 0 else knot - (count - 1)
            last, before = (0, 1) if knot < 0 else (-1, -2)
            folded[:, last] += (1 + beyond) * weights
            folded[:, before] -= beyond * weights
    return folded


@register
class InterpolateKind(GridKind):
    """Surrogates that interpolate their conditional inputs and do nothing else."""

    name = "interpolate"
    Arguments = InterpolateArguments
    interpolates = True

    @classmethod
    def plan(cls, arguments: InterpolateArguments, inputs: ShellGrid, outputs: ShellGrid) -> InterpolatePlanner:
        return InterpolatePlanner(inputs, outputs)

    @classmethod
    def torch_module(cls, arguments: InterpolateArguments, variables: int) -> Module:
        from earthgan.kinds.networks import Interpolator

        return Interpolator()

    @classmethod
    def onnx_graph(cls, arguments: InterpolateArguments, variables: int, state: Mapping[str, Array]) -> ModelProto:
        from earthgan.kinds.graphs import interpolate_graph

        return interpolate_graph(variables)
