"""Numbers that cannot be what they are said to be: fill values left in, and temperatures in another unit.

A healthy field may span twenty decades, hold two values, or be clipped. So a number counts as a fill value only if it
lies apart from all others, and a number that people write for "none" needs less distance than any other.
"""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from earthgan.variables import Variable
from earthgan_training.simulations.units import conversion, is_temperature

Values = NDArray[np.floating]

#: Numbers that people and tools write where there is none, without their signs.
_NINES = (999.0, 9999.0, 99999.0, 999999.0, 9999999.0, 999.9, 999.25, 9999.9, 99999.9)
_TYPE_LIMITS = (32767.0, 32768.0, 65535.0, 2147483647.0)
_HUGE = (
    1e15,
    1e20,
    *(10.0**k for k in range(30, 39)),
    9.969209968386869e36,
    3.4028234663852886e38,
    1.2676506002282294e30,
)
_MARKS = np.array([*_NINES, *_TYPE_LIMITS, *_HUGE])
#: Any other number is a fill value if it lies so many spans of all others away from them.
_FAR_SPANS = 1e6
#: Positive fields such as viscosity span decades. A number is far from them by decades, and by spans in decades.
_FAR_DECADES, _FAR_DECADE_SPANS = 3.0, 2.0
#: Many different numbers are no values if they are so much larger than most: a fill value was interpolated.
_SMEARED = 1e12
_AT_MOST = 4
_SAMPLE = 4096

#: Squares of two by two cells that are exactly zero. A field that crosses zero has hardly one of them.
_FEWEST_TOGETHER = 4

#: The share of the largest temperature by which a numerical method may fall below zero.
_OVERSHOOT = 0.01
_HOTTEST_K = 1e5
_NO_TEMPERATURE = re.compile(
    r"anomal|perturbation|residual|deviation|variation|gradient|difference|potential|rate", re.I
)


def left_in(values: Values) -> NDArray[np.bool_]:
    """Where numbers stand for "none" without an attribute that says so. NaN and infinities are not among them."""
    found, is_finite = np.zeros(values.shape, bool), np.isfinite(values)
    finite = values.ravel() if is_finite.all() else values[is_finite]
    for _ in range(_AT_MOST):
        mark = next((extreme for extreme in _extremes(finite) if _stands_for_none(extreme, finite)), None)
        if mark is None:
            break
        found |= values == mark
        finite = finite[finite != mark]
    limit = _SMEARED * _size(finite)
    if finite.size and max(map(abs, _extremes(finite))) > limit:
        found |= is_finite & (np.abs(values, dtype=np.float64) > limit)
    return found


