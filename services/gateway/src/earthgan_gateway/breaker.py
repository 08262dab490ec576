"""A breaker: it stops asking a service that has failed, and lets one call through now and then to see."""

from __future__ import annotations

import time
from collections.abc import Callable


class Breaker:
    """Closed while the service works. `failed` opens it for `pause_s`, and only a success closes it again.

    While it is open, it lets one call through after each pause. `on_change` is called with True when it opens, and
    with False when it closes.
    """

    def __init__(self, pause_s: float, on_change: Callable[[bool], None] = lambda is_open: None) -> None:
        self._pause_s = pause_s
        self._on_change = on_change
        self._resume: float | None = None

    @property
    def is_open(self) -> bool:
        """Whether the last calls have failed."""
        return self._resume is not None

    def allows(self) -> bool:
        """Return whether a call may be made now. While the breaker is open, a True is for one call alone."""
        if self._resume is None:
            return True
        now = time.monotonic()
        if now < self._resume:
            return False
        self._resume = now + self._pause_s
        return True

    def failed(self) -> None:
        """Open it, or keep it open for another pause."""
        was_open, self._resume = self.is_open, time.monotonic() + self._pause_s
        if not was_open:
            self._on_change(True)

    def succeeded(self) -> None:
        """Close it."""
        if self._resume is not None:
            self._resume = None
            self._on_change(False)
