"""Admission: work that could not be done in time is refused at once, and the refusal says when to come back."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from earthgan.errors import EngineBusy, EngineTimeout

#: The share of the newest measurement in the mean of all, and where the work has become much quicker.
_NEWEST, _NEWEST_IF_QUICK = 0.2, 0.5
#: This much work is always admitted, however slow it is: one that runs, and one that waits for it.
LEAST = 2


class Admission:
    """The queue of one class of work. Work is admitted while the whole queue can be done within `within_s` seconds.

    The time for each piece is measured: the time between two that end one after another, or the time from the arrival
    of a piece that did not have to wait. This holds for one worker and for several. `on_refused` is called for each
    piece that is refused.
    """

    def __init__(self, within_s: float, on_refused: Callable[[], None] = lambda: None) -> None:
        self.within_s = within_s
        self._on_refused = on_refused
        self._waiting = 0
        self._ended = -math.inf
        self._each_s: float | None = None
        self._off_s = 0.0

    @property
    def waiting(self) -> int:
        """The number of pieces that run or wait."""
        return self._waiting

    @property
    def queue_s(self) -> float:
        """The time that the queue will take, with one more piece. It is 0 before anything was measured.

        Each piece counts as a mean one and the mean deviation from it, because some take much longer than others.
        """
        return (self._waiting + 1) * ((self._each_s or 0.0) + self._off_s)

    @contextmanager
    def place(self) -> Iterator[None]:
        """Return a context for one piece of work. Raises EngineBusy if it cannot be done in time.

        A piece that ran out of time is measured, because it took at least that long. Other failures are not.
        """
        if self._waiting >= LEAST and self.queue_s > self.within_s:
            self._on_refused()
            raise EngineBusy("more is asked for than can be answered in time", self.queue_s - self.within_s)
        self._waiting += 1
        began = time.monotonic()
        try:
            yield
            self._measure(began)
        except EngineTimeout:
            self._measure(began)
            raise
        finally:
            self._waiting -= 1

    def _measure(self, began: float) -> None:
        now = time.monotonic()
        took_s, self._ended = now - max(began, self._ended), now
        mean_s = took_s if self._each_s is None else self._each_s
        share = _NEWEST_IF_QUICK if took_s < mean_s / 2 else _NEWEST
        self._off_s += share * (abs(took_s - mean_s) - self._off_s)
        self._each_s = mean_s + share * (took_s - mean_s)
