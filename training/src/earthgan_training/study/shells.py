"""Pairs of fields on all rows and columns: the input of a study's own network, and the ground truth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from earthgan.sphere.grid import ShellGrid
from earthgan_training.evaluate.accuracy import lateral_std
from earthgan_training.study.training import Schedule
from earthgan_training.train import losses
from earthgan_training.train.losses import Terms
from earthgan_training.train.samples import SMALLEST_SPREAD

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Pair:
    """Standardised fields `(shell, latitude, longitude)`: the given field on its own cells, and the true field."""

    given: Array
    true: Array


@dataclass(frozen=True)
class Standard:
    """The mean and the spread `(shell, 1, 1)` of the ground truth, which standardise the fields of all shells."""

    mean: Array
    spread: Array

    @classmethod
    def of(cls, field: Array, grid: ShellGrid) -> Standard:
        """The standard of one field on a grid."""
        spread = lateral_std(field, grid)
        spread = np.maximum(spread, SMALLEST_SPREAD * spread.max())
        return cls(field.mean(axis=(1, 2), keepdims=True), spread[:, None, None].astype(np.float32))

    def apply(self, field: Array) -> Array:
        """Subtract the mean of each shell, and divide by its spread."""
        return np.asarray((field - self.mean) / self.spread, dtype=np.float32)

    def undo(self, field: Array) -> Array:
        """Convert a standardised field back to units."""
        return np.asarray(field * self.spread + self.mean, dtype=np.float32)


def fit(network: nn.Module, pairs: list[Pair], updates: int, rate: float, seed: int, shells: int, turn: int) -> None:
    """Train with the content loss on `shells` random shells of random pairs, two pairs at a time. Each pair is rotated
    by a random multiple of `turn` ground-truth columns and mirrored at random.
    """
    rng = np.random.default_rng(seed)
    schedule = Schedule(network, rate, 0.02, updates)

    def terms() -> Iterator[Terms]:
        given, true = map(torch.stack, zip(*(_drawn(rng, pairs, shells, turn) for _ in range(2)), strict=True))
        error = network(given) - true
        yield {"charbonnier": (1.0, losses.charbonnier(error)), "gradient": (0.1, losses.gradient(error))}

    for _ in range(updates):
        schedule.update(terms())


def predict(network: nn.Module, pair: Pair) -> Array:
    """The network's standardised field `(shell, latitude, longitude)`."""
    with torch.no_grad():
        field: Array = network(torch.from_numpy(pair.given)[None, None])[0, 0].numpy()
    return field


def _drawn(rng: np.random.Generator, pairs: list[Pair], shells: int, turn: int) -> tuple[Tensor, Tensor]:
    pair = pairs[int(rng.integers(len(pairs)))]
    first = int(rng.integers(len(pair.true) - shells + 1))
    columns = pair.true.shape[-1]
    turned = int(rng.integers(columns // turn)) * turn
    flips = tuple(axis for axis in (-2, -1) if rng.integers(2))
    out = []
    for field in (pair.given, pair.true):
        part = np.roll(field[first : first + shells], turned * field.shape[-1] // columns, axis=-1)
        out.append(torch.from_numpy(np.flip(part, flips).copy())[None])
    return out[0], out[1]
