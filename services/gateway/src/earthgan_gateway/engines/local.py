"""The generator in this process, in ONNX Runtime or torch."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from earthgan.errors import EngineTimeout
from earthgan.sphere.grid import Window
from earthgan.surrogate import Backend, Field, Surrogate


class LocalEngine:
    """One inference at a time, off the event loop. Without a backend, the surrogate's kind evaluates its own fields."""

    def __init__(self, surrogate: Surrogate, backend: Backend | None) -> None:
        self._surrogate = surrogate
        self._backend = backend
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="generator")

    async def shells(
        self, variables: Sequence[str], t: int, shells: Sequence[int], seed: int | None, deadline: float
    ) -> Field:
        field = await self._run(lambda: self._surrogate.shells(self._backend, variables, t, shells, seed), deadline)
        return self._surrogate.in_units(field, variables)

    async def window(
        self, variables: Sequence[str], t: int, window: Window, seed: int | None, deadline: float
    ) -> Field:
        def infer() -> Field:
            shells, rows, columns = window.axes
            return self._surrogate.shells(self._backend, variables, t, shells, seed, rows, columns)

        return self._surrogate.in_units(await self._run(infer, deadline), variables)

    async def _run(self, infer: Callable[[], Field], deadline: float) -> Field:
        def in_time() -> Field:
            if time.monotonic() > deadline:  # it has queued for too long; nobody waits for it any more
                raise EngineTimeout("the generator is too busy")
            return infer()

        future = asyncio.get_running_loop().run_in_executor(self._worker, in_time)
        try:
            return await asyncio.wait_for(future, deadline - time.monotonic())
        except TimeoutError:
            raise EngineTimeout("the generator did not answer in time") from None

    async def ready(self, deadline: float) -> None:
        await self._run(lambda: self._surrogate.probe(self._backend), deadline)

    async def close(self) -> None:
        self._worker.shutdown(wait=False, cancel_futures=True)
