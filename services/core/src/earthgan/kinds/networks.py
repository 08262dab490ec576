"""The generators of the built-in kinds of surrogate as torch modules. Needs the `torch` extra.

`PaperGenerator` is the network of von Hahn & Mechefske (2021), https://arxiv.org/abs/2110.13315: StyleGAN2-like "H"
blocks (Karras et al., 2020, Fig. 7b) with 3-D unpadded convolutions, linear upsampling and injected noise. Its
parameters have the names of the published state dict, so published weights can be loaded unchanged.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from earthgan.kinds.paper import PaperArguments
from earthgan.kinds.residual import PLACES, RATIO, CellsArguments, ResidualArguments
from earthgan.kinds.upsampling import UpsamplingArguments

FIRST_NOISE = 0.1  # the first strength of noise beside features of the order of one
SLOPE = 0.2  # the slope of every leaky ReLU for negative values


def upsample(x: Tensor, start: tuple[int, int, int], size: tuple[int, ...]) -> Tensor:
    """Double the resolution of `(batch, channel, shell, row, column)` linearly, with half-pixel cell centres, and cut a
    box of `size` out of it at `start`.
    """
    x = F.interpolate(x, scale_factor=2, mode="trilinear", align_corners=False)
    for dim, (first, length) in enumerate(zip(start, size, strict=True), start=2):
        x = x.narrow(dim, first, length)
    return x


class Noise(nn.Module):
    """Injects one noise channel. It is concatenated, or added with a learned strength for each channel."""

    def __init__(self, kind: str, channels: int, strength: float = 0.0) -> None:
        super().__init__()
        if kind == "add":
            self.std = nn.Parameter(torch.full((channels,), strength))
        self.kind = kind

    def forward(self, x: Tensor, noise: Tensor) -> Tensor:
        if self.kind == "concat":
            return torch.cat([x, noise], dim=1)
        return x + self.std.to(x.dtype).view(-1, *(1 for _ in x.shape[2:])) * noise


class HBlock(nn.Module):
    """A block that doubles the resolution. Two convolutions compute features, and their projection is added to the
    running output.

    The indices in `conv` and `proj` are those of the published state dict. Some indices are missing, because upsampling
    and activations have no parameters.
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
        """Take features `x` and the running output `y` on the same cells, and return both at twice the resolution.

        The second noise has the size of the first convolution's output. This size determines the size of the window.
        """
        middle = noise[1].shape[2:]
        x = self.conv["0"](x, noise[0])
        x = upsample(x, (1 + parity[0], 1 + parity[1], 1 + parity[2]), tuple(n + 2 for n in middle))
        x = F.leaky_relu(self.conv["2"](x), SLOPE)
        x = F.leaky_relu(self.conv["5"](self.conv["4"](x, noise[1])), SLOPE)
        y = upsample(y, (3 + parity[0], 3 + parity[1], 3 + parity[2]), tuple(n - 2 for n in middle))
        # The running output stays in float32. Its values are near 0.5, where half precision would cost 5 % of an
        # anomaly.
        return x, y + F.leaky_relu(self.proj["0"](x), SLOPE).to(y.dtype)


class PaperGenerator(nn.Module):
    """The paper's generator. With 3 blocks, it returns a conditional input at eight times its resolution.

    The convolutions are not padded, so an axis of `n` cells has `8 * n - 42` outputs.
    """

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
        """Compute the normalised field `(batch, variable, shell, row, column)` of conditional input `x`.

        `noise` holds two fields `(batch, 1, ...)` for each block, in order. If it is None, as in training, noise is
        drawn here. `parity` says for each block where an exact window starts (`earthgan.kinds.paper`). Without it, the
        whole pass is computed.
        """
        y = x.float()
        x = F.leaky_relu(self.block0[0](x.to(next(self.parameters()).dtype)), SLOPE)
        for index, block in enumerate(self.blocks):
            fields = noise[2 * index : 2 * index + 2] if noise else _drawn_noise(x)
            before, middle = (field.to(x.dtype) for field in fields)
            x, y = block(x, y, (before, middle), parity[index] if parity else (0, 0, 0))
        return y

    def run(self, feeds: Mapping[str, Tensor]) -> Tensor:
        """Compute the window that the planner's feeds describe."""
        blocks = range(len(self.blocks))
        noise = [feeds[f"noise_{layer}"] for layer in range(2 * len(blocks))]
        parity = [tuple(feeds[f"parity_{block}"].tolist()) for block in blocks]
        return self.forward(feeds["x"], noise, parity)


