"""What all engines share that ask a model server over HTTP: checks, deadlines, lanes, and typed errors."""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

import httpx2 as httpx
import numpy as np

from earthgan import __version__
from earthgan.errors import EngineAnswerInvalid, EngineTimeout, EngineUnavailable
from earthgan.sphere.grid import Window
from earthgan.surrogate import Field, Surrogate
from earthgan.wire import ShellRequest, WireType
from earthgan_gateway.engines.base import FRESH_S, Lane

#: About as many time steps as a model server keeps in memory.
SERVER_STEPS = 8


class RemoteEngine(ABC):
    """Asks one model server. It checks every request first, because one bad request may make a server fail others.

    The model server has one queue. This engine puts only one request of the `long` lane into it at a time, so that a
    tile never waits for more than one. The model server does not tell which time steps it has in memory, so this engine
    supposes those for which it answered last.
    """

    reads_apart = False

    def __init__(
        self,
        surrogate: Surrogate,
        address: str,
        numerics: str,
        dtype: WireType,
        transport: httpx.AsyncBaseTransport | None,
    ) -> None:
        self._surrogate = surrogate
        self.numerics = numerics
        self._dtype = dtype
        self._long = asyncio.Lock()
        self._answered: deque[int] = deque(maxlen=SERVER_STEPS)
        self._succeeded = -FRESH_S
        self._address = address
        self._client = httpx.AsyncClient(
            transport=transport, trust_env=False, headers={"User-Agent": f"earthgan/{__version__}"}
        )

    @abstractmethod
    def _question(self, request: ShellRequest, left_s: float, lane: Lane) -> tuple[bytes, Mapping[str, str]]:
        """Write the body of a request, and its header fields."""

    @abstractmethod
    def _longest(self, request: ShellRequest, part: tuple[int, int]) -> int:
        """The size in bytes that no answer to a request exceeds. `part` is the shape of each shell's part."""

    @abstractmethod
    def _decoded(self, answer: bytes, headers: Mapping[str, str]) -> tuple[Field, str]:
        """Read an answer: the field, and the digest of the server's surrogate. Raises EngineAnswerInvalid."""

    def _in_units(self, field: Field, variables: Sequence[str]) -> Field:
        """Bring the field of an answer into the variables' units, if it is not there yet."""
        return field

    async def shells(
        self,
        variables: Sequence[str],
        t: int,
        shells: Sequence[int],
        seed: int | None,
        deadline: float,
        lane: Lane = "map",
    ) -> Field:
        self._check(variables, t, shells)
        request = ShellRequest(variables=tuple(variables), t=t, shells=tuple(shells), seed=seed, dtype=self._dtype)
        return await self._ask(request, self._surrogate.grid.shape[1:], deadline, lane)

    async def window(
        self,
        variables: Sequence[str],
        t: int,
        window: Window,
        seed: int | None,
        deadline: float,
        lane: Lane = "map",
    ) -> Field:
        shells, rows, columns = window.axes
        self._check(variables, t, shells)
        self._surrogate.check_box(rows, columns)
        request = ShellRequest(
            variables=tuple(variables),
            t=t,
            shells=tuple(shells),
            seed=seed,
            dtype=self._dtype,
            rows=(rows.start, rows.stop),
            columns=(columns.start, columns.stop),
        )
        return await self._ask(request, window.shape[1:], deadline, lane)

    def has_step(self, t: int) -> bool:
        """Whether the step was among the last ones, or is quick to read in any process."""
        return t in self._answered or self._surrogate.has_step(t)

    async def read_step(self, t: int, deadline: float) -> None:
        """Ask for a single voxel of the step, which makes the model server read it."""
        await self.window(self._surrogate.variables[:1], t, Window(range(1), range(1), range(1)), None, deadline)

    def _check(self, variables: Sequence[str], t: int, shells: Sequence[int]) -> None:
        for name in variables:
            self._surrogate.check_variable(name)
        self._surrogate.check_step(t)
        for r in shells:
            self._surrogate.check_shell(r)

    async def _ask(self, request: ShellRequest, part: tuple[int, int], deadline: float, lane: Lane) -> Field:
        """Return the answer in the variables' units. `part` is the shape of each shell's part. Raises EngineError."""
        async with self._turn(lane, deadline):
            answer, headers = await self._post(request, self._longest(request, part), deadline, lane)
        field = await asyncio.to_thread(self._read, answer, headers, request, part)
        self._succeeded = time.monotonic()
        if request.t in self._answered:
            self._answered.remove(request.t)
        self._answered.append(request.t)
        return field

    @asynccontextmanager
    async def _turn(self, lane: Lane, deadline: float) -> AsyncIterator[None]:
        """Wait until a request of this lane may be sent. Raises EngineTimeout."""
        if lane == "map":
            yield
            return
        try:
            await asyncio.wait_for(self._long.acquire(), deadline - time.monotonic())
        except TimeoutError:
            raise EngineTimeout("the model server is too busy") from None
        try:
            yield
        finally:
            self._long.release()

    def _read(self, answer: bytes, headers: Mapping[str, str], request: ShellRequest, part: tuple[int, int]) -> Field:
        surrogate = self._surrogate
        field, digest = self._decoded(answer, headers)
        if digest != surrogate.digest:
            raise EngineUnavailable("the model server serves another surrogate")
        expected = (len(request.variables), len(request.shells), *part)
        if field.shape != expected:
            raise EngineAnswerInvalid(f"the model server answered with shape {field.shape} instead of {expected}")
        rows = range(*request.rows) if request.rows else surrogate.grid.whole.rows
        columns = range(*request.columns) if request.columns else surrogate.grid.whole.columns
        hidden = surrogate.hidden(request.t, request.variables, request.shells, rows, columns)
        if not np.isfinite(field if hidden is None else field[~hidden]).all():
            raise EngineAnswerInvalid("the model server answered with numbers that are not finite")
        return self._in_units(field, request.variables)

    async def _post(
        self, request: ShellRequest, longest: int, deadline: float, lane: Lane
    ) -> tuple[bytes, Mapping[str, str]]:
        """Return the body and the head of the answer. The deadline is that of the whole answer.

        Raises EngineError for every failure of httpx2 or the model server.
        """
        left_s = deadline - time.monotonic()
        if left_s <= 0:
            raise EngineTimeout("the model server is too busy")
        content, headers = self._question(request, left_s, lane)
        try:
            async with asyncio.timeout(left_s):
                return await self._stream(content, headers, longest)
        except (TimeoutError, httpx.TimeoutException) as error:
            raise EngineTimeout("the model server did not answer in time") from error
        except httpx.TransportError as error:
            raise EngineUnavailable("the model server cannot be reached") from error
        except httpx.HTTPError as error:
            raise EngineAnswerInvalid("the model server's answer cannot be read") from error

    async def _stream(
        self, content: bytes, headers: Mapping[str, str], longest: int
    ) -> tuple[bytes, Mapping[str, str]]:
        # Numbers hardly get smaller by compression, and an answer that unpacks itself would have no limit.
        plain = {**headers, "accept-encoding": "identity"}
        async with self._client.stream("POST", self._address, content=content, headers=plain, timeout=None) as answer:
            status = answer.status_code
            if status in (404, 429, 500, 503, 507):  # the model is not loaded, overloaded, or its worker died
                raise EngineUnavailable(f"the model server answered with status {status}")
            if status != 200:
                raise EngineAnswerInvalid(f"the model server answered with status {status}")
            if answer.headers.get("content-encoding", "identity") != "identity":
                raise EngineAnswerInvalid("the model server answered with a compressed body")
            body = bytearray()
            async for part in answer.aiter_bytes():
                body += part
                if len(body) > longest:
                    raise EngineAnswerInvalid(f"the model server answered with more than {longest} bytes")
            return bytes(body), answer.headers

    async def ready(self, deadline: float) -> None:
        if time.monotonic() - self._succeeded > FRESH_S:
            await self.shells(self._surrogate.variables[:1], self._surrogate.steps[0].t, [0], None, deadline)

    async def close(self) -> None:
        await self._client.aclose()
