"""Fits the code of temperature to training steps: modes, tables, and the step that gives the bytes asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from earthgan.entropy import REACH, SYMBOLS, TOTAL
from earthgan_training.spectral.modes import Covariance, Shells, projected, weighted
from earthgan_training.spectral.tables import Statistics, assigned, counted, symbols_of, usual_sizes

Array = NDArray[np.float64]

#: Rounded down but for the last part of a step: what a rate costs and what an error costs are in balance near here.
DEADZONE = 0.37


@dataclass(frozen=True)
class FittedCode:
    """A code: its bands of degrees, its step, and the arrays that `earthgan.coded.Code.load` reads."""

    bands: tuple[int, ...]
    step: float
    arrays: dict[str, NDArray[Any]]


def fit_code(steps: list[Array], shells: Shells, modes: int, step_bytes: int) -> FittedCode:
    """The code of normalised temperatures `(degree, order, part, shell)` that gives a step `step_bytes` on average."""
    covariance = Covariance(len(steps[0]) - 1, shells)
    for coefficients in steps:
        covariance.add(coefficients)
    exact = covariance.modes(modes)
    # Stored in 8 bits: what a mode loses by that, the modes after it still hold.
    scales = np.maximum(np.abs(exact).max(axis=-1), 1e-9) / 127
    stored = np.round(exact / scales[..., None]).astype(np.int8)
    rounded = stored * scales.astype(np.float32)[..., None].astype(np.float64)
    centre = np.linalg.pinv(shells.interpolation @ rounded[0].T) @ covariance.mean
    in_modes = [projected(coefficients, rounded, covariance.bands, shells) for coefficients in steps]
    for each in in_modes:
        each[0, 0, 0] -= centre
    sizes = usual_sizes(in_modes)
    values = [_in_rows(each) for each in in_modes]
    degrees = np.repeat(np.arange(len(sizes)), 2 * (np.arange(len(sizes)) + 1))

    def at(step: float) -> tuple[float, NDArray[np.uint8], Statistics]:
        tables = assigned(sizes, step)
        follow = tables[degrees]
        statistics = counted([each / step for each in values], follow, DEADZONE)
        return float(np.mean([_bits(each / step, follow, statistics) for each in values])) / 8, tables, statistics

    low, high = 1e-7, 1.0  # of steps: bytes fall as the step grows
    for _ in range(24):
        step = float(np.sqrt(low * high))
        low, high = (step, high) if at(step)[0] > step_bytes else (low, step)
    _, tables, statistics = at(step)
    used = int(np.flatnonzero(tables.any(axis=0))[-1]) + 1
    return FittedCode(
        covariance.bands,
        step,
        {
            "frequencies": statistics.tables.frequencies,
            "shifts": statistics.tables.shifts,
            "inward": statistics.inward,
            "temperature.modes": stored[:, :used],
            "temperature.scales": scales[:, :used].astype(np.float32),
            "temperature.tables": tables[:, :used],
            "temperature.centre": centre[:used].astype(np.float32),
        },
    )


def _in_rows(coefficients: Array) -> Array:
    """`(degree, order, part, mode)` as `(coefficient, mode)`, degree by degree, weighted by their part in the field."""
    rows = [weighted(of_degree[: n + 1]).reshape(-1, of_degree.shape[-1]) for n, of_degree in enumerate(coefficients)]
    return np.concatenate(rows)


def _bits(scaled: Array, follow: NDArray[np.uint8], statistics: Statistics) -> float:
    """The length of the code of coefficients in steps, `(coefficient, mode)` both."""
    kept = follow > 0
    table = follow[kept].astype(int) - 1
    numbers, symbols = symbols_of(scaled[kept], statistics.tables.shifts[table], DEADZONE)
    frequencies = statistics.tables.frequencies.astype(np.float64)[table, symbols]
    beyond = np.maximum(np.abs(numbers >> statistics.tables.shifts[table]) - REACH, 1)
    escaped = symbols == SYMBOLS - 1
    bits = -np.log2(frequencies / TOTAL) + statistics.tables.shifts[table] + escaped * (5 + np.floor(np.log2(beyond)))
    return float(bits.sum()) + 32
