"""Distributions of rounded coefficients, which are computed from formulas and so take no bytes.

A coefficient of *usual size* s, in rounding steps, follows a mixture of a Laplace and a normal distribution with root
mean square s. `SHAPES` lists the shares of the Laplace distribution. Coefficients that are known to have one size are
nearly normal; where sizes differ, their distribution has a longer tail. The table number i, counted from 0, belongs to
the size `2 ** (LOWEST + i / PER_OCTAVE)`.

The encoder and the decoder must have the same whole numbers as frequencies. `tests` check that no number is so near to
a rounding limit that another machine's exponential function could change it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from earthgan.kinds.entropy import REACH, SYMBOLS, TOTAL, Tables

Array = NDArray[np.float64]

LOWEST, PER_OCTAVE, COUNT = -4.5, 2, 42
SHAPES = (0.0, 0.25, 0.5, 0.75, 1.0)
#: A magnitude is rounded up only in this last part of a step.
DEADZONE = 0.37
#: Points by which the mean of an interval's numbers is integrated.
_POINTS = 64


@dataclass(frozen=True)
class Distributions:
    """The tables, and how much nearer to zero than the rounded numbers the true ones are expected, `(table, 2)`: for
    magnitudes of one step, and of more.
    """

    tables: Tables
    inward: NDArray[np.float32]


def sizes() -> Array:
    """`(table,)`: the usual sizes in rounding steps."""
    return np.asarray(2.0 ** (LOWEST + np.arange(COUNT) / PER_OCTAVE))


def low_bits() -> NDArray[np.uint8]:
    """`(table,)`: the number of low bits that are stored as they are. The rest reaches three times the usual size."""
    return np.maximum(0, np.ceil(np.log2(3 * sizes() / REACH))).astype(np.uint8)


@lru_cache(maxsize=len(SHAPES))
def distributions(shape: int) -> Distributions:
    """The distributions of the shape with this index."""
    laplace, shifts = SHAPES[shape], low_bits()
    frequencies = np.empty((COUNT, SYMBOLS), np.uint16)
    inward = np.zeros((COUNT, 2), np.float32)
    for i, (size, shift) in enumerate(zip(sizes(), shifts, strict=True)):
        frequencies[i] = _rounded(shares(size, int(shift), laplace))
        inward[i] = _inward(size, laplace)
    return Distributions(Tables(frequencies, shifts), inward)


def shares(size: float, shift: int, laplace: float) -> Array:
    """`(symbol,)`: the probability of each symbol, times the number of states that are free to be given.

    A symbol h stands for the numbers from `h << shift` to `((h + 1) << shift) - 1`.
    """
    first = np.arange(-REACH, REACH + 2) * 2.0**shift
    edges = np.where(first > 0, first - DEADZONE, first - 1 + DEADZONE) / size
    beyond = _beyond(np.abs(edges), laplace) / 2
    below = np.where(edges < 0, beyond, 1 - beyond)
    # Differences of small numbers are exact, so the right half is computed from what lies beyond it.
    inside = np.where(edges[:-1] >= 0, beyond[:-1] - beyond[1:], below[1:] - below[:-1])
    return np.asarray(np.maximum(np.append(inside, below[0] + beyond[-1]), 0) * (TOTAL - SYMBOLS))


def _rounded(free: Array) -> NDArray[np.uint16]:
    """Every symbol has one state. The free states are given in proportion, and the rest goes to the usual symbol."""
    out = 1 + np.floor(free).astype(np.int64)
    out[REACH] += TOTAL - out.sum()
    return out.astype(np.uint16)


def _beyond(x: Array, laplace: float) -> Array:
    """The probability that a magnitude exceeds x root mean squares."""
    normal = np.array([math.erfc(each / math.sqrt(2)) for each in x])
    return np.asarray(laplace * np.exp(-math.sqrt(2) * x) + (1 - laplace) * normal)


def _inward(size: float, laplace: float) -> tuple[float, float]:
    """How much smaller magnitudes are than the numbers to which they are rounded: those of 1, and those above."""

    def of(number: int) -> tuple[float, float]:
        edges = (number - DEADZONE + np.arange(_POINTS + 1) / _POINTS) / size
        weight = -np.diff(_beyond(edges, laplace))
        middle = (edges[1:] + edges[:-1]) / 2 * size
        return float(weight.sum()), float(weight @ (number - middle))

    one, above = of(1), np.sum([of(number) for number in range(2, 2 + REACH)], axis=0)
    return tuple(moment / weight if weight > 1e-12 else 0.0 for weight, moment in (one, above))  # type: ignore[return-value]
