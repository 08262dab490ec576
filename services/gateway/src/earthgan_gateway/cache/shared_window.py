"""Counts of the requests of many clients that several processes share through Redis."""

from __future__ import annotations

from earthgan_gateway.cache.redis import RedisCache

# A list holds the times of a client's last requests in microseconds of Redis's clock, the newest first. It has as many
# as the limit allows, so the client may ask if the last of them lies outside the window.
_ASK = """
local now = redis.call('time')
local moment = now[1] * 1000000 + now[2]
local amount, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local oldest = redis.call('lindex', KEYS[1], amount - 1)
if oldest and oldest + window > moment then return tostring(oldest + window - moment) end
redis.call('lpush', KEYS[1], string.format('%.0f', moment))
redis.call('ltrim', KEYS[1], 0, amount - 1)
redis.call('pexpire', KEYS[1], math.ceil(window / 1000))
return '0'
"""


class SharedWindow:
    """Allows each client `amount` requests within any `window_s` seconds, over all processes that share a Redis."""

    def __init__(self, redis: RedisCache, amount: int, window_s: float) -> None:
        self._redis = redis
        self._amount = amount
        self._window_us = round(window_s * 1e6)

    async def wait_s(self, client: str) -> float | None:
        """Return 0 and count the request if the client may ask now; otherwise the seconds that it has to wait.

        Return None if Redis does not answer.
        """
        key = f"rate/{self._amount}/{self._window_us}/{client}"
        answer = await self._redis.evaluate(_ASK, key, self._amount, self._window_us)
        return None if answer is None else float(answer) / 1e6
