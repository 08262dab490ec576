"""Which distribution a coefficient follows: tables by the ratio of its usual size to the step it is rounded to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from earthgan.kinds.entropy import ESCAPE, REACH, SYMBOLS, Tables, frequencies_of

Array = NDArray[np.float64]

#: Tables go from sizes of 2**LOWEST steps up by half octaves; a smaller coefficient is never stored.
LOWEST, HIGHEST, PER_OCTAVE = -4.5, 10.0, 2
COUNT = int((HIGHEST - LOWEST) * PER_OCTAVE) + 1
#: By how many tables a time step may be louder, or quieter, than usual: so quiet a one still stores its profile.
LOUDEST, QUIETEST = 20, -6


@dataclass(frozen=True)
class Statistics:
    """What was counted: tables, and for each how much nearer to zero than rounded its numbers are expected."""

    tables: Tables
    inward: NDArray[np.float32]


def usual_sizes(steps: list[Array]) -> Array:
    """`(degree, mode)`: the root mean square of coefficients `(degree, order, part, mode)`, those of orders above 0
    weighted by the root of 2; smooth over degrees, for a high degree differs little from its neighbours."""
    degrees = len(steps[0])
    power = np.zeros((degrees, steps[0].shape[-1]))
    for coefficients in steps:
        squares = (coefficients**2).sum(axis=2)
        power += squares[:, 0] + 2 * squares[:, 1:].sum(axis=1)
    power /= len(steps) * (2 * np.arange(degrees) + 1)[:, None]
    log = np.log(power + 1e-300)
    for _ in range(2):
        log[4:-1] = (log[3:-2] + 2 * log[4:-1] + log[5:]) / 4
    return np.asarray(np.exp(log / 2))


def assigned(sizes: Array, step: float, of_profile: int) -> NDArray[np.int8]:
    """The table `(degree, mode)` of coefficients of these usual sizes, counted from 1; below that none is stored.

    The first `of_profile` modes are those of a mean profile, which is always stored: that of steps never seen may be
    another, and costs little.
    """
    octaves = np.log2(np.maximum(sizes / step, 1e-30))
    octaves[0, :of_profile] = np.maximum(octaves[0, :of_profile], -1)
    table = 1 + np.round((octaves - LOWEST) * PER_OCTAVE)
    return np.clip(np.where(octaves < LOWEST, np.minimum(table, 0), table), -128, COUNT).astype(np.int8)


def loudness_of(scaled: Array, follow: NDArray[np.int8]) -> int:
    """By how many tables the coefficients `(coefficient, mode)` of a time step, in steps, are larger than usual, those
    of degree 0 left out: a profile that is another is not a louder one.
    """
    known = (follow > 0) & (follow < COUNT)  # the last table has no end
    known[:2] = False
    usual = 2.0 ** (LOWEST + (follow[known].astype(float) - 1) / PER_OCTAVE)
    power = np.mean(np.square(scaled[known] / usual)) if known.any() else 1.0
    return int(np.clip(np.round(PER_OCTAVE * np.log2(max(power, 1e-30)) / 2), QUIETEST, LOUDEST))


def louder(follow: NDArray[np.int8], loudness: int) -> NDArray[np.uint8]:
    """The tables that coefficients follow in a step of that loudness, from 1 on; 0 where none is stored."""
    return np.asarray(np.clip(follow.astype(int) + loudness, 0, COUNT), np.uint8)


def shifts() -> NDArray[np.uint8]:
    """The low bits `(table,)` that are stored as they are: the rest reaches three times the usual size."""
    sizes = 2.0 ** (LOWEST + np.arange(COUNT) / PER_OCTAVE)
    return np.maximum(0, np.ceil(np.log2(3 * sizes / REACH))).astype(np.uint8)


def symbols_of(
    scaled: Array, low_bits: NDArray[np.uint8], deadzone: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Coefficients in steps, rounded; and the symbols that stand for them, `low_bits` left out."""
    numbers = (np.sign(scaled) * np.floor(np.abs(scaled) + deadzone)).astype(np.int64)
    high = numbers >> low_bits
    return numbers, np.where(np.abs(high) <= REACH, high + REACH, ESCAPE)


def counted(scaled: list[Array], follow: list[NDArray[np.uint8]], deadzone: float) -> Statistics:
    """Tables from the coefficients of several time steps, and the tables (from 1 on) that they follow in each.

    Where little was counted, a Laplace distribution of the table's size counts as well: other data may need it.
    """
    low_bits = shifts()
    counts = np.zeros((COUNT, SYMBOLS))
    error, number = np.zeros((COUNT, 2)), np.full((COUNT, 2), 1e-9)
    for values, of_step in zip(scaled, follow, strict=True):
        kept = of_step > 0
        table = of_step[kept].astype(np.int64) - 1
        x = values[kept]
        numbers, symbols = symbols_of(x, low_bits[table], deadzone)
        np.add.at(counts, (table, symbols), 1)
        nonzero = numbers != 0
        magnitude = np.abs(numbers[nonzero])
        place = table[nonzero], np.minimum(magnitude, 2) - 1
        np.add.at(error, place, magnitude - np.abs(x[nonzero]))
        np.add.at(number, place, 1)
    inward = np.where(number > 30, error / number, 0)
    frequencies = np.stack([frequencies_of(count + _prior(i, low_bits[i], deadzone)) for i, count in enumerate(counts)])
    return Statistics(Tables(frequencies, low_bits), inward.astype(np.float32))


def _prior(table: int, shift: int, deadzone: float) -> Array:
    """Expected counts of 50 coefficients of a Laplace distribution."""
    scale = 2.0 ** (LOWEST + table / PER_OCTAVE) / np.sqrt(2) / 2.0**shift
    lower = np.arange(REACH + 2) - (deadzone if shift == 0 else 0.5)
    tail = np.exp(-np.maximum(lower, 0) / scale)
    inside = tail[:-1] - tail[1:]
    return 50 * np.concatenate([inside[:0:-1] / 2, inside[:1], inside[1:] / 2, tail[-1:]])
