"""The choice of the whole numbers that stand for magnitudes: each is rounded so that its square error and the price of
its bits are smallest together.

The price is the slope of the square error of a uniform quantiser by its bits, as in Sullivan & Wiegand (1998),
"Rate-distortion optimization for video compression", IEEE Signal Processing Magazine 15. Prices are those of the model
that has followed the choices so far, so the choice goes through the bands as the code does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from earthgan.kinds.wavelet_bands import code_magnitudes, flags_of, new_model
from earthgan.kinds.wavelet_entropy import Ints, Model
from earthgan.kinds.wavelet_transform import Box, Key, Plan

#: Magnitudes are handed over in this part of a step. Smaller ones than half a step are 0.
_PART = 256
#: The square error, in square steps, that is worth one bit; and how far inside its step a magnitude of 1 is expected.
PRICE, _INWARD = float(np.log(2) / 6), 0.05
#: Numbers other than 0 are tried, and so are those of magnitudes from this part of a step on.
_WORTH_A_TRIAL = 0.3
#: The rounded number, and how much smaller ones are tried.
_LESS = (0, 1)


def chosen(plan: Plan, scaled: Mapping[Key, Box], loudness: int, across: bool) -> dict[Key, Ints]:
    """The whole numbers for magnitudes in steps."""
    parts = {key: np.where(band < 0.5, 0, np.rint(band * _PART)).astype(np.int64) for key, band in scaled.items()}
    return code_magnitudes(plan, _Chooser(new_model()), loudness, across, parts)


@dataclass
class _Chooser:
    """Chooses whole numbers for the magnitudes that it is given, and returns them."""

    model: Model

    def code(self, contexts: Ints, shifts: Ints | None = None, values: Ints | None = None) -> Ints:
        assert values is not None
        self.model.refresh(contexts)
        out = values if shifts is None else self._chosen(contexts, shifts, values / _PART)
        self.model.note(contexts, shifts, out)
        return out

    def _chosen(self, contexts: Ints, shifts: Ints, magnitudes: NDArray[np.float64]) -> Ints:
        nearest = np.floor(magnitudes + 0.5).astype(np.int64)
        candidates = [np.maximum(nearest - less, 0) for less in _LESS] + [np.zeros_like(nearest)]
        least, best = np.full(len(nearest), np.inf), nearest
        groups, flags = flags_of(contexts)
        # A number in a group of quiet cells is usually alone there, so it pays for the group's flag.
        alone = np.zeros(len(nearest))
        alone[groups] = self.model.bits(flags, np.ones_like(flags)) - self.model.bits(flags, np.zeros_like(flags))
        for each in candidates:
            bits = self.model.bits(contexts, each, shifts) + np.where(each > 0, 1 + alone, 0)
            cost = np.square(magnitudes - each + _INWARD * (each == 1)) + PRICE * bits
            better = cost < least
            least, best = np.where(better, cost, least), np.where(better, each, best)
        return best


def tried(numbers: Mapping[Key, Ints], coefficients: Mapping[Key, Box], cost: Callable[[], float]) -> None:
    """Change whole numbers in place: by one or to 0, each where that lowers the cost of all together.

    `coefficients` are what the numbers stand for, in steps. No number gets the other sign. The order is random, as a
    network sees neighbours together.
    """
    places = [
        (key, at)
        for key, band in coefficients.items()
        for at in np.flatnonzero((np.abs(band) > _WORTH_A_TRIAL) | (numbers[key] != 0))
    ]
    least = cost()
    for index in np.random.default_rng(0).permutation(len(places)):
        key, at = places[index]
        here, wanted = numbers[key].reshape(-1), coefficients[key].flat[at]
        for number in {here[at] - 1, here[at] + 1, 0} - {here[at]}:
            before, here[at] = here[at], number
            now = cost() if number * wanted >= 0 else np.inf
            if now < least:
                least = now
            else:
                here[at] = before
