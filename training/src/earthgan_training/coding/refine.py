"""Trains the network of `earthgan.kinds.refine`. From decoded training steps, it predicts what their code has lost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from earthgan.kinds.coded import Code, Component
from earthgan.kinds.refine import CHANNELS, Refinement
from earthgan.kinds.spectral_arguments import RefinementArguments, SpectralArguments
from earthgan_training.coding.modes import Shells
from earthgan_training.coding.network import RefiningNetwork

Array = NDArray[np.float32]
Field = NDArray[np.floating]

#: The rows and columns of a patch, the number of patches in an update, and the initial learning rate, which falls along
#: a cosine.
PATCH, BATCH, RATE = 64, 4, 2e-3
#: One time step in this many is not trained on.
HELD_OUT = 8
#: A network is kept if it lowers the mean square error by this share. Its bytes would achieve as much if they were
#: spent on the code.
WORTH = 0.01


class Network(RefiningNetwork):
    """The network of `earthgan.kinds.refine.Refinement`."""

    prefix = "refinement."

    def __init__(self, arguments: RefinementArguments) -> None:
        super().__init__(CHANNELS, arguments.channels, [1] * arguments.layers)


def fit_refinement(
    arguments: SpectralArguments,
    code: Code[Component],
    steps: Sequence[tuple[Field, bytes]],
    shells: Shells,
    updates: int,
    report: Callable[[str, int, int], None],
) -> tuple[RefinementArguments, dict[str, NDArray[Any]]] | None:
    """Train the network that minimises the mean square error of temperature, with `updates` updates. Returns its
    arguments and weights. One time step in `HELD_OUT` is not trained on; these steps determine how much of the
    network's result is used in each degree. Returns None if the network is not worth its bytes on them.

    `steps` are temperature's coefficients `(degree, order, part, shell)` on `shells`, each with its code. The same
    steps give the same network.
    """
    if len(steps) < 2:
        return None
    draft = RefinementArguments(field_rms=1, error_rms=1)
    drafted = arguments.model_copy(update={"refinement": draft})
    refinement = Refinement(drafted, code.components["temperature"], (), np.ones(arguments.degree + 1, np.float32))
    given, due = zip(*(_pair(refinement, code, *step, shells) for step in steps), strict=True)
    scales = {"field_rms": _rms([x[:, 1] for x in given]), "error_rms": _rms(due)}
    for x, y in zip(given, due, strict=True):
        x[:, :3] /= scales["field_rms"]
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
        F.mse_loss(network(x), y).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
    report("refining", updates, updates)
    held_out = [(_found(network, given[i]), due[i]) for i in range(0, len(steps), HELD_OUT)]
    gains, lowered = _gains(refinement, held_out)
    if lowered < WORTH:
        return None
    return draft.model_copy(update=scales), {**network.arrays(), "refinement.gains": gains}


def _pair(
    refinement: Refinement, code: Code[Component], truth: Field, data: bytes, shells: Shells
) -> tuple[Array, Array]:
    """The network's input for a time step, `(shell, channel, row, column)` with its halo, and the error that it should
    predict.
    """
    basis = code.components["temperature"].basis
    decoded = code.coefficients(code.decode(data))[..., : basis.shape[1]]
    on_shells = refinement.nodes.interpolation(refinement.shells.nodes)
    error = truth @ (on_shells @ shells.to_nodes).T
    error -= np.einsum("lmpk,lkn,sn->lmps", decoded, basis, on_shells, optimize=True)
    error[0] = 0  # the network's input does not contain the lateral mean
    return refinement.seen(decoded), refinement.grid.values(error.astype(np.float32))


def _patch(given: Array, due: Array, halo: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """A patch of a shell, mirrored at random: the input `(channel, row, column)` and the wanted error
    `(row, column)`.
    """
    size = [min(PATCH, n) for n in due.shape]
    row, column = (int(rng.integers(n - s + 1)) for n, s in zip(due.shape, size, strict=True))
    x = given[:, row : row + size[0] + 2 * halo, column : column + size[1] + 2 * halo]
    y = due[row : row + size[0], column : column + size[1]]
    south, west = (1 - 2 * int(each) for each in rng.integers(2, size=2))
    return x[:, ::south, ::west], y[::south, ::west]


def _found(network: Network, given: Array) -> Array:
    """The network's result for a time step: `(shell, row, column)`."""
    with torch.no_grad():
        return np.stack([network(torch.from_numpy(x[None])).numpy()[0] for x in given])


def _gains(refinement: Refinement, pairs: Sequence[tuple[Array, Array]]) -> tuple[Array, float]:
    """The factor `(degree,)` for each degree of the network's result that brings it nearest to the wanted error. It
    goes from 0, where the two have nothing in common, to 1. Also returns the share by which this lowers the mean square
    error.
    """
    degrees = refinement.grid.rows.degree + 1
    thickness, weights = refinement.shells.integral, np.where(np.arange(degrees) == 0, 1, 2)
    products = np.zeros((3, degrees))
    for found, due in pairs:
        f, d = (refinement.grid.coefficients(field).astype(np.float64) for field in (found, due))
        of_both = [
            np.einsum("lmps,lmps,m,s->l", a, b, weights, thickness, optimize=True) for a, b in ((d, f), (f, f), (d, d))
        ]
        products += of_both
    common, of_found, of_due = products
    gains = np.clip(common / np.maximum(of_found, 1e-30), 0, 1)
    lowered = np.sum(gains * (2 * common - gains * of_found)) / np.sum(of_due)
    return gains.astype(np.float32), float(lowered)


def _rms(fields: Sequence[Array]) -> float:
    return float(np.sqrt(np.mean([np.square(field).mean() for field in fields])))