def _size(finite: Values) -> float:
    """How large most numbers are, but for zeros; infinite if there is none."""
    is_zero = finite == 0
    other = finite[~is_zero] if is_zero.any() else finite
    some = np.abs(other[:: max(1, finite.size // _SAMPLE)]).astype(np.float64)
    if not some.size:
        return float("inf")
    # A field of many decades has a few numbers far above its median.
    quartiles = np.quantile(some, [0.25, 0.5, 0.75])
    return float(quartiles[2] * max(1.0, quartiles[2] / max(quartiles[0], 1e-300)))


def _extremes(finite: Values) -> list[float]:
    return [float(finite.max()), float(finite.min())] if finite.size else []


def _stands_for_none(extreme: float, finite: Values) -> bool:
    is_mark = bool((np.abs(_MARKS - abs(extreme)) <= 1e-6 * abs(extreme)).any())
    if not is_mark:
        few = finite[:: max(1, finite.size // _SAMPLE)].astype(np.float64)
        few = few[few != extreme]
        low, middle, high = np.quantile(few, [0.05, 0.5, 0.95]) if few.size else (0.0, 0.0, 0.0)
        if high > low and abs(extreme - middle) <= 0.1 * _FAR_SPANS * (high - low):
            return False  # Most fields end here, after one look at a few of their numbers.
    others = finite[finite != extreme].astype(np.float64)
    if not others.size:
        return abs(extreme) >= _HUGE[0] and is_mark
    count = finite.size - others.size
    low, high = float(others.min()), float(others.max())
    span, gap = high - low, max(low - extreme, extreme - high)
    if low > 0 and extreme > 0:
        decades, apart = np.log10(high / low), abs(np.log10(extreme / (high if extreme > high else low)))
        if extreme >= _HUGE[0] or not is_mark:
            far = apart > max(_FAR_DECADES, (0.5 if is_mark else _FAR_DECADE_SPANS) * decades)
            return bool(far and (is_mark or gap > _FAR_SPANS * span > 0))
    if not is_mark:
        return gap > _FAR_SPANS * span > 0
    if extreme < 0 < low and high > 1e3 * low:  # a negative mark in a field of decades
        return True
    beneath_zero = extreme < 0 <= low  # such as -999 among temperatures
    return (
        gap > 1e-6 * abs(extreme) and (gap > span or (beneath_zero and gap > 0.2 * span)) and (count > 1 or gap > span)
    )


def is_absolute_temperature(variable: Variable, source_name: str = "", standard_name: str = "") -> bool:
    """Whether a variable counts temperature from absolute zero, by its unit and its names."""
    words = f"{variable.name} {variable.long_name} {source_name} {standard_name}".replace("_", " ")
    return is_temperature(variable.unit) and not variable.symmetric and not _NO_TEMPERATURE.search(words)


def impossible(variable: Variable, low: float, high: float) -> str | None:
    """Why an absolute temperature cannot lie between two numbers: a sentence that lacks only the names. None if it can.

    Temperatures from 0 to 1 are those of a model without units. They are unusual, and not impossible.
    """
    kelvin = conversion(variable.unit, "K")
    if kelvin is None or not np.isfinite([low, high]).all():
        return None
    lowest, highest = (float(x) for x in kelvin(np.array([low, high], np.float64)))
    said = f"holds {low:g} to {high:g} {variable.unit}"
    if lowest < -_OVERSHOOT * max(highest, 0.0) and max(abs(low), abs(high)) > 2:
        way = ' or its true unit, such as "degC",' if variable.unit.strip() in ("K", "kelvin", "Kelvin") else ""
        return f"{said}, which lies beneath absolute zero: say symmetric = true if it is an anomaly,{way} in a mapping"
    if highest > _HOTTEST_K:
        return f"{said}, which no planet reaches: say its true unit in a mapping"
    return None


def unusual(variable: Variable, low: float, high: float, absolute_temperature: bool) -> list[str]:
    """What looks unusual in a variable between two numbers, in sentences that lack only the variable's name."""
    if not np.isfinite([low, high]).all():
        return []
    notes = []
    run = f"runs from {low:g} to {high:g}"
    if low == high:
        notes.append(f"is {low:g} everywhere")
    elif absolute_temperature and max(abs(low), abs(high)) <= 2 and variable.unit.strip() in ("K", "kelvin", "Kelvin"):
        notes.append(f'{run} K and looks non-dimensional: say unit = "1" in a mapping if it is')
    elif absolute_temperature and low < 0 and impossible(variable, low, high) is None and variable.unit.strip() == "K":
        notes.append(f"{run} K: a few values lie beneath absolute zero")
    elif variable.symmetric and variable.unit.strip() in ("1", "") and max(-low, high) > 2:
        notes.append(f'{run}, which would be {100 * max(-low, high):.3g} %: say unit = "%" in a mapping if it is')
    return notes


def blank_patch(values: Values, absolute_temperature: bool) -> str | None:
    """What looks like a part of a field `(shell, row, column)` that was never written, in a sentence that lacks only
    the variable's name: cells that are exactly zero and lie together. None if nothing does.

    Whole shells may be zero, at a boundary for example. Fields that are zero in most places or do not cross zero, such
    as a composition, have such patches by nature. An absolute temperature has none.
    """
    is_zero = values == 0
    if not is_zero.any() or 2 * np.count_nonzero(is_zero) > values.size:
        return None
    if not absolute_temperature and not ((values < 0).any() and (values > 0).any()):
        return None
    patch = is_zero & ~is_zero.all(axis=(1, 2), keepdims=True)
    together = patch[:, 1:, 1:] & patch[:, :-1, 1:] & patch[:, 1:, :-1] & patch[:, :-1, :-1]
    if np.count_nonzero(together) < _FEWEST_TOGETHER:
        return None
    shells = np.flatnonzero(patch.any(axis=(1, 2)))
    cells = np.count_nonzero(patch)
    return f"is exactly 0 in {cells} cells that lie together, first on shell {shells[0]}: was a part never written?"
