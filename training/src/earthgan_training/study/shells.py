"""Pairs of fields on all rows and columns: what a study's own network is given, and the truth."""

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
    """Standardised fields `(shell, latitude, longitude)`: given (on its own cells) and true."""

    given: Array
    true: Array


@dataclass(frozen=True)
class Standard:
    """Mean and spread `(shell, 1, 1)` of the truth, by which fields of all shells are made alike."""

    mean: Array
    spread: Array

    @classmethod
    def of(cls, field: Array, grid: ShellGrid) -> Standard:
        """Of one field on a grid."""
        spread = lateral_std(field, grid)
        spread = np.maximum(spread, SMALLEST_SPREAD * spread.max())
        return cls(field.mean(axis=(1, 2), keepdims=True), spread[:, None, None].astype(np.float32))

    def apply(self, field: Array) -> Array:
        """Each shell less its mean, over its spread."""
        return np.asarray((field - self.mean) / self.spread, dtype=np.float32)

    def undo(self, field: Array) -> Array:
        """The field in units again."""
        return np.asarray(field * self.spread + self.mean, dtype=np.float32)


def fit(network: nn.Module, pairs: list[Pair], updates: int, rate: float, seed: int, shells: int, turn: int) -> None:
    """Train by the content loss on random `shells` of random pairs, two at a time, each turned by a multiple of `turn`
    columns of the truth, and mirrored, at random.
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
