"""Finds the finest code that is coarse enough, in few tries, because each try codes a whole field."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

Code = TypeVar("Code")


def finest(
    code: Callable[[float], Code],
    excess: Callable[[Code], float],
    qualities: tuple[float, float],
    first: float,
    near: float,
    resolution: float,
) -> Code:
    """The code of the highest quality whose `excess` is at most 0; that of the lowest quality if there is none.

    `excess` rises with quality, by about 1 for 1. The search ends where it is between `-near` and 0, or where qualities
    that are too high and low enough differ by `resolution`. The secant through the last two qualities gives the next
    one. Where it leads out of what is left, the middle does.
    """
    low, high = qualities
    quality, slope = min(max(first, low), high), 1.0
    best, before = None, None
    while True:
        tried = code(quality)
        over = excess(tried)
        if over <= 0:
            low, best = quality, tried
        else:
            high = quality
        if best is None and high == low:
            return tried
        if best is not None and (high - low <= resolution or -near <= over <= 0):
            return best
        if before is not None and over != before[1]:
            slope = (quality - before[0]) / (over - before[1])
        before = quality, over
        quality -= (over + near / 2) * slope
        if best is None and (quality <= low or high - low <= resolution):
            quality = low
        elif not low < quality < high:
            quality = (low + high) / 2
