"""Time as whole numbers: files fall exactly on time steps, and a step's length changes by factors of two only."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Clock:
    """`done` intervals and `position` steps of `interval / 2**level` each have passed."""

    interval: float
    done: int = 0
    position: int = 0
    level: int = 0

    @property
    def dt(self) -> float:
        return self.interval / (1 << self.level)

    @property
    def time(self) -> float:
        return self.interval * (self.done + self.position / (1 << self.level))

    @property
    def on_interval(self) -> bool:
        """Whether an interval has just been completed."""
        return self.position == 0

    def ticked(self) -> Clock:
        """One step later."""
        if self.position + 1 == 1 << self.level:
            return replace(self, done=self.done + 1, position=0)
        return replace(self, position=self.position + 1)

    def finer(self) -> Clock:
        """The same time, with steps of half the length."""
        return replace(self, position=2 * self.position, level=self.level + 1)

    def coarser(self) -> Clock:
        """The same time, with steps of twice the length where the interval is still met: else unchanged."""
        if self.level == 0 or self.position % 2:
            return self
        return replace(self, position=self.position // 2, level=self.level - 1)

    def fitted(self, limit: float) -> Clock:
        """With steps no longer than `limit`; longer ones than now only where they stay well under it."""
        clock = self
        while clock.dt > limit:
            clock = clock.finer()
        if clock is self and 2 * self.dt < 0.8 * limit:  # a margin, or the length would flicker
            clock = self.coarser()
        return clock
