"""The `paper` kind: index algebra that says which inputs, noise and operations an output window needs. This module does
not need torch.

A block takes features `x` and a running output `y`, and returns both at twice their resolution. Indices refer to the
one pass over the whole globe with its halo. Outputs `[a, b]` of a block need

    features    [a // 2, b // 2 + 3]     and the first noise, upsampled 2x with one cell cut off each edge
    first conv  [a, b + 2]               and the second noise
    second conv [a, b]

Output `o` of a pass of `n` blocks therefore lies at the input coordinate `o / 2**n + 2.5 * (1 - 2**-n)`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from earthgan.kinds.inputs import GridKind
from earthgan.kinds.noise import white_noise
from earthgan.kinds.registry import KindArguments, register
from earthgan.sphere.grid import ShellGrid, Window

if TYPE_CHECKING:
    from onnx import ModelProto
    from torch.nn import Module

Array = NDArray[np.float32]
_Ranges = tuple[range, range, range]


@dataclass(frozen=True)
class BlockPlan:
    """The index ranges of one block, in the index space of the whole pass at the block's resolution."""

    inputs: _Ranges
    middle: _Ranges
    outputs: _Ranges

    @property
    def parity(self) -> tuple[int, int, int]:
        """For each axis, 1 if the index of the first output is odd, and 0 otherwise. If it is 1, the upsampled features
        start one cell later.
        """
        shells, rows, columns = self.outputs
        return shells.start % 2, rows.start % 2, columns.start % 2