def _drawn_noise(x: Tensor) -> list[Tensor]:
    """Draw both noise fields of a block whose input is the features `x` of a whole pass."""
    sizes = list(x.shape[2:]), [2 * n - 4 for n in x.shape[2:]]
    return [torch.randn(len(x), 1, *size, device=x.device) for size in sizes]


class Interpolator(nn.Module):
    """The generator of the `interpolate` kind. Its feeds hold one matrix for each axis. It has no parameters."""

    def run(self, feeds: Mapping[str, Tensor]) -> Tensor:
        field = torch.einsum("bvdhw,sd->bvshw", feeds["x"], feeds["radial"])
        field = torch.einsum("bvshw,rh->bvsrw", field, feeds["meridional"])
        return torch.einsum("bvsrw,cw->bvsrc", field, feeds["zonal"])


class ResidualBlock(nn.Module):
    """A block of an unpadded convolution and a mixing of channels. The result is added to the same cells' features.

    With `apart`, the convolution stays within a layer, and the mixing of channels also mixes neighbouring layers.
    """

    def __init__(self, channels: int, apart: bool = False) -> None:
        super().__init__()
        self.conv = nn.Conv3d(channels, channels, (1, 3, 3) if apart else 3)
        self.mix = nn.Conv3d(channels, channels, (3, 1, 1) if apart else 1)

    def forward(self, x: Tensor) -> Tensor:
        added: Tensor = self.mix(F.leaky_relu(self.conv(x), SLOPE))
        return x[..., 1:-1, 1:-1, 1:-1] + added


class CellsNetwork(nn.Module):
    """The part of a generator that computes on the cells of the conditional input. `earthgan.kinds.residual` describes
    its feeds.
    """

    def __init__(self, variables: int, arguments: CellsArguments, apart: bool) -> None:
        super().__init__()
        channels = arguments.channels
        self.vector = arguments.vector
        self.first = nn.Conv3d(variables + PLACES, channels, 1)
        self.blocks = nn.ModuleList(ResidualBlock(channels, apart) for _ in range(arguments.blocks))
        self.between = nn.Conv3d(channels + 1, channels, 1)

    def features(self, feeds: Mapping[str, Tensor]) -> Tensor:
        """The features `(batch, channel, shell, row, column)` of the window's shells, on the cells."""
        x = torch.einsum("bkd,bvdhw->bvkhw", feeds["layers"], self.turned(feeds["x"], feeds.get("inwards")))
        x = torch.cat([x, feeds["place"]], dim=1).to(self.first.weight.dtype)
        x = F.leaky_relu(self.first(x), SLOPE)
        for block in self.blocks:
            x = block(x)
        x = torch.einsum("bsk,bckhw->bcshw", feeds["shells"].to(x.dtype), x)
        between = feeds["between"].to(x.dtype).expand(-1, -1, -1, *x.shape[3:])
        return F.leaky_relu(self.between(torch.cat([x, between], dim=1)), SLOPE)

    def turned(self, field: Tensor, axes: Tensor | None) -> Tensor:
        """A field whose velocity is converted to other axes."""
        if axes is None or self.vector is None:
            return field
        turned = torch.einsum("bijhw,bjdhw->bidhw", axes, field[:, list(self.vector)].float())
        parts = list(field.unbind(1))
        for index, part in zip(self.vector, turned.unbind(1), strict=True):
            parts[index] = part
        return torch.stack(parts, dim=1)


