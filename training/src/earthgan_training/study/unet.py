"""A small 3-D U-Net (Ronneberger et al., 2015, https://arxiv.org/abs/1505.04597; Çiçek et al., 2016) that finds slabs
and plumes in the interpolated conditional input.

Its labels are thresholds on the ground truth. A plume rises and is hotter than its shell by more than a lateral
standard deviation. A slab sinks and is colder by as much.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from earthgan.kinds.networks import SLOPE

CLASSES = ("slab", "plume")
LEVELS = 2
#: Sizes along each axis are extended to multiples of this number by repeating the last cells.
STRIDE = 2**LEVELS
_SPACE = (-3, -2, -1)


class UNet(nn.Module):
    """The logits `(batch, class, shell, row, column)` for fields `(batch, variable, shell, row, column)`."""

    def __init__(self, variables: int, base: int = 8) -> None:
        super().__init__()
        sizes = [base << level for level in range(LEVELS + 1)]
        self.down = nn.ModuleList(_Twice(b, a) for b, a in zip([variables, *sizes[:-1]], sizes, strict=True))
        self.up = nn.ModuleList(_Twice(sizes[n] + sizes[n + 1], sizes[n]) for n in reversed(range(LEVELS)))
        # The last layer also gets the input, so that the network can begin as a threshold on it.
        self.last = nn.Conv3d(base + variables, len(CLASSES), 1)

    def forward(self, x: Tensor) -> Tensor:
        size = x.shape[2:]
        missing = [-n % STRIDE for n in size]
        x = given = F.pad(x, [0, missing[2], 0, missing[1], 0, missing[0]], mode="replicate")
        kept: list[Tensor] = []
        for level, block in enumerate(self.down):
            x = block(F.max_pool3d(x, 2) if level else x)
            kept.append(x)
        kept.pop()
        for block in self.up:
            x = F.interpolate(x, scale_factor=2, mode="trilinear", align_corners=False)
            x = block(torch.cat([x, kept.pop()], dim=1))
        logits: Tensor = self.last(torch.cat([x, given], dim=1))[..., : size[0], : size[1], : size[2]]
        return logits


class _Twice(nn.Module):
    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.first = nn.Conv3d(before, after, 3, padding=1)
        self.second = nn.Conv3d(after, after, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return F.leaky_relu(self.second(F.leaky_relu(self.first(x), SLOPE)), SLOPE)


def labels(temperature: Tensor, outward: Tensor) -> Tensor:
    """The labels for slab and plume `(batch, 2, ...)`, 0 or 1. The arguments are the temperature anomaly divided by its
    lateral standard deviation and the outward velocity, both `(batch, ...)`.
    """
    slab = (temperature < -1) & (outward < 0)
    plume = (temperature > 1) & (outward > 0)
    return torch.stack([slab, plume], dim=1).to(temperature.dtype)


def iou(found: Tensor, true: Tensor) -> Tensor:
    """The intersection over union `(class,)` of two sets `(batch, class, ...)` of 0 and 1; NaN if both are empty."""
    dims = (0, *_SPACE)
    both, either = (found * true).sum(dim=dims), torch.maximum(found, true).sum(dim=dims)
    return both / either
