"""Counts of the requests of many clients, in bounded memory."""

from __future__ import annotations

import time
from collections import deque

from earthgan.bounded import Bounded

#: The memory of a full deque: a pointer and a float for each time in it, and the deque itself with its blocks.
_MOMENT_BYTES, _DEQUE_BYTES = 40, 760


class MovingWindow:
    """Allows each client `amount` requests within any `window_s` seconds.

    It remembers as many clients as fit into `max_bytes`. It forgets the client whose last request is oldest first.
    """

    def __init__(self, amount: int, window_s: float, max_bytes: int) -> None:
        self._amount = amount
        self._window_s = window_s
        self._asked: Bounded[str, deque[float]] = Bounded(
            max_bytes, lambda moments: _DEQUE_BYTES + _MOMENT_BYTES * amount
        )

    def wait_s(self, client: str) -> float:
        """Return 0 and count the request if the client may ask now; otherwise return the seconds it has to wait."""
        now = time.monotonic()
        moments = self._asked.get(client)
        if moments is None:
            moments = deque(maxlen=self._amount)
            self._asked.set(client, moments)
        if len(moments) == self._amount and (left_s := moments[0] + self._window_s - now) > 0:
            return left_s
        moments.append(now)
        return 0.0
