"""Admission: work that could not be done in time is refused at once, and the refusal says when to come back."""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from earthgan.errors import EngineBusy, EngineTimeout

#: The share of the newest measurement in the mean of all, and where the work has become much quicker.
_NEWEST, _NEWEST_IF_QUICK = 0.2, 0.5
#: This much work of a kind is always admitted, however slow it is: one that runs, and one that waits for it.
LEAST = 2
#: An overload is over if nothing of a kind was refused for this time.
CALM_S = 5.0


@dataclass
class _Kind:
    """The pieces of one kind of work that run or wait, and the mean of their times with the mean deviation from it."""

    waiting: int = 0
    refused: float = -math.inf
    each_s: float | None = None
    off_s: float = 0.0

    @property
    def price_s(self) -> float:
        """The time that one more piece takes. Some take longer than others, so the mean deviation is added.

        It is 0 before anything was measured.
        """
        return (self.each_s or 0.0) + self.off_s

    def measure(self, took_s: float) -> None:
        mean_s = took_s if self.each_s is None else self.each_s
        share = _NEWEST_IF_QUICK if took_s < mean_s / 2 else _NEWEST
        self.off_s += share * (abs(took_s - mean_s) - self.off_s)
        self.each_s = mean_s + share * (took_s - mean_s)


class Admission:
    """The queue of one class of work. Work is admitted while the whole queue can be done within `within_s` seconds.

    `LEAST` pieces of a kind are always admitted, so that none waits longer than another one takes. A burst may be
    larger, because a few readers who begin at once are no overload. One piece more than that is refused, and no burst
    is admitted until there is calm again.

    Pieces that differ much in their cost are of different kinds, and each kind is measured on its own. A piece's time
    is the time between two that end one after another, or the time from its arrival if it did not have to wait. This
    holds for one worker and for several. `on_refused` is called for each piece that is refused.
    """

    def __init__(self, within_s: float, on_refused: Callable[[], None] = lambda: None) -> None:
        self.within_s = within_s
        self._on_refused = on_refused
        self._ended = -math.inf
        self._kinds: defaultdict[str, _Kind] = defaultdict(_Kind)

    @property
    def waiting(self) -> int:
        """The number of pieces that run or wait."""
        return sum(kind.waiting for kind in self._kinds.values())

    def queue_s(self, kind: str = "") -> float:
        """The time that the queue will take, with one more piece of a kind. It is 0 before anything was measured."""
        return self._kinds[kind].price_s + sum(each.waiting * each.price_s for each in self._kinds.values())

    @contextmanager
    def place(self, kind: str = "", burst: int = LEAST) -> Iterator[None]:
        """Return a context for one piece of work. Raises EngineBusy if it cannot be done in time.

        `burst` is the number of pieces of its kind that are admitted in calm, however slow they are. A piece that ran
        out of time is measured, because it took at least that long. Other failures are not.
        """
        queue_s, mine = self.queue_s(kind), self._kinds[kind]
        least = burst if time.monotonic() > mine.refused + CALM_S else LEAST
        if mine.waiting >= least and queue_s > self.within_s:
            mine.refused = time.monotonic()
            self._on_refused()
            raise EngineBusy("more is asked for than can be answered in time", queue_s - self.within_s)
        mine.waiting += 1
        began = time.monotonic()
        try:
            yield
            self._measure(mine, began)
        except EngineTimeout:
            self._measure(mine, began)
            raise
        finally:
            mine.waiting -= 1

    def _measure(self, kind: _Kind, began: float) -> None:
        now = time.monotonic()
        took_s, self._ended = now - max(began, self._ended), now
        kind.measure(took_s)
