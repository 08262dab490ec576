"""Networks that only the studies use, on whole shells of one variable. They answer questions that the generators cannot
answer.

Longitude is periodic. At the poles and at the first and the last shell, cells are repeated.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from earthgan.kinds.networks import SLOPE

Network = TypeVar("Network", bound=nn.Module)

CELL = 8
Upsampling = Literal["linear", "nearest", "transposed"]
UPSAMPLINGS: tuple[Upsampling, ...] = ("linear", "nearest", "transposed")


class Refiner(nn.Module):
    """Adds a correction to an interpolated field `(batch, 1, shell, row, column)`. It computes the correction on cells
    of 8 x 8 of the field's columns, whatever cells the field was interpolated from. Without training, it returns the
    field unchanged.
    """

    def __init__(self, channels: int = 24, blocks: int = 4) -> None:
        super().__init__()
        self.first = nn.Conv3d(CELL**2, channels, 1)
        self.blocks = nn.ModuleList(nn.Conv3d(channels, channels, 3) for _ in range(blocks))
        self.head = nn.Conv3d(channels, CELL**2, 1)
        for parameter in self.head.parameters():
            nn.init.zeros_(parameter)

    def forward(self, field: Tensor) -> Tensor:
        x = F.leaky_relu(self.first(F.pixel_unshuffle(field.transpose(1, 2), CELL).transpose(1, 2)), SLOPE)
        for block in self.blocks:
            x = x + F.leaky_relu(block(around(x, 1)), SLOPE)
        added = F.pixel_shuffle(self.head(x).transpose(1, 2), CELL).transpose(1, 2)
        return field + added


class Upsampler(nn.Module):
    """Upsamples a field on coarse cells `(batch, 1, shell, row, column)` to 8 times as many rows and columns, shell by
    shell. It does so by three doublings, each followed by a convolution.
    """

    def __init__(self, kind: Upsampling, channels: int = 8) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, channels, 1)
        self.ups = nn.ModuleList(_doubling(kind, channels) for _ in range(3))
        self.convs = nn.ModuleList(nn.Conv2d(channels, channels, 3) for _ in range(3))
        self.last = nn.Conv2d(channels, 1, 1)

    def forward(self, field: Tensor) -> Tensor:
        shells = field.shape[2]
        x = F.leaky_relu(self.first(field.transpose(1, 2).flatten(0, 1)), SLOPE)
        for up, conv in zip(self.ups, self.convs, strict=True):
            x = up(around(x, 1))[..., 2:-2, 2:-2]
            x = F.leaky_relu(conv(around(x, 1)), SLOPE)
        fine: Tensor = self.last(x).unflatten(0, (-1, shells)).transpose(1, 2)
        return fine


def _doubling(kind: Upsampling, channels: int) -> nn.Module:
    if kind == "linear":
        return nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)
    if kind == "nearest":
        return nn.Upsample(scale_factor=2, mode="nearest")
    return nn.ConvTranspose2d(channels, channels, 3, stride=2, padding=1, output_padding=1)


def around(x: Tensor, cells: int) -> Tensor:
    """Add this number of cells on every side of the last axes, `(row, column)` or `(shell, row, column)`."""
    x = torch.cat([x[..., -cells:], x, x[..., :cells]], dim=-1)
    others = [0, 0, *[cells] * (2 * (x.dim() - 3))]
    return F.pad(x, others, mode="replicate")


def begun(make: Callable[[], Network], seed: int) -> Network:
    """A network with the initial weights of a seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = make()
    for parameter in network.parameters():
        if parameter.dim() == 5:  # 3-D convolutions take a third less time with the channels last
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last_3d)
    return network
