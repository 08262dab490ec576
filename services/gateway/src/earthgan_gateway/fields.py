"""Use case: a radial shell of any quantity, computed once for all who ask in all processes, and then kept."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from cachetools import LRUCache
from numpy.typing import NDArray

from earthgan.errors import EngineUnavailable, UnknownVariable
from earthgan.quantities import Quantity, derive, quantities
from earthgan.quantities import anomaly as subtract_mean
from earthgan.sphere.sampling import ShellSampler
from earthgan.surrogate import Surrogate
from earthgan_gateway.cache import LayeredCache, SingleFlight
from earthgan_gateway.cache.packing import pack, unpack
from earthgan_gateway.engines import Engine
from earthgan_gateway.telemetry import Metrics, Traces

Source = Literal["memory", "redis", "generated"]


@dataclass(frozen=True)
class Shell:
    """A quantity on a shell, in its unit, read-only, and where it came from.

    `padded` is `values` `(latitude, longitude)` with a row for each pole, as sampling takes it.
    """

    values: NDArray[np.float32]
    padded: NDArray[np.float32]
    source: Source


class Fields:
    """The shells of one surrogate, from the cache or the engine."""

    def __init__(
        self,
        surrogate: Surrogate,
        engine: Engine,
        cache: LayeredCache,
        timeout_s: float,
        metrics: Metrics,
        traces: Traces,
        max_pending: int = 64,
        ready_bytes: int = 2**26,
    ) -> None:
        self.surrogate = surrogate
        self.engine = engine
        self.timeout_s = timeout_s
        self._metrics = metrics
        self._traces = traces
        self._max_pending = max_pending
        self.quantities = quantities(surrogate)
        #: Called with (t, r) after a shell that somebody waited for was generated.
        self.on_generated: Callable[[int, int], None] = lambda t, r: None
        self._cache = cache
        self._flights: SingleFlight[tuple[dict[str, bytes], Source]] = SingleFlight(
            lambda: metrics.single_flight_wait("shell")
        )
        self._sampler = ShellSampler(surrogate.grid)
        self._ready: LRUCache[tuple[str, bool, int, int], Shell] = LRUCache(
            ready_bytes, getsizeof=lambda shell: shell.padded.nbytes
        )

    @property
    def generating(self) -> int:
        """How many shells are being generated or waited for."""
        return len(self._flights)

    def check(self, quantity: str, t: int, r: int) -> Quantity:
        """Raises UnknownVariable, UnknownStep or UnknownShell, before anything is computed."""
        found = self.quantity(quantity)
        self.surrogate.check_step(t)
        self.surrogate.check_shell(r)
        return found

    def quantity(self, name: str) -> Quantity:
        """Raises UnknownVariable."""
        if name not in self.quantities:
            raise UnknownVariable(name, tuple(self.quantities))
        return self.quantities[name]

    async def shell(self, quantity: str, t: int, r: int, anomaly: bool = False) -> Shell:
        """A shell of a quantity, or of its difference to its lateral mean. Raises NotFound and EngineError."""
        key = quantity, anomaly, t, r
        shell = self._ready.get(key)
        if shell is None:
            shell = await self._prepare(self.check(quantity, t, r), t, r, anomaly)
            self._ready[key] = Shell(shell.values, shell.padded, "memory")
        return shell

    async def _prepare(self, quantity: Quantity, t: int, r: int, anomaly: bool) -> Shell:
        shape = self.surrogate.grid.shape[1:]
        packed, source = await self._packed(quantity.needs, t, r)
        stored = {name: unpack(each, (shape[0], shape[1])) for name, each in packed.items()}
        values = derive(quantity.name, stored, self.surrogate.grid)
        if anomaly:
            values = subtract_mean(values, self.surrogate.grid)
        padded = self._sampler.padded(values)
        values.flags.writeable = padded.flags.writeable = False
        return Shell(values, padded, source)

    async def generate(self, t: int, r: int) -> None:
        """See to it that a shell is in the cache, for whoever may ask next."""
        await self._packed(self.surrogate.variables, t, r, wanted=False)

    async def _packed(
        self, variables: tuple[str, ...], t: int, r: int, wanted: bool = True
    ) -> tuple[dict[str, bytes], Source]:
        found = await self._find(variables, t, r)
        if found is None:
            if (t, r) not in self._flights and self.generating >= self._max_pending:
                self._metrics.rejected("shells")
                raise EngineUnavailable("too many shells are waited for")
            with self._metrics.queued():
                found = await self._flights.do((t, r), lambda: self._generate(t, r))
            if wanted and found[1] == "generated":
                self.on_generated(t, r)
        return found

    async def _find(self, variables: tuple[str, ...], t: int, r: int) -> tuple[dict[str, bytes], Source] | None:
        packed: dict[str, bytes] = {}
        source: Source = "memory"
        for name in variables:
            found = await self._cache.get(self._key(name, t, r))
            if found is None:
                return None
            packed[name] = found[0]
            source = "redis" if "redis" in (source, found[1]) else "memory"
        return packed, source

    async def _generate(self, t: int, r: int) -> tuple[dict[str, bytes], Source]:
        """All variables of a shell: one pass of the generator gives them all."""
        variables = self.surrogate.variables
        deadline = time.monotonic() + self.timeout_s
        async with self._cache.exclusive(self._key("*", t, r), self.timeout_s):
            if found := await self._find(variables, t, r):  # another process was faster
                return found
            with self._metrics.engine_call(), self._traces.span("engine", step=t, shell=r):
                field = await self.engine.shells(variables, t, [r], None, deadline)
            packed = {name: pack(values[0]) for name, values in zip(variables, field, strict=True)}
            for name, each in packed.items():
                await self._cache.set(self._key(name, t, r), each)
            return packed, "generated"

    def _key(self, variable: str, t: int, r: int) -> str:
        return f"{self.surrogate.digest}/shell/{variable}/{t}/{r}"
