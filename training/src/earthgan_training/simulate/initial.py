"""The start of a run: conduction, and a small perturbation that is not symmetric about every axis."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from earthgan.numerics.radial import RadialGrid
from earthgan_training.simulate.model import MEAN

Array = NDArray[np.float64]

#: The highest degree of a random start. Every resolution holds it, so a seed gives the same field at all resolutions.
RANDOM_DEGREE = 8
RANDOM_AMPLITUDE = 0.05


def conduction(grid: RadialGrid, degree: int) -> Array:
    """The conduction profile as `(degree, order, part, node)`: T is 1 at the inner boundary and 0 at the outer one, and
    there is no heating.
    """
    coefficients = np.zeros((degree + 1, degree + 1, 2, grid.count))
    coefficients[0, 0, 0] = MEAN * grid.inner * (grid.outer / grid.nodes - 1)
    return coefficients


def perturbed(grid: RadialGrid, degree: int, cosines: Mapping[tuple[int, int], float]) -> Array:
    """Conduction and a perturbation. For each (degree, order), the perturbation is an amplitude times an orthonormal
    real harmonic times `sin(pi (r - inner))` (Zhong et al., 2008, eq. 16).
    """
    coefficients = conduction(grid, degree)
    for (n, m), amplitude in cosines.items():
        coefficients[n, m, 0] += amplitude * _profile(grid) / (np.sqrt(2) if m else 1)
    return coefficients


def random(grid: RadialGrid, degree: int, seed: int) -> Array:
    """Conduction and a random field of low degrees. The seed determines the field."""
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
