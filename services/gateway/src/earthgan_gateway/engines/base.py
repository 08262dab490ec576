"""The interface of an engine. One contract suite, `tests/integration/test_engines.py`, tests every implementation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

from earthgan.sphere.grid import Window
from earthgan.surrogate import Field

#: The queue of a call: `map` for readers who look at the map, `long` for requests that take many calls. A call in `map`
#: never waits for one in `long`, and a readiness probe waits for neither.
Lane = Literal["map", "long"]

#: A probe does not run if real work has succeeded within this time.
FRESH_S = 2.0


class Engine(Protocol):
    """Runs the generator of one surrogate.

    `numerics` identifies how the engine computes, such as `onnx/float32`. It is a part of every key and entity tag, so
    two engines whose numbers may differ in a single bit must have different `numerics`.
    """

    numerics: str

    async def shells(
        self,
        variables: Sequence[str],
        t: int,
        shells: Sequence[int],
        seed: int | None,
        deadline: float,
        lane: Lane = "map",
    ) -> Field:
        """Return radial shells `(variable, shell, latitude, longitude)` in the variables' units.

        If `seed` is None, the surrogate's own seed is used. `deadline` is a time of `time.monotonic()`. Raises NotFound
        if the surrogate lacks what is asked for, EngineTimeout after the deadline, EngineUnavailable if the generator
        cannot be reached, and EngineAnswerInvalid if its answer is invalid.
        """
        ...

    async def window(
        self,
        variables: Sequence[str],
        t: int,
        window: Window,
        seed: int | None,
        deadline: float,
        lane: Lane = "map",
    ) -> Field:
        """Return a box `(variable, shell, row, column)` of shells in the variables' units.

        The numbers equal those of `shells`, but only the box is computed. Rows and shells must be on the grid. Columns
        may cross the date line and span at most one turn. Raises the same errors as `shells`, and InvalidRequest for a
        box that is not possible.
        """
        ...

    async def ready(self, deadline: float) -> None:
        """Return after the right surrogate has computed something small, or at once if it has just done so.

        Raises EngineError.
        """
        ...

    async def close(self) -> None:
        """Close threads and connections."""
        ...


class BareEngine(Engine, Protocol):
    """An engine without its guard. Reading a time step may take far longer than all that follows, so it is a call."""

    #: Whether time steps are read beside other calls, which do not wait for it.
    reads_apart: bool

    def has_step(self, t: int) -> bool:
        """Whether this engine would be quick to read a time step. If not, `read_step` should come before other calls.

        Raises NotFound.
        """
        ...

    async def read_step(self, t: int, deadline: float) -> None:
        """Read a time step into memory, for calls in `map` to come.

        Raises the same errors as `shells`.
        """
        ...
