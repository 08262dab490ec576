"""Trains the network of `earthgan.kinds.wavelet_refine` on shells of simulations.

    python -m earthgan_training.coding.wavelet_network raw-1 raw-2 --out wavelet_refine.safetensors

Shells are drawn from all steps and depths. Most are bent by an exponential of random strength, which makes sheets and
plumes rarer and sharper, as in a more vigorous flow. Each is coded by wavelets with a random quantisation step, and the
network learns the difference between the shell and its decode. It sees both in quantisation steps, so it does not
depend on a unit or a rate.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import save_file

from earthgan.kinds.wavelet_code import BoxCode, decode_box, encode_box
from earthgan.kinds.wavelet_refine import DILATIONS, WEIGHTS
from earthgan.kinds.wavelet_transform import Order, Plan, most_levels
from earthgan.variables import TEMPERATURE
from earthgan_training.coding.network import RefiningNetwork
from earthgan_training.simulations.labelled import Source

Array = NDArray[np.float32]

CHANNELS = 16
#: The strengths of the exponential by which shells are bent, and the quantisation steps, in standard deviations.
BENDS, FINEST, COARSEST = (0.0, 0.0, 0.5, 1.0, 1.5, 2.0, 2.5), 0.7, 20.0
#: The rows and columns of a patch, the number of patches in an update, and the highest learning rate.
PATCH, BATCH, RATE = 60, 4, 4e-3


@dataclass(frozen=True)
class Pair:
    """A decoded shell `(row, column)` and what it lacks, both in quantisation steps."""

    decoded: Array
    lost: Array

    @classmethod
    def of(cls, shell: Array, step: float) -> Pair:
        """Code a shell with a quantisation step."""
        rows, columns = shell.shape
        plan = Plan((1, rows, columns), (0, most_levels(rows), most_levels(columns)), Order.DYADIC, True)
        decoded = decode_box(encode_box(shell[None], BoxCode(plan, step)), plan.shape)[0]
        return cls((decoded - decoded.mean()) / np.float32(step), (shell - decoded) / np.float32(step))


class Network(RefiningNetwork):
    """The network of `earthgan.kinds.wavelet_refine`."""

    def __init__(self) -> None:
        super().__init__(1, CHANNELS, DILATIONS)


def bent(shell: NDArray[np.floating], strength: float) -> Array:
    """A shell with the mean 0 and the standard deviation 1. What is high, or with a negative strength what is low,
    becomes rarer and sharper.
    """
    out = (shell - shell.mean()) / shell.std()
    if strength:
        out = np.exp(np.clip(strength * out, -6, 6))
        out = (out - out.mean()) / out.std()
    return np.asarray(out, np.float32)


def pairs_of(shells: Sequence[NDArray[np.floating]], rng: np.random.Generator, count: int = 2) -> Iterator[Pair]:
    """Pairs from shells `(row, column)` that vary, `count` from each."""
    for shell in shells:
        strength = rng.choice(BENDS) * rng.choice([-1, 1])
        turned = bent(shell, strength)[:: rng.choice([-1, 1]), :: rng.choice([-1, 1])]
        for _ in range(count):
            yield Pair.of(np.ascontiguousarray(turned), float(np.exp(rng.uniform(np.log(FINEST), np.log(COARSEST)))))


def trained(pairs: Sequence[Pair], updates: int) -> Network:
    """Train the network. Errors count in proportion to those of the decode, so all rates count alike."""
    halo, rng = sum(DILATIONS), np.random.default_rng(0)
    seen = [np.pad(np.pad(p.decoded, ((halo, halo), (0, 0)), "reflect"), ((0, 0), (halo, halo)), "wrap") for p in pairs]
    weights = [1 / max(float(np.square(p.lost).mean()), 1e-9) for p in pairs]
    torch.manual_seed(0)
    network = Network()
    optimiser = torch.optim.Adam(network.parameters(), RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, updates)
    for _ in range(updates):
        given, due = [], []
        chosen = rng.choice(len(pairs), BATCH)
        for i in chosen:
            lost = pairs[i].lost
            row, column = (int(rng.integers(max(n - PATCH, 0) + 1)) for n in lost.shape)
            given.append(seen[i][None, row : row + PATCH + 2 * halo, column : column + PATCH + 2 * halo])
            due.append(lost[row : row + PATCH, column : column + PATCH])
        x, y = (torch.from_numpy(np.stack(each)) for each in (given, due))
        share = torch.tensor([weights[i] for i in chosen], dtype=torch.float32)
        loss = (torch.square(network(x) - y).mean((1, 2)) * share).mean()
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
    return network


def shells_of(source: Source, count: int, rng: np.random.Generator) -> Iterator[Array]:
    """Shells of temperature from random steps and depths that are not constant."""
    name = source.named(TEMPERATURE.name).variable.name
    while count:
        t, r = rng.choice([step.t for step in source.steps]), int(rng.integers(source.grid.shape[0]))
        shell = source.read(int(t), name, range(r, r + 1))[0]
        if shell.std() > 0:
            count -= 1
            yield shell


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, and write the weights."""
    from earthgan_training.simulations.opening import open_source

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("raw", nargs="+", type=Path, help="folders of simulated steps")
    parser.add_argument("--out", type=Path, default=Path(WEIGHTS))
    parser.add_argument("--shells", type=int, default=200, help="the shells of each folder")
    parser.add_argument("--updates", type=int, default=8000)
    given, rng = parser.parse_args(arguments), np.random.default_rng(1)
    shells = [shell for raw in given.raw for shell in shells_of(open_source(raw), given.shells, rng)]
    save_file(trained(list(pairs_of(shells, rng)), given.updates).arrays(), given.out)


if __name__ == "__main__":
    main()
