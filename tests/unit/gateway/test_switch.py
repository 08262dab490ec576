"""A request is answered by one application, and the one that serves stays if its successor is no good."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import Message

from earthgan.errors import EngineUnavailable
from earthgan_gateway.switch import Switch

Log = list[str]


def made(name: str, log: Log, status: int = 200, hold: asyncio.Event | None = None) -> FastAPI:
    """An application that answers with its name, when it may."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        log.append(f"{name} begins")
        yield
        log.append(f"{name} ends")

    async def answer(request: object) -> PlainTextResponse:
        if hold is not None:
            await hold.wait()
        return PlainTextResponse(name)

    async def ready(request: object) -> PlainTextResponse:
        return PlainTextResponse("", status)

    return FastAPI(lifespan=lifespan, routes=[Route("/", answer), Route("/readyz", ready)])


async def live(switch: Switch, work: Callable[[AsyncClient], Awaitable[None]]) -> None:
    """Do something while the application lives."""
    told: asyncio.Queue[Message] = asyncio.Queue()
    said: asyncio.Queue[Message] = asyncio.Queue()
    life = asyncio.create_task(switch({"type": "lifespan"}, told.get, said.put))
    await told.put({"type": "lifespan.startup"})
    assert (await said.get())["type"] == "lifespan.startup.complete"
    async with AsyncClient(transport=ASGITransport(switch), base_url="http://x") as client:
        await work(client)
    await told.put({"type": "lifespan.shutdown"})
    assert (await said.get())["type"] == "lifespan.shutdown.complete"
    await life


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not holds():
            await asyncio.sleep(0.01)


def test_a_request_that_is_under_way_is_answered_by_the_one_that_began_it() -> None:
    async def main() -> Log:
        log: Log = []
        hold = asyncio.Event()
        switch = Switch(made("old", log, hold=hold), lambda: made("new", log))

        async def work(client: AsyncClient) -> None:
            first = asyncio.create_task(client.get("/"))
            await asyncio.sleep(0.05)
            switch.change()
            await until(lambda: "new begins" in log)
            async with asyncio.timeout(10):
                while (await client.get("/")).text != "new":
                    await asyncio.sleep(0.01)
            assert "old ends" not in log
            hold.set()
            assert (await first).text == "old"
            await until(lambda: "old ends" in log)

        await live(switch, work)
        return log

    assert asyncio.run(main()) == ["old begins", "new begins", "old ends", "new ends"]


@pytest.mark.parametrize("how", ["cannot be made", "fails unexpectedly", "cannot compute"])
def test_the_old_one_stays_if_the_new_one(how: str, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        log: Log = []
        tries: Log = []

        def make() -> FastAPI:
            tries.append(how)
            if how == "cannot be made":
                raise EngineUnavailable("the file is damaged")
            if how == "fails unexpectedly":
                raise RuntimeError("a mistake")
            return made("new", log, status=503)

        switch = Switch(made("old", log), make)

        async def work(client: AsyncClient) -> None:
            for count in (1, 2):
                switch.change()
                await until(lambda count=count: len(tries) == count and "not changed" in caplog.text)
                await asyncio.sleep(0.1)
                assert (await client.get("/")).text == "old"
            assert "old ends" not in log
            assert log.count("new begins") == log.count("new ends")

        await live(switch, work)

    asyncio.run(main())
