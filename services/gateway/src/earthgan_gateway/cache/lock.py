"""A lock in Redis that all processes respect. It expires if its holder dies."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Any

import redis.asyncio

from earthgan_gateway.background import keep_going

log = logging.getLogger(__name__)

#: A lock expires after this time if its holder dies. A living holder renews it three times in this time.
LOCK_S = 3.0
#: The first and the longest pause between two attempts to get a lock.
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.01, 0.1

_RENEW = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('pexpire', KEYS[1], ARGV[2]) end return 0"
_RELEASE = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0"
# No living holder leaves a lock without an end, or with a later one: somebody else has written it.
_MEND = """
local left = redis.call('pttl', KEYS[1])
if left == -1 or left > tonumber(ARGV[1]) then redis.call('pexpire', KEYS[1], ARGV[1]) end
return left
"""

#: Makes a call of Redis within a limit, and returns None if Redis fails.
Ask = Callable[[Callable[[], Awaitable[Any]]], Awaitable[Any]]


class RedisLock:
    """One attempt to hold the lock of a name. `ask` makes the calls."""

    def __init__(self, client: redis.asyncio.Redis, name: str, ask: Ask) -> None:
        self._client = client
        self._name = name
        self._ask = ask
        self._token = secrets.token_hex(16)
        self._renewal: asyncio.Task[None] | None = None

    async def acquire(self, wait_s: float) -> None:
        """Wait for the lock until it is ours, Redis fails, or `wait_s` seconds are over."""
        until, pause_s, looked = time.monotonic() + wait_s, _FIRST_PAUSE_S, False
        while True:
            answer = await self._ask(self._try)
            if answer:
                self._renewal = asyncio.create_task(keep_going("renewing a lock", self._renew))
                return
            if answer is None or time.monotonic() + pause_s > until:
                return
            if not looked:
                looked = await self._ask(lambda: self._run(_MEND, int(LOCK_S * 1000))) is not None
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    async def release(self) -> None:
        """Let the lock go if it is ours."""
        if self._renewal is not None:
            self._renewal.cancel()
            if await self._ask(lambda: self._run(_RELEASE, self._token)) == 0:
                log.warning("a lock was lost before it was released")

    async def _try(self) -> bool:
        return bool(await self._client.set(self._name, self._token, nx=True, px=int(LOCK_S * 1000)))

    async def _renew(self) -> None:
        await asyncio.sleep(LOCK_S / 3)
        # It may have expired. Another process then computes the same, which is safe.
        await self._ask(lambda: self._run(_RENEW, self._token, int(LOCK_S * 1000)))

    def _run(self, script: str, *arguments: str | int) -> Awaitable[Any]:
        return self._client.eval(script, 1, self._name, *arguments)