class ResidualGenerator(CellsNetwork):
    """The generator of the `residual` kind. Before training, it computes plain interpolation."""

    def __init__(self, variables: int, arguments: ResidualArguments) -> None:
        super().__init__(variables, arguments, apart=False)
        self.head = nn.Conv3d(arguments.channels, variables * RATIO**2, 1)
        _begin_at_zero(self.head)

    def run(self, feeds: Mapping[str, Tensor]) -> Tensor:
        """Compute the window that the planner's feeds describe, for each sample of a batch."""
        base = interpolated(feeds)
        x = self.head(self.features(feeds)).float().unflatten(1, (-1, RATIO, RATIO))
        x = x.permute(0, 1, 4, 5, 2, 6, 3).flatten(5, 6).flatten(3, 4)
        (row, column), (rows, columns) = feeds["parity"].tolist(), base.shape[3:]
        return base + self.turned(x[..., row : row + rows, column : column + columns], feeds.get("outwards"))


#: The weights `(phase, tap, cell)` of three neighbouring cells in three taps of a kernel on the doubled grid. The
#: middle tap lies in the first (phase 0) or the second half of the middle cell.
_TAPS = (
    ((0.75, 0.25, 0.0), (0.25, 0.75, 0.0), (0.0, 0.75, 0.25)),
    ((0.25, 0.75, 0.0), (0.0, 0.75, 0.25), (0.0, 0.25, 0.75)),
)


class DoublingConv(nn.Conv2d):
    """Doubles the resolution of `(batch, channel, row, column)` linearly and convolves the result with a kernel of
    3 x 3. The outputs begin in the second row and column of cells.

    Both steps are linear, so one kernel for each phase does both on the cells. The doubled features, which take more
    time to move than the convolution takes to compute, are never made.
    """

    def __init__(self, before: int, after: int) -> None:
        super().__init__(before, after, 3)

    def forward(self, x: Tensor) -> Tensor:
        assert self.bias is not None
        with _exactly(x.device):
            taps = torch.tensor(_TAPS, dtype=self.weight.dtype, device=x.device)
            kernels = torch.einsum("oiab,pac,qbd->opqicd", self.weight, taps, taps).flatten(0, 2)
            bias = self.bias.repeat_interleave(4)
        return F.pixel_shuffle(F.conv2d(x, kernels.contiguous(memory_format=torch.channels_last), bias), 2)


class LateralBlock(nn.Module):
    """An H block within shells: it doubles the resolution of `(shell, channel, row, column)`. Its noise is added with a
    learned strength for each channel. The strength does not begin at zero, so that the block can learn what noise is
    for.
    """

    def __init__(self, before: int, after: int, variables: int) -> None:
        super().__init__()
        self.noise = nn.ModuleList([Noise("add", before, FIRST_NOISE), Noise("add", after, FIRST_NOISE)])
        self.conv = nn.ModuleList([DoublingConv(before, after), nn.Conv2d(after, after, 3)])
        self.proj = nn.Conv2d(after, variables, 1)
        _begin_at_zero(self.proj)

    def forward(
        self, x: Tensor, y: Tensor | None, noise: tuple[Tensor, Tensor], parity: tuple[int, int]
    ) -> tuple[Tensor, Tensor]:
        """Take features `x` and the running output `y` on the same cells, and return both at twice the resolution."""
        row, column = parity
        rows, columns = noise[1].shape[2:]
        x = self.conv[0](self.noise[0](x, noise[0]))
        x = F.leaky_relu(x[..., row : row + rows, column : column + columns], SLOPE)
        x = F.leaky_relu(self.conv[1](self.noise[1](x, noise[1])), SLOPE)
        added: Tensor = self.proj(x).float()
        if y is not None:
            added = added + _doubled(y)[..., 3 + row : 1 + row + rows, 3 + column : 1 + column + columns]
        return x, added


def _doubled(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


def _begin_at_zero(layer: nn.Module) -> None:
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)


