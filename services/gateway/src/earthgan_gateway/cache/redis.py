"""Redis as a cache that may be unavailable. A failing Redis fails no request, and an unresponsive one delays few."""

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

#: How long the gateway does not ask Redis after a failure.
PAUSE_S = 5.0
#: A lock expires after this time if its holder dies. A living holder renews it three times in this time.
LOCK_S = 3.0


class RedisCache:
    """A client that makes one short attempt for each call, and none for a while after a failure.

    It calls `on_failure` with the error of each failed attempt. It calls `on_breaker` with True when it stops asking
    Redis, and with False when Redis has answered again.
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
        """Whether Redis has just failed and is not asked for now."""
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
        """Hold a lock that all processes respect. Continue without it if Redis fails or `wait_s` seconds are over."""
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
        log.warning("Redis failed and is not asked for %.0f s: %s", PAUSE_S, type(error).__name__)

    async def close(self) -> None:
        await self._redis.aclose()


async def _renew(lock: Lock) -> None:
    await asyncio.sleep(LOCK_S / 3)
    with suppress(RedisError, OSError):  # it may have expired; another process then computes the same, which is safe
        await lock.reacquire()
