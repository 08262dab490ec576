"""Engines for tests, which count their calls and can fail."""

import asyncio
from collections.abc import Sequence

import numpy as np

from earthgan import Surrogate, Window
from earthgan.surrogate import Field
from earthgan_gateway.engines import Lane


class CountingEngine:
    """Answers each shell with its index plus a gradient after `delay_s`. It counts its calls and raises `error`."""

    def __init__(self, surrogate: Surrogate, delay_s: float = 0, error: Exception | None = None) -> None:
        self.surrogate = surrogate
        self.delay_s = delay_s
        self.error = error
        self.calls = 0
        self.numerics = "counting/float32"
        self.reads_apart = True

    async def shells(
        self,
        variables: Sequence[str],
        t: int,
        shells: Sequence[int],
        seed: int | None,
        deadline: float,
        lane: Lane = "map",
    ) -> Field:
        _, rows, columns = self.surrogate.grid.shape
        return await self._answer(len(variables), shells, range(rows), columns)

    async def window(
        self,
        variables: Sequence[str],
        t: int,
        window: Window,
        seed: int | None,
        deadline: float,
        lane: Lane = "map",
    ) -> Field:
        return await self._answer(len(variables), window.shells, window.rows, len(window.columns))

    async def _answer(self, variables: int, shells: Sequence[int], rows: range, columns: int) -> Field:
        self.calls += 1
        await asyncio.sleep(self.delay_s)
        if self.error:
            raise self.error
        part = np.array(rows, dtype=np.float32)[:, None] * np.ones(columns, np.float32)
        return np.stack([[part + r for r in shells] for _ in range(variables)]).astype(np.float32)

    def has_step(self, t: int) -> bool:
        return True

    async def read_step(self, t: int, deadline: float) -> None: ...

    async def ready(self, deadline: float) -> None:
        if self.error:
            raise self.error

    async def close(self) -> None:
        pass
