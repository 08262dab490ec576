"""Operations on coefficients `(degree, order, part, ...)` of spherical harmonics that need no field."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]


def degree_power(coefficients: Array, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """The integral over the sphere of the square of each degree `(degree,)`, summed over nodes with `weights`."""
    squares = (coefficients.astype(np.float64) ** 2).sum(axis=2) @ weights
    return np.asarray(2 * squares.sum(axis=1) - squares[:, 0])


def resized(coefficients: Array, degree: int) -> Array:
    """The same field with coefficients up to another degree. Additional degrees are zero; higher ones are dropped."""
    kept = min(degree, len(coefficients) - 1) + 1
    out = np.zeros((degree + 1, degree + 1, *coefficients.shape[2:]), coefficients.dtype)
    out[:kept, :kept] = coefficients[:kept, :kept]
    return out
