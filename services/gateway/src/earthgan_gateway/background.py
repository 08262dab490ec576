"""Background work that continues after an unexpected error."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

log = logging.getLogger(__name__)

#: The pause after an unexpected error. It keeps an error that recurs at once from filling the log.
PAUSE_S = 1.0


async def keep_going(what: str, work: Callable[[], Awaitable[object]], pause_s: float = PAUSE_S) -> None:
    """Repeat a piece of work until cancelled. If one run raises an error, the error is logged and the next run starts.

    `what` names the work in the log.
    """
    while True:
        try:
            await work()
        except Exception:
            log.exception("%s failed unexpectedly; it starts again", what)
            await asyncio.sleep(pause_s)
