"""Engines for tests that count and fail."""

import asyncio
from collections.abc import Sequence

import numpy as np

from earthgan import Surrogate
from earthgan.surrogate import Field


class CountingEngine:
    """Answers each shell with its index plus a gradient, after `delay_s`; counts its calls; raises on demand."""

    def __init__(self, surrogate: Surrogate, delay_s: float = 0, error: Exception | None = None) -> None:
        self.surrogate = surrogate
        self.delay_s = delay_s
        self.error = error
        self.calls = 0

    async def shells(
        self, variables: Sequence[str], t: int, shells: Sequence[int], seed: int | None, deadline: float
    ) -> Field:
        self.calls += 1
        await asyncio.sleep(self.delay_s)
        if self.error:
            raise self.error
        rows = np.arange(180, dtype=np.float32)[:, None] * np.ones(360, np.float32)
        return np.stack([[rows + r for r in shells] for _ in variables]).astype(np.float32)

    async def ready(self, deadline: float) -> None:
        if self.error:
            raise self.error

    async def close(self) -> None:
        pass
