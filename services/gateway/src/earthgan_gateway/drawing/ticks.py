"""Round numbers along a range, for legends.

The arithmetic is decimal, so that ticks are round numbers as a person writes them, and their texts have no needless
digits.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

#: Numbers with more places than this are written with an exponent, unless some tick has more digits.
_USUAL_DIGITS = 4


@dataclass(frozen=True)
class Tick:
    """A value on a legend and its text: `2500`, `0`, `-1e-10`."""

    value: float
    label: str


def ticks(low: float, high: float, at_most: int = 7) -> list[Tick]:
    """Return the multiples of a round step within the range. The step is 1, 2, 2.5 or 5 times a power of ten.

    There are no more than `at_most` ticks. Zero is one of them if it is in the range. No two have the same text.
    """
    first, last = Decimal(repr(low)), Decimal(repr(high))
    rough = (last - first) / (at_most - 1)
    power = Decimal(1).scaleb(rough.adjusted())
    step = next(m * power for m in map(Decimal, ("1", "2", "2.5", "5", "10")) if m * power >= rough)
    begin, end = (first / step).to_integral_value(ROUND_CEILING), (last / step).to_integral_value(ROUND_FLOOR)
    found = [k * step for k in range(int(begin), int(end) + 1)]
    digits = max([_USUAL_DIGITS, *(len(tick.normalize().as_tuple().digits) for tick in found)])
    return [Tick(float(tick), _label(tick, digits)) for tick in found]


def _label(tick: Decimal, digits: int) -> str:
    """Write all digits of a number, with an exponent if it would otherwise have more places than `digits`."""
    exponent = tick.adjusted()
    if tick == 0:
        return "0"
    if -5 < exponent < digits:
        return f"{tick.normalize():f}"
    return f"{tick.scaleb(-exponent).normalize():f}e{exponent}"
