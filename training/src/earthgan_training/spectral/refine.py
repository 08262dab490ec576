"""Trains the network of `earthgan.refine`: from decoded training steps to what their code has left out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from earthgan.coded import Code
from earthgan.refine import CHANNELS, SLOPE, Refinement
from earthgan.spec import RefinementArguments, SpectralArguments
from earthgan_training.spectral.modes import Shells

Array = NDArray[np.float32]
Field = NDArray[np.floating]

#: Rows and columns of a patch, patches of an update, and the learning rate that falls from there along a cosine.
PATCH, BATCH, RATE = 64, 4, 2e-3
#: One step in so many is not trained on.
HELD_OUT = 8


class Network(nn.Module):
    """What `earthgan.refine.Refinement` computes, of patches `(batch, channel, row, column)`; first of all, nothing."""

    def __init__(self, arguments: RefinementArguments) -> None:
        super().__init__()
        widths = [CHANNELS, *[arguments.channels] * (arguments.layers - 1), 1]
        self.layers = nn.ModuleList(nn.Conv2d(before, after, 3) for before, after in pairwise(widths))
        for parameter in self.layers[-1].parameters():
            nn.init.zeros_(parameter)

    def forward(self, x: Tensor) -> Tensor:
        """`(batch, row, column)`, `layers` rows and columns fewer on each side."""
        x = F.leaky_relu(self.layers[0](x), SLOPE)
        for layer in list(self.layers)[1:-1]:
            x = x[..., 1:-1, 1:-1] + F.leaky_relu(layer(x), SLOPE)
        found: Tensor = self.layers[-1](x)
        return found[:, 0]

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The weights in 8 bits, as `Refinement.load` reads them."""
        out: dict[str, NDArray[Any]] = {}
        for i, layer in enumerate(self.layers):
            weight, bias = (parameter.detach().numpy() for parameter in layer.parameters())
            scale = np.maximum(np.abs(weight).max(axis=(1, 2, 3)), 1e-12) / 127
            out[f"refinement.{i}.weight"] = np.round(weight / scale[:, None, None, None]).astype(np.int8)
            out[f"refinement.{i}.scale"] = scale.astype(np.float32)
            out[f"refinement.{i}.bias"] = bias.astype(np.float32)
        return out


def fit_refinement(
    arguments: SpectralArguments,
    code: Code,
    steps: Sequence[tuple[Field, bytes]],
    shells: Shells,
    updates: int,
    report: Callable[[str, int, int], None],
) -> tuple[RefinementArguments, dict[str, NDArray[Any]]] | None:
    """The network that gives the mean square error of temperature least, after so many updates, and its weights. None
    where it does not lower that of one step in `HELD_OUT`, which it is not trained on.

    `steps` are temperature's coefficients `(degree, order, part, shell)` on `shells`, each with its code. The same
    steps give the same network.
    """
    if len(steps) < 2:
        return None
    draft = RefinementArguments(field_rms=1, error_rms=1)
    refinement = Refinement(
        arguments.model_copy(update={"refinement": draft}), code.components["temperature"].basis, ()
    )
    given, due = zip(*(_pair(refinement, code, *step, shells) for step in steps), strict=True)
    scales = {"field_rms": _rms([x[..., 1] for x in given]), "error_rms": _rms(due)}
    for x, y in zip(given, due, strict=True):
        x[..., :3] /= scales["field_rms"]
        y /= scales["error_rms"]
    thickness = refinement.shells.integral / refinement.shells.integral.sum()
    trained = [index for index in range(len(steps)) if index % HELD_OUT]
    rng = np.random.default_rng(0)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = Network(draft)
    optimiser = torch.optim.Adam(network.parameters(), RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, updates)
    for update in range(updates):
        report("refining", update, updates)
        patches = []
        for _ in range(BATCH):
            step, shell = rng.choice(trained), rng.choice(len(thickness), p=thickness)
            patches.append(_patch(given[step][shell], due[step][shell], draft.layers, rng))
        x, y = (torch.from_numpy(np.stack(each)) for each in zip(*patches, strict=True))
        optimiser.zero_grad()
        F.mse_loss(network(x.permute(0, 3, 1, 2)), y).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
    report("refining", updates, updates)
    left = [
        (_errors(network, given[index], due[index]) - np.square(due[index]).mean(axis=(1, 2))) @ thickness
        for index in range(0, len(steps), HELD_OUT)
    ]
    if np.mean(left) >= 0:
        return None
    return draft.model_copy(update=scales), network.arrays()


def _pair(refinement: Refinement, code: Code, truth: Field, data: bytes, shells: Shells) -> tuple[Array, Array]:
    """What the network is given of a step, `(shell, row, column, channel)` with its halo, and what is due."""
    basis = code.components["temperature"].basis
    decoded = code.coefficients(code.values(code.decode(data)))[..., : basis.shape[1]]
    on_shells = refinement.nodes.interpolation(refinement.shells.nodes)
    error = truth @ (on_shells @ shells.to_nodes).T
    error -= np.einsum("lmpk,lkn,sn->lmps", decoded, basis, on_shells, optimize=True)
    return refinement.seen(decoded), refinement.grid.field(error.astype(np.float32))


def _patch(given: Array, due: Array, halo: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """A patch of a shell, as it is or mirrored: what is given `(row, column, channel)`, and due `(row, column)`."""
    size = [min(PATCH, n) for n in due.shape]
    row, column = (int(rng.integers(n - s + 1)) for n, s in zip(due.shape, size, strict=True))
    x = given[row : row + size[0] + 2 * halo, column : column + size[1] + 2 * halo]
    y = due[row : row + size[0], column : column + size[1]]
    south, west = (1 - 2 * int(each) for each in rng.integers(2, size=2))
    return x[::south, ::west], y[::south, ::west]


def _errors(network: Network, given: Array, due: Array) -> NDArray[np.floating]:
    """The mean square `(shell,)` of what the network leaves of a step's error."""
    with torch.no_grad():
        found = [network(torch.from_numpy(x[None]).permute(0, 3, 1, 2)).numpy()[0] for x in given]
    return np.asarray(np.square(due - np.stack(found)).mean(axis=(1, 2)))


def _rms(fields: Sequence[Array]) -> float:
    return float(np.sqrt(np.mean([np.square(field).mean() for field in fields])))
