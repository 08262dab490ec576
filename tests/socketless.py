"""A gateway without a socket, for tests that make thousands of requests."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import httpx2 as httpx

from earthgan import Surrogate
from earthgan_gateway import Settings, create_app
from engines import CountingEngine
from places import DEFAULT_SURROGATE

T = TypeVar("T")


class Gateway:
    """A gateway that serves the shipped surrogate with an engine that costs nothing, or another one with its own."""

    def __init__(self, folder: Path | None = None, **settings: Any) -> None:
        self._runner = asyncio.Runner()
        #: The engine that costs nothing, if the gateway has it.
        self.engine = None if folder else CountingEngine(Surrogate(DEFAULT_SURROGATE))
        self.app = create_app(Settings(surrogate=folder or DEFAULT_SURROGATE, prefetch=False, **settings), self.engine)

    def get(self, address: str, *query: tuple[str, Any], **headers: str) -> httpx.Response:
        return self.ask("GET", address, *query, **headers)

    def ask(self, method: str, address: str, *query: tuple[str, Any], **headers: str) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
                url = httpx.URL(address)
                params = [*url.params.multi_items(), *query]
                return await client.request(method, url.copy_with(params=params), headers=headers)

        return self._runner.run(ask())

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the gateway's event loop."""
        return self._runner.run(work)

    def close(self) -> None:
        self._runner.close()
