"""An engine that runs the generator in this process."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from earthgan.errors import EngineTimeout
from earthgan.sphere.grid import Window
from earthgan.surrogate import Backend, Field, Surrogate
from earthgan_gateway.engines.base import FRESH_S, Lane


class LocalEngine:
    """Runs inferences outside the event loop, one at a time in each lane, because one inference can use every core.

    If `backend` is None, the surrogate's kind evaluates its fields itself. Each lane has its own thread, so that a tile
    waits only for other tiles and never for a long read. Time steps for tiles are read in a lane of their own, so that
    a tile of a step in memory does not wait for them either.
    """

    reads_apart = True

    def __init__(self, surrogate: Surrogate, backend: Backend | None, numerics: str) -> None:
        self.numerics = numerics
        self._surrogate = surrogate
        self._backend = backend
        self._lanes = {lane: _worker(lane) for lane in ("map", "steps", "long", "probe")}
        self._succeeded = -FRESH_S

    async def shells(
        self,
        variables: Sequence[str],
        t: int,
        shells: Sequence[int],
        seed: int | None,
        deadline: float,
        lane: Lane = "map",
    ) -> Field:
        def infer() -> Field:
            field = self._surrogate.shells(self._backend, variables, t, shells, seed)
            return self._surrogate.in_units(field, variables)

        return await self._run(lane, infer, deadline)

    async def window(
        self,
        variables: Sequence[str],
        t: int,
        window: Window,
        seed: int | None,
        deadline: float,
        lane: Lane = "map",
    ) -> Field:
        def infer() -> Field:
            shells, rows, columns = window.axes
            field = self._surrogate.shells(self._backend, variables, t, shells, seed, rows, columns)
            return self._surrogate.in_units(field, variables)

        return await self._run(lane, infer, deadline)

    def has_step(self, t: int) -> bool:
        return self._surrogate.has_step(t)

    async def read_step(self, t: int, deadline: float) -> None:
        await self._run("steps", lambda: self._surrogate.conditional_input(t), deadline)

    async def _run(self, lane: str, infer: Callable[[], Field], deadline: float) -> Field:
        def in_time() -> Field:
            if time.monotonic() > deadline:  # it has queued for too long, and nobody waits for it any more
                raise EngineTimeout("the generator is too busy")
            return infer()

        future = asyncio.get_running_loop().run_in_executor(self._lanes[lane], in_time)
        try:
            field = await asyncio.wait_for(future, deadline - time.monotonic())
        except TimeoutError:
            raise EngineTimeout("the generator did not answer in time") from None
        if lane != "steps":
            self._succeeded = time.monotonic()
        return field

    async def ready(self, deadline: float) -> None:
        if time.monotonic() - self._succeeded > FRESH_S:
            await self._run("probe", lambda: self._surrogate.probe(self._backend), deadline)

    async def close(self) -> None:
        for worker in self._lanes.values():
            worker.shutdown(wait=False, cancel_futures=True)


def _worker(lane: str) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"generator-{lane}")
