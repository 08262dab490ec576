"""The critic of von Hahn & Mechefske (2021), https://arxiv.org/abs/2110.13315: residual blocks of unpadded 3-D
convolutions, each followed by linear downsampling by two; its scores lie on a coarse grid, one to a patch.

It is conditional: it is given the conditional input, interpolated to the field's own cells, beside the field.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from earthgan.kinds.networks import SLOPE
from earthgan_training.train.config import Width

BLOCKS = 3


def score_size(cells: int, blocks: int = BLOCKS) -> int:
    """How many scores the critic gives along an axis of so many cells; 0 where they are too few.

    A block cuts two cells off each edge and halves what is left, an odd cell at the end left out.
    """
    for _ in range(blocks):
        cells = max(cells - 4, 0) // 2
    return cells


class ResidualBlock(nn.Module):
    """Two unpadded convolutions beside a projection of the same cells, then the mean of each 2 x 2 x 2 of them.

    Halving by that mean is linear interpolation with cell edges aligned.
    """

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.conv = nn.ModuleList([nn.Conv3d(before, before, 3), nn.Conv3d(before, after, 3)])
        self.skip = nn.Conv3d(before, after, 1)

    def forward(self, x: Tensor) -> Tensor:
        y = F.leaky_relu(self.conv[0](x), SLOPE)
        y = F.leaky_relu(self.conv[1](y), SLOPE)
        return F.avg_pool3d(y + self.skip(x[..., 2:-2, 2:-2, 2:-2]), 2)


class Critic(nn.Module):
    """Scores `(batch, shell, row, column)` of fields, given what they are conditioned on: as many channels as there are
    variables, and `more`.
    """

    def __init__(self, variables: int, width: Width, more: int = 0) -> None:
        super().__init__()
        channels = [width.channels(level) for level in range(BLOCKS + 1)]
        self.first = nn.Conv3d(2 * variables + more, channels[0], 1)
        self.blocks = nn.ModuleList(ResidualBlock(before, after) for before, after in pairwise(channels))
        self.hidden = nn.Conv3d(channels[-1], channels[-1], 1)
        # Only differences of scores are trained, so a bias here would have no gradient but rounding.
        self.last = nn.Conv3d(channels[-1], 1, 1, bias=False)

    def forward(self, field: Tensor, condition: Tensor) -> Tensor:
        """`field` and `condition` are `(batch, channel, shell, row, column)`, on the same cells."""
        x = F.leaky_relu(self.first(torch.cat([field, condition], dim=1)), SLOPE)
        for block in self.blocks:
            x = block(x)
        scores: Tensor = self.last(F.leaky_relu(self.hidden(x), SLOPE))[:, 0]
        return scores

    def score(self, field: Tensor, condition: Tensor) -> Tensor:
        """One number a sample `(batch,)`: the mean of its scores. Losses and penalties are all made of this one."""
        return self.forward(field, condition).float().mean(dim=(1, 2, 3))
