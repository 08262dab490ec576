"""One cache of two levels: this process's memory, and Redis."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, nullcontext
from typing import TYPE_CHECKING, Literal

from earthgan_gateway.cache.memory import MemoryCache

if TYPE_CHECKING:  # a gateway without Redis does not load its client
    from earthgan_gateway.cache.redis import RedisCache

Level = Literal["memory", "redis"]


class LayeredCache:
    """A cache that looks in this process's memory first, and then in Redis if there is one."""

    def __init__(self, memory: MemoryCache, redis: RedisCache | None = None) -> None:
        self.memory = memory
        self.redis = redis

    async def get(self, key: str, patient: bool = False) -> tuple[bytes, Level] | None:
        """Return the bytes and the level that held them. Bytes that only Redis held are copied to memory.

        `patient` gives Redis more time, where a miss costs more than that.
        """
        value = self.memory.get(key)
        if value is not None:
            return value, "memory"
        if self.redis is not None:
            value = await self.redis.get(key, patient)
            if value is not None:
                self.memory.set(key, value)
                return value, "redis"
        return None

    async def set(self, key: str, value: bytes) -> None:
        self.memory.set(key, value)
        if self.redis is not None:
            await self.redis.set(key, value)

    def exclusive(self, key: str, wait_s: float) -> AbstractAsyncContextManager[None]:
        """Return a context that only one of the processes sharing this Redis can be in at a time."""
        return nullcontext() if self.redis is None else self.redis.exclusive(key, wait_s)

    async def close(self) -> None:
        if self.redis is not None:
            await self.redis.close()
