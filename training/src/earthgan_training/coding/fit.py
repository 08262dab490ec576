"""Fits a code to training steps. The code consists of the modes of its components, the tables that they share, and the
quantisation step that gives the requested number of bytes.

All components share one quantisation step. Coefficients are normalised, so an error in any of them has the same weight
in the field, be it temperature or velocity. Among all codes with this number of bytes, this one minimises the sum of
the two square errors.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from earthgan.kinds.coded import VERSION
from earthgan.kinds.entropy import REACH, SYMBOLS, TOTAL
from earthgan_training.coding.modes import Covariance, Shells, degrees_of_rows, in_rows, projected
from earthgan_training.coding.tables import (
    Statistics,
    assigned,
    counted,
    louder,
    loudness_of,
    symbols_of,
    usual_sizes,
)

Array = NDArray[np.float64]
Field = NDArray[np.floating]

#: Coefficients are rounded down, except in this last part of a step. Near this value, the cost of the bytes and the
#: cost of the error are in balance.
DEADZONE = 0.37


@dataclass(frozen=True)
class FittedCode:
    """A code: its quantisation step, the fields that it holds, and the arrays that `earthgan.kinds.coded.Code.load`
    reads.
    """

    step: float
    fields: tuple[str, ...]
    arrays: dict[str, NDArray[Any]]


@dataclass(frozen=True)
class _Modes:
    """A component's modes in 8 bits `(band, mode, node)`, its centre `(mode,)`, and its training steps
    in these modes.
    """

    stored: NDArray[np.int8]
    scales: Array
    centre: Array
    steps: list[Array]


def code_fit(
    components: Mapping[str, list[Field]], shells: Mapping[str, Shells], modes: int, own: int
) -> Callable[[int], FittedCode]:
    """Fit the modes of a code. The function that is returned fits the rest, so that each of the first `own` training
    steps takes as many bytes as it is told, on average.

    `components` holds the normalised coefficients `(degree, order, part, shell)` of every training step by component,
    temperature first. A component is dropped if none of its coefficients is worth its bytes.
    """
    fitted = {name: _modes(steps, shells[name], modes, name) for name, steps in components.items()}
    return lambda step_bytes: _of_bytes(fitted, modes, step_bytes, own)


def _of_bytes(fitted: Mapping[str, _Modes], modes: int, step_bytes: int, own: int) -> FittedCode:
    sizes = np.concatenate([usual_sizes(each.steps) for each in fitted.values()], axis=1)
    degrees = degrees_of_rows(len(sizes) - 1)
    values = [
        np.concatenate([in_rows(of_component) for of_component in step], axis=1)
        for step in zip(*(each.steps for each in fitted.values()), strict=True)
    ]

    def at(step: float) -> tuple[float, NDArray[np.int8], Statistics]:
        tables = assigned(sizes, step, of_profile=modes)
        usual = tables[degrees]
        scaled = [each / step for each in values]
        follow = [louder(usual, loudness_of(each, usual)) for each in scaled]
        statistics = counted(scaled, follow, DEADZONE)
        bits = [_bits(each, of_each, statistics) for each, of_each in zip(scaled[:own], follow[:own], strict=True)]
        return float(np.mean(bits)) / 8, tables, statistics

    low, high = 1e-7, 1.0  # bounds of the quantisation step: bytes decrease as it grows
    for _ in range(24):
        step = float(np.sqrt(low * high))
        low, high = (step, high) if at(step)[0] > step_bytes else (low, step)
    _, tables, statistics = at(step)
    arrays: dict[str, NDArray[Any]] = {
        "version": np.array([VERSION], np.uint8),
        "frequencies": statistics.tables.frequencies,
        "shifts": statistics.tables.shifts,
        "inward": statistics.inward,
    }
    kept = []
    for (name, each), follows in zip(fitted.items(), np.split(tables, len(fitted), axis=1), strict=True):
        if (follows > 0).any():
            used = int(np.flatnonzero((follows > 0).any(axis=0))[-1]) + 1
            kept.append(name)
            arrays[f"{name}.modes"] = each.stored[:, :used]
            arrays[f"{name}.scales"] = each.scales[:, :used].astype(np.float32)
            arrays[f"{name}.tables"] = follows[:, :used]
            arrays[f"{name}.centre"] = each.centre[:used].astype(np.float32)
    return FittedCode(step, tuple(kept), arrays)


def _modes(steps: list[Field], shells: Shells, count: int, field: str) -> _Modes:
    """The modes of one component. The centre of temperature is its mean profile; velocity has no centre."""
    covariance = Covariance(len(steps[0]) - 1, shells)
    for coefficients in steps:
        covariance.add(coefficients)
    exact = covariance.modes(count, mean_first=field == "temperature")
    # Modes are stored in 8 bits. The later modes make up for what a mode loses by this.
    scales = np.maximum(np.abs(exact).max(axis=-1), 1e-9) / 127
    stored = np.round(exact / scales[..., None]).astype(np.int8)
    rounded = stored * scales.astype(np.float32)[..., None].astype(np.float64)
    centre = np.linalg.pinv(shells.interpolation @ rounded[0].T) @ covariance.mean
    in_modes = [projected(coefficients, rounded, covariance.bands, shells) for coefficients in steps]
    for each in in_modes:
        each[0, 0, 0] -= centre
    return _Modes(stored, scales, centre, in_modes)


def _bits(scaled: Array, follow: NDArray[np.uint8], statistics: Statistics) -> float:
    """The length of the code, in bits, for coefficients in quantisation steps and their tables, both `(coefficient,
    mode)`.
    """
    kept = follow > 0
    table = follow[kept].astype(int) - 1
    numbers, symbols = symbols_of(scaled[kept], statistics.tables.shifts[table], DEADZONE)
    frequencies = statistics.tables.frequencies.astype(np.float64)[table, symbols]
    beyond = np.maximum(np.abs(numbers >> statistics.tables.shifts[table]) - REACH, 1)
    escaped = symbols == SYMBOLS - 1
    bits = -np.log2(frequencies / TOTAL) + statistics.tables.shifts[table] + escaped * (5 + np.floor(np.log2(beyond)))
    return float(bits.sum()) + 40  # 40 bits for the coder's state and the loudness
