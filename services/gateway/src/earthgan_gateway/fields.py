"""Use case: a radial shell in units, computed once for all who ask and then kept."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from earthgan.surrogate import Surrogate
from earthgan_gateway.cache import LayeredCache, SingleFlight
from earthgan_gateway.engines import Engine

Source = Literal["memory", "redis", "generated"]


@dataclass(frozen=True)
class Shell:
    """Values `(latitude, longitude)` of a variable in its unit, read-only, and where they came from."""

    values: NDArray[np.float32]
    source: Source


class Fields:
    """The shells of one surrogate, from the cache or the engine."""

    def __init__(self, surrogate: Surrogate, engine: Engine, cache: LayeredCache, timeout_s: float) -> None:
        self.surrogate = surrogate
        self._engine = engine
        self._cache = cache
        self._timeout_s = timeout_s
        self._flights: SingleFlight[dict[str, bytes]] = SingleFlight()

    def check(self, variable: str, t: int, r: int) -> None:
        """Raises UnknownVariable, UnknownStep or UnknownShell, before anything is computed."""
        self.surrogate.check_variable(variable)
        self.surrogate.check_step(t)
        self.surrogate.check_shell(r)

    async def shell(self, variable: str, t: int, r: int) -> Shell:
        """One shell of a variable. Raises NotFound and EngineError."""
        self.check(variable, t, r)
        source: Source
        if found := await self._cache.get(self._key(variable, t, r)):
            stored, source = found
        else:
            stored, source = (await self._flights.do((t, r), lambda: self._generate(t, r)))[variable], "generated"
        values = np.frombuffer(stored, dtype="<f4").reshape(self.surrogate.grid.shape[1:])
        return Shell(values, source)

    async def _generate(self, t: int, r: int) -> dict[str, bytes]:
        """All variables of a shell: one pass of the generator gives them all."""
        variables = self.surrogate.variables
        field = await self._engine.shells(variables, t, [r], None, time.monotonic() + self._timeout_s)
        shells = {name: values[0].astype("<f4").tobytes() for name, values in zip(variables, field, strict=True)}
        for name, stored in shells.items():
            await self._cache.set(self._key(name, t, r), stored)
        return shells

    def _key(self, variable: str, t: int, r: int) -> str:
        return f"{self.surrogate.digest}/shell/{variable}/{t}/{r}"
