"""The cache in Redis: shared between processes, and never missed."""

import signal
import time
from pathlib import Path

import httpx2 as httpx
import pytest
import redis

from earthgan import Surrogate
from earthgan_gateway.cache.lock import LOCK_S
from earthgan_gateway.cache.redis import PAUSE_S
from earthgan_gateway.keys import Keys
from gateway_server import gateway
from integration.redis_server import redis_server
from places import DEFAULT_SURROGATE

pytestmark = pytest.mark.alone

TILE = "/tiles/temperature/121/150/1/0/0"


def fetch(url: str, path: str = TILE) -> tuple[int, str, float]:
    started = time.monotonic()
    answer = httpx.get(url + path, trust_env=False, timeout=20)
    return answer.status_code, answer.headers.get("cache-status", ""), time.monotonic() - started


def test_a_second_gateway_finds_what_the_first_has_drawn(tmp_path: Path) -> None:
    with redis_server(tmp_path) as (redis_url, _):
        with gateway(redis_url=redis_url) as first:
            assert "fwd=miss" in fetch(first)[1]
            assert "detail=memory" in fetch(first)[1]
        with gateway(redis_url=redis_url) as second:
            assert "hit; detail=redis" in fetch(second)[1]
            assert "hit; detail=memory" in fetch(second)[1]


def test_tiles_are_served_while_redis_is_away(tmp_path: Path) -> None:
    with redis_server(tmp_path) as (redis_url, process), gateway(redis_url=redis_url) as url:
        assert fetch(url)[0] == 200
        process.send_signal(signal.SIGSTOP)
        try:
            answers = [fetch(url, f"/tiles/vx/121/150/3/{x}/{y}") for x in range(4) for y in range(4)]
        finally:
            process.send_signal(signal.SIGCONT)
        assert {status for status, *_ in answers} == {200}
        times_s = sorted(elapsed for *_, elapsed in answers)
        assert times_s[-7] < max(0.1, 3 * times_s[0]), "a few slow attempts open the breakers"
        assert "earthgan_redis_breaker_open 1.0" in httpx.get(f"{url}/metrics", trust_env=False).text
        time.sleep(PAUSE_S)
        fetch(url, "/tiles/vx/121/150/4/0/0")
        assert "earthgan_redis_breaker_open 0.0" in httpx.get(f"{url}/metrics", trust_env=False).text
        process.kill()
        process.wait()
        assert fetch(url, "/tiles/vy/121/150/3/0/0")[0] == 200


def test_another_takes_over_from_a_process_that_died_with_the_lock(tmp_path: Path) -> None:
    lock = Keys(Surrogate(DEFAULT_SURROGATE).digest, "numpy/float32").shell("*", 121, 9)
    with redis_server(tmp_path) as (redis_url, _), gateway(redis_url=redis_url) as url:
        fetch(url, "/tiles/temperature/121/8/0/0/0")  # the step is decoded; what is measured is the lock
        with redis.Redis.from_url(redis_url) as client:
            client.set(f"lock/{lock}", "of the dead", px=int(LOCK_S * 1000))
        status, cache_status, elapsed_s = fetch(url, "/tiles/temperature/121/9/0/0/0")
    assert status == 200
    assert "fwd=miss" in cache_status
    assert LOCK_S - 1 < elapsed_s < LOCK_S + 2


def test_a_gateway_starts_and_serves_without_its_redis() -> None:
    with gateway(redis_url="redis://127.0.0.1:9/0") as url:
        status, cache_status, _ = fetch(url)
        assert status == 200
        assert "fwd=miss" in cache_status
        assert "detail=memory" in fetch(url)[1]
