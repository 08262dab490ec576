"""Numbers that are computed one after another and kept at once, so that a repeated request continues from there."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from earthgan.bounded import Bounded
from earthgan.errors import EngineTimeout
from earthgan_gateway.cache import SingleFlight

#: The memory of two NumPy arrays and the object that holds them, without their data.
_OBJECT_BYTES = 400


@dataclass(frozen=True)
class Progress:
    """Numbers `(n,)`. Only those whose `known` is True have been computed."""

    values: NDArray[np.float64]
    known: NDArray[np.bool_]

    @classmethod
    def none(cls, count: int) -> Progress:
        """Return numbers of which none is known yet."""
        return cls(np.full(count, np.nan), np.zeros(count, dtype=bool))

    @property
    def bytes(self) -> int:
        """The memory that this object takes."""
        return _OBJECT_BYTES + self.values.nbytes + self.known.nbytes

    def put(self, index: int | list[int] | slice, values: ArrayLike) -> None:
        """Set numbers and mark them as known."""
        self.values[index] = np.asarray(values, dtype=np.float64)
        self.known[index] = True


class SeriesValues:
    """Keeps one number for each time step, for each key.

    A series that is asked for again and again is complete in the end, even if few decoded steps fit into memory.
    """

    def __init__(self, steps: Sequence[int], max_bytes: int) -> None:
        self._steps = tuple(steps)
        self._kept: Bounded[Hashable, Progress] = Bounded(max_bytes, lambda progress: progress.bytes)
        self._flights: SingleFlight[NDArray[np.float64]] = SingleFlight()

    async def of(
        self, key: Hashable, deadline: float, value: Callable[[int, float], Awaitable[float]]
    ) -> NDArray[np.float64]:
        """Return the numbers `(step,)` of a key. `value` computes the number of a step within a deadline.

        Raises EngineTimeout, which says how many numbers are known, if there is not enough time for all of them.
        """
        progress = self._kept.get(key) or Progress.none(len(self._steps))

        async def complete(until: float) -> NDArray[np.float64]:
            try:
                for index in np.flatnonzero(~progress.known):
                    if time.monotonic() >= until:
                        raise EngineTimeout("there was not enough time for all steps")
                    progress.put(int(index), await value(self._steps[index], until))
            finally:
                self._kept.set(key, progress)
            return progress.values

        try:
            return await self._flights.do(key, deadline, complete)
        except EngineTimeout:
            known = (self._kept.get(key) or progress).known
            raise EngineTimeout(f"{known.sum()} of {len(known)} steps have been read; ask again for the rest") from None
