"""How a run begins: conduction, and something small that is not symmetric about every axis."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from earthgan.numerics.radial import RadialGrid
from earthgan_training.simulate.model import MEAN

Array = NDArray[np.float64]

#: The highest degree of a random start: any resolution holds it, so a seed means the same field at all of them.
RANDOM_DEGREE = 8
RANDOM_AMPLITUDE = 0.05


def conduction(grid: RadialGrid, degree: int) -> Array:
    """`(degree, order, part, node)`: T = 1 inside, 0 outside, no heating."""
    coefficients = np.zeros((degree + 1, degree + 1, 2, grid.count))
    coefficients[0, 0, 0] = MEAN * grid.inner * (grid.outer / grid.nodes - 1)
    return coefficients


def perturbed(grid: RadialGrid, degree: int, cosines: Mapping[tuple[int, int], float]) -> Array:
    """Conduction and, for each (degree, order), an amplitude times an orthonormal real harmonic, times
    `sin(pi (r - inner))`: Zhong et al. (2008), eq. 16."""
    coefficients = conduction(grid, degree)
    for (n, m), amplitude in cosines.items():
        coefficients[n, m, 0] += amplitude * _profile(grid) / (np.sqrt(2) if m else 1)
    return coefficients


def random(grid: RadialGrid, degree: int, seed: int) -> Array:
    """Conduction and a field of low degrees that the seed decides."""
    coefficients = conduction(grid, degree)
    kept = min(RANDOM_DEGREE, degree)
    amplitudes = np.random.default_rng(seed).standard_normal((RANDOM_DEGREE + 1, RANDOM_DEGREE + 1, 2))
    for n in range(1, kept + 1):
        for m in range(n + 1):
            coefficients[n, m, : 2 if m else 1] += (
                RANDOM_AMPLITUDE / n * amplitudes[n, m, : 2 if m else 1, None] * _profile(grid)
            )
    return coefficients


def _profile(grid: RadialGrid) -> Array:
    return np.sin(np.pi * (grid.nodes - grid.inner) / (grid.outer - grid.inner))
