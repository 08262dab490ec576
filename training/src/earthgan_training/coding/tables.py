"""Assigns a distribution to each coefficient. Tables are numbered by the ratio of a coefficient's usual size to the
quantisation step.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from earthgan.kinds.entropy import ESCAPE, REACH, SYMBOLS, Tables, frequencies_of

Array = NDArray[np.float64]

#: Tables begin at sizes of 2**LOWEST quantisation steps and increase by half octaves. A smaller coefficient is never
#: stored.
LOWEST, HIGHEST, PER_OCTAVE = -4.5, 10.0, 2
COUNT = int((HIGHEST - LOWEST) * PER_OCTAVE) + 1
#: The limits, in tables, by which a time step may be louder or quieter than usual. Even the quietest time step still
#: stores its profile.
LOUDEST, QUIETEST = 20, -6


@dataclass(frozen=True)
class Statistics:
    """The statistics of coefficients: the tables, and for each table how much nearer to zero the true numbers are
    expected than the rounded ones.
    """

    tables: Tables
    inward: NDArray[np.float32]


def usual_sizes(steps: list[Array]) -> Array:
    """The root mean square `(degree, mode)` of coefficients `(degree, order, part, mode)`. Orders above 0 are weighted
    by the root of 2. The result is smoothed over degrees, because a high degree differs little from its neighbours.
    """
    degrees = len(steps[0])
    power = np.zeros((degrees, steps[0].shape[-1]))
    for coefficients in steps:
        squares = (coefficients**2).sum(axis=2)
        power += squares[:, 0] + 2 * squares[:, 1:].sum(axis=1)
    return smoothed(power / (len(steps) * (2 * np.arange(degrees) + 1)[:, None]))


def smoothed(power: Array) -> Array:
    """The roots of mean squares `(degree, mode)`, smoothed over degrees."""
    log = np.log(power + 1e-300)
    for _ in range(2):
        log[4:-1] = (log[3:-2] + 2 * log[4:-1] + log[5:]) / 4
    return np.asarray(np.exp(log / 2))


def assigned(sizes: Array, step: float, of_profile: int) -> NDArray[np.int8]:
    """The table `(degree, mode)` for coefficients with these usual sizes, counted from 1. Coefficients with a lower
    number are not stored.

    The first `of_profile` modes of degree 0 belong to a mean profile. They are always stored: new time steps may have
    another profile, and storing it costs little.
    """
    octaves = np.log2(np.maximum(sizes / step, 1e-30))
    octaves[0, :of_profile] = np.maximum(octaves[0, :of_profile], -1)
    table = 1 + np.round((octaves - LOWEST) * PER_OCTAVE)
    return np.clip(np.where(octaves < LOWEST, np.minimum(table, 0), table), -128, COUNT).astype(np.int8)


def loudness_of(scaled: Array, follow: NDArray[np.int8]) -> int:
    """The number of tables by which the coefficients `(coefficient, mode)` of a time step, in quantisation steps, are
    larger than usual. Degree 0 is left out, because another profile does not make a time step louder.
    """
    known = (follow > 0) & (follow < COUNT)  # the last table has no upper limit
    known[:2] = False
    usual = 2.0 ** (LOWEST + (follow[known].astype(float) - 1) / PER_OCTAVE)
    power = np.mean(np.square(scaled[known] / usual)) if known.any() else 1.0
    return int(np.clip(np.round(PER_OCTAVE * np.log2(max(power, 1e-30)) / 2), QUIETEST, LOUDEST))


def louder(follow: NDArray[np.int8], loudness: int) -> NDArray[np.uint8]:
    """The tables for the coefficients of a time step with this loudness, counted from 1; 0 if a coefficient is not
    stored.
    """
    return np.asarray(np.clip(follow.astype(int) + loudness, 0, COUNT), np.uint8)


def shifts() -> NDArray[np.uint8]:
    """The number of low bits `(table,)` that are stored without coding. The rest then reaches three times the usual
    size.
    """
    sizes = 2.0 ** (LOWEST + np.arange(COUNT) / PER_OCTAVE)
    return np.maximum(0, np.ceil(np.log2(3 * sizes / REACH))).astype(np.uint8)


def symbols_of(
    scaled: Array, low_bits: NDArray[np.uint8], deadzone: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Round coefficients in quantisation steps. Returns the whole numbers, and the symbols that stand for them without
    their `low_bits`.
    """
    numbers = (np.sign(scaled) * np.floor(np.abs(scaled) + deadzone)).astype(np.int64)
    high = numbers >> low_bits
    return numbers, np.where(np.abs(high) <= REACH, high + REACH, ESCAPE)


def counted(scaled: list[Array], follow: list[NDArray[np.uint8]], deadzone: float) -> Statistics:
    """Count the coefficients of several time steps, given the tables (from 1 on) that they follow in each.

    A Laplace distribution with the table's size is added to the counts, because other data may need symbols that are
    rare here.
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
