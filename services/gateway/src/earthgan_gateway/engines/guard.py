"""An engine behind its guard: total deadlines, admission, a breaker, and answers of the right shape."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import nullcontext
from typing import TypeVar

import numpy as np

from earthgan.errors import EngineAnswerInvalid, EngineAway, EngineError, EngineTimeout, EngineUnavailable
from earthgan.sphere.grid import Window
from earthgan.surrogate import Field, Surrogate
from earthgan_gateway.cache import SingleFlight
from earthgan_gateway.engines.admission import Admission
from earthgan_gateway.engines.base import BareEngine, Lane

log = logging.getLogger(__name__)

T = TypeVar("T")

#: An engine that has not ended any call for this time, or for four times its longest call, does not answer any more.
STALLED_S, STALLED_CALLS = 5.0, 4
#: After this many calls in a row that could not reach it, an engine is away.
AWAY_AFTER = 3
#: The first and the longest pause between two probes of an engine that does not answer or is away.
FIRST_PROBE_S, LONGEST_PROBE_S = 0.5, 4.0
#: So many shells, and so many time steps that are not in memory, may be asked for at once, however slow they are: those
#: of six readers who look at different ones.
BURST = 6
#: How long a probe may take.
PROBE_S = 5.0


class GuardedEngine:
    """Every use of an engine goes through this.

    - A call ends at its deadline, whatever the engine does.
    - A tile that could not be generated in `map_within_s` is refused at once. The reading of its time step and its
      generation are two kinds of work, with a measured cost each. Tiles that wait for one step wait for one reading.
    - While the engine does not answer or is away, calls are refused at once, and a probe looks for it in the
      background. Whatever it has been asked before goes on; one success of any call ends the refusals.
    - An answer of another shape, or with an infinite number, is an error.

    `on_refused` gets the name of the reason for each call that is refused.
    """

    def __init__(
        self,
        engine: BareEngine,
        surrogate: Surrogate,
        map_within_s: float,
        on_refused: Callable[[str], None] = lambda reason: None,
        on_breaker: Callable[[bool], None] = lambda is_open: None,
    ) -> None:
        self.numerics = engine.numerics
        self._engine = engine
        self._surrogate = surrogate
        self._on_refused = on_refused
        self._on_breaker = on_breaker
        self._map = Admission(map_within_s, lambda: on_refused("queue"))
        self._steps = Admission(map_within_s, lambda: on_refused("queue")) if engine.reads_apart else self._map
        self._reading: SingleFlight[None] = SingleFlight()
        self._under_way = 0
        self._progress = 0.0
        self._longest_s = 0.0
        self._failures = 0
        self._watch: asyncio.TimerHandle | None = None
        self._probing: asyncio.Task[None] | None = None

    @property
    def is_away(self) -> bool:
        """Whether calls are refused, because the engine does not answer or cannot be reached."""
        return self._probing is not None

    async def shells(
        self,
        variables: Sequence[str],
        t: int,
        shells: Sequence[int],
        seed: int | None,
        deadline: float,
        lane: Lane = "map",
    ) -> Field:
        shape = len(variables), len(shells), *self._surrogate.grid.shape[1:]
        return await self._call(
            lambda: self._engine.shells(variables, t, shells, seed, deadline, lane), t, deadline, lane, shape
        )

    async def window(
        self,
        variables: Sequence[str],
        t: int,
        window: Window,
        seed: int | None,
        deadline: float,
        lane: Lane = "map",
    ) -> Field:
        shape = len(variables), *window.shape
        return await self._call(
            lambda: self._engine.window(variables, t, window, seed, deadline, lane), t, deadline, lane, shape
        )

    async def ready(self, deadline: float) -> None:
        """Return after the engine has computed something small. Raises EngineError, at once while calls are refused."""
        if self.is_away:
            raise EngineAway("the generator does not answer", FIRST_PROBE_S + PROBE_S)
        try:
            async with asyncio.timeout(deadline - time.monotonic()):
                await self._engine.ready(deadline)
        except TimeoutError:
            raise EngineTimeout("the generator did not answer in time") from None
        self._succeeded()

    async def close(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
        if self._probing is not None:
            self._probing.cancel()
        await self._engine.close()

    async def _call(
        self, call: Callable[[], Awaitable[Field]], t: int, deadline: float, lane: Lane, shape: tuple[int, ...]
    ) -> Field:
        if self.is_away:
            self._on_refused("breaker")
            raise EngineAway("the generator does not answer", FIRST_PROBE_S + PROBE_S)
        if lane == "map" and not self._engine.has_step(t):
            await self._reading.do(t, deadline, lambda until: self._read_step(t, until))
        with self._map.place("shell", BURST) if lane == "map" else nullcontext():
            return self._checked(await self._watched(call, deadline), shape)

    async def _read_step(self, t: int, until: float) -> None:
        """Read a time step, once for all that wait for it."""
        with self._steps.place("step", BURST):
            if self._engine.reads_apart:  # in this process: it may be slow, but it cannot be away
                await self._engine.read_step(t, until)
            else:
                await self._watched(lambda: self._engine.read_step(t, until), until)

    async def _watched(self, call: Callable[[], Awaitable[T]], deadline: float) -> T:
        """Make a call, within its deadline, and note whether the engine answers."""
        self._begin()
        began = time.monotonic()
        try:
            async with asyncio.timeout(deadline - began):
                found = await call()
        except TimeoutError:
            raise EngineTimeout("the generator did not answer in time") from None
        except EngineTimeout:
            raise
        except EngineUnavailable:
            self._failures += 1
            if self._failures >= AWAY_AFTER:
                self._open("cannot be reached")
            raise
        except Exception:  # it has answered, though with nonsense
            self._failures = 0
            self._progress = time.monotonic()
            raise
        finally:
            self._end()
        self._longest_s = max(self._longest_s * 0.99, time.monotonic() - began)
        self._succeeded()
        return found

    def _checked(self, field: Field, shape: tuple[int, ...]) -> Field:
        if field.shape != shape:
            raise EngineAnswerInvalid(f"the generator answered with shape {field.shape} instead of {shape}")
        if np.isinf(field).any():
            raise EngineAnswerInvalid("the generator answered with numbers that are not finite")
        return field

    def _begin(self) -> None:
        self._under_way += 1
        if self._under_way == 1:
            self._progress = time.monotonic()
            self._watch_again()

    def _end(self) -> None:
        self._under_way -= 1
        if not self._under_way and self._watch is not None:
            self._watch.cancel()
            self._watch = None

    def _succeeded(self) -> None:
        self._failures = 0
        self._progress = time.monotonic()
        if self._probing is not None:
            self._probing.cancel()
            self._answers_again()

    # A stalled engine.

    @property
    def _patience_s(self) -> float:
        return max(STALLED_S, STALLED_CALLS * self._longest_s)

    def _watch_again(self) -> None:
        left_s = self._progress + self._patience_s - time.monotonic()
        self._watch = asyncio.get_running_loop().call_later(max(0.05, left_s), self._look)

    def _look(self) -> None:
        """Open the breaker if no call has ended for too long."""
        if time.monotonic() - self._progress >= self._patience_s:
            self._open("does not answer")
        self._watch_again()

    # The breaker.

    def _open(self, what: str) -> None:
        if self._probing is None:
            log.warning("the generator %s; requests for it are refused until it answers", what)
            self._probing = asyncio.create_task(self._probe())
            self._on_breaker(True)

    async def _probe(self) -> None:
        """Ask the engine again and again, until it answers."""
        pause_s = FIRST_PROBE_S
        while True:
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PROBE_S)
            try:
                deadline = time.monotonic() + max(PROBE_S, self._longest_s)
                async with asyncio.timeout(deadline - time.monotonic()):
                    await self._engine.ready(deadline)
            except (EngineError, TimeoutError):
                continue
            except Exception:  # a broken probe must not end the probing
                log.exception("a probe of the generator failed unexpectedly")
                continue
            self._answers_again()
            return

    def _answers_again(self) -> None:
        self._probing = None
        self._failures = 0
        self._progress = time.monotonic()
        self._on_breaker(False)
        log.warning("the generator answers again")
