"""Work that nobody waits for: it may fail in ways that nobody expected, and goes on."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

log = logging.getLogger(__name__)

#: How long to wait after an unexpected error, so that one that returns at once does not fill the log.
PAUSE_S = 1.0


async def keep_going(what: str, work: Callable[[], Awaitable[object]], pause_s: float = PAUSE_S) -> None:
    """Do a piece of work again and again until cancelled; an error that it raises is logged and ends that piece only.

    `what` names the work in the log.
    """
    while True:
        try:
            await work()
        except Exception:
            log.exception("%s failed in a way that nobody expected; it goes on", what)
            await asyncio.sleep(pause_s)
