"""Whatever is asked wrongly gets one clear line, and costs no call of the generator."""

import asyncio
from collections.abc import Sequence

import httpx2 as httpx
import pytest

from earthgan import Surrogate
from earthgan.errors import EngineAnswerInvalid, EngineTimeout, EngineUnavailable
from earthgan_gateway import Settings, create_app
from engines import CountingEngine
from places import DEFAULT_SURROGATE

SETTINGS = Settings(surrogate=DEFAULT_SURROGATE)


def ask(engine: CountingEngine, *paths: str, at_once: bool = False) -> Sequence[httpx.Response]:
    """The answers of a gateway over an engine, without a socket."""

    async def main() -> Sequence[httpx.Response]:
        transport = httpx.ASGITransport(create_app(SETTINGS, engine), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
            if at_once:
                return await asyncio.gather(*(client.get(path) for path in paths))
            return [await client.get(path) for path in paths]

    return asyncio.run(main())


NOT_FOUND = [
    "/tiles/density/120/150/1/0/0",
    "/tiles/Temperature/120/150/1/0/0",
    "/tiles/temperature/129/150/1/0/0",
    "/tiles/temperature/120/199/1/0/0",
    "/tiles/temperature/120/150/1/2/0",
    "/tiles/temperature/120/150/1/0/2",
    "/tiles/temperature/120/150/99/0/0",
    "/tiles/temperature/0120/150/1/0/0",
    "/tiles/temperature/+120/150/1/0/0",
    "/tiles/temperature/%2B120/150/1/0/0",
    "/tiles/temperature/120.0/150/1/0/0",
    "/tiles/temperature/1_20/150/1/0/0",
    "/tiles/temperature/ 120/150/1/0/0",
    "/tiles/temperature/120%0A/150/1/0/0",
    "/tiles/temperature/\u0661\u0662\u0660/150/1/0/0",
    "/tiles/temperature/-1/150/1/0/0",
    "/tiles/temperature/120/-1/1/0/0",
    "/tiles/temperature/120/150/1/-1/0",
    "/tiles/temperature/1e2/150/1/0/0",
    "/tiles/temperature/99999999999999999999999999/150/1/0/0",
    "/tiles/temperature/NaN/150/1/0/0",
    "/tiles/temperature/120/150/1/0/0.jpg",
    "/tiles/temperature/120/150/1/0/0@3x.png",
    "/tiles/temperature/120/150/1/0/0.png%00",
    "/tiles/temperature/120/150/1/0/",
    "/tiles/temperature/120/150/1/0",
    "/tiles/temperature/120/150/1/0/0/0",
    "/tiles/temperature%2f..%2f120/150/1/0/0",
    "/tiles/",
    "/tiles",
    "/tiles/temperature/120/199/tilejson.json",
    "/tiles/temperature/120/0150/tilejson.json",
    "/shells/temperature/120/199.npy",
    "/shells/temperature/120/00.npy",
    "/shells/temperature/120/0.exe",
    "/legends/density.json",
    "/legends/vx.gif",
    "/nothing",
    "/client/..%2f..%2fpyproject.toml",
]


@pytest.fixture(scope="module")
def wrong_answers() -> dict[str, tuple[httpx.Response, int]]:
    engine = CountingEngine(Surrogate(DEFAULT_SURROGATE))
    return {path: (answer, engine.calls) for path, answer in zip(NOT_FOUND, ask(engine, *NOT_FOUND), strict=True)}


@pytest.mark.parametrize("path", NOT_FOUND)
def test_what_does_not_exist_is_a_404_problem(wrong_answers: dict[str, tuple[httpx.Response, int]], path: str) -> None:
    answer, calls = wrong_answers[path]
    assert calls == 0
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    problem = answer.json()
    assert problem["status"] == 404
    assert problem["title"] == "Not Found"
    assert problem["detail"]
    assert "\n" not in problem["detail"]


@pytest.mark.parametrize(
    "query",
    [
        "tms=Mars",
        "colormap=nope",
        "rescale=1",
        "rescale=2,1",
        "rescale=1,1",
        "rescale=nan,1",
        "rescale=a,b",
        "rescale=",
    ],
)
def test_a_query_that_cannot_be_read_is_a_422_problem(query: str) -> None:
    engine = CountingEngine(Surrogate(DEFAULT_SURROGATE))
    (answer,) = ask(engine, f"/tiles/temperature/120/150/1/0/0.png?{query}")
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert engine.calls == 0


def test_a_colour_map_that_is_not_listed_is_refused_where_nothing_is_coloured_too() -> None:
    engine = CountingEngine(Surrogate(DEFAULT_SURROGATE))
    (answer,) = ask(engine, "/shells/temperature/120/150.npy?colormap=nope")
    assert answer.status_code == 422
    assert answer.json()["detail"] == "colormap must be a colour map that /colormaps lists"


def test_two_hundred_callers_of_one_cold_shell_make_one_call() -> None:
    engine = CountingEngine(Surrogate(DEFAULT_SURROGATE), delay_s=0.05)
    tiles = [f"/tiles/{variable}/120/9/2/{x}/{y}" for variable in ("vx", "vy") for x in range(4) for y in range(4)]
    answers = ask(engine, *(tiles * 7)[:200], at_once=True)
    assert {answer.status_code for answer in answers} == {200}
    assert engine.calls == 1


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (EngineUnavailable("away"), 503),
        (EngineTimeout("slow"), 503),
        (EngineAnswerInvalid("odd"), 502),
        (RuntimeError("secret"), 500),
    ],
)
def test_an_engine_that_fails_is_a_problem_that_is_not_kept(error: Exception, status: int) -> None:
    engine = CountingEngine(Surrogate(DEFAULT_SURROGATE), error=error)
    path = "/tiles/temperature/120/150/1/0/0"
    answers = ask(engine, path, path, "/readyz", "/healthz")
    assert [answer.status_code for answer in answers] == [status, status, status, 200]
    assert engine.calls == 2
    assert answers[0].headers["cache-control"] == "no-store"
    assert ("retry-after" in answers[0].headers) == (status == 503)
    assert "secret" not in answers[0].text


def test_a_conditional_request_is_answered_before_the_engine() -> None:
    engine = CountingEngine(Surrogate(DEFAULT_SURROGATE))
    path = "/tiles/temperature/120/150/1/0/0"

    async def main() -> tuple[httpx.Response, httpx.Response]:
        transport = httpx.ASGITransport(create_app(SETTINGS, engine))
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
            etag = (await client.get(path)).headers["etag"]
            fresh = CountingEngine(engine.surrogate)
            transport = httpx.ASGITransport(create_app(SETTINGS, fresh))
            async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as other:
                again = await other.get(path, headers={"if-none-match": etag})
                gone = await other.get("/tiles/temperature/999/150/1/0/0", headers={"if-none-match": "*"})
                assert fresh.calls == 0
        return again, gone

    again, gone = asyncio.run(main())
    assert again.status_code == 304
    assert again.content == b""
    assert gone.status_code == 404