class UpsamplingGenerator(CellsNetwork):
    """The generator of the `upsampling` kind. `earthgan.kinds.upsampling` describes its feeds. Before training, it
    computes plain interpolation.
    """

    mean: Tensor
    spread: Tensor

    def __init__(self, variables: int, arguments: UpsamplingArguments) -> None:
        super().__init__(variables, arguments, apart=True)
        widths = (arguments.channels, *arguments.doubled)
        self.doublings = nn.ModuleList(LateralBlock(*pair, variables) for pair in pairwise(widths))
        self.register_buffer("mean", torch.zeros(variables, arguments.layers))
        self.register_buffer("spread", torch.ones(variables, arguments.layers))
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Conv3d) and module.weight.any():
                _begin_at_zero(module)
                nn.init.kaiming_normal_(module.weight, a=SLOPE)

    def standardise(self, mean: Tensor, spread: Tensor) -> None:
        """Let the network see each layer minus its mean and divided by its spread `(variable, layer)`, and multiply its
        correction by the spread. The components of a velocity keep their directions: they share one spread, and their
        mean is zero.
        """
        mean, spread = mean.clone(), spread.clone()
        if self.vector is not None:
            parts = list(self.vector)
            mean[parts] = 0
            spread[parts] = spread[parts].square().mean(dim=0).sqrt()
        self.mean.copy_(mean)
        self.spread.copy_(spread)

    def run(self, feeds: Mapping[str, Tensor]) -> Tensor:
        """Compute the window that the planner's feeds describe, for each sample of a batch."""
        base = interpolated(feeds)
        layered = {"x": (feeds["x"].float() - self.mean[..., None, None]) / self.spread.float()[..., None, None]}
        x = self.features({**feeds, **layered}).transpose(1, 2)
        batch, shells = x.shape[:2]
        x, y = x.flatten(0, 1), None
        # The noise of the layers is interpolated to the shells, and its variance stays one.
        weights = F.normalize(feeds["shells"], dim=-1)
        for index, block in enumerate(self.doublings):
            fields = (feeds[f"noise_{layer}"] for layer in (2 * index, 2 * index + 1))
            first, second = (torch.einsum("bsk,bckhw->bschw", weights, n).flatten(0, 1).to(x.dtype) for n in fields)
            x, y = block(x, y, (first, second), tuple(feeds[f"parity_{index}"].tolist()))
        assert y is not None
        halo = len(self.blocks)
        spread = torch.einsum("bsk,bkd,vd->bvs", feeds["shells"], feeds["layers"][:, halo:-halo], self.spread.float())
        y = y.unflatten(0, (batch, shells)).transpose(1, 2) * spread[..., None, None]
        return base + self.turned(y, feeds.get("outwards"))


def interpolated(feeds: Mapping[str, Tensor]) -> Tensor:
    """Interpolate a batch. Each sample has its own matrices. The computation is always in float32."""
    x = feeds["x"].float()
    with _exactly(x.device):
        field = torch.einsum("bvdhw,bsd->bvshw", x, feeds["radial"])
        field = torch.einsum("bvshw,brh->bvsrw", field, feeds["meridional"])
        return torch.einsum("bvsrw,bcw->bvsrc", field, feeds["zonal"])


def _exactly(device: torch.device) -> AbstractContextManager[object]:
    """Without mixed precision, where a device has it."""
    if torch.amp.autocast_mode.is_autocast_available(device.type):
        return torch.autocast(device.type, enabled=False)
    return nullcontext()


class Synthesis(nn.Module):
    """The generator of the `spectral` kind. Matrix products compute the result of `SpectralPlanner.evaluate`. It has no
    parameters.

    It always computes in float32, because the errors of half precision would exceed those of the code.
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


class ScalarSynthesis(nn.Module):
    """The generator of the `harmonics` kind. Matrix products compute the result of `ScalarPlanner.evaluate`. It has no
    parameters, and always computes in float32.
    """

    def run(self, feeds: Mapping[str, Tensor]) -> Tensor:
        f = {name: tensor.float() for name, tensor in feeds.items()}
        modes = torch.einsum("lmpk,flsk->fmlps", f["x"][0], f["kernels"])
        on_rows = torch.einsum("mrl,fmlps->fmprs", f["harmonics"], modes)
        return torch.einsum("fmprs,mpc->fsrc", on_rows, f["azimuth"]).unsqueeze(0)


class Unchanged(nn.Module):
    """The generator of the `wavelet` kind. The conditional input of a window is the field already."""

    def run(self, feeds: Mapping[str, Tensor]) -> Tensor:
        return feeds["x"]
