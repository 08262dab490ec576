"""Redis as a cache that may be away: it never fails a request, and a silent one delays few."""

from __future__ import annotations

import logging
import time

import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

#: After a failure Redis is left alone for so long.
PAUSE_S = 5.0


class RedisCache:
    """One short attempt per call; after a failure, none for a while."""

    def __init__(self, url: str, timeout_s: float) -> None:
        self._redis = redis.asyncio.Redis.from_url(
            url,
            socket_timeout=timeout_s,
            socket_connect_timeout=timeout_s,
            retry=Retry(NoBackoff(), 0),
            protocol=3,
        )
        self._resume = 0.0

    async def get(self, key: str) -> bytes | None:
        if time.monotonic() < self._resume:
            return None
        try:
            value = await self._redis.get(key)
        except (RedisError, OSError) as error:
            self._pause(error)
            return None
        return value if isinstance(value, bytes) else None

    async def set(self, key: str, value: bytes) -> None:
        if time.monotonic() < self._resume:
            return
        try:
            await self._redis.set(key, value)
        except (RedisError, OSError) as error:
            self._pause(error)

    def _pause(self, error: Exception) -> None:
        self._resume = time.monotonic() + PAUSE_S
        log.warning("Redis is left out for %.0f s: %s", PAUSE_S, type(error).__name__)

    async def close(self) -> None:
        await self._redis.aclose()
