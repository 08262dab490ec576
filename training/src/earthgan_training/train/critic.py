"""The critic of von Hahn & Mechefske (2021), https://arxiv.org/abs/2110.13315. It consists of residual blocks of
unpadded 3-D convolutions, each followed by linear downsampling by two. Its scores lie on a coarse grid, with one score
for each patch.

The critic is conditional: beside the field, it gets the conditional input interpolated to the field's cells.
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
    """The number of scores that the critic gives along an axis with `cells` cells; 0 if there are too few cells.

    A block cuts two cells off each edge and halves the rest. It drops an odd cell at the end.
    """
    for _ in range(blocks):
        cells = max(cells - 4, 0) // 2
    return cells


class ResidualBlock(nn.Module):
    """Two unpadded convolutions in parallel with a projection of the same cells, then the mean over each 2 x 2 x 2
    cells. If the block is `lateral`, it looks at each shell alone, and takes the mean over each 2 x 2 cells.

    Halving by this mean is linear interpolation with aligned cell edges.
    """

    def __init__(self, before: int, after: int, lateral: bool = False) -> None:
        super().__init__()
        size = (1, 3, 3) if lateral else 3
        self.conv = nn.ModuleList([nn.Conv3d(before, before, size), nn.Conv3d(before, after, size)])
        self.skip = nn.Conv3d(before, after, 1)

    def forward(self, x: Tensor) -> Tensor:
        y = F.leaky_relu(_convolved(self.conv[0], x), SLOPE)
        y = F.leaky_relu(_convolved(self.conv[1], y), SLOPE)
        if x.dim() == 4:
            return F.avg_pool2d(y + _convolved(self.skip, x[..., 2:-2, 2:-2]), 2)
        return F.avg_pool3d(y + _convolved(self.skip, x[..., 2:-2, 2:-2, 2:-2]), 2)


def _convolved(conv: nn.Module, x: Tensor) -> Tensor:
    """A convolution of fields, or one within shells of the shells `(shell, channel, row, column)`.

    In two dimensions, because the backward pass of a kernel of 1 x 3 x 3 in bfloat16 ended the process with a double
    free on a processor with AMX (torch 2.13). It did not with AMX switched off.
    """
    assert isinstance(conv, nn.Conv3d)
    return F.conv2d(x, conv.weight[:, :, 0], conv.bias) if x.dim() == 4 else conv(x)


class Critic(nn.Module):
    """Scores `(batch, shell, row, column)` of fields, given their condition. The condition has one channel for each
    variable, and `more` further channels.
    """

    def __init__(
        self, variables: int, width: Width, more: int = 0, lateral: bool = False, first: str = "torch"
    ) -> None:
        super().__init__()
        channels = [width.channels(level) for level in range(BLOCKS + 1)]
        self._lateral = lateral
        self.first = nn.Conv3d(2 * variables + more, channels[0], 1)
        self.blocks = nn.ModuleList(ResidualBlock(before, after, lateral) for before, after in pairwise(channels))
        self.hidden = nn.Conv3d(channels[-1], channels[-1], 1)
        # Training uses only differences of scores, so a bias here would have no gradient except rounding errors.
        self.last = nn.Conv3d(channels[-1], 1, 1, bias=False)
        if first == "he":
            for module in self.modules():
                if isinstance(module, nn.Conv3d):
                    nn.init.kaiming_normal_(module.weight, a=SLOPE)

    def forward(self, field: Tensor, condition: Tensor) -> Tensor:
        """Score fields. `field` and `condition` are `(batch, channel, shell, row, column)` on the same cells."""
        x = torch.cat([field, condition], dim=1)
        if self._lateral:
            x = x.transpose(1, 2).flatten(0, 1).contiguous(memory_format=torch.channels_last)
        x = F.leaky_relu(_convolved(self.first, x), SLOPE)
        for block in self.blocks:
            x = block(x)
        scores = _convolved(self.last, F.leaky_relu(_convolved(self.hidden, x), SLOPE))[:, 0]
        return scores.view(len(field), -1, *scores.shape[1:]) if self._lateral else scores

    def score(self, field: Tensor, condition: Tensor) -> Tensor:
        """The scores of each sample's patches `(batch, patch)`."""
        return self.forward(field, condition).float().flatten(1)
