"""The generators as torch modules. Needs the `torch` extra.

`PaperGenerator` is the network of von Hahn & Mechefske (2021), https://arxiv.org/abs/2110.13315: StyleGAN2-like "H"
blocks (Karras et al., 2020, Fig. 7b) with 3-D unpadded convolutions, linear upsampling and injected noise. Its
parameter names are those of the published state dict, so that published weights load as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from earthgan.spec import PaperArguments, SpectralArguments, SurrogateSpec

SLOPE = 0.2  # of every leaky ReLU


def upsample(x: Tensor, start: tuple[int, int, int], size: tuple[int, ...]) -> Tensor:
    """Doubles `(batch, channel, shell, row, column)` linearly, cell centres kept, and cuts `size` out of it from
    `start`.
    """
    x = F.interpolate(x, scale_factor=2, mode="trilinear", align_corners=False)
    for dim, (first, length) in enumerate(zip(start, size, strict=True), start=2):
        x = x.narrow(dim, first, length)
    return x


class Noise(nn.Module):
    """Injects one noise channel: concatenated, or added with a learned strength for each channel."""

    def __init__(self, kind: str, channels: int) -> None:
        super().__init__()
        if kind == "add":
            self.std = nn.Parameter(torch.zeros(channels))
        self.kind = kind

    def forward(self, x: Tensor, noise: Tensor) -> Tensor:
        if self.kind == "concat":
            return torch.cat([x, noise], dim=1)
        return x + self.std.view(-1, 1, 1, 1) * noise


class HBlock(nn.Module):
    """One doubling: features through two convolutions, and their projection added to the running output.

    The indices in `conv` and `proj` are those of the published state dict; upsampling and activations hold no
    parameters.
    """

    def __init__(self, before: int, after: int, variables: int, noise: str) -> None:
        super().__init__()
        extra = 1 if noise == "concat" else 0
        layers = {
            "0": Noise(noise, before),
            "2": nn.Conv3d(before + extra, after, 3),
            "4": Noise(noise, after),
            "5": nn.Conv3d(after + extra, after, 3),
        }
        self.conv = nn.ModuleDict(layers)
        self.proj = nn.ModuleDict({"0": nn.Conv3d(after, variables, 1)})

    def forward(
        self, x: Tensor, y: Tensor, noise: tuple[Tensor, Tensor], parity: tuple[int, int, int]
    ) -> tuple[Tensor, Tensor]:
        """Features `x` and running output `y` on the same cells to both at twice the resolution.

        The second noise has the size of the first convolution's output, which is how a window states its size.
        """
        middle = noise[1].shape[2:]
        x = self.conv["0"](x, noise[0])
        x = upsample(x, (1 + parity[0], 1 + parity[1], 1 + parity[2]), tuple(n + 2 for n in middle))
        x = F.leaky_relu(self.conv["2"](x), SLOPE)
        x = F.leaky_relu(self.conv["5"](self.conv["4"](x, noise[1])), SLOPE)
        y = upsample(y, (3 + parity[0], 3 + parity[1], 3 + parity[2]), tuple(n - 2 for n in middle))
        # The running output stays in float32: half precision near its values of 0.5 would cost 5 % of an anomaly.
        return x, y + F.leaky_relu(self.proj["0"](x), SLOPE).to(y.dtype)


class PaperGenerator(nn.Module):
    """A conditional input at eight times its resolution, unpadded: `out = 8 * in - 42` along each axis (3 blocks)."""

    def __init__(self, variables: int, arguments: PaperArguments) -> None:
        super().__init__()
        channels = arguments.channels
        self.block0 = nn.ModuleList([nn.Conv3d(variables, channels[0], 1)])
        self.blocks = nn.ModuleList(
            HBlock(before, after, variables, arguments.noise) for before, after in pairwise(channels)
        )

    def forward(
        self,
        x: Tensor,
        noise: list[Tensor] | None = None,
        parity: list[tuple[int, int, int]] | None = None,
    ) -> Tensor:
        """Normalised field `(batch, variable, shell, row, column)` of conditional input `x`.

        `noise` holds two fields `(batch, 1, ...)` a block, in order; drawn here where it is None, as training does.
        `parity` says for each block where an exact window starts (`earthgan.paper`); without it, the whole pass is
        computed.
        """
        y = x.float()
        x = F.leaky_relu(self.block0[0](x.to(next(self.parameters()).dtype)), SLOPE)
        for index, block in enumerate(self.blocks):
            fields = noise[2 * index : 2 * index + 2] if noise else _drawn_noise(x)
            before, middle = (field.to(x.dtype) for field in fields)
            x, y = block(x, y, (before, middle), parity[index] if parity else (0, 0, 0))
        return y

    def run(self, feeds: Mapping[str, Tensor]) -> Tensor:
        """The window that a preset's feeds describe."""
        blocks = range(len(self.blocks))
        noise = [feeds[f"noise_{layer}"] for layer in range(2 * len(blocks))]
        parity = [tuple(feeds[f"parity_{block}"].tolist()) for block in blocks]
        return self.forward(feeds["x"], noise, parity)


def _drawn_noise(x: Tensor) -> list[Tensor]:
    """Both noises of a block that is given features `x` of a whole pass."""
    sizes = list(x.shape[2:]), [2 * n - 4 for n in x.shape[2:]]
    return [torch.randn(len(x), 1, *size, device=x.device) for size in sizes]


class Interpolator(nn.Module):
    """The `interpolate` preset: one matrix per axis, given with the feeds. It has no parameters."""

    def run(self, feeds: Mapping[str, Tensor]) -> Tensor:
        field = torch.einsum("bvdhw,sd->bvshw", feeds["x"], feeds["radial"])
        field = torch.einsum("bvshw,rh->bvsrw", field, feeds["meridional"])
        return torch.einsum("bvsrw,cw->bvsrc", field, feeds["zonal"])


class Synthesis(nn.Module):
    """The `spectral` preset: what `earthgan.spectral.synthesise` computes. Its code's weights are not the module's.

    Always in float32: half precision would err by more than the code does.
    """

    def run(self, feeds: Mapping[str, Tensor]) -> Tensor:
        f = {name: tensor.float() for name, tensor in feeds.items()}
        modes = torch.einsum("lmpk,flsk->fmlps", f["x"][0], f["kernels"])

        def field(kind: int, of: int, turned: int = 0) -> Tensor:
            on_rows = torch.einsum("mrl,mlps->mprs", f["harmonics"][kind], modes[of])
            return torch.einsum("mprs,mpc->src", on_rows, f["azimuth"][turned])

        out = [field(0, 0)]
        if len(modes) > 1:
            radial, south, east = field(0, 1), field(1, 2), field(2, 2, turned=1)
            if len(modes) > 3:
                south, east = south - field(2, 3, turned=1), east + field(1, 3)
            (sine, cosine), (cos, sin) = f["meridian"].unsqueeze(-1), f["parallel"]
            outward = radial * sine + south * cosine
            out += [outward * cos - east * sin, outward * sin + east * cos, radial * cosine - south * sine]
        return torch.stack(out).unsqueeze(0)


def make_generator(spec: SurrogateSpec) -> PaperGenerator | Interpolator | Synthesis:
    """The module a spec names, its parameters not yet loaded."""
    arguments = spec.generator.arguments
    if isinstance(arguments, SpectralArguments):
        return Synthesis()
    if isinstance(arguments, PaperArguments):
        return PaperGenerator(len(spec.variables), arguments)
    return Interpolator()
