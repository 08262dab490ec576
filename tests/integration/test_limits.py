"""More than the gateway is meant for gets a 429 or a 503 that says when to come back."""

import asyncio
import time
from collections import Counter

import httpx2 as httpx
import pytest
from pydantic import ValidationError

from earthgan import Surrogate
from earthgan_gateway import Settings, create_app
from engines import CountingEngine
from gateway_server import gateway
from places import DEFAULT_SURROGATE

pytestmark = pytest.mark.alone


def test_a_client_that_asks_too_often_is_told_when_to_come_back() -> None:
    with gateway(rate_limit="40/second") as url, httpx.Client(base_url=url, trust_env=False) as client:
        client.get("/tiles/temperature/121/150/0/0/0")
        time.sleep(1.1)
        answers, started = [], time.monotonic()
        while time.monotonic() - started < 2:
            answers.append(client.get("/tiles/temperature/121/150/0/0/0"))
        statuses = Counter(answer.status_code for answer in answers)
        assert set(statuses) == {200, 429}
        assert 76 <= statuses[200] <= 124, "two windows, and what fits into the rest of a third"
        refused = next(answer for answer in answers if answer.status_code == 429)
        assert refused.headers["retry-after"] == "1"
        assert refused.headers["content-type"] == "application/problem+json"
        assert client.get("/healthz").status_code == 200


def test_a_shell_too_many_is_a_503_and_those_under_way_go_on() -> None:
    engine = CountingEngine(Surrogate(DEFAULT_SURROGATE), delay_s=0.3)
    settings = Settings(surrogate=DEFAULT_SURROGATE, max_pending_shells=2, prefetch=False)

    async def main() -> list[httpx.Response]:
        transport = httpx.ASGITransport(create_app(settings, engine))
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
            paths = [f"/tiles/vx/121/{r}/0/0/0" for r in (1, 2, 3)] + ["/tiles/vy/121/1/0/0/0"]
            return list(await asyncio.gather(*(client.get(path) for path in paths)))

    answers = asyncio.run(main())
    assert [answer.status_code for answer in answers] == [200, 200, 503, 200]
    assert int(answers[2].headers["retry-after"]) > 0
    assert engine.calls == 2


def test_a_limit_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(ValidationError, match="rate_limit"):
        Settings(rate_limit="often")
