"""Compares several draws of a stochastic surrogate with the ground truth: spread, mean and CRPS."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from earthgan.sphere.grid import ShellGrid, cell_weights
from earthgan_training.evaluate.accuracy import mean_square

Array = NDArray[np.float32]


def crps(members: Sequence[Array], truth: Array, grid: ShellGrid) -> float:
    """The continuous ranked probability score, weighted by area, in the field's unit; 0 is perfect.

    This is the fair estimator of Ferro (2014), Q. J. R. Meteorol. Soc. 140, eq. 2, which does not reward small
    ensembles: the mean distance to the ground truth minus half the mean distance between different members. For one
    member, it is the mean error.
    """
    count, weights = len(members), cell_weights(grid)

    def distance(a: Array, b: Array) -> float:
        return float(np.einsum("kij,ij->k", np.abs(a - b), weights).mean())

    error = sum(distance(each, truth) for each in members) / count
    pairs = sum(distance(a, b) for i, a in enumerate(members) for b in members[:i])
    return error - pairs / (count * (count - 1)) if count > 1 else error


def spread(members: Sequence[Array], grid: ShellGrid) -> float:
    """The rms standard deviation of two or more members from their mean, weighted by area, in the field's unit."""
    mean = ensemble_mean(members)
    squares = sum(mean_square(each - mean, cell_weights(grid)).mean() for each in members)
    return float(np.sqrt(squares / (len(members) - 1)))


def ensemble_mean(members: Sequence[Array]) -> Array:
    """The mean of all members."""
    total = np.zeros(members[0].shape, np.float64)
    for each in members:
        total += each
    return (total / len(members)).astype(np.float32)
