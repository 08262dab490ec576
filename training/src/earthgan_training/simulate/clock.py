"""Model time in whole numbers. Files fall exactly on time steps, and the length of a step changes only by factors of
two.
"""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Clock:
    """`done` intervals and `position` steps of `interval / 2**level` each have passed since the time `start`."""

    interval: float
    done: int = 0
    position: int = 0
    level: int = 0
    start: float = 0.0

    @property
    def dt(self) -> float:
        return self.interval / (1 << self.level)

    @property
    def time(self) -> float:
        return self.start + self.interval * (self.done + self.position / (1 << self.level))

    @property
    def on_interval(self) -> bool:
        """Whether an interval has just been completed."""
        return self.position == 0

    def ticked(self) -> Clock:
        """The clock one step later."""
        if self.position + 1 == 1 << self.level:
            return replace(self, done=self.done + 1, position=0)
        return replace(self, position=self.position + 1)

    def finer(self) -> Clock:
        """The same time with steps of half the length."""
        return replace(self, position=2 * self.position, level=self.level + 1)

    def coarser(self) -> Clock:
        """The same time with steps of twice the length. The clock is unchanged if such steps would miss the end of the
        interval.
        """
        if self.level == 0 or self.position % 2:
            return self
        return replace(self, position=self.position // 2, level=self.level - 1)

    def fitted(self, limit: float) -> Clock:
        """The same time with steps no longer than `limit`. The steps become longer only if they then stay well below
        it.
        """
        clock = self
        while clock.dt > limit:
            clock = clock.finer()
        if clock is self and 2 * self.dt < 0.8 * limit:  # without this margin, the length would change back and forth
            clock = self.coarser()
        return clock
