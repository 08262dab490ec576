"""Redis as a cache that may be away: it never fails a request, and a silent one delays few."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import redis.asyncio
from redis.asyncio.lock import Lock
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from earthgan_gateway.background import keep_going

log = logging.getLogger(__name__)

#: After a failure Redis is left alone for so long.
PAUSE_S = 5.0
#: A lock whose holder dies is free after so long; a living holder renews it three times as often.
LOCK_S = 3.0


class RedisCache:
    """One short attempt per call; after a failure, none for a while.

    `on_failure` is told of each failure, `on_breaker` when Redis is left out and when it has answered again.
    """

    def __init__(
        self,
        url: str,
        timeout_s: float,
        on_failure: Callable[[BaseException], None] = lambda error: None,
        on_breaker: Callable[[bool], None] = lambda is_open: None,
    ) -> None:
        self._on_failure = on_failure
        self._on_breaker = on_breaker
        self._failed = False
        self._redis = redis.asyncio.Redis.from_url(
            url,
            socket_timeout=timeout_s,
            socket_connect_timeout=timeout_s,
            retry=Retry(NoBackoff(), 0),
            protocol=3,
        )
        self._resume = 0.0

    @property
    def paused(self) -> bool:
        """Redis failed a moment ago, and is not asked."""
        return time.monotonic() < self._resume

    async def get(self, key: str) -> bytes | None:
        if self.paused:
            return None
        try:
            value = await self._redis.get(key)
        except (RedisError, OSError) as error:
            self._pause(error)
            return None
        if self._failed:
            self._failed = False
            self._on_breaker(False)
        return value if isinstance(value, bytes) else None

    async def set(self, key: str, value: bytes) -> None:
        if self.paused:
            return
        try:
            await self._redis.set(key, value)
        except (RedisError, OSError) as error:
            self._pause(error)

    @asynccontextmanager
    async def exclusive(self, key: str, wait_s: float) -> AsyncIterator[None]:
        """Hold a lock that all processes respect; go on without it where Redis fails or `wait_s` is over."""
        lock = self._redis.lock(f"lock/{key}", timeout=LOCK_S, sleep=0.02, blocking_timeout=wait_s)
        renewal = None
        try:
            if not self.paused and await lock.acquire():
                renewal = asyncio.create_task(keep_going("renewing a lock", lambda: _renew(lock)))
        except (RedisError, OSError) as error:
            self._pause(error)
        try:
            yield
        finally:
            if renewal is not None:
                renewal.cancel()
                try:
                    await lock.release()
                except (RedisError, OSError) as error:
                    log.warning("a lock was lost before it was released: %s", type(error).__name__)

    def _pause(self, error: Exception) -> None:
        self._resume = time.monotonic() + PAUSE_S
        self._failed = True
        self._on_failure(error)
        self._on_breaker(True)
        log.warning("Redis is left out for %.0f s: %s", PAUSE_S, type(error).__name__)

    async def close(self) -> None:
        await self._redis.aclose()


async def _renew(lock: Lock) -> None:
    await asyncio.sleep(LOCK_S / 3)
    with suppress(RedisError, OSError):  # it may have expired: another may compute the same, which costs time alone
        await lock.reacquire()
