"""The `upsampling` kind: the paper's H blocks, noise included, add to interpolation. This module does not need torch.

A trunk of residual blocks computes features on the cells of the conditional input, as in the kind `residual`. They are
interpolated linearly to the window's shells. Three H blocks then double the resolution within each shell. Each of them
upsamples, convolves twice with noise, and adds its projection to the running output, which is added to tricubic
interpolation at the end. Within a shell only, because the conditional input holds nearly all detail in radius.

Indices along a row or a column are those of the output grid, halved for each block. Outputs `[a, b]` of a block need

    features    [(a - 3) // 2, (b + 3) // 2]     and the first noise, upsampled 2x
    first conv  [a - 1, b + 1]                   and the second noise
    second conv [a, b]

Noise lies on the layers of the conditional input and is interpolated to the shells, so neighbouring shells have
nearly the same noise. Beyond a pole it is the noise of the place that lies there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from earthgan.kinds.inputs import GridKind
from earthgan.kinds.noise import white_noise
from earthgan.kinds.registry import register
from earthgan.kinds.residual import PLACES, CellsArguments, ResidualPlanner
from earthgan.sphere.grid import ShellGrid, Window

if TYPE_CHECKING:
    from onnx import ModelProto
    from torch.nn import Module

Array = NDArray[np.float32]
_Lateral = tuple[range, range]
#: The number of blocks that double the resolution.
DOUBLINGS = 3


class UpsamplingArguments(CellsArguments):
    """A trunk of `blocks` residual blocks with `channels` channels, the channels of the three blocks that double the
    resolution, and the number of layers of the conditional input (`earthgan.kinds.upsampling`).
    """

    preset: Literal["upsampling"] = "upsampling"
    doubled: tuple[int, int, int] = (48, 32, 16)
    layers: int = Field(default=30, ge=2)


@dataclass(frozen=True)
class LateralPlan:
    """The rows and columns of one block: of its features, of its first convolution and of its outputs."""

    inputs: _Lateral
    middle: _Lateral
    outputs: _Lateral

    @property
    def parity(self) -> tuple[int, int]:
        """Where, along each axis, the first upsampled cell that is used lies after the second one: 0 or 1."""
        rows, columns = self.outputs
        return (rows.start + 1) % 2, (columns.start + 1) % 2


def plan_lateral(outputs: _Lateral) -> list[LateralPlan]:
    """The plans of all blocks for the outputs of the last block. The first block comes first."""
    plans: list[LateralPlan] = []
    for _ in range(DOUBLINGS):
        inputs = _each(outputs, lambda axis: range((axis.start - 3) // 2, (axis.stop + 2) // 2 + 1))
        plans.insert(0, LateralPlan(inputs, _each(outputs, lambda axis: range(axis.start - 1, axis.stop + 1)), outputs))
        outputs = inputs
    return plans


class UpsamplingPlanner(ResidualPlanner):
    """Plans windows of the kind `upsampling`."""

    REACH = 3
    arguments: UpsamplingArguments

    def __init__(self, arguments: UpsamplingArguments, inputs: ShellGrid, outputs: ShellGrid) -> None:
        super().__init__(arguments, inputs, outputs)
        if arguments.layers != inputs.shape[0]:
            raise ValueError(f"the generator is for {arguments.layers} layers, but the inputs have {inputs.shape[0]}")

    def _cells(self, window: Window) -> _Lateral:
        """The rows and columns of cells whose features a window needs."""
        return plan_lateral(window.axes[1:])[0].inputs

    def feeds(self, window: Window, seed: int | None) -> dict[str, NDArray[np.generic]]:
        """The generator's inputs besides the conditional input: those of the kind `residual`, and two noise fields and
        a parity for each block. Without a seed, the noise is zero.
        """
        feeds = super().feeds(window, seed)
        del feeds["parity"]
        layers = self._layers(window)
        for block, plan in enumerate(plan_lateral(window.axes[1:])):
            feeds[f"parity_{block}"] = np.array(plan.parity, dtype=np.int64)
            for layer, (rows, columns), level in (
                (2 * block, plan.inputs, block),
                (2 * block + 1, plan.middle, block + 1),
            ):
                noise = self._noise(seed, layer, Window(layers, rows, columns), level)
                feeds[f"noise_{layer}"] = noise[None, None]
        return feeds

    def _noise(self, seed: int | None, layer: int, window: Window, level: int) -> Array:
        """The noise of a window of a grid that divides each cell of the inputs into `2**level` rows and columns."""
        if seed is None:
            return np.zeros(window.shape, np.float32)
        count, period = (n << level for n in self._inputs.shape[1:])
        shells, rows, columns = window.axes
        beyond = range(columns.start + period // 2, columns.stop + period // 2)
        inside = range(max(rows.start, 0), min(rows.stop, count))
        parts = [white_noise(seed, layer, Window(shells, inside, columns), period)]
        if rows.start < 0:
            north = Window(shells, range(0, -rows.start), beyond)
            parts.insert(0, white_noise(seed, layer, north, period)[:, ::-1])
        if rows.stop > count:
            south = Window(shells, range(2 * count - rows.stop, count), beyond)
            parts.append(white_noise(seed, layer, south, period)[:, ::-1])
        return np.ascontiguousarray(np.concatenate(parts, axis=1))

    def multiply_adds(self, window: Window, variables: int) -> int:
        """The number of multiplications in all convolutions for a window and in the interpolation."""
        channels, blocks = self.arguments.channels, self.arguments.blocks
        plans, shells = plan_lateral(window.axes[1:]), len(window.shells)
        cells, layers = plans[0].inputs, len(self._layers(window))
        total = self._interpolation.multiply_adds(window, variables)
        for left in range(blocks, -1, -1):  # the blocks that follow, each of which needs a cell of halo
            area = (len(cells[0]) + 2 * left) * (len(cells[1]) + 2 * left)
            if left == blocks:
                total += (layers + 2 * left) * area * channels * (variables + PLACES)
            else:
                total += (9 * (layers + 2 * left + 2) + 3 * (layers + 2 * left)) * area * channels**2
        total += shells * _area(cells) * channels * (layers + channels + 1)
        for plan, (before, after) in zip(plans, pairwise((channels, *self.arguments.doubled)), strict=True):
            doubled = 4 * (len(plan.inputs[0]) - 2) * (len(plan.inputs[1]) - 2)
            total += shells * after * (9 * before * doubled + (9 * after + variables) * _area(plan.outputs))
        return total


def _each(axes: _Lateral, function: Callable[[range], range]) -> _Lateral:
    rows, columns = axes
    return function(rows), function(columns)


def _area(axes: _Lateral) -> int:
    return len(axes[0]) * len(axes[1])


@register
class UpsamplingKind(GridKind):
    """Surrogates whose generator doubles the resolution with the paper's blocks and adds to interpolation."""

    name = "upsampling"
    has_noise = True
    Arguments = UpsamplingArguments

    @classmethod
    def plan(cls, arguments: UpsamplingArguments, inputs: ShellGrid, outputs: ShellGrid) -> UpsamplingPlanner:
        return UpsamplingPlanner(arguments, inputs, outputs)

    @classmethod
    def torch_module(cls, arguments: UpsamplingArguments, variables: int) -> Module:
        from earthgan.kinds.networks import UpsamplingGenerator

        return UpsamplingGenerator(variables, arguments)

    @classmethod
    def onnx_graph(cls, arguments: UpsamplingArguments, variables: int, state: Mapping[str, Array]) -> ModelProto:
        from earthgan.kinds.graphs import upsampling_graph

        return upsampling_graph(variables, arguments, state)
