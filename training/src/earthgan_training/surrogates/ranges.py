"""The range of a variable for drawing, and the constants of its normalisation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from earthgan.records import Affine
from earthgan.variables import Variable


def extent(field: NDArray[np.float32], variable: Variable) -> tuple[float, float]:
    """The range that a colour scale should span: all values, or for a symmetric variable all except the fastest
    thousandth.
    """
    if variable.symmetric:
        fast = float(np.quantile(np.abs(field), 0.999))
        return -fast, fast
    return float(field.min()), float(field.max())


def colour_range(extents: NDArray[np.float64], variable: Variable) -> tuple[float, float]:
    """The extent over all time steps, rounded to figures that a legend can print."""
    low, high = float(extents[:, 0].min()), float(extents[:, 1].max())
    if variable.symmetric:
        digit = 10.0 ** (np.floor(np.log10(high)) - 1)
        high = float(f"{np.ceil(high / digit) * digit:.1e}")
        return -high, high
    return float(np.floor(low / 10) * 10), float(np.ceil(high / 10) * 10)


def normalisation(span: tuple[float, float], variable: Variable) -> Affine:
    """The affine that maps 0 to 1 to the range, or -1 to 1 for a symmetric variable."""
    low, high = span
    return Affine(offset=0.0, scale=high) if variable.symmetric else Affine(offset=low, scale=high - low)
