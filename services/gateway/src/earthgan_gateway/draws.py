"""Draws of a generator with noise: one of them, or the mean or the spread of several.

The spread is the standard deviation of the draws, place by place.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Statistic = Literal["mean", "std"]

#: How many draws a statistic may take, and how many it takes if a request does not say.
FEWEST, MOST, USUAL = 2, 16, 8


@dataclass(frozen=True)
class Draws:
    """The draws of which an answer consists, by their seeds. Without a statistic, there is one.

    The seed None stands for what a request without a seed gets: the surrogate's own seed or, if it has none, no noise.
    """

    seeds: tuple[int | None, ...] = (None,)
    statistic: Statistic | None = None

    @property
    def is_spread(self) -> bool:
        """Whether an answer says how far draws differ. It has a quantity's unit, but not its range."""
        return self.statistic == "std"

    @property
    def name(self) -> str:
        """A canonical text that identifies the draws. It is empty for the surrogate's own draw."""
        return f"@{self.statistic}{len(self.seeds)}" if self.statistic else named(self.seeds[0])

    @property
    def in_words(self) -> str:
        """What a reader has to know beside the name of a quantity. It is empty for the surrogate's own draw."""
        if self.statistic is None:
            return "" if self.seeds[0] is None else f"draw {self.seeds[0]}"
        return f"{'spread' if self.is_spread else 'mean'} of {len(self.seeds)} draws"

    def of(self, long_name: str) -> str:
        """The name of a quantity for people, with these draws."""
        return f"{long_name}, {self.in_words}" if self.in_words else long_name

    async def combined(self, values: Callable[[int | None], Awaitable[Array]]) -> Array:
        """Return the draw, or the statistic of the draws, of the arrays that `values` gives for each seed in turn."""
        if self.statistic is None:
            return await values(self.seeds[0])
        moments = Moments()
        for seed in self.seeds:
            moments.add(await values(seed))
        return moments.std if self.is_spread else moments.mean


#: What a request gets that names no draws.
OWN = Draws()


def named(seed: int | None) -> str:
    """A text that identifies one draw. It is empty for the surrogate's own."""
    return "" if seed is None else f"@{seed}"


class Moments:
    """The mean and the standard deviation of arrays of one shape that come one after another (Welford 1962).

    It keeps two arrays, however many come. The deviation is that of these arrays, and is not corrected for their
    number. What is NaN in one array is NaN in both results.
    """

    def __init__(self) -> None:
        self._count = 0
        self._mean = self._squares = np.zeros(())

    def add(self, values: Array) -> None:
        """Take one more array."""
        self._count += 1
        off = values.astype(np.float64) - self._mean
        self._mean = self._mean + off / self._count
        self._squares = self._squares + off * (values - self._mean)

    @property
    def mean(self) -> Array:
        return np.asarray(self._mean, dtype=np.float32)

    @property
    def std(self) -> Array:
        return np.asarray(np.sqrt(self._squares / self._count), dtype=np.float32)
