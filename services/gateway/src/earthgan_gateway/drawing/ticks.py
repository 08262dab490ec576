"""Round numbers along a range, for legends."""

from __future__ import annotations

import math


def ticks(low: float, high: float, at_most: int = 7) -> list[float]:
    """At most so many multiples of 1, 2, 2.5 or 5 times a power of ten within the range, zero included where it is
    inside.
    """
    rough = (high - low) / (at_most - 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= rough * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [float(f"{k * step:.6g}") for k in range(first, last + 1)]


def label(value: float) -> str:
    """A tick as text: `2500`, `0`, `-1e-10`."""
    return f"{value:.4g}".replace("e-0", "e-").replace("e+0", "e")
