"""The network that adds what rounding has lost, as torch trains it: 3 x 3 convolutions, each added to its input."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from earthgan.kinds.refine import SLOPE


class RefiningNetwork(nn.Module):
    """The computation of `earthgan.kinds.refine.numpy_network` on patches `(batch, channel, row, column)`, which it
    makes smaller by the sum of the dilations on each side. Without training, it adds nothing. The names of its arrays
    begin with `prefix`.
    """

    prefix = ""

    def __init__(self, inputs: int, channels: int, dilations: Sequence[int]) -> None:
        super().__init__()
        self._dilations = tuple(dilations)
        widths = [inputs, *[channels] * (len(dilations) - 1), 1]
        pairs = zip(pairwise(widths), dilations, strict=True)
        self.layers = nn.ModuleList(nn.Conv2d(before, after, 3, dilation=d) for (before, after), d in pairs)
        for parameter in self.layers[-1].parameters():
            nn.init.zeros_(parameter)

    def forward(self, x: Tensor) -> Tensor:
        """Compute `(batch, row, column)`."""
        x = F.leaky_relu(self.layers[0](x), SLOPE)
        for layer, d in list(zip(self.layers, self._dilations, strict=True))[1:-1]:
            x = x[..., d:-d, d:-d] + F.leaky_relu(layer(x), SLOPE)
        found: Tensor = self.layers[-1](x)
        return found[:, 0]

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The weights in 8 bits, as `earthgan.kinds.refine.Layer.stored` reads them."""
        out: dict[str, NDArray[Any]] = {}
        for i, layer in enumerate(self.layers):
            weight, bias = (parameter.detach().numpy() for parameter in layer.parameters())
            scale = np.maximum(np.abs(weight).max(axis=(1, 2, 3)), 1e-12) / 127
            name = f"{self.prefix}{i}"
            out[f"{name}.weight"] = np.round(weight / scale[:, None, None, None]).astype(np.int8)
            out[f"{name}.scale"], out[f"{name}.bias"] = scale.astype(np.float32), bias.astype(np.float32)
        return out
