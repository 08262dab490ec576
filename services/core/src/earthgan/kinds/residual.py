"""The `residual` kind: a network on the cells of the conditional input computes a correction to interpolation. This
module does not need torch.

Convolutions run on the few cells of the conditional input. They are not padded, so a window needs a halo as wide as the
number of blocks. The halo is periodic in longitude and crosses the poles by the grid's polar rule. Beyond the first and
the last layer (a shell of the conditional input), this layer is repeated. The resulting features are interpolated
linearly to the window's shells, and each cell becomes 8 x 8 points.

Velocity is converted to local axes (outwards, southwards, eastwards) at the network's input and back at its output.
Turning a field about the axis of rotation therefore turns the result. The local axes are continued over the poles,
where colatitude becomes negative.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from earthgan.kinds.inputs import GridKind
from earthgan.kinds.interpolate import InterpolatePlanner
from earthgan.kinds.registry import KindArguments, register
from earthgan.sphere.grid import ShellGrid, Window
from earthgan.sphere.vectors import LocalAxes

if TYPE_CHECKING:
    from onnx import ModelProto
    from torch.nn import Module

Array = NDArray[np.float32]

RATIO = 8
#: The number of channels that say where a cell lies: its radius, and the cosine of its latitude.
PLACES = 2


class CellsArguments(KindArguments):
    """A network whose `blocks` residual blocks compute on the cells of the conditional input. Its output is added to
    tricubic interpolation. `vector` holds the indices of the variables that are a velocity's x, y and z.
    """

    channels: int = Field(default=48, ge=1)
    blocks: int = Field(default=8, ge=1)
    vector: tuple[int, int, int] | None = None


class ResidualArguments(CellsArguments):
    """The network of the kind `residual` (`earthgan.kinds.residual`)."""

    preset: Literal["residual"] = "residual"


class ResidualPlanner:
    """Plans windows of the residual generator from an evenly spaced input grid to an output grid that divides each
    input cell into 8 x 8 cells.
    """

    #: How many cells beyond those that a window touches are needed besides the halo of the blocks.
    REACH = 0

    def __init__(self, arguments: CellsArguments, inputs: ShellGrid, outputs: ShellGrid) -> None:
        self.arguments = arguments
        self._inputs, self._outputs = inputs, outputs
        self._interpolation = InterpolatePlanner(inputs, outputs)
        if outputs.shape[1:] != (RATIO * inputs.shape[1], RATIO * inputs.shape[2]):
            raise ValueError(f"the output grid needs {RATIO} rows and columns for each row and column of the inputs")
        most = inputs.shape[1] - 1 - self.REACH
        if not arguments.blocks <= most:
            raise ValueError(f"the generator can have at most {most} blocks for inputs of {inputs.shape[1]} rows")
        self._radial = np.interp(outputs.radii_km, inputs.radii_km, np.arange(inputs.shape[0]))

    @property
    def whole_pass(self) -> Window:
        """The largest window that can be computed at once. It is the whole globe."""
        return self._outputs.whole

    def _cells(self, window: Window) -> tuple[range, range]:
        """The rows and columns of cells that a window touches."""
        return tuple(range(axis.start // RATIO, -(-axis.stop // RATIO)) for axis in window.axes[1:])  # type: ignore[return-value]

    def _layers(self, window: Window) -> range:
        """The layers around a window's shells. All windows with the same number of shells have the same number of
        layers, so the last layer may not exist.
        """
        below = np.floor(self._radial).astype(int)
        count = window.shells[-1] - window.shells[0] + 1
        most = (below[count - 1 :] - below[: len(below) - count + 1]).max() + 2
        return range(below[window.shells.start], below[window.shells.start] + int(most))

    def input_window(self, window: Window) -> Window:
        """The cells of a window and a halo of `blocks` cells around them, in all layers."""
        halo = self.arguments.blocks
        rows, columns = (range(axis.start - halo, axis.stop + halo) for axis in self._cells(window))
        return Window(range(self._inputs.shape[0]), rows, columns)

    def feeds(self, window: Window, seed: int | None) -> dict[str, NDArray[np.generic]]:
        """The generator's inputs besides the conditional input. They do not depend on the seed.

        Each array except `parity` has a first axis of length one. The matrices `radial`, `meridional` and `zonal`
        `(output, input)` interpolate. `layers` `(layer, input layer)` repeats the outermost layers, and `shells`
        `(shell, layer)` interpolates features. `place` says where the cells lie, and `between` where the shells lie
        between layers. `inwards` and `outwards` convert vectors to local axes and back. `parity` holds the positions of
        the first row and column within their cells.
        """
        inputs, cells = self.input_window(window), self._cells(window)
        layers, halo, count = self._layers(window), self.arguments.blocks, self._inputs.shape[0]
        known = np.arange(layers.start - halo, layers.stop + halo)
        at = self._radial[list(window.shells)]
        weights = 1 - np.abs(at[:, None] - np.asarray(layers))
        latitudes, longitudes = _axes_deg(self._inputs, inputs)
        fine_latitudes, fine_longitudes = _axes_deg(self._outputs, window)
        radius = np.broadcast_to((2 * known / (count - 1) - 1)[:, None, None], (len(known), *inputs.shape[1:]))
        narrow = np.broadcast_to(np.abs(np.cos(np.radians(latitudes)))[:, None], radius.shape)
        feeds = {
            **self._matrices(window, inputs),
            "layers": np.eye(count)[np.clip(known, 0, count - 1)],
            "shells": weights.clip(0),
            "place": np.stack([radius, narrow]),
            "between": (at % 1)[None, :, None, None],
            "inwards": LocalAxes.on_grid(latitudes, longitudes).unit_vectors(),
            "outwards": LocalAxes.on_grid(fine_latitudes, fine_longitudes).unit_vectors().swapaxes(0, 1),
        }
        if self.arguments.vector is None:
            del feeds["inwards"], feeds["outwards"]
        parity = [axis.start - RATIO * cell.start for axis, cell in zip(window.axes[1:], cells, strict=True)]
        return {
            **{name: np.ascontiguousarray(value[None], dtype=np.float32) for name, value in feeds.items()},
            "parity": np.array(parity, dtype=np.int64),
        }

    def _matrices(self, window: Window, inputs: Window) -> dict[str, NDArray[np.generic]]:
        """The interpolation matrices, padded with zeros to the larger input window of this kind."""
        own, matrices = self._interpolation.input_window(window), self._interpolation.feeds(window, None)
        around = zip(matrices.items(), own.axes, inputs.axes, strict=True)
        return {
            name: np.pad(matrix, ((0, 0), (few.start - all_.start, all_.stop - few.stop)))
            for (name, matrix), few, all_ in around
        }

    def multiply_adds(self, window: Window, variables: int) -> int:
        """The number of multiplications in all convolutions for a window and in the interpolation."""
        channels, blocks = self.arguments.channels, self.arguments.blocks
        rows, columns = (len(cell) for cell in self._cells(window))
        layers = len(self._layers(window))
        total = self._interpolation.multiply_adds(window, variables)
        for block in range(blocks + 1):  # the whole halo is present before the first block
            size = np.prod([n + 2 * (blocks - block) for n in (layers, rows, columns)])
            total += int(size) * channels * ((variables + PLACES) if block == 0 else 28 * channels)
        head = channels * (layers + channels + 1 + RATIO**2 * variables)
        return total + len(window.shells) * rows * columns * head


def _axes_deg(grid: ShellGrid, window: Window) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The latitudes and longitudes of a window that may run past the ends of an evenly spaced grid."""
    return _extended(grid.latitudes_deg, window.rows), _extended(grid.longitudes_deg, window.columns)


def _extended(axis: Sequence[float], indices: range) -> NDArray[np.float64]:
    return np.asarray(axis[0] + np.arange(indices.start, indices.stop) * (axis[1] - axis[0]))


@register
class ResidualKind(GridKind):
    """Surrogates whose generator adds a correction to interpolation."""

    name = "residual"
    Arguments = ResidualArguments

    @classmethod
    def plan(cls, arguments: ResidualArguments, inputs: ShellGrid, outputs: ShellGrid) -> ResidualPlanner:
        return ResidualPlanner(arguments, inputs, outputs)

    @classmethod
    def torch_module(cls, arguments: ResidualArguments, variables: int) -> Module:
        from earthgan.kinds.networks import ResidualGenerator

        return ResidualGenerator(variables, arguments)

    @classmethod
    def onnx_graph(cls, arguments: ResidualArguments, variables: int, state: Mapping[str, Array]) -> ModelProto:
        from earthgan.kinds.graphs import residual_graph

        return residual_graph(variables, arguments, state)
