"""The range that a variable is drawn over, and the numbers it is normalised by."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from earthgan.records import Affine
from earthgan.variables import Variable


def extent(field: NDArray[np.float32], variable: Variable) -> tuple[float, float]:
    """What a colour scale should span: everything, or for a symmetric variable all but the fastest thousandth."""
    if variable.symmetric:
        fast = float(np.quantile(np.abs(field), 0.999))
        return -fast, fast
    return float(field.min()), float(field.max())


def colour_range(extents: NDArray[np.float64], variable: Variable) -> tuple[float, float]:
    """The extent over all steps, rounded to figures that a legend can print."""
    low, high = float(extents[:, 0].min()), float(extents[:, 1].max())
    if variable.symmetric:
        digit = 10.0 ** (np.floor(np.log10(high)) - 1)
        high = float(f"{np.ceil(high / digit) * digit:.1e}")
        return -high, high
    return float(np.floor(low / 10) * 10), float(np.ceil(high / 10) * 10)


def normalisation(span: tuple[float, float], variable: Variable) -> Affine:
    """0 to 1 over the range; -1 to 1 for a symmetric variable."""
    low, high = span
    return Affine(offset=0.0, scale=high) if variable.symmetric else Affine(offset=low, scale=high - low)
