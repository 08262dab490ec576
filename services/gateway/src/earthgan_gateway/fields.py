"""Use case: a radial shell of any quantity. All requests of all processes share one computation, and its result."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Literal, NoReturn

import numpy as np
from numpy.typing import NDArray

from earthgan.bounded import Bounded
from earthgan.errors import EngineUnavailable, InvalidRequest
from earthgan.quantities import Quantity
from earthgan.quantities import anomaly as subtract_mean
from earthgan.sphere.sampling import ShellSampler
from earthgan_gateway.cache import LayeredCache, SingleFlight
from earthgan_gateway.cache.packing import Packed
from earthgan_gateway.draws import OWN, Draws
from earthgan_gateway.engines import Engine, Lane
from earthgan_gateway.keys import Keys
from earthgan_gateway.offer import Offer
from earthgan_gateway.spreads import SpreadRanges
from earthgan_gateway.telemetry import Metrics, Traces

Source = Literal["memory", "redis", "generated"]
#: The memory of the objects that hold a shell's values, without the values.
_SHELL_BYTES = 600
#: The stored variables of a shell, by name, and where they came from.
_Found = tuple[dict[str, Packed], Source]


@dataclass(frozen=True)
class Shell:
    """A quantity on a shell, in its unit, read-only, and its source.

    `values` has the shape `(latitude, longitude)`. `padded` adds a row for each pole, which sampling needs. Both share
    memory.
    """

    values: NDArray[np.float32]
    padded: NDArray[np.float32]
    source: Source


class Fields:
    """Gets the shells of one surrogate from the cache or the engine."""

    def __init__(
        self,
        offer: Offer,
        engine: Engine,
        cache: LayeredCache,
        timeout_s: float,
        metrics: Metrics,
        traces: Traces,
        max_pending: int = 64,
        ready_bytes: int = 2**26,
    ) -> None:
        self.offer = offer
        self.engine = engine
        self.timeout_s = timeout_s
        self.keys = Keys(offer.surrogate.digest, engine.numerics)
        self.spreads = SpreadRanges(offer, engine)
        #: Called with (t, r) after a shell of the surrogate's own draw was generated for a request.
        self.on_generated: Callable[[int, int], None] = lambda t, r: None
        self._metrics = metrics
        self._traces = traces
        self._max_pending = max_pending
        self._reserved = 0
        self._cache = cache
        lanes: tuple[Lane, ...] = ("map", "long")  # a tile must not wait for the same shell in the long lane
        self._generating: dict[Lane, SingleFlight[_Found]] = {
            lane: SingleFlight(lambda: metrics.single_flight_wait("shell")) for lane in lanes
        }
        self._preparing: SingleFlight[Shell] = SingleFlight(lambda: metrics.single_flight_wait("shell"))
        self._sampler = ShellSampler(offer.surrogate.grid)
        self._ready: Bounded[tuple[str, bool, int, int, Draws], Shell] = Bounded(
            ready_bytes, lambda shell: shell.padded.nbytes + _SHELL_BYTES
        )

    @property
    def generating(self) -> int:
        """The number of shells that are being generated or wait to be. Each draw of a statistic is one."""
        return len(self._generating["map"]) + self._reserved

    def deadline(self) -> float:
        """Return the time of `time.monotonic()` until which a request that arrives now may wait."""
        return time.monotonic() + self.timeout_s

    async def shell(
        self,
        quantity: str,
        t: int,
        r: int,
        anomaly: bool = False,
        deadline: float | None = None,
        draws: Draws = OWN,
        lane: Lane = "map",
    ) -> Shell:
        """Return a shell of a quantity; if `anomaly`, without its lateral mean. Raises NotFound and EngineError.

        If `deadline` is None, the caller waits as long as a request that arrives now may wait. A statistic is that of
        the quantity in each of its draws, and always in the `long` lane. The draws that were generated are kept, also
        if there was no time for all. A shell of the `long` lane does not stay ready beside those of maps.
        """
        key = quantity, anomaly, t, r, draws
        shell = self._ready.get(key)
        if shell is not None:
            return shell
        found = self.offer.check(quantity, t=t, r=r)
        with self._metrics.queued():
            return await self._preparing.do(
                (*key, lane),
                deadline or self.deadline(),
                lambda until: self._prepare(found, t, r, anomaly, until, draws, lane),
            )

    async def _prepare(
        self, quantity: Quantity, t: int, r: int, anomaly: bool, until: float, draws: Draws, asked: Lane
    ) -> Shell:
        """Unpack, derive and pad a shell outside the event loop, once for all requests of a lane that wait for it."""
        sources: set[Source] = set()
        lane: Lane = asked if draws.statistic is None else "long"

        async def values(seed: int | None) -> NDArray[np.float32]:
            generated = quantity.needs if asked == "long" else self.offer.surrogate.variables
            packed, source = await self._packed(quantity.needs, t, r, until, seed, lane, generated)
            sources.add(source)
            if source == "generated" and seed is None and asked == "map":
                self.on_generated(t, r)
            return await asyncio.to_thread(self._derived, quantity, packed, anomaly)

        with self._room_for(draws):
            found = await draws.combined(values)
        source: Source = next(each for each in ("generated", "redis", "memory") if each in sources)
        shell = Shell(*await asyncio.to_thread(self._padded, found), source)
        if asked == "map":
            self._ready.set((quantity.name, anomaly, t, r, draws), replace(shell, source="memory"))
        return shell

    @contextmanager
    def _room_for(self, draws: Draws) -> Iterator[None]:
        """Count each draw of a statistic as a pending shell until all are there. One draw is counted as it is made.

        Raises EngineUnavailable if there is no room for them now, and InvalidRequest if there never is.
        """
        count = 0 if draws.statistic is None else len(draws.seeds)
        if count > self._max_pending:
            raise InvalidRequest(f"draws must be at most {self._max_pending} here: more shells may not be pending")
        if count and self.generating + count > self._max_pending:
            self._refuse()
        self._reserved += count
        try:
            yield
        finally:
            self._reserved -= count

    def _refuse(self) -> NoReturn:
        self._metrics.rejected("shells")
        raise EngineUnavailable("too many shells are waiting to be generated")

    def _derived(self, quantity: Quantity, packed: dict[str, Packed], anomaly: bool) -> NDArray[np.float32]:
        grid = self.offer.surrogate.grid
        values = quantity.of({name: packed[name].values() for name in quantity.needs}, grid)
        return subtract_mean(values, grid) if anomaly else values

    def _padded(self, values: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return a shell's values, and the values with a row for each pole. Both share memory."""
        padded = self._sampler.padded(values)
        padded.flags.writeable = False
        first = 1 if self.offer.surrogate.grid.latitudes_deg[0] < 90 else 0
        return padded[first : first + len(values)], padded

    async def generate(self, t: int, r: int) -> None:
        """Make sure that a shell is in the cache, for requests to come."""
        every = self.offer.surrogate.variables
        await self._packed(every, t, r, self.deadline(), None, "map", every)

    async def _packed(
        self,
        variables: tuple[str, ...],
        t: int,
        r: int,
        until: float,
        seed: int | None,
        lane: Lane,
        generated: tuple[str, ...],
    ) -> _Found:
        """Find variables of a shell. If one is missing, generate those of `generated`."""
        found = await self._find(variables, t, r, seed)
        if found is None:
            key, flights = (t, r, seed, generated), self._generating[lane]
            if lane == "map" and key not in flights and self.generating >= self._max_pending:
                self._refuse()
            found = await flights.do(key, until, lambda latest: self._generate(generated, t, r, latest, seed, lane))
        return found

    async def _find(
        self, variables: tuple[str, ...], t: int, r: int, seed: int | None, patient: bool = False
    ) -> _Found | None:
        packed: dict[str, Packed] = {}
        source: Source = "memory"
        _, rows, columns = self.offer.surrogate.grid.shape
        for name in variables:
            found = await self._cache.get(self.keys.shell(name, t, r, seed), patient)
            if found is None:
                return None
            packed[name] = Packed.read(found[0], (rows, columns))
            source = "redis" if "redis" in (source, found[1]) else "memory"
        return packed, source

    async def _generate(
        self, variables: tuple[str, ...], t: int, r: int, until: float, seed: int | None, lane: Lane
    ) -> _Found:
        """Generate a shell. For maps, it is all variables: one pass of many generators computes them all, and readers
        turn to another one. A file of many shells holds one quantity, and others would fill the cache.
        """
        async with self._cache.exclusive(self.keys.shell("*", t, r, seed), max(0.0, until - time.monotonic())):
            if found := await self._find(variables, t, r, seed, patient=True):  # another process was faster
                return found
            with self._metrics.engine_call(), self._traces.span("engine", step=t, shell=r):  # a radial shell  # nosec B604
                field = await self.engine.shells(variables, t, [r], seed, until, lane)
            packed, stored = await asyncio.to_thread(
                _pack, dict(zip(variables, field[:, 0], strict=True)), self.offer.surrogate.kind.exact
            )
            for name, each in stored.items():
                await self._cache.set(self.keys.shell(name, t, r, seed), each)
            return packed, "generated"


def _pack(shells: dict[str, NDArray[np.float32]], exact: bool) -> tuple[dict[str, Packed], dict[str, bytes]]:
    packed = {name: Packed.of(values, exact) for name, values in shells.items()}
    return packed, {name: each.to_bytes() for name, each in packed.items()}
