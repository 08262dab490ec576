"""The code of conditional inputs on a grid: whole numbers between the extremes of each variable."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import DTypeLike, NDArray

from earthgan.records import Affine

#: The stored type, unless a spec states another.
DTYPE = np.dtype(np.uint16)


def coding_of(inputs: Iterable[NDArray[np.floating]]) -> tuple[Affine, ...]:
    """The affine of each variable that converts codes to normalised numbers. It covers the values in the steps
    `(variable, shell, latitude, longitude)`.
    """
    extremes = [(each.min(axis=(1, 2, 3)), each.max(axis=(1, 2, 3))) for each in inputs]
    low = np.min([each for each, _ in extremes], axis=0).astype(np.float64)
    high = np.max([each for _, each in extremes], axis=0).astype(np.float64)
    scale = np.maximum(high - low, np.finfo(np.float32).eps) / np.iinfo(DTYPE).max
    return tuple(Affine(offset=float(a), scale=float(b)) for a, b in zip(low, scale, strict=True))


def codes_of(inputs: NDArray[np.floating], coding: Sequence[Affine]) -> NDArray[np.generic]:
    """The codes `(variable, shell, latitude, longitude)` of normalised numbers."""
    return np.stack([encoded(field, affine, DTYPE)[0] for field, affine in zip(inputs, coding, strict=True)])


def encoded(field: NDArray[np.floating], affine: Affine, dtype: DTypeLike) -> tuple[NDArray[np.generic], int]:
    """The codes of one variable's normalised numbers, and how many of these lay outside the range of the type."""
    numbers = (field - affine.offset) / affine.scale
    if not np.issubdtype(dtype, np.integer):
        return numbers.astype(dtype), 0
    rounded = np.round(numbers)
    limits = np.iinfo(np.dtype(dtype))
    held = rounded.clip(limits.min, limits.max)
    return held.astype(dtype), int((held != rounded).sum())