def plan_blocks(outputs: _Ranges, blocks: int) -> list[BlockPlan]:
    """The plans of all blocks for the outputs of the last block. The first block comes first."""
    plans: list[BlockPlan] = []
    for _ in range(blocks):
        inputs = _per_axis(outputs, lambda axis: range(axis.start // 2, (axis.stop - 1) // 2 + 4))
        middle = _per_axis(outputs, lambda axis: range(axis.start, axis.stop + 2))
        plans.insert(0, BlockPlan(inputs, middle, outputs))
        outputs = inputs
    return plans


def pass_size(inputs: int, blocks: int) -> int:
    """The number of outputs of a pass over `inputs` cells along one axis. Each block makes `2 * n - 6` of `n` cells."""
    for _ in range(blocks):
        inputs = 2 * inputs - 6
    return inputs


def registration(positions: Sequence[float], blocks: int) -> NDArray[np.float64]:
    """The positions along one axis of the outputs of an unpadded pass, given the positions of its inputs.

    The running output is upsampled linearly. A coordinate that takes the same path therefore becomes the position of
    each output. For evenly spaced inputs, the result is the closed form in the module's docstring.
    """
    at = np.asarray(positions, dtype=np.float64)
    for _ in range(blocks):
        up = np.empty(2 * len(at))
        up[0::2] = 0.75 * at + 0.25 * np.concatenate([at[:1], at[:-1]])
        up[1::2] = 0.75 * at + 0.25 * np.concatenate([at[1:], at[-1:]])
        at = up[3:-3]
    return at


class PaperArguments(KindArguments):
    """The generator of von Hahn & Mechefske (2021). It consists of H blocks, and each block doubles the resolution.

    `channels` holds one number more than there are blocks. `halo` counts the input rows and columns that are added on
    each side of the globe before its one whole pass. `first` is the position of the surrogate's first shell, row and
    column in that pass.
    """

    preset: Literal["paper"] = "paper"
    channels: tuple[int, ...] = Field(default=(64, 64, 64, 64), min_length=2)
    noise: Literal["concat", "add"] = "concat"
    halo: tuple[int, int] = (3, 3)
    first: tuple[int, int, int] = (0, 5, 3)


class PaperPlanner:
    """Plans windows of the paper's generator from an input grid to an output grid."""

    def __init__(self, arguments: PaperArguments, inputs: ShellGrid, outputs: ShellGrid) -> None:
        self.arguments = arguments
        self.blocks = len(arguments.channels) - 1
        self._input_shape = inputs.shape
        shells, rows, _ = (pass_size(n, self.blocks) for n in self._haloed_shape())
        if arguments.first[0] + outputs.shape[0] > shells or arguments.first[1] + outputs.shape[1] > rows:
            raise ValueError("the output grid is larger than the generator's pass over its inputs")
        if outputs.shape[2] != inputs.shape[2] << self.blocks:
            raise ValueError(f"the output grid needs {2**self.blocks} columns for each input column")

    def _haloed_shape(self) -> tuple[int, int, int]:
        shells, rows, columns = self._input_shape
        halo_rows, halo_columns = self.arguments.halo
        return shells, rows + 2 * halo_rows, columns + 2 * halo_columns

    @property
    def whole_pass(self) -> Window:
        """The window, in indices of the output grid, that one pass over the globe with its halo computes."""
        sizes = [pass_size(n, self.blocks) for n in self._haloed_shape()]
        return Window(*(range(-first, size - first) for first, size in zip(self.arguments.first, sizes, strict=True)))

    def plan(self, window: Window) -> list[BlockPlan]:
        shells, rows, columns = (
            range(axis.start + first, axis.stop + first)
            for axis, first in zip(window.axes, self.arguments.first, strict=True)
        )
        return plan_blocks((shells, rows, columns), self.blocks)

    def input_window(self, window: Window) -> Window:
        """The part of the conditional input, in indices of the input grid, that an output window needs."""
        shells, rows, columns = self.plan(window)[0].inputs
        halo_rows, halo_columns = self.arguments.halo
        return Window(shells, _shifted(rows, -halo_rows), _shifted(columns, -halo_columns))

    def feeds(self, window: Window, seed: int | None) -> dict[str, NDArray[np.generic]]:
        """The generator's inputs besides the conditional input: two noise fields and a parity for each block.

        Without a seed, the noise is zero.
        """
        feeds: dict[str, NDArray[np.generic]] = {}
        for block, plan in enumerate(self.plan(window)):
            feeds[f"parity_{block}"] = np.array(plan.parity, dtype=np.int64)
            for layer, ranges, level in ((2 * block, plan.inputs, block), (2 * block + 1, plan.middle, block + 1)):
                place = Window(*ranges)
                if seed is None:
                    noise = np.zeros(place.shape, dtype=np.float32)
                else:
                    noise = white_noise(seed, layer, place, period=self._input_shape[2] << level)
                feeds[f"noise_{layer}"] = noise[None, None]
        return feeds

    def multiply_adds(self, window: Window, variables: int) -> int:
        """The exact number of multiplications in all convolutions for a window."""
        channels = self.arguments.channels
        extra = 1 if self.arguments.noise == "concat" else 0
        plans = self.plan(window)
        total = _volume(plans[0].inputs) * variables * channels[0]
        for plan, (before, after) in zip(plans, pairwise(channels), strict=True):
            total += _volume(plan.middle) * 27 * (before + extra) * after
            total += _volume(plan.outputs) * (27 * (after + extra) * after + after * variables)
        return total


def _per_axis(ranges: _Ranges, function: Callable[[range], range]) -> _Ranges:
    shells, rows, columns = ranges
    return function(shells), function(rows), function(columns)


def _shifted(axis: range, by: int) -> range:
    return range(axis.start + by, axis.stop + by)


def _volume(ranges: _Ranges) -> int:
    return math.prod(len(axis) for axis in ranges)


@register
class PaperKind(GridKind):
    """Surrogates whose generator is that of the paper."""

    name = "paper"
    has_noise = True
    Arguments = PaperArguments

    @classmethod
    def plan(cls, arguments: PaperArguments, inputs: ShellGrid, outputs: ShellGrid) -> PaperPlanner:
        return PaperPlanner(arguments, inputs, outputs)

    @classmethod
    def torch_module(cls, arguments: PaperArguments, variables: int) -> Module:
        from earthgan.kinds.networks import PaperGenerator

        return PaperGenerator(variables, arguments)

    @classmethod
    def onnx_graph(cls, arguments: PaperArguments, variables: int, state: Mapping[str, Array]) -> ModelProto:
        from earthgan.kinds.graphs import paper_graph

        return paper_graph(variables, arguments, state)
