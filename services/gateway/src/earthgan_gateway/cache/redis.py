"""Redis as a cache that may be unavailable. A failing Redis fails no request, and an unresponsive one delays few."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError

from earthgan_gateway.breaker import Breaker
from earthgan_gateway.cache import sealed
from earthgan_gateway.cache.lock import RedisLock
from earthgan_gateway.cache.patience import Patience

log = logging.getLogger(__name__)

#: How long the gateway does not ask Redis after a failure.
PAUSE_S = 5.0
#: The least time that Redis gets for what saves a computation, which takes longer than that: locks, and a look for
#: what another process has computed meanwhile.
PATIENT_S = 2.0
#: A Redis that has kept a call waiting for too long is away if it does not answer a ping in this time either.
DOUBT_S = 1.0
#: How the scheme of a Redis Cluster's address ends, such as redis+cluster://10.0.0.1:6379.
CLUSTER = "+cluster"
#: The most connections of one process. Other calls wait for one of them.
MOST_CONNECTIONS = 64


class RedisCache:
    """A client that makes one short attempt for each call, and none for a while after a failure.

    Reads and writes fail apart: a Redis that is full or read-only goes on answering reads. Values are sealed
    (`cache.sealed`), and a damaged one counts as absent. It calls `on_failure` with the error of each failed attempt,
    `on_damage` for each damaged value, and `on_breaker` with True when it stops asking Redis for reads or writes, and
    with False when both have worked again.
    """

    def __init__(
        self,
        url: str,
        timeout_s: float,
        on_failure: Callable[[BaseException], None] = lambda error: None,
        on_breaker: Callable[[bool], None] = lambda is_open: None,
        on_damage: Callable[[], None] = lambda: None,
    ) -> None:
        self._on_failure = on_failure
        self._on_damage = on_damage
        self._timeout_s = timeout_s
        self._patient_s = max(timeout_s, PATIENT_S)
        self._redis = _client(url)
        self._turn = asyncio.Semaphore(MOST_CONNECTIONS)
        self._answered = 0.0
        self._doubt: asyncio.Task[None] | None = None
        self._reads = Breaker(PAUSE_S, lambda _: on_breaker(self.is_failing))
        self._writes = Breaker(PAUSE_S, lambda _: on_breaker(self.is_failing))

    @property
    def is_failing(self) -> bool:
        """Whether reads or writes have failed and not worked since."""
        return self._reads.is_open or self._writes.is_open

    async def get(self, key: str, patient: bool = False) -> bytes | None:
        """Return the value of a key. `patient` gives Redis more time, where a miss costs more than that."""
        kept = await self._asked(
            self._reads, lambda: self._redis.get(_name(key)), self._patient_s if patient else self._timeout_s
        )
        if not isinstance(kept, bytes):
            return None
        value = sealed.unseal(key, kept)
        if value is None:
            self._damaged(key)
        return value

    async def set(self, key: str, value: bytes) -> None:
        await self._asked(self._writes, lambda: self._redis.set(_name(key), sealed.seal(key, value)), self._timeout_s)

    async def evaluate(self, script: str, key: str, *arguments: str | float) -> Any:
        """Run a Lua script for a key. Return None if Redis is not asked now or fails."""
        return await self._asked(
            self._writes,
            lambda: self._redis.eval(script, 1, key, *arguments),
            self._timeout_s,
        )

    @asynccontextmanager
    async def exclusive(self, key: str, wait_s: float) -> AsyncIterator[None]:
        """Hold a lock that all processes respect. Continue without it if Redis fails or `wait_s` seconds are over."""
        lock = RedisLock(self._redis, f"lock/{key}", self._ask_for_lock)
        await lock.acquire(wait_s)
        try:
            yield
        finally:
            await lock.release()

    async def _ask_for_lock(self, call: Callable[[], Awaitable[Any]]) -> Any:
        return await self._asked(self._writes, call, self._patient_s)

    async def _asked(self, breaker: Breaker, call: Callable[[], Awaitable[Any]], timeout_s: float) -> Any:
        """Return the answer of a call, or None if Redis is not asked now or fails."""
        if not breaker.allows():
            return None
        began = time.monotonic()
        try:
            async with Patience(timeout_s), self._turn:
                found = await call()
        except ResponseError as error:
            self._answered = time.monotonic()
            if str(error).startswith("WRONGTYPE"):  # somebody else has written this key; that is not Redis's fault
                self._damaged("")
                breaker.succeeded()
            else:
                self._failed((breaker,), error)
            return None
        except TimeoutError as error:
            self._on_failure(error)
            if breaker.is_open:
                breaker.failed()
            elif self._answered < began and self._doubt is None:  # it has answered nobody meanwhile
                self._doubt = asyncio.create_task(self._check())
            return None
        except (RedisError, OSError) as error:
            self._failed((self._reads, self._writes), error)
            return None
        self._answered = time.monotonic()
        breaker.succeeded()
        return found

    async def _check(self) -> None:
        """Find out whether Redis is away or only slow, on a machine that has more to do. Calls go on meanwhile."""
        try:
            async with Patience(DOUBT_S):
                await self._redis.ping()
            self._answered = time.monotonic()
        except (TimeoutError, RedisError, OSError) as error:
            self._failed((self._reads, self._writes), error)
        finally:
            self._doubt = None

    def _failed(self, breakers: tuple[Breaker, ...], error: Exception) -> None:
        self._on_failure(error)
        if not all(breaker.is_open for breaker in breakers):
            log.warning("Redis failed and is asked again in %.0f s: %s", PAUSE_S, type(error).__name__)
        for breaker in breakers:
            breaker.failed()

    def _damaged(self, key: str) -> None:
        self._on_damage()
        log.warning("a value in Redis is damaged and counts as absent: %s", key or "it has another type")

    async def close(self) -> None:
        if self._doubt is not None:
            self._doubt.cancel()
        with suppress(RedisError, OSError):
            await self._redis.aclose()


def _client(url: str) -> Any:
    """A client of one Redis, or of a Redis Cluster if the scheme ends in `+cluster`. Each call is about one key."""
    limits: dict[str, Any] = {
        "socket_timeout": None,  # `Patience` limits each call
        "socket_connect_timeout": None,
        "retry": Retry(NoBackoff(), 0),
        "protocol": 3,
    }
    scheme, _, place = url.partition("://")
    if not scheme.endswith(CLUSTER):
        return redis.asyncio.Redis.from_url(url, **limits)
    # Nodes that are left go on answering for their own keys. After a failure, it asks them who has the others now.
    return redis.asyncio.RedisCluster.from_url(
        f"{scheme.removesuffix(CLUSTER)}://{place}", require_full_coverage=False, reinitialize_steps=1, **limits
    )


def _name(key: str) -> str:
    return f"{sealed.VERSION}/{key}"
