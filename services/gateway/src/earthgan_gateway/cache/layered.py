"""Memory over Redis, seen as one."""

from __future__ import annotations

from typing import Literal

from earthgan_gateway.cache.memory import MemoryCache
from earthgan_gateway.cache.redis import RedisCache

Level = Literal["memory", "redis"]


class LayeredCache:
    """This process's memory, and behind it Redis where there is one."""

    def __init__(self, memory: MemoryCache, redis: RedisCache | None = None) -> None:
        self._memory = memory
        self._redis = redis

    async def get(self, key: str) -> tuple[bytes, Level] | None:
        """The bytes and where they were found. What Redis had, memory has from then on."""
        value = self._memory.get(key)
        if value is not None:
            return value, "memory"
        if self._redis is not None:
            value = await self._redis.get(key)
            if value is not None:
                self._memory.set(key, value)
                return value, "redis"
        return None

    async def set(self, key: str, value: bytes) -> None:
        self._memory.set(key, value)
        if self._redis is not None:
            await self._redis.set(key, value)

    async def close(self) -> None:
        if self._redis is not None:
            await self._redis.close()
